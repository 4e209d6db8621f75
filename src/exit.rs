//! What the process tells its caller when it ends.

use std::process::ExitCode;

use crate::record::{OpenError, Outcome, Status};

/// How a command ended, from best to worst; several runs in one command end as the worst of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// 0: completed.
    Success,
    /// 3: completed without reaching the target, where that was required.
    TargetMissed,
    /// 4: the loss became NaN or infinite.
    Diverged,
    /// 5: another process has the run.
    Held,
    /// 2: the command line, the spec or the data is wrong.
    Usage,
    /// 1: failed while running.
    Failed,
    /// 128 + n: interrupted by signal n.
    Interrupted(u8),
}

/// SIGINT, by its number everywhere.
const INTERRUPT: u8 = 2;

impl Exit {
    /// The process's exit code.
    pub fn code(self) -> u8 {
        match self {
            Exit::Success => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::TargetMissed => 3,
            Exit::Diverged => 4,
            Exit::Held => 5,
            Exit::Interrupted(signal) => 128_u8.saturating_add(signal),
        }
    }

    /// How a run that came to `outcome` ends. With `require_target`, one that has a target must have reached it.
    /// An outcome does not know its signal: an interrupted one is [`Exit::Interrupted`] by SIGINT.
    pub fn of(outcome: &Outcome, require_target: bool) -> Exit {
        let missed = require_target && outcome.target.is_some() && outcome.reached.is_none();
        match outcome.status {
            Status::Completed | Status::StoppedAtTarget | Status::StoppedEarly if missed => Exit::TargetMissed,
            Status::Completed | Status::StoppedAtTarget | Status::StoppedEarly => Exit::Success,
            Status::Diverged => Exit::Diverged,
            Status::Interrupted => Exit::Interrupted(INTERRUPT),
            Status::Failed | Status::Running => Exit::Failed,
        }
    }

    /// The worse of two.
    pub fn worst(self, other: Exit) -> Exit {
        self.max(other)
    }
}

impl From<&OpenError> for Exit {
    fn from(error: &OpenError) -> Exit {
        match error {
            OpenError::Held { .. } => Exit::Held,
            OpenError::NotWritable { .. } => Exit::Failed,
            _ => Exit::Usage,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::{Metric, Part};
    use crate::record::Reached;

    fn outcome(status: Status) -> Outcome {
        Outcome { status, ..Outcome::failed() }
    }

    #[test]
    fn each_ending_has_its_documented_code() {
        use Status::*;
        let code = |status| Exit::of(&outcome(status), false).code();
        let codes = [Completed, StoppedAtTarget, StoppedEarly, Failed, Running, Diverged, Interrupted].map(code);
        assert_eq!(codes, [0, 0, 0, 1, 1, 4, 130]);
        assert_eq!(
            [Exit::Usage, Exit::Held, Exit::Interrupted(15), Exit::Interrupted(200)].map(Exit::code),
            [2, 5, 143, 255]
        );
    }

    #[test]
    fn a_target_counts_only_where_it_is_required_and_there() {
        let mut run = outcome(Status::StoppedEarly);
        assert_eq!(Exit::of(&run, true), Exit::Success);
        run.target = Some("val_accuracy >= 0.97".into());
        assert_eq!(Exit::of(&run, false), Exit::Success);
        assert_eq!(Exit::of(&run, true), Exit::TargetMissed);
        assert_eq!(Exit::of(&Outcome { status: Status::Diverged, ..run.clone() }, true), Exit::Diverged);
        let metric = Part::Val.of(Metric::ACCURACY);
        let (value, epoch, step, seconds) = (0.98, 3, 30, 1.5);
        run.reached = Some(Reached { metric, value, epoch, step, seconds });
        assert_eq!(Exit::of(&run, true), Exit::Success);
    }

    #[test]
    fn several_runs_end_as_the_worst() {
        let worst = |exits: &[Exit]| exits.iter().copied().fold(Exit::Success, Exit::worst);
        assert_eq!(worst(&[]), Exit::Success);
        assert_eq!(worst(&[Exit::Success, Exit::Diverged, Exit::TargetMissed]), Exit::Diverged);
        assert_eq!(worst(&[Exit::Failed, Exit::Held, Exit::Usage]), Exit::Failed);
        assert_eq!(worst(&[Exit::Interrupted(15), Exit::Failed]), Exit::Interrupted(15));
    }
}
