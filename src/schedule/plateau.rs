//! A drop when a metric stops improving: PyTorch's, Keras's and timm's `ReduceLROnPlateau`, optax's
//! `reduce_on_plateau`.
//!
//! The state is the factor, the best value, the number of bad evaluations and what is left of a cooldown. After each
//! epoch's evaluation, with the metric `a`:
//!
//! - `a` is better when it beats `best` by more than the threshold: a < best − th·|best| (`min`, `rel`),
//!   a > best + th·|best| (`max`, `rel`), a < best − th (`min`, `abs`), a > best + th (`max`, `abs`). Then it becomes
//!   `best` and no evaluation is bad any more. The first value is better than none.
//! - Else the evaluation is bad, unless it falls in the cooldown after a drop. So is one that is not finite; it never
//!   becomes `best`.
//! - After enough bad evaluations without a better one: lr ← max(lr·`factor`, `min_lr`), if that lowers it by more than
//!   `eps`; the cooldown begins, and counting starts anew.
//!
//! | key | default | Keras | |
//! |---|---|---|---|
//! | `monitor` | the run's monitored metric | | |
//! | `mode` | `"max"` for an accuracy, else `"min"` | | |
//! | `factor` | 0.1 | | between 0 and 1 |
//! | `patience` | `"10 epochs"` | | whole epochs, one evaluation each |
//! | `patience_rule` | `"exceeded"` | `"reached"` | the drop comes at `patience` + 1 bad evaluations, or at `patience` (at least 1) |
//! | `threshold` | 1e-4 | | |
//! | `threshold_mode` | `"rel"` | `"abs"` | |
//! | `cooldown` | `"0 epochs"` | | evaluations after a drop that are not bad |
//! | `cooldown_rule` | `"all"` | `"all_but_last"` | whether the last evaluation of the cooldown belongs to it |
//! | `min_lr` | 0 | | a learning rate, for each group its own |
//! | `eps` | 1e-8 | 0 | a learning rate |
//! | `convention` | `"torch"` | `"keras"` | which column the defaults are from |
//!
//! Different on purpose: PyTorch's `rel` compares with best·(1 ± th), which for a negative metric lies on the wrong
//! side of `best`: a loss that gets steadily worse counts as improving. Above 0 the two are the same to the bit. And in
//! Keras a first value that is NaN stays the best for good, so that the rate falls although the metric improves.

#[cfg(test)]
mod tests;

use serde::Deserialize;

use super::{Build, Clock, Context, Observation, Rule, StateError, words};
use crate::choice;
use crate::spec::{Diagnostic, Duration, Entry, Field, NonNegative, Positive, Section, Value, did_you_mean, one_of};

pub const ENTRY: Entry<Build> = Entry {
    name: "plateau",
    summary: "a drop when a metric stops improving",
    example: "type = \"plateau\"\nmonitor = \"val_loss\"\nfactor = 0.1\npatience = \"5 epochs\"",
    build,
};

choice! {
    /// Whose defaults the other keys have.
    pub enum Convention {
        /// PyTorch's.
        Torch = "torch",
        /// Keras's.
        Keras = "keras",
    }
}

choice! {
    /// Which way the metric improves.
    pub enum Mode {
        /// Downwards, as a loss.
        Min = "min",
        /// Upwards, as an accuracy.
        Max = "max",
    }
}

impl Mode {
    /// Whether `a` is better than `b` by more than `margin`. NaN is never better.
    pub fn is_better(self, a: f64, b: f64, margin: f64) -> bool {
        match self {
            Mode::Min => a < b - margin,
            Mode::Max => a > b + margin,
        }
    }
}

choice! {
    /// When patience is over.
    pub enum PatienceRule {
        /// Bad evaluations > patience.
        Exceeded = "exceeded",
        /// Bad evaluations >= patience.
        Reached = "reached",
    }
}

choice! {
    /// What the threshold is a part of.
    pub enum ThresholdMode {
        /// A part of the best value.
        Rel = "rel",
        /// In the metric's own unit.
        Abs = "abs",
    }
}

choice! {
    /// Which evaluations of a cooldown are not counted.
    pub enum CooldownRule {
        /// None of them is.
        All = "all",
        /// The last one is.
        AllButLast = "all_but_last",
    }
}

/// A number of evaluations, one at the end of each epoch.
#[derive(Clone, Copy, Debug)]
struct Evaluations(u64);

impl Field for Evaluations {
    fn expects() -> String {
        "whole epochs such as \"5 epochs\": there is one evaluation an epoch".into()
    }
    fn read(value: &Value) -> Result<Self, Option<String>> {
        match Duration::read(value)? {
            Duration::Epochs(epochs) if epochs.fract() == 0.0 => Ok(Evaluations(epochs as u64)),
            _ => Err(None),
        }
    }
    fn to_toml(&self) -> toml::Value {
        Duration::Epochs(self.0 as f64).to_toml()
    }
}

fn build(section: &mut Section<'_>, context: &Context<'_>) -> Option<Box<dyn Rule>> {
    let keras = section.or("convention", Convention::Torch) == Convention::Keras;
    section.forget("convention");
    let monitor = monitor(section, context);
    let upwards = monitor.as_deref().is_some_and(|name| name.ends_with("accuracy"));
    let mode = section.or("mode", if upwards { Mode::Max } else { Mode::Min });
    let factor = section.or("factor", Positive(0.1)).0;
    let patience = section.or("patience", Evaluations(10)).0;
    let rule = section.or("patience_rule", if keras { PatienceRule::Reached } else { PatienceRule::Exceeded });
    let threshold = section.or("threshold", NonNegative(1e-4)).0;
    let threshold_mode = section.or("threshold_mode", if keras { ThresholdMode::Abs } else { ThresholdMode::Rel });
    let cooldown = section.or("cooldown", Evaluations(0)).0;
    let cooldown_rule = section.or("cooldown_rule", if keras { CooldownRule::AllButLast } else { CooldownRule::All });
    let min_lr = section.or("min_lr", NonNegative(0.0)).0;
    let eps = section.or("eps", NonNegative(if keras { 0.0 } else { 1e-8 })).0;

    let mut fits = true;
    if factor >= 1.0 {
        section.error("factor", "a plateau lowers the learning rate", "expected a number above 0 and below 1");
        fits = false;
    }
    if threshold_mode == ThresholdMode::Rel && threshold >= 1.0 {
        let label = "expected less than 1, or `threshold_mode = \"abs\"`";
        section.error("threshold", "a relative threshold is a part of the best value", label);
        fits = false;
    }
    let bad_needed = match rule {
        PatienceRule::Exceeded => patience.saturating_add(1),
        PatienceRule::Reached => patience.max(1),
    };
    // The first evaluation is good, and a drop after the last one is not seen.
    let epochs = context.horizon.total_steps.div_ceil(context.horizon.steps_per_epoch.max(1));
    if bad_needed.saturating_add(1) >= epochs {
        let message = format!("`{}` is too long for a drop to come", section.dotted("patience"));
        let label = format!("the first would come after {} epochs of {epochs}", bad_needed.saturating_add(1));
        section.log().push(Diagnostic::warning(message).at(section.place_of("patience")).label(label));
    }
    let improvement = Improvement { mode, threshold, threshold_mode };
    let config = Config {
        monitor: monitor?,
        improvement,
        factor,
        bad_needed,
        cooldown,
        cooldown_rule,
        min_lr,
        eps,
        base_lr: context.base_lr,
    };
    let state = State { factor: 1.0, best: None, bad: 0, cooldown: 0 };
    fits.then(|| Box::new(Plateau { config, state }) as Box<dyn Rule>)
}

/// Reads `monitor`: one of the run's metrics.
fn monitor(section: &mut Section<'_>, context: &Context<'_>) -> Option<String> {
    let Some(default) = context.metrics.first() else {
        section.ask("monitor");
        section.error("monitor", "this run has no metric to monitor", "a plateau needs one");
        return None;
    };
    let monitor = section.or("monitor", default.clone());
    if context.metrics.contains(&monitor) {
        return Some(monitor);
    }
    let names: Vec<&str> = context.metrics.iter().map(String::as_str).collect();
    let label = did_you_mean(&monitor, names.clone()).unwrap_or_else(|| format!("expected {}", one_of(names)));
    section.error("monitor", format!("this run has no metric \"{monitor}\""), label);
    None
}

/// What counts as better.
#[derive(Clone, Copy, Debug)]
struct Improvement {
    mode: Mode,
    threshold: f64,
    threshold_mode: ThresholdMode,
}

impl Improvement {
    fn is_better(self, value: f64, best: f64) -> bool {
        let Improvement { mode, threshold, threshold_mode } = self;
        // best·(1 ± th) is PyTorch's formula; the sign of `best` puts the bar on its better side below 0 too.
        let side = threshold * best.signum();
        match (mode, threshold_mode) {
            (Mode::Min, ThresholdMode::Rel) => mode.is_better(value, best * (1.0 - side), 0.0),
            (Mode::Max, ThresholdMode::Rel) => mode.is_better(value, best * (1.0 + side), 0.0),
            (_, ThresholdMode::Abs) => mode.is_better(value, best, threshold),
        }
    }
}

#[derive(Debug)]
struct Config {
    monitor: String,
    improvement: Improvement,
    factor: f64,
    /// The bad evaluation on which the drop comes.
    bad_needed: u64,
    cooldown: u64,
    cooldown_rule: CooldownRule,
    min_lr: f64,
    eps: f64,
    base_lr: f64,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct State {
    factor: f64,
    // With a function of its own a missing `best` is an error, and not the same as null.
    #[serde(deserialize_with = "Option::deserialize")]
    best: Option<f64>,
    bad: u64,
    cooldown: u64,
}

#[derive(Debug)]
struct Plateau {
    config: Config,
    state: State,
}

impl Plateau {
    /// Lowers the factor as far as the limits let it.
    fn reduce(&mut self, scale: f64) {
        let base_lr = self.config.base_lr * scale;
        // A base rate of 0 makes the limit infinite or NaN; the comparison below is then false, and nothing changes.
        let lowered = (self.state.factor * self.config.factor).max(self.config.min_lr / base_lr);
        if base_lr * (self.state.factor - lowered) > self.config.eps {
            self.state.factor = lowered;
        }
    }

    fn reason(&self, value: f64) -> String {
        let monitor = &self.config.monitor;
        let epochs = words::count(self.state.bad, "epoch");
        match self.state.best {
            Some(best) => {
                format!("{monitor} {} has not improved on {} for {epochs}", words::number(value), words::number(best))
            }
            None => format!("{monitor} has not been finite for {epochs}"),
        }
    }
}

impl Rule for Plateau {
    fn factor(&self, _: Clock) -> f64 {
        self.state.factor
    }

    fn describe(&self) -> String {
        let Config { monitor, factor, bad_needed, .. } = &self.config;
        format!("plateau on {monitor}: ×{} after {}", words::number(*factor), words::count(*bad_needed, "epoch"))
    }

    fn is_metric_driven(&self) -> bool {
        true
    }

    fn observe(&mut self, seen: &Observation<'_>) -> Option<String> {
        // Epoch 0 says nothing about the rate.
        let value = if seen.epoch == 0 { None } else { (seen.metric)(&self.config.monitor) }?;
        let cooling = self.state.cooldown > 0;
        self.state.cooldown = self.state.cooldown.saturating_sub(1);
        let last_counts = self.config.cooldown_rule == CooldownRule::AllButLast;
        let counts = !cooling || (last_counts && self.state.cooldown == 0);

        let better = self.state.best.is_none_or(|best| self.config.improvement.is_better(value, best));
        if value.is_finite() && better {
            self.state.best = Some(value);
            self.state.bad = 0;
            return None;
        }
        if counts {
            self.state.bad += 1;
        }
        if self.state.bad < self.config.bad_needed {
            return None;
        }
        let (before, reason) = (self.state.factor, self.reason(value));
        self.reduce(seen.scale);
        self.state.cooldown = self.config.cooldown;
        self.state.bad = 0;
        (self.state.factor != before).then_some(reason)
    }

    fn save(&self) -> serde_json::Value {
        let State { factor, best, bad, cooldown } = self.state;
        serde_json::json!({ "factor": factor, "best": best, "bad": bad, "cooldown": cooldown })
    }

    fn load(&mut self, state: &serde_json::Value) -> Result<(), StateError> {
        let loaded = State::deserialize(state).map_err(|error| StateError(format!("{error}, in {state}")))?;
        let State { factor, bad, cooldown, .. } = loaded;
        let fits = (0.0..=1.0).contains(&factor) && bad < self.config.bad_needed && cooldown <= self.config.cooldown;
        if !fits {
            return Err(StateError(format!("it is not of this plateau: {state}")));
        }
        self.state = loaded;
        Ok(())
    }
}
