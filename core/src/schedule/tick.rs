//! The times at which a rule may change its factor, and the side of a boundary on which a change takes effect.

use super::Clock;
use crate::choice;
use crate::spec::Section;

choice! {
    /// The key `tick` of a spec. In PyTorch it corresponds to the place where `scheduler.step()` is called: after each
    /// batch, or after each epoch.
    pub enum Tick {
        /// The factor may change at every step.
        Step = "step",
        /// The factor is constant within an epoch.
        Epoch = "epoch",
    }
}

impl Tick {
    /// Reads `tick`. The default is `Step`.
    pub fn read(section: &mut Section<'_>) -> Tick {
        section.or("tick", Tick::Step)
    }

    /// Returns the step of the current tick: `clock.step`, or the first step of its epoch.
    pub fn step(self, clock: Clock) -> u64 {
        match self {
            Tick::Step => clock.step,
            Tick::Epoch => clock.step - clock.step % clock.steps_per_epoch.max(1),
        }
    }

    /// Returns the steps of one tick.
    pub fn unit(self, clock: Clock) -> u64 {
        match self {
            Tick::Step => 1,
            Tick::Epoch => clock.steps_per_epoch.max(1),
        }
    }
}

choice! {
    /// The key `boundary` of a spec: the first tick at which a change at the moment `b` is in effect.
    pub enum Boundary {
        /// t ≥ b: PyTorch, optax, Keras's staircases.
        At = "at",
        /// t > b: Keras's `PiecewiseConstantDecay`.
        After = "after",
        /// t ≥ b − 1: timm's `MultiStepLRScheduler`.
        Before = "before",
    }
}

impl Boundary {
    /// Returns the step `s` for which `s >= moment` means that the change is in effect: the step of the current tick,
    /// or one tick earlier or later.
    pub fn step(self, tick: Tick, clock: Clock) -> u64 {
        let step = tick.step(clock);
        match self {
            Boundary::At => step,
            Boundary::After => step.saturating_sub(tick.unit(clock)),
            Boundary::Before => step.saturating_add(tick.unit(clock)),
        }
    }
}

choice! {
    /// The key `reach` of a spec: the first tick at the final value of a phase.
    pub enum Reach {
        /// The last tick of the phase.
        Last = "last",
        /// The first tick after the phase.
        After = "after",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock(step: u64) -> Clock {
        Clock { step, total_steps: 25, steps_per_epoch: 10 }
    }

    #[test]
    fn a_tick_of_an_epoch_is_its_first_step() {
        assert_eq!([0, 9, 10, 24].map(|step| Tick::Epoch.step(clock(step))), [0, 0, 10, 20]);
        assert_eq!([0, 9, 10, 24].map(|step| Tick::Step.step(clock(step))), [0, 9, 10, 24]);
    }

    #[test]
    fn a_boundary_can_be_a_tick_earlier_or_later() {
        let step = |boundary: Boundary, tick| boundary.step(tick, clock(12));
        assert_eq!([Boundary::Before, Boundary::At, Boundary::After].map(|it| step(it, Tick::Step)), [13, 12, 11]);
        assert_eq!([Boundary::Before, Boundary::At, Boundary::After].map(|it| step(it, Tick::Epoch)), [20, 10, 0]);
    }
}
