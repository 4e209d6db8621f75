//! The warm-up of any rule: the rate comes up from `start` before the rule begins.
//!
//! With W = `for` in ticks and t the tick:
//! factor(t) = start + (top − start)·shape(t / W) for t < W, with `reach = "last"` shape((t + 1) / W); then the rule.
//!
//! | key | default | torch | keras | optax | timm | transformers | |
//! |---|---|---|---|---|---|---|---|
//! | `for` | | | | | | | how long |
//! | `start` | 0 | 1/3 | 0 | 0 | 0 | 0; `wsd`: its `end` | a factor, or `{ lr = … }` |
//! | `shape` | `"linear"` | | | | | | `"cosine"`: ½(1 − cos πx); `"1-sqrt"`: 1 − √(1 − x); `"exponential"`: start·(top/start)^x; `"constant"`: `start` |
//! | `reach` | `"last"` | `"after"` | `"after"` | `"after"` | `"after"` | `"after"` | which tick is the first at the top: the last of the warm-up, or the first after it |
//! | `clock` | `"within"` | `"after"` | `"after"` | `"within"` | `"beneath"`; `step`, `multistep`, `wsd`, `plateau`: `"after"` | `"within"` | what the rule counts from |
//! | `to` | `"rule"` | | `"base"` | | `"base"`; `tanh`: `"rule"` | | the top: the rule's factor where it begins, or 1 |
//! | `tick` | the rule's `tick` | | | | | | how often the warm-up looks at the clock |
//!
//! The default takes no step at rate 0; every framework's first update does where `start` is 0. `clock`:
//! - `"within"`: the rule begins when the warm-up is over, and the moments that it names (`over`, `milestones`, …) are
//!   counted from where the warm-up began: `over = "100 epochs"` ends at epoch 100.
//! - `"after"`: the rule begins when the warm-up is over, and counts from there: it ends at epoch 105 after a warm-up of 5.
//! - `"beneath"`: the rule runs from the start, unseen while the warm-up lasts.
//!
//! Evaluations during the warm-up are not shown to a metric-driven rule.

use super::convention::Convention;
use super::length::Length;
use super::level::Level;
use super::tick::{Reach, Tick};
use super::{Clock, Context, Observation, Rule, StateError, words};
use crate::choice;
use crate::spec::{Diagnostic, Horizon, Kind, Section, Table};

choice! {
    /// The way from the start to the top.
    pub enum Shape {
        Linear = "linear",
        Cosine = "cosine",
        OneMinusSqrt = "1-sqrt",
        Exponential = "exponential",
        Constant = "constant",
    }
}

choice! {
    /// What the rule counts from.
    pub enum Counts {
        /// It begins after the warm-up; its moments count the warm-up, too.
        Within = "within",
        /// It begins after the warm-up, and so do its moments.
        After = "after",
        /// It begins with the warm-up.
        Beneath = "beneath",
    }
}

choice! {
    /// Where the warm-up goes to.
    pub enum To {
        /// The rule's factor where it begins.
        Rule = "rule",
        /// Factor 1.
        Base = "base",
    }
}

/// A table's warm-up.
#[derive(Clone, Copy, Debug)]
pub struct WarmUp {
    length: Length,
    start: f64,
    shape: Shape,
    reach: Reach,
    clock: Counts,
    to: To,
    tick: Tick,
}

impl WarmUp {
    /// Reads `warmup`, a duration or a table, for the rule `name`; none where it is not written or wrong.
    pub fn read(section: &mut Section<'_>, name: &str, context: &Context<'_>) -> Option<WarmUp> {
        let tick = match section.table_ref().get("tick").and_then(|tick| tick.as_str()) {
            Some("epoch") => Tick::Epoch,
            _ => Tick::Step,
        };
        let value = section.raw("warmup")?;
        let nothing = Table::default();
        let (mut own, length) = match value.kind {
            Kind::Table(_) => {
                let mut own = section.as_section(section.dotted("warmup"), value)?;
                let length = Length::required(&mut own, "for", context);
                (own, length)
            }
            // A duration: everything else is as by default, and written out in the resolved spec.
            _ => {
                let length = Length::optional(section, "warmup", context)??;
                let mut own = Section::new(section.dotted("warmup"), &nothing, None, section.log());
                own.put("for", length.written.to_string());
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
            (Some(Convention::Timm), "step" | "multistep" | "wsd" | "plateau") => Counts::After,
            (Some(Convention::Timm), _) => Counts::Beneath,
            (Some(Convention::Torch | Convention::Keras), _) => Counts::After,
            _ => Counts::Within,
        };
        let to_base = convention == Some(Convention::Keras) || (timm && name != "tanh");
        let start = Level::or(&mut own, "start", start, context);
        let shape = own.or("shape", Shape::Linear);
        let reach = own.or("reach", if convention.is_some() { Reach::After } else { Reach::Last });
        let clock = own.or("clock", clock);
        let to = own.or("to", if to_base { To::Base } else { To::Rule });
        let tick = own.or("tick", tick);
        if shape == Shape::Exponential && start == 0.0 {
            own.error("shape", "an exponential warm-up cannot start at 0", "expected `start` above 0");
        }
        section.put("warmup", own.finish());
        let length = length?;
        let total = context.horizon.total_steps;
        if length.steps >= total {
            let message = format!("`{}` is as long as all there is to train, or longer", section.dotted("warmup"));
            let label = format!("{}, of {total}", words::count(length.steps, "step"));
            let found = Diagnostic::error(message).at(section.place_of("warmup")).label(label);
            section.log().push(found.help("shorten it, give it in percent, or make the run longer"));
            return None;
        }
        Some(WarmUp { length, start, shape, reach, clock, to, tick })
    }

    /// What the rule after this warm-up is built for.
    pub fn context<'a>(&self, context: &Context<'a>) -> Context<'a> {
        let left = context.horizon.total_steps.saturating_sub(self.length.steps);
        let horizon = match self.clock {
            Counts::Within | Counts::After => Horizon { total_steps: left, ..context.horizon },
            Counts::Beneath => context.horizon,
        };
        let lead = if self.clock == Counts::Within { self.length.steps } else { 0 };
        Context { horizon, lead, warmup: self.length.steps, ..*context }
    }

    /// `rule` after this warm-up, if there is one.
    pub fn around(warmup: Option<WarmUp>, rule: Box<dyn Rule>) -> Box<dyn Rule> {
        match warmup {
            Some(warmup) => Box::new(Warmed { warmup, rule }),
            None => rule,
        }
    }

    /// How far the warm-up is at `clock`, from 0 to 1; none when it is over.
    fn progress(&self, clock: Clock) -> Option<f64> {
        let (steps, seen) = (self.length.steps, self.tick.seen(clock));
        let at = match self.reach {
            Reach::After => seen,
            Reach::Last => seen + self.tick.unit(clock),
        };
        (clock.step < steps).then(|| (at as f64 / steps as f64).min(1.0))
    }

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
    /// The rule's clock when the table's shows `step`.
    fn clock(&self, step: u64, clock: Clock) -> Clock {
        let length = self.warmup.length.steps;
        match self.warmup.clock {
            Counts::Beneath => Clock { step, ..clock },
            Counts::Within | Counts::After => Clock {
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
            To::Base => 1.0,
            To::Rule => self.rule.factor(self.clock(self.warmup.length.steps, clock)),
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

    fn observe(&mut self, seen: &Observation<'_>) -> Option<String> {
        // The evaluation shows what the steps up to now have done: on the last step of the warm-up it is the warm-up's.
        if seen.clock.step <= self.warmup.length.steps {
            return None;
        }
        let clock = self.clock(seen.clock.step, seen.clock);
        self.rule.observe(&Observation { clock, ..*seen })
    }

    fn save(&self) -> serde_json::Value {
        self.rule.save()
    }

    fn load(&mut self, state: &serde_json::Value) -> Result<(), StateError> {
        self.rule.load(state)
    }
}
