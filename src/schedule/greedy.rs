//! GreedyLR (arXiv 2512.14527): up while a metric improves, down while it does not; transformers's `greedy`.
//!
//! After each evaluation, outside of a cooldown: more than `patience` good ones in a row: lr ← min(lr / `factor`,
//! `max_lr`); more than `patience` bad ones: lr ← max(lr·`factor`, `min_lr`); each if it moves the rate by more than
//! `eps`. After `reset` drops that found the rate at `min_lr`, with no rise between them, everything starts anew from
//! factor 1: each group for itself, where transformers waits for all of them.
//!
//! | key | default | transformers | |
//! |---|---|---|---|
//! | `monitor`, `mode`, `window`, `every`, `nan` | | | see `metric.rs`; transformers's `smooth` with `window_size` is `window` |
//! | `factor` | 0.95 | | above 0, below 1 |
//! | `patience` | `"10 epochs"` | | |
//! | `threshold`, `threshold_mode` | 1e-6, `"abs"` | | |
//! | `cooldown` | `"0 epochs"` | | epochs after a drop that are not judged; as `patience`, a multiple of `every` |
//! | `raise_cooldown` | `"0 epochs"` | | the same after a rise (transformers's `warmup`) |
//! | `min_lr` | 0 | 1e-3 | learning rates, for each group its own |
//! | `max_lr` | ten times the base rate | 1 | |
//! | `eps` | 1e-8 | | |
//! | `reset` | 500 | | transformers's `reset_start` |

use serde::{Deserialize, Serialize};

use super::convention::Convention::{self, Transformers};
use super::metric::{Evaluations, Metric, Seen, ThresholdMode, Verdict};
use super::{Build, Clock, Context, Observation, Rule, StateError, words};
use crate::spec::{Count, Diagnostic, Entry, NonNegative, Positive, Section};

pub const ENTRY: Entry<Build> = Entry {
    name: "greedy",
    summary: "up while a metric improves, down while it does not (GreedyLR)",
    example: "type = \"greedy\"\nmonitor = \"val_loss\"\nfactor = 0.9\npatience = \"1 epochs\"",
    build,
};

fn build(section: &mut Section<'_>, context: &Context<'_>) -> Option<Box<dyn Rule>> {
    let transformers = Convention::among(section, context, &[Transformers]) == Some(Transformers);
    let metric = Metric::read(section, context, None, 1e-6, ThresholdMode::Abs);
    let every = metric.as_ref().map_or(1, |metric| metric.every);
    let factor = section.or("factor", Positive(0.95)).0;
    let patience = Evaluations::judged(section, "patience", 10, every);
    let cooldown = Evaluations::judged(section, "cooldown", 0, every);
    let raise_cooldown = Evaluations::judged(section, "raise_cooldown", 0, every);
    let base_lr = context.base_lr;
    let (min_lr, max_lr) = if transformers { (1e-3, 1.0) } else { (0.0, 10.0 * base_lr) };
    let min_lr = section.or("min_lr", NonNegative(min_lr)).0;
    let max_lr = section.or("max_lr", NonNegative(max_lr)).0;
    let eps = section.or("eps", NonNegative(1e-8)).0;
    let reset = section.or("reset", Count(500)).0 as u64;
    if factor >= 1.0 {
        section.error("factor", "the rate is multiplied by it on a plateau", "expected a number above 0 and below 1");
    }
    if min_lr > max_lr {
        section.error("min_lr", "`min_lr` is above `max_lr`", format!("expected at most {}", words::number(max_lr)));
    }
    if base_lr > 0.0 && (base_lr <= min_lr || base_lr > max_lr) {
        let message = "the learning rate begins outside of `min_lr` and `max_lr`";
        let (low, high) = (words::number(min_lr), words::number(max_lr));
        let label = format!("the rate is {}, the limits are {low} and {high}", words::number(base_lr));
        let found = Diagnostic::warning(message).at(section.place_of("min_lr")).label(label);
        section.log().push(found.help("at or below `min_lr` it can never be lowered, above `max_lr` never be raised"));
    }
    let metric = metric?;
    // It may rise, for which even the first evaluation counts.
    metric.warn_if_never(section, context, patience.saturating_add(1));
    let config = Config { metric, factor, patience, cooldown, raise_cooldown, min_lr, max_lr, eps, reset, base_lr };
    let state = State::new(&config);
    Some(Box::new(Greedy { config, state }))
}

#[derive(Debug)]
struct Config {
    metric: Metric,
    factor: f64,
    patience: u64,
    cooldown: u64,
    raise_cooldown: u64,
    min_lr: f64,
    max_lr: f64,
    eps: f64,
    reset: u64,
    base_lr: f64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct State {
    rule: String,
    factor: f64,
    seen: Seen,
    good: u64,
    bad: u64,
    /// Judgements that are still to be passed over.
    cooldown: u64,
    /// Drops at `min_lr` before everything starts anew.
    reset: u64,
}

impl State {
    fn new(config: &Config) -> Self {
        let (rule, seen, reset) = (ENTRY.name.to_owned(), Seen::default(), config.reset);
        State { rule, factor: 1.0, seen, good: 0, bad: 0, cooldown: 0, reset }
    }
}

#[derive(Debug)]
struct Greedy {
    config: Config,
    state: State,
}

impl Greedy {
    fn lower(&mut self, scale: f64) {
        let Config { factor, min_lr, eps, .. } = self.config;
        let base_lr = self.config.base_lr * scale;
        let lowest = min_lr / base_lr;
        let lowered = (self.state.factor * factor).max(lowest);
        if base_lr * (self.state.factor - lowered) > eps {
            self.state.factor = lowered;
        }
        if self.state.factor <= lowest {
            self.state.reset = self.state.reset.saturating_sub(1);
            if self.state.reset == 0 {
                self.state = State::new(&self.config);
            }
        }
    }

    fn raise(&mut self, scale: f64) {
        let Config { factor, max_lr, eps, reset, .. } = self.config;
        let base_lr = self.config.base_lr * scale;
        let raised = (self.state.factor / factor).min(max_lr / base_lr);
        if base_lr * (raised - self.state.factor) > eps {
            self.state.factor = raised;
        }
        self.state.reset = reset;
    }
}

impl Rule for Greedy {
    fn factor(&self, _: Clock) -> f64 {
        self.state.factor
    }

    fn describe(&self) -> String {
        let Config { metric, factor, patience, .. } = &self.config;
        let epochs = words::count(patience.saturating_add(1).saturating_mul(metric.every), "epoch");
        format!("greedy on {}: ×{} or its inverse after {epochs}", metric.monitor, words::number(*factor))
    }

    fn is_metric_driven(&self) -> bool {
        true
    }

    fn observe(&mut self, observation: &Observation<'_>) -> Option<String> {
        let best = self.state.seen.best;
        let verdict = self.config.metric.judge(&mut self.state.seen, observation)?;
        if self.state.cooldown > 0 && !matches!(verdict, Verdict::Reduce(_)) {
            self.state.cooldown -= 1;
            (self.state.good, self.state.bad) = (0, 0);
            // What is passed over does not become the best either.
            self.state.seen.best = best;
            return None;
        }
        match verdict {
            Verdict::Better(_) => (self.state.good, self.state.bad) = (self.state.good + 1, 0),
            Verdict::Bad(_) | Verdict::Reduce(_) => (self.state.good, self.state.bad) = (0, self.state.bad + 1),
        }
        let before = self.state.factor;
        let State { good, bad, .. } = self.state;
        let patience = self.config.patience;
        let reason = self.config.metric.reason(&self.state.seen, verdict, good.max(bad));
        if good > patience {
            self.raise(observation.scale);
            self.state.cooldown = self.config.raise_cooldown;
            self.state.good = 0;
        } else if bad > patience || matches!(verdict, Verdict::Reduce(_)) {
            // Where it resets, the new state's cooldown is the drop's all the same, as in transformers.
            self.lower(observation.scale);
            self.state.cooldown = self.config.cooldown;
            self.state.bad = 0;
        }
        (self.state.factor != before).then_some(reason)
    }

    fn save(&self) -> serde_json::Value {
        serde_json::json!(self.state)
    }

    fn load(&mut self, state: &serde_json::Value) -> Result<(), StateError> {
        let loaded = State::deserialize(state).map_err(|error| StateError(format!("{error}, in {state}")))?;
        let config = &self.config;
        let fits = loaded.rule == ENTRY.name
            && loaded.factor.is_finite()
            && loaded.factor >= 0.0
            && loaded.good <= config.patience
            && loaded.bad <= config.patience
            && loaded.cooldown <= config.cooldown.max(config.raise_cooldown)
            && (1..=config.reset).contains(&loaded.reset)
            && config.metric.is_of(&loaded.seen);
        if !fits {
            return Err(StateError(format!("it is not of this rule: {state}")));
        }
        self.state = loaded;
        Ok(())
    }
}
