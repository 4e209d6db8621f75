//! A preview for people: a chart of each quantity, and below it a description of its lines.

use super::moves::Move;
use super::trajectory::Trajectory;
use crate::plot::{At, Chart, ChartOptions, DrawError, Line, Samples, Scale, chart};
use crate::record::number::{count, rate};

/// The trajectories of one run.
pub struct PreviewedRun {
    pub name: String,
    pub trajectories: Vec<Trajectory>,
}

/// One or more trajectories that are the same. They are shown as one line, with one name.
struct Same<'a> {
    name: String,
    /// The index of the line's colour. A group of a run has the same colour in every chart.
    colour: usize,
    trajectories: Vec<&'a Trajectory>,
}

/// The first line of every picture of a preview. A file without it is not overwritten.
pub const MARK: &str = "<!-- lr-run preview -->\n";

/// Returns a picture of `runs`: a chart for each quantity, one below the other.
pub fn svg(runs: &[PreviewedRun], scale: Scale) -> Result<String, DrawError> {
    let sames: Vec<(&'static str, Vec<Same<'_>>)> =
        quantities(runs).into_iter().map(|quantity| (quantity, same(runs, quantity))).collect();
    let title = if let [run] = runs { run.name.as_str() } else { "" };
    let charts: Vec<Chart<'_>> = sames
        .iter()
        .map(|(quantity, same)| {
            let lines = lines(same);
            let legend = lines.len() > 1 || runs.len() > 1;
            Chart { title: title.to_owned(), quantity: (*quantity).to_owned(), lines, legend }
        })
        .collect();
    Ok(format!("{MARK}{}", crate::plot::svg(&charts, scale)?))
}

/// Returns every quantity of `runs` as a chart, with a description of its lines below it.
pub fn page(runs: &[PreviewedRun], scale: Scale, options: ChartOptions) -> String {
    let mut text = String::new();
    for run in runs {
        let Some(horizon) = run.trajectories.first().map(|it| it.samples.horizon) else { continue };
        let steps = count(horizon.total_steps);
        let epoch = count(horizon.steps_per_epoch);
        let unit = if horizon.total_steps == 1 { "step" } else { "steps" };
        text += &format!("{}: {steps} {unit}, {epoch} an epoch\n", run.name);
    }
    for quantity in quantities(runs) {
        let same = same(runs, quantity);
        let lines: Vec<Line<'_>> = lines(&same);
        text += "\n";
        text += &chart(quantity, &lines, scale, options);
        for same in &same {
            text += "\n";
            text += &about(same);
        }
    }
    text
}

fn lines<'a>(same: &[Same<'a>]) -> Vec<Line<'a>> {
    same.iter()
        .filter_map(|it| {
            let samples = &it.trajectories.first()?.samples;
            Some(Line { name: it.name.clone(), colour: it.colour, samples })
        })
        .collect()
}

fn quantities(runs: &[PreviewedRun]) -> Vec<&'static str> {
    let mut all = Vec::new();
    for trajectory in runs.iter().flat_map(|run| &run.trajectories) {
        if !all.contains(&trajectory.series.quantity) {
            all.push(trajectory.series.quantity);
        }
    }
    all
}

/// Returns the trajectories of `quantity`. Trajectories that are the same are joined.
fn same<'a>(runs: &'a [PreviewedRun], quantity: &str) -> Vec<Same<'a>> {
    let mut all: Vec<Same<'_>> = Vec::new();
    let mut before = 0;
    for run in runs {
        let groups = groups(run);
        let own: Vec<&Trajectory> = run.trajectories.iter().filter(|it| it.series.quantity == quantity).collect();
        for trajectory in &own {
            let name = match (runs.len(), own.len()) {
                (1, _) => trajectory.series.group.clone(),
                (_, 1) => run.name.clone(),
                _ => format!("{} {}", run.name, trajectory.series.group),
            };
            match all.iter_mut().find(|same| same.trajectories[0].is_same(trajectory)) {
                Some(same) => {
                    same.name += &format!(", {name}");
                    same.trajectories.push(trajectory);
                }
                None => {
                    let group = groups.iter().position(|group| *group == trajectory.series.group).unwrap_or(0);
                    all.push(Same { name, colour: before + group, trajectories: vec![trajectory] });
                }
            }
        }
        before += groups.len();
    }
    all
}

/// Returns the names of the groups of a run, in order.
fn groups(run: &PreviewedRun) -> Vec<&str> {
    let mut groups: Vec<&str> = Vec::new();
    for trajectory in &run.trajectories {
        if !groups.contains(&trajectory.series.group.as_str()) {
            groups.push(&trajectory.series.group);
        }
    }
    groups
}

/// Describes a line: its rules, its first, last, smallest and largest value, and its moves.
fn about(same: &Same<'_>) -> String {
    let trajectory = same.trajectories[0];
    let samples = &trajectory.samples;
    let mut text = format!("  {}\n", same.name);
    let mut rules: Vec<String> = Vec::new();
    for Trajectory { series, .. } in &same.trajectories {
        let rule = format!("    {} {} · {}\n", series.quantity, rate(series.base), series.rule);
        if !rules.contains(&rule) {
            rules.push(rule);
        }
    }
    text += &rules.concat();
    let Some(whole) = samples.whole() else { return text };
    let place = |at: At| format!("{} at {}", rate(at.value), moment(samples, at.step));
    let ends = format!("first {}, last {}", rate(whole.first.value), rate(whole.last.value));
    text += &match whole.min.value == whole.max.value {
        true => format!("    {} throughout\n", rate(whole.first.value)),
        false => format!("    {ends}\n    min {}, max {}\n", place(whole.min), place(whole.max)),
    };
    if samples.stride > 1 {
        text += &format!("    sampled every {} steps, because the run is very long\n", count(samples.stride));
    }
    for it in &trajectory.moves {
        text += &format!("    {}\n", described(samples, it));
    }
    if trajectory.more_moves > 0 {
        text += &format!("    … and {} more: --csv lists every step\n", count(trajectory.more_moves));
    }
    text
}

/// Describes a move: `step 4220 (epoch 10): 0.1 → 0.01`, or `steps 0 to 422 (epochs 0 to 1): 0 → 0.1`.
fn described(samples: &Samples, it: &Move) -> String {
    let ((from, to), (old, new)) = (it.steps, it.values);
    let when = match to - from <= samples.stride {
        true => moment(samples, to),
        false => format!("steps {from} to {to} (epochs {} to {})", epoch(samples, from), epoch(samples, to)),
    };
    let reason = it.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
    format!("{when}: {} → {}{reason}", rate(old), rate(new))
}

fn moment(samples: &Samples, step: u64) -> String {
    format!("step {step} (epoch {})", epoch(samples, step))
}

/// Returns the epochs before `step`, to two decimals.
fn epoch(samples: &Samples, step: u64) -> String {
    ((100.0 * samples.epochs(step)).round() / 100.0).to_string()
}
