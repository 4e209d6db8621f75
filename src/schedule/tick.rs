//! How often a rule looks at the clock.

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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_is_seen_from_its_first_step() {
        let clock = |step| Clock { step, total_steps: 25, steps_per_epoch: 10 };
        assert_eq!([0, 9, 10, 24].map(|step| Tick::Epoch.seen(clock(step))), [0, 0, 10, 20]);
        assert_eq!([0, 9, 10, 24].map(|step| Tick::Step.seen(clock(step))), [0, 9, 10, 24]);
    }
}
