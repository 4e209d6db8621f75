//! Skips tests that need a tool which this machine does not have. Several test programs share this file.

use std::fs::OpenOptions;
use std::io::Write;

/// Reports that a test cannot run on this machine. The caller then returns. In CI, where `CI` is set, this panics instead,
/// because no test may be skipped there. `scripts/test` prints the reasons at its end.
#[track_caller]
pub fn skip(reason: &str) {
    let required = std::env::var("CI").is_ok_and(|value| !value.is_empty() && value != "false");
    assert!(!required, "not skipped in CI: {reason}");
    eprintln!("skipped: {reason}");
    if let Some(file) = std::env::var_os("LR_RUN_SKIPPED") {
        let mut file = OpenOptions::new().append(true).create(true).open(file).unwrap();
        writeln!(file, "{reason}").unwrap();
    }
}
