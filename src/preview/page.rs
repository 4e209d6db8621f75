//! What a person reads of a preview: a chart for each quantity, and under it what its curves do.

use super::axis::Scale;
use super::chart::{Line, Look, chart};
use super::curve::{At, Curve};
use super::moves::Move;
use crate::record::number::{count, rate};

/// The curves of one run.
pub struct Run {
    pub name: String,
    pub curves: Vec<Curve>,
}

/// Curves that are the same, under one name.
pub(super) struct Same<'a> {
    pub name: String,
    pub curves: Vec<&'a Curve>,
}

/// Every quantity of `runs` as a chart, with what its curves do below it.
pub fn page(runs: &[Run], scale: Scale, look: Look) -> String {
    let mut text = String::new();
    for run in runs {
        let Some(horizon) = run.curves.first().map(|curve| curve.horizon) else { continue };
        let (steps, epoch) = (count(horizon.total_steps), count(horizon.steps_per_epoch));
        let unit = if horizon.total_steps == 1 { "step" } else { "steps" };
        text += &format!("{}: {steps} {unit}, {epoch} an epoch\n", run.name);
    }
    for quantity in quantities(runs) {
        let same = same(runs, quantity);
        let lines: Vec<Line<'_>> = lines(&same);
        text += "\n";
        text += &chart(quantity, &lines, scale, look);
        for same in &same {
            text += "\n";
            text += &about(same);
        }
    }
    text
}

pub(super) fn lines<'a>(same: &[Same<'a>]) -> Vec<Line<'a>> {
    same.iter().filter_map(|it| Some(Line { name: it.name.clone(), curve: it.curves.first()? })).collect()
}

pub(super) fn quantities(runs: &[Run]) -> Vec<&'static str> {
    let mut all = Vec::new();
    for curve in runs.iter().flat_map(|run| &run.curves) {
        if !all.contains(&curve.series.quantity) {
            all.push(curve.series.quantity);
        }
    }
    all
}

/// The curves of `quantity`, those that are the same together.
pub(super) fn same<'a>(runs: &'a [Run], quantity: &str) -> Vec<Same<'a>> {
    let mut all: Vec<Same<'_>> = Vec::new();
    for run in runs {
        let own: Vec<&Curve> = run.curves.iter().filter(|curve| curve.series.quantity == quantity).collect();
        for curve in &own {
            let name = match (runs.len(), own.len()) {
                (1, _) => curve.series.group.clone(),
                (_, 1) => run.name.clone(),
                _ => format!("{} {}", run.name, curve.series.group),
            };
            match all.iter_mut().find(|same| same.curves[0].is_same(curve)) {
                Some(same) => {
                    same.name += &format!(", {name}");
                    same.curves.push(curve);
                }
                None => all.push(Same { name, curves: vec![curve] }),
            }
        }
    }
    all
}

/// What curves that are the same do, in words.
fn about(same: &Same<'_>) -> String {
    let curve = same.curves[0];
    let mut text = format!("  {}\n", same.name);
    let mut rules: Vec<String> = Vec::new();
    for curve in &same.curves {
        let rule = format!("    {} {} · {}\n", curve.series.quantity, rate(curve.series.base), curve.series.rule);
        if !rules.contains(&rule) {
            rules.push(rule);
        }
    }
    text += &rules.concat();
    let Some(whole) = curve.whole() else { return text };
    let place = |at: At| format!("{} at {}", rate(at.value), moment(curve, at.step));
    let ends = format!("first {}, last {}", rate(whole.first.value), rate(whole.last.value));
    text += &match whole.min.value == whole.max.value {
        true => format!("    {} throughout\n", rate(whole.first.value)),
        false => format!("    {ends}\n    min {}, max {}\n", place(whole.min), place(whole.max)),
    };
    if curve.stride > 1 {
        text += &format!("    seen every {} steps: the run is very long\n", count(curve.stride));
    }
    for it in &curve.moves {
        text += &format!("    {}\n", told(curve, it));
    }
    if curve.more_moves > 0 {
        text += &format!("    … and {} more: --csv lists every step\n", count(curve.more_moves));
    }
    text
}

/// `step 4220 (epoch 10): 0.1 → 0.01`, or `steps 0 to 422 (epochs 0 to 1): 0 → 0.1`.
fn told(curve: &Curve, it: &Move) -> String {
    let ((from, to), (old, new)) = (it.steps, it.values);
    let when = match to - from <= curve.stride {
        true => moment(curve, to),
        false => format!("steps {from} to {to} (epochs {} to {})", epoch(curve, from), epoch(curve, to)),
    };
    let reason = it.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
    format!("{when}: {} → {}{reason}", rate(old), rate(new))
}

fn moment(curve: &Curve, step: u64) -> String {
    format!("step {step} (epoch {})", epoch(curve, step))
}

/// Epochs gone by before `step`, to two decimals.
fn epoch(curve: &Curve, step: u64) -> String {
    ((100.0 * curve.epochs(step)).round() / 100.0).to_string()
}
