//! A factor that rises while a metric improves and falls while it does not: GreedyLR (arXiv 2512.14527).
//!
//! After each evaluation outside a cooldown:
//! - more than `patience` good evaluations in a row: lr ← min(lr / `factor`, `max_lr`);
//! - more than `patience` bad evaluations in a row: lr ← max(lr·`factor`, `min_lr`).
//!
//! A change happens only if it moves the rate by more than `eps`. The rule counts the drops after which the rate is at
//! `min_lr`, including those that are due while it is already there. A rise sets the count back to 0. After `reset`
//! such drops the rule starts again from factor 1. Each group counts and restarts on its own.
//!
//! | key | default | transformers | |
//! |---|---|---|---|
//! | `monitor`, `mode`, `window`, `every`, `nan` | | | see "The monitored metric" below |
//! | `factor` | 0.95 | | above 0 and below 1 |
//! | `patience` | `"10 epochs"` | | whole epochs, a multiple of `every` |
//! | `threshold`, `threshold_mode` | 1e-6, `"abs"` | | the improvement that counts |
//! | `cooldown` | `"0 epochs"` | | the number of epochs after a drop that are not judged; a multiple of `every` |
//! | `raise_cooldown` | `"0 epochs"` | | the number of epochs after a rise that are not judged (transformers's `warmup`) |
//! | `min_lr` | 0 | 1e-3 | the lowest rate of each group |
//! | `max_lr` | ten times the base rate | 1 | the highest rate of each group |
//! | `eps` | 1e-8 | | the smallest change of the rate |
//! | `reset` | 500 | | the number of drops at `min_lr` after which the rule starts again (transformers's `reset_start`) |
//!
//! Elsewhere: transformers's `greedy`. Its `smooth` with `window_size` is `window` here.
//!
//! Differences: transformers restarts only once every group has reached `reset`. Here each group restarts on its own.

use serde::{Deserialize, Serialize};

use super::convention::Convention::{self, Transformers};
use super::metric::{Evaluations, History, MonitoredMetric, ThresholdMode, Verdict};
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
    let metric = MonitoredMetric::read(section, context, None, 1e-6, ThresholdMode::Abs);
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
        let message = "the learning rate starts outside of `min_lr` and `max_lr`";
        let (low, high) = (words::number(min_lr), words::number(max_lr));
        let label = format!("the rate is {}, the limits are {low} and {high}", words::number(base_lr));
        let found = Diagnostic::warning(message).at(section.place_of("min_lr")).label(label);
        section
            .log()
            .push(found.help("it is never lowered from `min_lr` or less, and never raised from above `max_lr`"));
    }
    let metric = metric?;
    // The rate can also rise, and the first evaluation counts for that.
    metric.warn_if_never(section, context, patience.saturating_add(1));
    let config = Config { metric, factor, patience, cooldown, raise_cooldown, min_lr, max_lr, eps, reset, base_lr };
    let state = State::new(&config);
    Some(Box::new(Greedy { config, state }))
}

#[derive(Debug)]
struct Config {
    metric: MonitoredMetric,
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
    #[serde(rename = "seen")]
    history: History,
    good: u64,
    bad: u64,
    /// The evaluations that are still to be skipped.
    cooldown: u64,
    /// The number of further drops at `min_lr` after which the rule starts again.
    reset: u64,
}

impl State {
    fn new(config: &Config) -> Self {
        State {
            rule: ENTRY.name.to_owned(),
            factor: 1.0,
            history: History::default(),
            good: 0,
            bad: 0,
            cooldown: 0,
            reset: config.reset,
        }
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
        let best = self.state.history.best;
        let verdict = self.config.metric.judge(&mut self.state.history, observation)?;
        if self.state.cooldown > 0 && !matches!(verdict, Verdict::Reduce(_)) {
            self.state.cooldown -= 1;
            (self.state.good, self.state.bad) = (0, 0);
            // A skipped evaluation cannot become the best either.
            self.state.history.best = best;
            return None;
        }
        match verdict {
            Verdict::Better(_) => (self.state.good, self.state.bad) = (self.state.good + 1, 0),
            Verdict::Bad(_) | Verdict::Reduce(_) => (self.state.good, self.state.bad) = (0, self.state.bad + 1),
        }
        let before = self.state.factor;
        let State { good, bad, .. } = self.state;
        let patience = self.config.patience;
        let reason = self.config.metric.reason(&self.state.history, verdict, good.max(bad));
        if good > patience {
            self.raise(observation.scale);
            self.state.cooldown = self.config.raise_cooldown;
            self.state.good = 0;
        } else if bad > patience || matches!(verdict, Verdict::Reduce(_)) {
            // After a reset, too, the cooldown of the drop applies, as in transformers.
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
            && config.metric.is_of(&loaded.history);
        if !fits {
            return Err(StateError(format!("it does not fit this rule: {state}")));
        }
        self.state = loaded;
        Ok(())
    }
}
