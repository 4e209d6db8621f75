//! What a person is told when this program itself is wrong.

use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};

use crate::exit::Exit;

/// What `work` comes to; a panic, of which the hook has told, is a failure.
pub fn guarded(work: impl FnOnce() -> Exit) -> Exit {
    // Nothing of what the panic broke is looked at again: files are whole at every moment.
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
         help: results and checkpoints are as they were before it; the same command goes on from there. Please report these \
         lines, with the spec.\n{}",
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
        static TOLD: Mutex<String> = Mutex::new(String::new());
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(|panic| *TOLD.lock().unwrap() += &bug_report(panic, "2.0")));
        let exit = guarded(|| panic!("the impossible: {}", 7));
        std::panic::set_hook(before);
        assert_eq!(exit, Exit::Failed);
        assert_eq!(guarded(|| Exit::Success), Exit::Success);
        let told = TOLD.lock().unwrap();
        for part in ["bug in lr-run: the impossible: 7\n", "bug.rs:", env!("CARGO_PKG_VERSION"), "Please report"] {
            assert!(told.contains(part), "{told}");
        }
    }
}
