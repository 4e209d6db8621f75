//! How often a rule looks at the clock, and on which side of a boundary it acts.

use super::Clock;
use crate::choice;
use crate::spec::Section;

choice! {
    /// The spec's `tick`. In PyTorch it is where `scheduler.step()` stands: in the loop over batches or over epochs.
    pub enum Tick {
        /// The factor may change at every step.
        Step = "step",
        /// The factor stands still inside an epoch.
        Epoch = "epoch",
    }
}

impl Tick {
    /// Reads `tick`, by default every step.
    pub fn read(section: &mut Section<'_>) -> Tick {
        section.or("tick", Tick::Step)
    }

    /// The step that the rule last looked at: `clock.step`, or the first step of its epoch.
    pub fn seen(self, clock: Clock) -> u64 {
        match self {
            Tick::Step => clock.step,
            Tick::Epoch => clock.step - clock.step % clock.steps_per_epoch.max(1),
        }
    }

    /// Steps between two looks.
    pub fn unit(self, clock: Clock) -> u64 {
        match self {
            Tick::Step => 1,
            Tick::Epoch => clock.steps_per_epoch.max(1),
        }
    }
}

choice! {
    /// The spec's `boundary`: the first tick that is past a moment `b`.
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
    /// What to compare with a moment by `>=`: the step that `tick` sees, one tick earlier or later.
    pub fn seen(self, tick: Tick, clock: Clock) -> u64 {
        let seen = tick.seen(clock);
        match self {
            Boundary::At => seen,
            Boundary::After => seen.saturating_sub(tick.unit(clock)),
            Boundary::Before => seen.saturating_add(tick.unit(clock)),
        }
    }
}

choice! {
    /// The spec's `reach`: which tick is the first at the height that a phase of n ticks goes to.
    pub enum Reach {
        /// The last of the phase.
        Last = "last",
        /// The first after it.
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
    fn an_epoch_is_seen_from_its_first_step() {
        assert_eq!([0, 9, 10, 24].map(|step| Tick::Epoch.seen(clock(step))), [0, 0, 10, 20]);
        assert_eq!([0, 9, 10, 24].map(|step| Tick::Step.seen(clock(step))), [0, 9, 10, 24]);
    }

    #[test]
    fn a_boundary_is_a_tick_earlier_or_later() {
        let seen = |boundary: Boundary, tick| boundary.seen(tick, clock(12));
        assert_eq!([Boundary::Before, Boundary::At, Boundary::After].map(|it| seen(it, Tick::Step)), [13, 12, 11]);
        assert_eq!([Boundary::Before, Boundary::At, Boundary::After].map(|it| seen(it, Tick::Epoch)), [20, 10, 0]);
    }
}
