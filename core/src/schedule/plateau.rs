//! A drop when a metric stops improving.
//!
//! After the evaluation of each epoch, with the new value x of the metric and its best value so far:
//! - The evaluation is good if x is better than `best` by more than the threshold th. With `mode = "min"` that is x <
//!   best − th·|best| (`"rel"`) or x < best − th (`"abs"`); with `"max"`, x > best + th·|best| or x > best + th. Then x
//!   becomes `best`, and the count of bad evaluations returns to 0. The first finite value is good.
//! - Otherwise the evaluation is bad. It is counted unless it is within the cooldown after a drop.
//! - After enough bad evaluations: lr ← max(lr·`factor`, `min_lr`), if that changes the rate by more than `eps`. If
//!   `factor` > 1, lr ← min(lr·`factor`, `max_lr`). The cooldown begins and the count returns to 0, even if the rate
//!   did not change.
//!
//! | key | default | keras | optax | |
//! |---|---|---|---|---|
//! | `monitor`, `mode`, `window`, `every`, `nan` | | | | see "The monitored metric" below; timm's `mode` is `"max"` |
//! | `factor` | 0.1 | | | above 0. A factor above 1 raises the rate |
//! | `patience` | `"10 epochs"` | | | whole epochs, a multiple of `every` |
//! | `patience_rule` | `"exceeded"` | `"reached"` | `"reached"` | with n = `patience` / `every`: the drop happens at n + 1 bad evaluations (`"exceeded"`), or at n, but at least 1 (`"reached"`) |
//! | `threshold` | 1e-4 | | | th |
//! | `threshold_mode` | `"rel"` | `"abs"` | | a share of the best value, or in the unit of the metric |
//! | `cooldown` | `"0 epochs"` | | | the epochs after a drop in which bad evaluations are not counted (see `cooldown_rule`); a multiple of `every` |
//! | `cooldown_rule` | `"all"` | `"all_but_last"` | | with `"all"` no evaluation of the cooldown is counted; with `"all_but_last"` the last one is |
//! | `min_lr`, `max_lr` | 0, no limit | | | the lowest and the highest rate of each group (in `schedule_for`, of the scheduled quantity). `max_lr` is required with a factor above 1 and not allowed with another one |
//! | `eps` | 1e-8 | 0 | 0 | the smallest change of the rate |
//!
//! Elsewhere: `ReduceLROnPlateau` of PyTorch and Keras, timm's `PlateauLRScheduler`, optax's `reduce_on_plateau`. The
//! conventions `torch` and `transformers` are the defaults, and `timm` differs in `mode` only. For optax's
//! `accumulation_size = n`, set `every = "n epochs"` and `window = n`, and multiply `patience` and `cooldown` by n. Its
//! `min_scale` is `floor`.
//!
//! Differences: in Keras a first value that is NaN remains the best one, so the rate falls although the metric
//! improves. Here NaN is a bad evaluation.

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use super::convention::Convention::{self, Keras, Optax, Timm, Torch, Transformers};
use super::metric::{Evaluations, History, MonitoredMetric, ThresholdMode, Verdict};
use super::{Build, Clock, Context, Observation, Rule, StateError, words};
use crate::choice;
use crate::metric::Mode;
use crate::spec::{Diagnostic, Entry, NonNegative, Positive, Section};

pub const ENTRY: Entry<Build> = Entry {
    name: "plateau",
    summary: "a drop when a metric stops improving",
    example: "type = \"plateau\"\nmonitor = \"val_loss\"\nfactor = 0.1\npatience = \"5 epochs\"",
    build,
};

choice! {
    /// The number of bad evaluations that exhausts the patience.
    pub enum PatienceRule {
        /// Bad evaluations > patience.
        Exceeded = "exceeded",
        /// Bad evaluations >= patience.
        Reached = "reached",
    }
}

choice! {
    /// The evaluations of a cooldown that are not counted.
    pub enum CooldownRule {
        /// All of them.
        All = "all",
        /// All but the last one.
        AllButLast = "all_but_last",
    }
}

fn build(section: &mut Section<'_>, context: &Context<'_>) -> Option<Box<dyn Rule>> {
    let convention = Convention::among(section, context, &[Torch, Keras, Optax, Timm, Transformers]);
    let keras = convention == Some(Keras);
    let mode = (convention == Some(Timm)).then_some(Mode::Max);
    let threshold_mode = if keras { ThresholdMode::Abs } else { ThresholdMode::Rel };
    let metric = MonitoredMetric::read(section, context, mode, 1e-4, threshold_mode);
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
        section.error("factor", "a plateau must change the learning rate", "expected a number other than 1");
    }
    match (factor > 1.0, max_lr) {
        (true, None) => section.missing("max_lr", "the highest rate, which a factor above 1 needs"),
        (false, Some(_)) => section.error("max_lr", "`max_lr` needs a factor above 1", "this factor lowers the rate"),
        _ => {}
    }
    let bad_needed = match rule {
        PatienceRule::Exceeded => patience.saturating_add(1),
        PatienceRule::Reached => patience.max(1),
    };
    if factor < 1.0 && context.base_lr > 0.0 && min_lr >= context.base_lr {
        let label = format!("the base {} is {}", context.quantity, words::number(context.base_lr));
        let found = Diagnostic::warning("the rate starts at or below `min_lr`, so it can never be lowered");
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
    metric: MonitoredMetric,
    factor: f64,
    /// The number of bad evaluations at which the drop happens.
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
    #[serde(rename = "seen")]
    history: History,
    bad: u64,
    cooldown: u64,
}

impl State {
    fn new() -> Self {
        State { rule: ENTRY.name.to_owned(), factor: 1.0, history: History::default(), bad: 0, cooldown: 0 }
    }
}

#[derive(Debug)]
struct Plateau {
    config: Config,
    state: State,
}

impl Plateau {
    /// Changes the factor within the limits. Reports whether it changed.
    fn change(&mut self, scale: f64) -> bool {
        let Config { factor, min_lr, max_lr, eps, .. } = self.config;
        let base_lr = self.config.base_lr * scale;
        let before = self.state.factor;
        // With a base rate of 0 a limit is infinite or NaN. The comparison below is then false, and nothing changes.
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
        let verdict = self.config.metric.judge(&mut self.state.history, observation)?;
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
        let reason = self.config.metric.reason(&self.state.history, verdict, self.state.bad);
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
            && config.metric.is_of(&loaded.history);
        if !fits {
            return Err(StateError(format!("it does not fit this plateau: {state}")));
        }
        self.state = loaded;
        Ok(())
    }
}
