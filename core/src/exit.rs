//! Exit codes of the process.

use std::process::ExitCode;

use crate::record::{OpenError, Outcome, Status};

/// The result of a command, from best to worst. The result of several runs in one command is the worst of theirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// 0: completed.
    Success,
    /// 3: completed without reaching the target, although `--require-target` was given.
    TargetMissed,
    /// 4: the loss became NaN or infinite.
    Diverged,
    /// 5: another process owns the run.
    Held,
    /// 2: the command line, the spec or the data is wrong.
    Usage,
    /// 1: failed while running.
    Failed,
    /// 75: interrupted by a signal inside a Slurm job. The state is kept, and the same command resumes. Slurm subtracts
    /// 128 from the codes above it.
    Again,
    /// 128 + n: interrupted by signal n.
    Interrupted(u8),
}

/// The number of SIGINT on every system.
const INTERRUPT: u8 = 2;

impl Exit {
    /// Returns the exit code of the process.
    pub fn code(self) -> u8 {
        match self {
            Exit::Success => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::TargetMissed => 3,
            Exit::Diverged => 4,
            Exit::Held => 5,
            Exit::Again => 75,
            Exit::Interrupted(signal) => 128_u8.saturating_add(signal),
        }
    }

    /// Returns the result of a run with this outcome. With `require_target`, a run with a target must have reached it.
    /// An outcome does not contain the signal, so the result of an interrupted run is an interruption by SIGINT.
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

    /// Returns the worse of two results.
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
    fn codes_are_the_documented_ones() {
        use Status::*;
        let code = |status| Exit::of(&outcome(status), false).code();
        let codes = [Completed, StoppedAtTarget, StoppedEarly, Failed, Running, Diverged, Interrupted].map(code);
        assert_eq!(codes, [0, 0, 0, 1, 1, 4, 130]);
        assert_eq!(
            [Exit::Usage, Exit::Held, Exit::Again, Exit::Interrupted(15), Exit::Interrupted(200)].map(Exit::code),
            [2, 5, 75, 143, 255]
        );
    }

    #[test]
    fn target_counts_only_if_required_and_present() {
        let mut run = outcome(Status::StoppedEarly);
        assert_eq!(Exit::of(&run, true), Exit::Success);
        run.target = Some("val_accuracy >= 0.97".into());
        assert_eq!(Exit::of(&run, false), Exit::Success);
        assert_eq!(Exit::of(&run, true), Exit::TargetMissed);
        assert_eq!(Exit::of(&Outcome { status: Status::Diverged, ..run.clone() }, true), Exit::Diverged);
        let metric = Part::Val.of(Metric::ACCURACY);
        let value = 0.98;
        let epoch = 3;
        let step = 30;
        let seconds = 1.5;
        run.reached = Some(Reached { metric, value, epoch, step, seconds });
        assert_eq!(Exit::of(&run, true), Exit::Success);
    }

    #[test]
    fn worst_of_several_results_counts() {
        let worst = |exits: &[Exit]| exits.iter().copied().fold(Exit::Success, Exit::worst);
        assert_eq!(worst(&[]), Exit::Success);
        assert_eq!(worst(&[Exit::Success, Exit::Diverged, Exit::TargetMissed]), Exit::Diverged);
        assert_eq!(worst(&[Exit::Failed, Exit::Held, Exit::Usage]), Exit::Failed);
        assert_eq!(worst(&[Exit::Interrupted(15), Exit::Failed]), Exit::Interrupted(15));
    }
}
