//! Intervals as bars of characters, with every seed as a dot.

use crate::compare::grid::one_line;
use crate::compare::report::{ProblemReport, StrategyReport};

/// The width of the axis, in characters.
const WIDTH: usize = 56;
/// The most characters of a label.
const LABEL: usize = 32;

/// Returns a line for each strategy: its seeds, its mean and the 95 % interval of the mean, on one axis. The line is
/// empty if all runs failed. `None` if no strategy has more than one value.
pub fn bars(problem: &ProblemReport) -> Option<String> {
    let drawn = &problem.strategies;
    if drawn.iter().all(|it| values(it).len() < 2) {
        return None;
    }
    let all = drawn.iter().flat_map(values);
    let low = all.clone().fold(f64::INFINITY, f64::min);
    let high = all.fold(f64::NEG_INFINITY, f64::max);
    let pad = if high > low { (high - low) * 0.05 } else { low.abs().max(1.0) * 0.05 };
    let (low, high) = (low - pad, high + pad);
    let place =
        |value: f64| (((value - low) / (high - low)) * (WIDTH - 1) as f64).round().clamp(0.0, (WIDTH - 1) as f64);
    let width = drawn.iter().map(|it| one_line(&it.label).chars().count()).max().unwrap_or(0).min(LABEL);
    let mut text = String::new();
    for strategy in drawn {
        let mut line = vec![' '; WIDTH];
        if let (Some(mean), Some(half)) = (strategy.summary.mean, strategy.summary.half_width) {
            let (from, to) = (place(mean - half) as usize, place(mean + half) as usize);
            line[from..=to].fill('─');
            line[from] = if mean - half < low { '◂' } else { '├' };
            line[to] = if mean + half > high { '▸' } else { '┤' };
        }
        for value in values(strategy) {
            line[place(value) as usize] = '•';
        }
        if let Some(mean) = strategy.summary.mean {
            line[place(mean) as usize] = '┃';
        }
        let label: String = one_line(&strategy.label).chars().take(LABEL).collect();
        let failed = strategy.summary.seeds - values(strategy).len();
        let failed = if failed > 0 { format!("  {failed} failed") } else { String::new() };
        let line: String = line.into_iter().collect();
        text += format!("  {label:width$} {line}{failed}").trim_end();
        text += "\n";
    }
    let (from, to) = (problem.measure.shown(low), problem.measure.shown(high));
    let gap = WIDTH.saturating_sub(from.chars().count() + to.chars().count());
    text += &format!("  {:width$} {from}{:gap$}{to}\n", "", "");
    text += &format!("  {:width$} • a seed   ┃ mean   ├─┤ 95 % interval of the mean\n", "");
    Some(text)
}

fn values(strategy: &StrategyReport) -> Vec<f64> {
    strategy.runs.iter().filter_map(|run| run.value).collect()
}
