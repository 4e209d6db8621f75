//! A factor by a formula of your own.
//!
//! factor(t) = `formula`
//!
//! | key | default | |
//! |---|---|---|
//! | `formula` | | for example `"0.5 * (1 + cos(pi * t / T))"` |
//! | `tick` | `"step"` | how often the factor may change |
//!
//! A formula may contain these names:
//!
//! | name | value |
//! |---|---|
//! | `t`, `T` | the current tick (from 0) and the number of ticks in the run or, in a part of a `sequence`, in the part |
//! | `step` | the first step of the current tick, counted from 0 or, in a part of a `sequence`, from the beginning of the part |
//! | `epoch` | `step` divided by the number of steps in an epoch, so not always whole |
//! | `base` | the base rate of the group: `1e-3 / base` gives a rate of 1e-3 |
//! | `pi` | π |
//!
//! It may contain `+ - * / ^`, `%` (remainder), comparisons (1 if true, otherwise 0), `&&`, `||`,
//! `if(condition, then, else)`, `min(a, b)`, `max(a, b)`, and these functions of one number: `abs`, `ceil`, `cos`,
//! `exp`, `floor`, `ln`, `log10`, `log2`, `round`, `sin`, `sqrt`, `tan`, `tanh`.
//!
//! The formula is checked before training: at every step of the run its value must be finite and 0 or above. A long run
//! is checked at evenly spread steps.
//!
//! Elsewhere: PyTorch's `LambdaLR`, Keras's `LearningRateScheduler`.

mod grammar;
#[cfg(test)]
mod tests;

use super::convention::Convention::{self, Keras, Optax, Torch};
use super::tick::Tick;
use super::{Build, Clock, Context, Rule, words};
use crate::spec::{Entry, Section};
pub use grammar::{Formula, NAMES};

pub const ENTRY: Entry<Build> = Entry {
    name: "expression",
    summary: "a formula of your own",
    example: "type = \"expression\"\nformula = \"0.5 * (1 + cos(pi * t / T))\"",
    build,
};

/// The largest number of steps, spread over the run, on which a formula is checked.
const MAX_CHECKED: u64 = 20_000;

fn build(section: &mut Section<'_>, context: &Context<'_>) -> Option<Box<dyn Rule>> {
    Convention::among(section, context, &[Torch, Keras, Optax]);
    let text = section.required::<String>("formula");
    let tick = Tick::read(section);
    let text = text?;
    let formula = match Formula::read(&text) {
        Ok(formula) => formula,
        Err(error) => {
            section.error(
                "formula",
                format!("`{}` is not a valid formula: {}", section.dotted("formula"), error.message),
                error.help,
            );
            return None;
        }
    };
    let rule = Expression { text, formula, base: context.base_lr, tick };
    let total = context.horizon.total_steps;
    let stride = total.div_ceil(MAX_CHECKED).max(1);
    let checked = (0..total).step_by(usize::try_from(stride).unwrap_or(usize::MAX)).chain([total.saturating_sub(1)]);
    for step in checked {
        let clock = Clock { step, total_steps: total, steps_per_epoch: context.horizon.steps_per_epoch };
        let factor = rule.factor(clock);
        if !(factor.is_finite() && factor >= 0.0) {
            let message = format!("`{}` gives {} at step {step}", section.dotted("formula"), words::number(factor));
            section.error("formula", message, "expected a finite number, 0 or above, at every step");
            return None;
        }
    }
    Some(Box::new(rule))
}

#[derive(Debug)]
struct Expression {
    text: String,
    formula: Formula,
    base: f64,
    tick: Tick,
}

impl Rule for Expression {
    fn factor(&self, clock: Clock) -> f64 {
        // After the end the last value is held, as in every rule.
        let step = clock.step.min(clock.total_steps.saturating_sub(1));
        let (unit, seen) = (self.tick.unit(clock), self.tick.step(Clock { step, ..clock }));
        let values = |name: &str| match name {
            "t" => (seen / unit) as f64,
            "T" => clock.total_steps as f64 / unit as f64,
            "step" => seen as f64,
            "epoch" => seen as f64 / clock.steps_per_epoch.max(1) as f64,
            _ => self.base,
        };
        self.formula.value(&NAMES.map(values))
    }

    fn describe(&self) -> String {
        self.text.clone()
    }
}
