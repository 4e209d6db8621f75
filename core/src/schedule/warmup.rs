//! The warm-up of any rule: the factor goes from `start` to its top before the rule begins.
//!
//! For t < W, with t the current tick (from 0) and W the number of ticks in `for`: x = (t + 1) / W, or x = t / W with
//! `reach = "after"`, and factor(t) = start + (top − start)·shape(x). `"exponential"` and `"constant"` have formulas of
//! their own, given in the table. After the warm-up the rule follows.
//!
//! | key | default | torch | keras | optax | timm | transformers | |
//! |---|---|---|---|---|---|---|---|
//! | `for` | | | | | | | the length of the warm-up; 0 steps mean no warm-up |
//! | `start` | 0 | 1/3 | 0 | 0 | 0 | 0; for `wsd` its `end` | the first factor, or a rate `{ lr = … }` |
//! | `shape` | `"linear"` | | | | | | shape(x) of `"linear"` is x, of `"cosine"` ½(1 − cos πx), of `"1-sqrt"` 1 − √(1 − x). With `"exponential"`, factor(t) = start·(top/start)^x; with `"constant"`, factor(t) = `start` |
//! | `reach` | `"last"` | `"after"` | `"after"` | `"after"` | `"after"` | `"after"` | the first tick at the top: the last one of the warm-up, or the first one after it |
//! | `clock` | `"within"` | `"after"` | `"after"` | `"within"` | `"beneath"`; for `step`, `multistep`, `wsd` and `plateau` `"after"` | `"within"` | the moment from which the rule counts: see below |
//! | `to` | `"rule"` | | `"base"` | | `"base"`; for `tanh` `"rule"` | | the top: the factor of the rule at its beginning (`"rule"`), or 1 (`"base"`) |
//! | `tick` | the `tick` of the rule | | | | | | how often the warm-up may change the factor |
//!
//! If `start` is 0, the default `reach = "last"` gives even the first update a rate above 0 (except with
//! `shape = "constant"`). With `reach = "after"`, the default of every `convention`, the first update then has rate 0.
//!
//! `clock` says from which moment the rule counts its time:
//! - `"within"`: the rule begins after the warm-up. Moments in its keys (`over`, `milestones`, …) count from the
//!   beginning of the warm-up. After a warm-up of 5 epochs, a `cosine` with `over = "100 epochs"` falls over 95 epochs
//!   and ends at epoch 100.
//! - `"after"`: the rule begins after the warm-up. Moments in its keys count from the end of the warm-up. The same
//!   `cosine` falls over 100 epochs and ends at epoch 105.
//! - `"beneath"`: the rule runs from the beginning of the warm-up. During the warm-up its factor has no effect.
//!
//! A metric-driven rule does not observe the evaluations during the warm-up.

use super::convention::Convention;
use super::length::Length;
use super::level::Level;
use super::tick::{Reach, Tick};
use super::{Clock, Context, Observation, Rule, StateError, words};
use crate::choice;
use crate::spec::{Diagnostic, Duration, Horizon, Section, Table, ValueKind};

choice! {
    /// The curve from the start to the top.
    pub enum Shape {
        Linear = "linear",
        Cosine = "cosine",
        OneMinusSqrt = "1-sqrt",
        Exponential = "exponential",
        Constant = "constant",
    }
}

choice! {
    /// The moment from which the rule counts.
    pub enum CountFrom {
        /// The rule begins after the warm-up. Moments in its keys count from the beginning of the warm-up.
        Within = "within",
        /// The rule begins after the warm-up. Moments in its keys count from the end of the warm-up.
        After = "after",
        /// The rule begins together with the warm-up. During the warm-up its factor has no effect.
        Beneath = "beneath",
    }
}

choice! {
    /// The factor that the warm-up goes to.
    pub enum Top {
        /// The factor of the rule at its beginning.
        Rule = "rule",
        /// Factor 1.
        Base = "base",
    }
}

/// The `warmup` option of a schedule's table.
#[derive(Clone, Copy, Debug)]
pub struct WarmUp {
    length: Length,
    start: f64,
    shape: Shape,
    reach: Reach,
    clock: CountFrom,
    to: Top,
    tick: Tick,
}

impl WarmUp {
    /// Reads `warmup`, a duration or a table, for the rule `name`. Returns `None` if the key is missing, if the warm-up
    /// has 0 steps, or if an error was logged.
    pub fn read(section: &mut Section<'_>, name: &str, context: &Context<'_>) -> Option<WarmUp> {
        let tick = match section.table_ref().get("tick").and_then(|tick| tick.as_str()) {
            Some("epoch") => Tick::Epoch,
            _ => Tick::Step,
        };
        let value = section.raw("warmup")?;
        let nothing = Table::default();
        let (mut own, length) = match value.kind {
            ValueKind::Table(_) => {
                let mut own = section.as_section(section.dotted("warmup"), value)?;
                let length = Length::required_or_none(&mut own, "for", context);
                (own, length)
            }
            // A duration. All other keys have their defaults, and the resolved spec shows them.
            _ => {
                let length = Length::required_or_none(section, "warmup", context)?;
                let mut own = Section::new(section.dotted("warmup"), &nothing, None, section.log());
                own.put("for", length.map_or(Duration::Steps(0), |length| length.written).to_string());
                (own, Some(length))
            }
        };
        let convention = context.convention;
        let timm = convention == Some(Convention::Timm);
        let start = match (convention, name) {
            (Some(Convention::Torch), _) => Level::Factor(1.0 / 3.0),
            (Some(Convention::Transformers), "wsd") => match section.table_ref().get("end") {
                Some(end) => Level::read(section, "end", end, context).unwrap_or(Level::Factor(0.0)),
                None => Level::Factor(0.0),
            },
            _ => Level::Factor(0.0),
        };
        let clock = match (convention, name) {
            (Some(Convention::Timm), "step" | "multistep" | "wsd" | "plateau") => CountFrom::After,
            (Some(Convention::Timm), _) => CountFrom::Beneath,
            (Some(Convention::Torch | Convention::Keras), _) => CountFrom::After,
            _ => CountFrom::Within,
        };
        let to_base = convention == Some(Convention::Keras) || (timm && name != "tanh");
        let start = Level::or(&mut own, "start", start, context);
        let shape = own.or("shape", Shape::Linear);
        let reach = own.or("reach", if convention.is_some() { Reach::After } else { Reach::Last });
        let clock = own.or("clock", clock);
        let to = own.or("to", if to_base { Top::Base } else { Top::Rule });
        let tick = own.or("tick", tick);
        if shape == Shape::Exponential && start == 0.0 {
            own.error("shape", "an exponential warm-up cannot start at 0", "expected `start` above 0");
        }
        section.put("warmup", own.finish());
        let Some(length) = length? else {
            // No steps: no warm-up, as if the key were not written.
            section.forget("warmup");
            return None;
        };
        let total = context.horizon.total_steps;
        if length.steps >= total {
            let message = format!("`{}` is not shorter than the whole schedule", section.dotted("warmup"));
            let label = format!("{}, of {total}", words::count(length.steps, "step"));
            let found = Diagnostic::error(message).at(section.place_of("warmup")).label(label);
            section.log().push(found.help("shorten it, write it in percent, or make the run longer"));
            return None;
        }
        Some(WarmUp { length, start, shape, reach, clock, to, tick })
    }

    /// Returns the context of the rule after this warm-up.
    pub fn context<'a>(&self, context: &Context<'a>) -> Context<'a> {
        let left = context.horizon.total_steps.saturating_sub(self.length.steps);
        let horizon = match self.clock {
            CountFrom::Within | CountFrom::After => Horizon { total_steps: left, ..context.horizon },
            CountFrom::Beneath => context.horizon,
        };
        let lead = if self.clock == CountFrom::Within { self.length.steps } else { 0 };
        Context { horizon, lead, warmup: self.length.steps, ..*context }
    }

    /// Returns `rule` with `warmup` before it, if there is one.
    pub fn around(warmup: Option<WarmUp>, rule: Box<dyn Rule>) -> Box<dyn Rule> {
        match warmup {
            Some(warmup) => Box::new(Warmed { warmup, rule }),
            None => rule,
        }
    }

    /// Returns the progress of the warm-up, from 0 to 1. `None` if the warm-up is over.
    fn progress(&self, clock: Clock) -> Option<f64> {
        let (steps, step) = (self.length.steps, self.tick.step(clock));
        let at = match self.reach {
            Reach::After => step,
            Reach::Last => step + self.tick.unit(clock),
        };
        (clock.step < steps).then(|| (at as f64 / steps as f64).min(1.0))
    }

    /// Returns the factor at the progress `x` of a warm-up to `top`.
    fn factor(&self, x: f64, top: f64) -> f64 {
        let start = self.start;
        match self.shape {
            Shape::Linear => start + (top - start) * x,
            Shape::Cosine => start + (top - start) * (0.5 * (1.0 - (std::f64::consts::PI * x).cos())),
            Shape::OneMinusSqrt => start + (top - start) * (1.0 - (1.0 - x).sqrt()),
            Shape::Exponential => start * (top / start).powf(x),
            Shape::Constant => start,
        }
    }
}

#[derive(Debug)]
struct Warmed {
    warmup: WarmUp,
    rule: Box<dyn Rule>,
}

impl Warmed {
    /// Returns the clock that the rule sees at `step`, which counts from the beginning of the warm-up.
    fn clock(&self, step: u64, clock: Clock) -> Clock {
        let length = self.warmup.length.steps;
        match self.warmup.clock {
            CountFrom::Beneath => Clock { step, ..clock },
            CountFrom::Within | CountFrom::After => Clock {
                step: step.saturating_sub(length),
                total_steps: clock.total_steps.saturating_sub(length),
                ..clock
            },
        }
    }
}

impl Rule for Warmed {
    fn factor(&self, clock: Clock) -> f64 {
        let Some(x) = self.warmup.progress(clock) else {
            return self.rule.factor(self.clock(clock.step, clock));
        };
        let top = match self.warmup.to {
            Top::Base => 1.0,
            Top::Rule => self.rule.factor(self.clock(self.warmup.length.steps, clock)),
        };
        self.warmup.factor(x, top)
    }

    fn describe(&self) -> String {
        let length = words::duration(self.warmup.length.written);
        match self.warmup.start {
            0.0 => format!("warm-up for {length}, then {}", self.rule.describe()),
            start => format!("warm-up from {} for {length}, then {}", words::number(start), self.rule.describe()),
        }
    }

    fn is_metric_driven(&self) -> bool {
        self.rule.is_metric_driven()
    }

    fn momentum(&self, clock: Clock) -> Option<f64> {
        self.rule.momentum(self.clock(clock.step, clock))
    }

    fn drives_momentum(&self) -> bool {
        self.rule.drives_momentum()
    }

    fn observe(&mut self, observation: &Observation<'_>) -> Option<String> {
        // `clock.step` is the next step. If it is the first after the warm-up, only steps of the warm-up came before
        // this evaluation.
        if observation.clock.step <= self.warmup.length.steps {
            return None;
        }
        let clock = self.clock(observation.clock.step, observation.clock);
        self.rule.observe(&Observation { clock, ..*observation })
    }

    fn save(&self) -> serde_json::Value {
        self.rule.save()
    }

    fn load(&mut self, state: &serde_json::Value) -> Result<(), StateError> {
        self.rule.load(state)
    }
}
