//! A drop when a metric stops improving: PyTorch's, Keras's and timm's `ReduceLROnPlateau`, optax's
//! `reduce_on_plateau`.
//!
//! The state is the factor, the best value, the number of bad evaluations and what is left of a cooldown. After each
//! epoch's evaluation, with the metric `a`:
//!
//! - `a` is better when it beats `best` by more than the threshold: a < best − th·|best| (`min`, `rel`),
//!   a > best + th·|best| (`max`, `rel`), a < best − th (`min`, `abs`), a > best + th (`max`, `abs`). Then it becomes
//!   `best` and no evaluation is bad any more. The first value is better than none.
//! - Else the evaluation is bad, unless it falls in the cooldown after a drop.
//! - After enough bad evaluations without a better one: lr ← max(lr·`factor`, `min_lr`), if that lowers it by more than
//!   `eps`; the cooldown begins, and counting starts anew.
//!
//! | key | default | keras | optax | |
//! |---|---|---|---|---|
//! | `monitor`, `mode`, `window`, `every`, `nan` | | | | see `metric.rs`; timm's `mode` is `"max"` |
//! | `factor` | 0.1 | | | above 0; above 1 it raises the rate |
//! | `patience` | `"10 epochs"` | | | whole epochs, a multiple of `every` |
//! | `patience_rule` | `"exceeded"` | `"reached"` | `"reached"` | the drop comes at `patience` + 1 bad evaluations, or at `patience` (at least 1) |
//! | `threshold` | 1e-4 | | | |
//! | `threshold_mode` | `"rel"` | `"abs"` | | |
//! | `cooldown` | `"0 epochs"` | | | epochs after a drop in which nothing is bad; a multiple of `every` |
//! | `cooldown_rule` | `"all"` | `"all_but_last"` | | whether the last evaluation of the cooldown belongs to it |
//! | `min_lr`, `max_lr` | 0, none | | | learning rates (in `schedule_for`, values), for each group its own; `max_lr` goes with a factor above 1, which needs it |
//! | `eps` | 1e-8 | 0 | 0 | a learning rate |
//!
//! The `convention`s `torch`, `timm` and `transformers` are the default. optax's `accumulation_size` n is `every` n
//! epochs with `window` n (its patience and cooldown n times as many epochs), its `min_scale` is `floor`. In Keras a first value that is NaN stays the best for good, so
//! that the rate falls although the metric improves; here it is a bad evaluation.

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use super::convention::Convention::{self, Keras, Optax, Timm, Torch, Transformers};
use super::metric::{Evaluations, Metric, Mode, Seen, ThresholdMode, Verdict};
use super::{Build, Clock, Context, Observation, Rule, StateError, words};
use crate::choice;
use crate::spec::{Diagnostic, Entry, NonNegative, Positive, Section};

pub const ENTRY: Entry<Build> = Entry {
    name: "plateau",
    summary: "a drop when a metric stops improving",
    example: "type = \"plateau\"\nmonitor = \"val_loss\"\nfactor = 0.1\npatience = \"5 epochs\"",
    build,
};

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
    /// Which evaluations of a cooldown are not counted.
    pub enum CooldownRule {
        /// None of them is.
        All = "all",
        /// The last one is.
        AllButLast = "all_but_last",
    }
}

fn build(section: &mut Section<'_>, context: &Context<'_>) -> Option<Box<dyn Rule>> {
    let convention = Convention::among(section, context, &[Torch, Keras, Optax, Timm, Transformers]);
    let keras = convention == Some(Keras);
    let mode = (convention == Some(Timm)).then_some(Mode::Max);
    let threshold_mode = if keras { ThresholdMode::Abs } else { ThresholdMode::Rel };
    let metric = Metric::read(section, context, mode, 1e-4, threshold_mode);
    let every = metric.as_ref().map_or(1, |metric| metric.every);
    let factor = section.or("factor", Positive(0.1)).0;
    let patience = Evaluations::judged(section, "patience", 10, every);
    let reached = matches!(convention, Some(Keras | Optax));
    let rule = section.or("patience_rule", if reached { PatienceRule::Reached } else { PatienceRule::Exceeded });
    let cooldown = Evaluations::judged(section, "cooldown", 0, every);
    let cooldown_rule = section.or("cooldown_rule", if keras { CooldownRule::AllButLast } else { CooldownRule::All });
    let min_lr = section.or("min_lr", NonNegative(0.0)).0;
    let max_lr = section.optional::<Positive>("max_lr").map(|max_lr| max_lr.0);
    let eps = section.or("eps", NonNegative(if reached { 0.0 } else { 1e-8 })).0;

    if factor == 1.0 {
        section.error("factor", "a plateau changes the learning rate", "expected less than 1, or more");
    }
    match (factor > 1.0, max_lr) {
        (true, None) => section.missing("max_lr", "the rate that a factor above 1 never goes beyond"),
        (false, Some(_)) => section.error("max_lr", "`max_lr` goes with a factor above 1", "this one lowers the rate"),
        _ => {}
    }
    let bad_needed = match rule {
        PatienceRule::Exceeded => patience.saturating_add(1),
        PatienceRule::Reached => patience.max(1),
    };
    if factor < 1.0 && context.base_lr > 0.0 && min_lr >= context.base_lr {
        let label = format!("the base {} is {}", context.quantity, words::number(context.base_lr));
        let found = Diagnostic::warning("the rate begins at or below `min_lr`, and can never be lowered");
        section.log().push(found.at(section.place_of("min_lr")).label(label));
    }
    let metric = metric?;
    metric.warn_if_never(section, context, bad_needed.saturating_add(1));
    let max_lr = max_lr.unwrap_or(f64::INFINITY);
    let base_lr = context.base_lr;
    let config = Config { metric, factor, bad_needed, cooldown, cooldown_rule, min_lr, max_lr, eps, base_lr };
    Some(Box::new(Plateau { config, state: State::new() }))
}

#[derive(Debug)]
struct Config {
    metric: Metric,
    factor: f64,
    /// The bad evaluation on which the drop comes.
    bad_needed: u64,
    cooldown: u64,
    cooldown_rule: CooldownRule,
    min_lr: f64,
    max_lr: f64,
    eps: f64,
    base_lr: f64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct State {
    rule: String,
    factor: f64,
    seen: Seen,
    bad: u64,
    cooldown: u64,
}

impl State {
    fn new() -> Self {
        State { rule: ENTRY.name.to_owned(), factor: 1.0, seen: Seen::default(), bad: 0, cooldown: 0 }
    }
}

#[derive(Debug)]
struct Plateau {
    config: Config,
    state: State,
}

impl Plateau {
    /// Changes the factor as far as the limits let it; whether that was anything.
    fn change(&mut self, scale: f64) -> bool {
        let Config { factor, min_lr, max_lr, eps, .. } = self.config;
        let base_lr = self.config.base_lr * scale;
        let before = self.state.factor;
        // A base rate of 0 makes a limit infinite or NaN; the comparison below is then false, and nothing changes.
        let after = if factor < 1.0 {
            (before * factor).max(min_lr / base_lr)
        } else {
            (before * factor).min(max_lr / base_lr)
        };
        let (low, high) = if factor < 1.0 { (after, before) } else { (before, after) };
        if base_lr * (high - low) > eps {
            self.state.factor = after;
        }
        self.state.factor != before
    }
}

impl Rule for Plateau {
    fn factor(&self, _: Clock) -> f64 {
        self.state.factor
    }

    fn describe(&self) -> String {
        let Config { metric, factor, bad_needed, .. } = &self.config;
        let after = words::count(bad_needed.saturating_mul(metric.every), "epoch");
        format!("plateau on {}: ×{} after {after}", metric.monitor, words::number(*factor))
    }

    fn is_metric_driven(&self) -> bool {
        true
    }

    fn observe(&mut self, observation: &Observation<'_>) -> Option<String> {
        let verdict = self.config.metric.judge(&mut self.state.seen, observation)?;
        let cooling = self.state.cooldown > 0;
        self.state.cooldown = self.state.cooldown.saturating_sub(1);
        let last_counts = self.config.cooldown_rule == CooldownRule::AllButLast;
        let counts = !cooling || (last_counts && self.state.cooldown == 0);
        match verdict {
            Verdict::Better(_) => {
                self.state.bad = 0;
                return None;
            }
            Verdict::Bad(_) if counts => self.state.bad += 1,
            Verdict::Bad(_) | Verdict::Reduce(_) => {}
        }
        if self.state.bad < self.config.bad_needed && !matches!(verdict, Verdict::Reduce(_)) {
            return None;
        }
        let reason = self.config.metric.reason(&self.state.seen, verdict, self.state.bad);
        self.state.cooldown = self.config.cooldown;
        self.state.bad = 0;
        self.change(observation.scale).then_some(reason)
    }

    fn save(&self) -> serde_json::Value {
        serde_json::json!(self.state)
    }

    fn load(&mut self, state: &serde_json::Value) -> Result<(), StateError> {
        let loaded = State::deserialize(state).map_err(|error| StateError(format!("{error}, in {state}")))?;
        let config = &self.config;
        let right_side = if config.factor < 1.0 { loaded.factor <= 1.0 } else { loaded.factor >= 1.0 };
        let fits = loaded.rule == ENTRY.name
            && loaded.factor >= 0.0
            && right_side
            && loaded.bad < config.bad_needed
            && loaded.cooldown <= config.cooldown
            && config.metric.is_of(&loaded.seen);
        if !fits {
            return Err(StateError(format!("it is not of this plateau: {state}")));
        }
        self.state = loaded;
        Ok(())
    }
}
