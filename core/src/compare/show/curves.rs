//! The curves of the best strategies as a chart of characters.

use crate::compare::grid::one_line;
use crate::compare::report::ProblemReport;
use crate::compare::{Lines, QuantityKind};
use crate::plot::{ChartOptions, Line, Samples, Scale, chart_first_on_top};
use crate::spec::Horizon;

/// The most strategies in a chart. The eye cannot distinguish more lines.
const MOST: usize = 6;
/// The points of a line from one epoch to the next.
const PER_EPOCH: u64 = 16;

/// Returns a chart of the compared metric, with the mean of each strategy. Epoch 0, the evaluation before training, is
/// left out, because its value would flatten the rest. The best strategy is above all others.
/// `None` if no strategy has a mean in at least two epochs.
pub fn curves(problem: &ProblemReport, options: ChartOptions) -> Option<String> {
    let quantity = problem.curves.quantities.iter().find(|it| it.kind == QuantityKind::Compared)?;
    let epochs = &problem.curves.epochs;
    let total_steps = epochs.last()?.checked_mul(PER_EPOCH)?.checked_add(1)?;
    let horizon = Horizon { total_steps, steps_per_epoch: PER_EPOCH };
    let all: Vec<Samples> = quantity.strategies.iter().map(|lines| samples(epochs, lines, horizon)).collect();
    let drawn: Vec<Line<'_>> = problem
        .strategies
        .iter()
        .zip(&all)
        .filter(|(_, samples)| samples.spans.len() > 1)
        .take(MOST)
        .enumerate()
        .map(|(colour, (strategy, samples))| Line { name: one_line(&strategy.label), colour, samples })
        .collect();
    if drawn.is_empty() {
        return None;
    }
    let mut text = chart_first_on_top(&one_line(&quantity.name), &drawn, Scale::Auto, options);
    let left_out = all.len() - drawn.len();
    if left_out > 0 {
        let strategies = all.len();
        text += &format!("  each line is the mean of a strategy; {left_out} of {strategies} are not drawn\n");
    }
    Some(text)
}

/// Returns straight lines between the means of a strategy, from epoch 1 on.
fn samples(epochs: &[u64], lines: &Lines, horizon: Horizon) -> Samples {
    let mut samples = Samples::new(horizon);
    let means = epochs.iter().zip(&lines.mean).filter(|(epoch, _)| **epoch > 0);
    let mut before: Option<(u64, f64)> = None;
    for (epoch, mean) in means.filter_map(|(epoch, mean)| Some((*epoch, (*mean)?))) {
        if let Some((from, value)) = before {
            let steps = (epoch - from) * PER_EPOCH;
            for step in 1..steps {
                let part = step as f64 / steps as f64;
                samples.push(from * PER_EPOCH + step, value + part * (mean - value));
            }
        }
        samples.push(epoch * PER_EPOCH, mean);
        before = Some((epoch, mean));
    }
    samples
}
