//! A warning about a rule that leaves the learning rate at exactly 0 for the rest of the run.

use super::hyper::samples;
use crate::schedule::{Clock, Rule};
use crate::spec::{Diagnostic, Horizon, Log, Place};

/// Warns if the factor of `rule` is 0 from some step to the end of the run. There is no warning if that is one step, or
/// at most a hundredth of the run. Metric-driven rules are not checked, because their factor depends on the run.
pub(super) fn warn(rule: &dyn Rule, horizon: Horizon, place: Option<&Place>, log: &Log) {
    let Some(from) = begin(rule, horizon) else { return };
    let Horizon { total_steps, steps_per_epoch } = horizon;
    let steps = total_steps - from;
    if steps <= 1 || steps.saturating_mul(100) <= total_steps {
        return;
    }
    let epochs = |steps: u64| (100.0 * steps as f64 / steps_per_epoch as f64).round() / 100.0;
    let message = format!("the learning rate is 0 from step {from} of {total_steps} on, so nothing more is learned");
    let label = format!("that is from epoch {} of {} on", epochs(from), epochs(total_steps));
    let help = "let the rule end with the run (in percent: \"100%\"), let it end above 0, or set a `floor`";
    log.push(Diagnostic::warning(message).at(place).label(label).help(help));
}

/// Returns the first of the steps at the end of the run whose factor is 0. `None` if the last step has another factor,
/// or if the rule is metric-driven.
fn begin(rule: &dyn Rule, horizon: Horizon) -> Option<u64> {
    let Horizon { total_steps, steps_per_epoch } = horizon;
    let is_zero = |step| rule.factor(Clock { step, total_steps, steps_per_epoch }) == 0.0;
    if rule.is_metric_driven() || !is_zero(total_steps.checked_sub(1)?) {
        return None;
    }
    let steps: Vec<u64> = samples(total_steps).collect();
    let Some(at) = steps.iter().rposition(|&step| !is_zero(step)) else { return Some(0) };
    // Between two samples the factor becomes 0 once.
    let (mut above, mut zero) = (steps[at], steps[at + 1]);
    while zero - above > 1 {
        let middle = above + (zero - above) / 2;
        if is_zero(middle) { zero = middle } else { above = middle }
    }
    Some(zero)
}
