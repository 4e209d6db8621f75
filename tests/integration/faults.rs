//! Calls to the system that fail, or are the last thing a process does, one after another: whatever they were for, the run
//! says so, and goes on after to the same bytes.
//!
//! The quick form tries some; `scripts/torture` tries each.

use std::any::Any;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::resume::{Left, SLICE};

/// Small enough that each of its calls can be tried.
fn spec() -> String {
    format!(
        "steps = 24\ndevice = \"cpu\"\nthreads = 1\n[data]\ntype = \"mnist\"\ndir = '{SLICE}'\nbatch_size = 64\nvalidation = 200\n\
         [model]\ntype = \"mlp\"\nhidden = [16]\n[optimizer]\ntype = \"adam\"\n[checkpoint]\nkeep = true\nevery = \"5 steps\"\n"
    )
}

/// What makes calls fail, compiled; none where there is no compiler, or no way to load it.
fn shim(folder: &Path) -> Option<PathBuf> {
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/integration/faults.c");
    let shim = folder.join("faults.so");
    let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".to_owned());
    let compiled =
        Command::new(compiler).args(["-shared", "-fPIC", "-O1", "-o"]).arg(&shim).args([source, "-ldl"]).status();
    (cfg!(target_os = "linux") && compiled.is_ok_and(|status| status.success())).then_some(shim)
}

struct Faults {
    folder: tempfile::TempDir,
    shim: PathBuf,
}

impl Faults {
    fn run(&self, out: &str, fault: &[(&str, &str)]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lr-run"));
        command.current_dir(self.folder.path()).args(["--quiet", "--out", out, "a.toml"]);
        if !fault.is_empty() {
            command.env("LD_PRELOAD", &self.shim).env("FAULT_UNDER", format!("{out}/")).envs(fault.iter().copied());
        }
        command.output().unwrap()
    }

    fn left(&self, out: &str) -> Left {
        Left::read(&self.folder.path().join(out).join("a/seed=1"))
    }

    /// Lets the call numbered `at` fail, and runs it again without.
    fn put(&self, kind: &str, fault: &str, at: usize, whole: &Left) {
        let what = format!("{kind} at call {at}");
        let out = "cut";
        let _ = fs::remove_dir_all(self.folder.path().join(out));
        let cut = self.run(out, &[("FAULT", fault), ("FAULT_AT", &at.to_string())]);
        let told = String::from_utf8_lossy(&cut.stderr).into_owned();
        match cut.status.code() {
            // Something that nothing depends on.
            Some(0) => {}
            Some(1) => assert!(told.contains("error: "), "{what}: {told}"),
            None => assert_eq!(fault, "kill", "{what}: {told}"),
            code => panic!("{what}: {code:?} {told}"),
        }
        assert!(!told.contains("panicked") && !told.contains("a bug"), "{what}: {told}");
        let again = self.run(out, &[]);
        let told = String::from_utf8_lossy(&again.stderr).into_owned();
        assert!(again.status.success(), "after {what}: {told}");
        self.left(out).assert_same(whole, &what);
    }

    /// How many calls a run makes that could fail.
    fn calls(&self) -> usize {
        let log = self.folder.path().join("log");
        assert!(self.run("whole", &[("FAULT_LOG", log.to_str().unwrap())]).status.success());
        fs::read_to_string(log).unwrap().trim().parse().unwrap()
    }
}

/// How many faults of each kind were put, over every `stride`-th call.
fn survives(stride: usize) -> Option<usize> {
    let folder = tempfile::tempdir().unwrap();
    let shim = shim(folder.path())?;
    fs::write(folder.path().join("a.toml"), spec()).unwrap();
    let faults = Faults { folder, shim };
    let calls = faults.calls();
    assert!(calls > 50, "only {calls} calls: are they seen?");
    let whole = faults.left("whole");
    let (mut put, mut failures) = (0, Vec::new());
    // ENOSPC, EIO, EROFS and EACCES from Linux's errno.h.
    let kinds = [
        ("a full disk", "-28"),
        ("one error", "5"),
        ("read-only", "-30"),
        ("no permission", "-13"),
        ("the end", "kill"),
    ];
    for (number, (kind, fault)) in kinds.into_iter().enumerate() {
        // Not the same calls for each.
        for at in (1 + number * stride / kinds.len()..=calls).step_by(stride) {
            let tried = catch_unwind(AssertUnwindSafe(|| faults.put(kind, fault, at, &whole)));
            let reason = |panic: Box<dyn Any + Send>| panic.downcast::<String>().map_or("".into(), |text| *text);
            failures.extend(tried.err().map(reason));
            put += 1;
        }
    }
    assert!(failures.is_empty(), "{} of {put}:\n{}", failures.len(), failures.join("\n"));
    Some(put)
}

#[test]
fn whatever_fails_is_told_and_loses_nothing() {
    match survives(41) {
        Some(put) => assert!(put >= 10, "{put}"),
        None => eprintln!("skipped: there is no C compiler"),
    }
}

#[test]
fn every_call_may_fail() {
    if std::env::var_os("LR_RUN_TORTURE").is_some() {
        println!("faults injected: {}", survives(1).expect("a C compiler"));
    }
}

/// As a user whom nothing is permitted by name: root may do what it likes.
#[test]
fn a_folder_without_permission_is_named_and_nothing_is_left() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.toml"), spec()).unwrap();
    let script = "mkdir closed && chmod 555 closed && exec \"$@\"";
    let run = ["--bounding-set=-dac_override,-dac_read_search", "sh", "-c", script, "sh", env!("CARGO_BIN_EXE_lr-run")];
    let mut command = Command::new("setpriv");
    command.args(run).args(["a.toml", "--out", "closed"]).current_dir(folder.path());
    let Ok(output) = command.output() else { return eprintln!("skipped: there is no setpriv") };
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    if told.contains("setpriv:") {
        return eprintln!("skipped: {told}");
    }
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("cannot write to the folder closed/a/seed=1: Permission denied"), "{told}");
    assert_eq!(fs::read_dir(folder.path().join("closed")).unwrap().count(), 0);
}
