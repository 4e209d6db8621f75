//! Reports bugs in this program: panics.

use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};

use crate::exit::Exit;

/// Returns the result of `work`, or [`Exit::Failed`] if it panics. In that case the panic hook has printed a report.
pub fn guarded(work: impl FnOnce() -> Exit) -> Exit {
    // Values that the panic left inconsistent are not used again, and files on the disk are always complete.
    catch_unwind(AssertUnwindSafe(work)).unwrap_or(Exit::Failed)
}

/// Returns everything that a bug report needs. `libtorch` is its version.
pub fn bug_report(panic: &PanicHookInfo<'_>, libtorch: &str) -> String {
    let payload = panic.payload();
    let text = payload.downcast_ref::<String>().map(String::as_str);
    let what = text.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("no message");
    let place = panic.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
    let command: Vec<String> = std::env::args_os().map(|part| part.to_string_lossy().into_owned()).collect();
    format!(
        "error: this is a bug in lr-run: {what}\n  at {place}\n  in lr-run {}, libtorch {}, {} {}\n  of `{}`\n\
         help: results and checkpoints are unharmed, and the same command resumes from them. Please report these lines with \
         the spec.\n{}",
        env!("CARGO_PKG_VERSION"),
        libtorch,
        std::env::consts::OS,
        std::env::consts::ARCH,
        command.join(" "),
        std::backtrace::Backtrace::capture(),
    )
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn a_panic_is_a_failure_that_names_itself() {
        static REPORT: Mutex<String> = Mutex::new(String::new());
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(|panic| *REPORT.lock().unwrap() += &bug_report(panic, "2.0")));
        let exit = guarded(|| panic!("the impossible: {}", 7));
        std::panic::set_hook(before);
        assert_eq!(exit, Exit::Failed);
        assert_eq!(guarded(|| Exit::Success), Exit::Success);
        let report = REPORT.lock().unwrap();
        for part in ["bug in lr-run: the impossible: 7\n", "bug.rs:", env!("CARGO_PKG_VERSION"), "Please report"] {
            assert!(report.contains(part), "{report}");
        }
    }
}
