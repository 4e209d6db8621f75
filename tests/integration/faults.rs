//! Runs in which one system call fails, or the process is killed at it. The run must report the error. When it is
//! resumed, it must end with the same bytes as an undisturbed run.
//!
//! The quick form tries some of the calls. `scripts/torture` also runs the ignored test, which tries each call.

use std::any::Any;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::resume::Left;
use crate::support::{SLICE, Workspace, skip, text};

/// Returns a spec so small that each of its calls can be tried.
fn spec() -> String {
    format!(
        "steps = 24\ndevice = \"cpu\"\nthreads = 1\n[data]\ntype = \"mnist\"\ndir = '{SLICE}'\nbatch_size = 64\nvalidation = 200\n\
         [model]\ntype = \"mlp\"\nhidden = [16]\n[optimizer]\ntype = \"adam\"\n[checkpoint]\nkeep = true\nevery = \"5 steps\"\n"
    )
}

/// Compiles the library that makes calls fail. `None` without a C compiler, and on other systems than Linux.
fn shim(folder: &Path) -> Option<PathBuf> {
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/integration/faults.c");
    let shim = folder.join("faults.so");
    let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".to_owned());
    let compiled =
        Command::new(compiler).args(["-shared", "-fPIC", "-O1", "-o"]).arg(&shim).args([source, "-ldl"]).status();
    (cfg!(target_os = "linux") && compiled.is_ok_and(|status| status.success())).then_some(shim)
}

struct Faults {
    workspace: Workspace,
    shim: PathBuf,
}

impl Faults {
    fn run(&self, out: &str, fault: &[(&str, &str)]) -> Output {
        let mut command = self.workspace.command(&["--quiet", "--out", out, "a.toml"]);
        if !fault.is_empty() {
            command.env("LD_PRELOAD", &self.shim).env("FAULT_UNDER", format!("{out}/")).envs(fault.iter().copied());
        }
        command.output().unwrap()
    }

    fn left(&self, out: &str) -> Left {
        Left::read(&self.workspace.path(out).join("a/seed=1"))
    }

    /// Runs with a fault at the call number `at`, then resumes without a fault. The result must equal `whole`.
    fn inject(&self, kind: &str, fault: &str, at: usize, whole: &Left) {
        let what = format!("{kind} at call {at}");
        let out = "faulty";
        let _ = fs::remove_dir_all(self.workspace.path(out));
        let faulty = self.run(out, &[("FAULT", fault), ("FAULT_AT", &at.to_string())]);
        let printed = text(&faulty.stderr);
        match faulty.status.code() {
            // The run does not depend on this call.
            Some(0) => {}
            Some(1) => assert!(printed.contains("error: "), "{what}: {printed}"),
            None => assert_eq!(fault, "kill", "{what}: {printed}"),
            code => panic!("{what}: {code:?} {printed}"),
        }
        assert!(!printed.contains("panicked") && !printed.contains("a bug"), "{what}: {printed}");
        let again = self.run(out, &[]);
        let printed = text(&again.stderr);
        assert!(again.status.success(), "after {what}: {printed}");
        self.left(out).assert_same(whole, &what);
    }

    /// Returns the number of calls in a run that can be made to fail.
    fn calls(&self) -> usize {
        let log = self.workspace.path("log");
        assert!(self.run("whole", &[("FAULT_LOG", log.to_str().unwrap())]).status.success());
        fs::read_to_string(log).unwrap().trim().parse().unwrap()
    }
}

/// Injects faults of each kind at every `stride`-th call. Returns their number, or `None` without a C compiler.
fn survives(stride: usize) -> Option<usize> {
    let workspace = Workspace::with("a.toml", &spec());
    let shim = shim(workspace.folder())?;
    let faults = Faults { workspace, shim };
    let calls = faults.calls();
    assert!(calls > 50, "only {calls} calls were counted");
    let whole = faults.left("whole");
    let (mut injected, mut failures) = (0, Vec::new());
    // ENOSPC, EIO, EROFS and EACCES of Linux.
    let kinds = [
        ("a full disk", "-28"),
        ("one error", "5"),
        ("read-only", "-30"),
        ("no permission", "-13"),
        ("a kill", "kill"),
    ];
    for (number, (kind, fault)) in kinds.into_iter().enumerate() {
        // The kinds begin at different calls.
        for at in (1 + number * stride / kinds.len()..=calls).step_by(stride) {
            let tried = catch_unwind(AssertUnwindSafe(|| faults.inject(kind, fault, at, &whole)));
            let reason = |panic: Box<dyn Any + Send>| panic.downcast::<String>().map_or("".into(), |text| *text);
            failures.extend(tried.err().map(reason));
            injected += 1;
        }
    }
    assert!(failures.is_empty(), "{} of {injected}:\n{}", failures.len(), failures.join("\n"));
    Some(injected)
}

#[test]
fn failing_call_is_reported_and_loses_nothing() {
    match survives(41) {
        Some(injected) => assert!(injected >= 10, "{injected}"),
        None => skip("there is no C compiler"),
    }
}

#[test]
#[ignore = "takes half an hour: scripts/torture"]
fn every_call_may_fail() {
    println!("faults injected: {}", survives(1).expect("a C compiler"));
}

/// Runs without the capabilities that let root write anywhere.
#[test]
fn folder_without_permission_is_named_and_stays_empty() {
    let workspace = Workspace::with("a.toml", &spec());
    let script = "mkdir closed && chmod 555 closed && exec \"$@\"";
    let run = ["--bounding-set=-dac_override,-dac_read_search", "sh", "-c", script, "sh", env!("CARGO_BIN_EXE_lr-run")];
    let mut command = Command::new("setpriv");
    command.args(run).args(["a.toml", "--out", "closed"]).current_dir(workspace.folder());
    let Ok(output) = command.output() else { return skip("there is no setpriv") };
    let printed = text(&output.stderr);
    if printed.contains("setpriv:") {
        return skip(&printed);
    }
    assert_eq!(output.status.code(), Some(1), "{printed}");
    assert!(printed.contains("cannot write to the folder closed/a/seed=1: Permission denied"), "{printed}");
    assert_eq!(fs::read_dir(workspace.path("closed")).unwrap().count(), 0);
}
