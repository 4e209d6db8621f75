//! Interrupted runs and how they resume: signals, a changed spec, a damaged checkpoint, a full disk.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::resume::Left;
use crate::support::{SLICE, Workspace, exits, signal, skip, text, wait_for_epoch, wait_until};

/// A workspace with `long.toml`, a spec that trains long enough to be interrupted.
struct Long {
    workspace: Workspace,
}

impl Long {
    fn new(tables: &str) -> Long {
        let text = format!(
            "epochs = 4\ndevice = \"cpu\"\n[data]\ntype = \"mnist\"\ndir = '{SLICE}'\nbatch_size = 8\nvalidation = 200\n\
             [model]\ntype = \"mlp\"\nhidden = [64]\n[optimizer]\ntype = \"adam\"\n{tables}\n"
        );
        Long { workspace: Workspace::with("long.toml", &text) }
    }

    /// Replaces `from` in the spec.
    fn rewrite(&self, from: &str, to: &str) {
        self.workspace.replace("long.toml", from, to);
    }

    /// Returns the run's folder.
    fn path(&self) -> PathBuf {
        self.workspace.path("results/long/seed=1")
    }

    fn command(&self, more: &[&str]) -> Command {
        self.workspace.command(&[&["long.toml"], more].concat())
    }

    /// Runs the spec, and returns what the program prints. It must exit with `code`.
    #[track_caller]
    fn run(&self, more: &[&str], code: i32) -> String {
        self.workspace.exits(&[&["long.toml"], more].concat(), code)
    }

    /// Starts the run, and sends the signal `name` once the row of epoch 1 is written. Returns the exit code.
    fn stop(&self, name: &str, more: &[&str]) -> Option<i32> {
        self.stop_after(1, &mut self.command(more), &[name]).0
    }

    /// Starts `command`, and sends the signals `names` one after another once the row of `epoch` is written. Returns
    /// the exit code and the text on standard error.
    fn stop_after(&self, epoch: usize, command: &mut Command, names: &[&str]) -> (Option<i32>, String) {
        let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        wait_for_epoch(&self.path(), epoch);
        for name in names {
            signal(&child, name);
            // A signal that arrives before the process has seen an equal one is lost. SIGTERMs are to come at once.
            if *name == "INT" {
                std::thread::sleep(std::time::Duration::from_millis(50));
            }
        }
        let output = child.wait_with_output().unwrap();
        (output.status.code(), text(&output.stderr))
    }

    /// Returns the status in `run.json`.
    fn status(&self) -> serde_json::Value {
        self.workspace.record("results/long/seed=1")["status"].clone()
    }

    /// Returns the first column of `epochs.csv`.
    fn epochs(&self) -> Vec<String> {
        let rows = self.workspace.rows("results/long/seed=1");
        rows[1..].iter().map(|row| row[0].clone()).collect()
    }

    /// Counts the complete checkpoints.
    fn checkpoints(&self) -> usize {
        let complete = |entry: &std::io::Result<fs::DirEntry>| {
            entry.as_ref().unwrap().file_name().to_str().unwrap().parse::<u64>().is_ok()
        };
        fs::read_dir(self.path().join("checkpoint")).map_or(0, |entries| entries.filter(complete).count())
    }
}

#[test]
fn interrupted_run_is_resumed_by_the_same_command() {
    for (signal, code) in [("INT", 130), ("TERM", 143), ("HUP", 129), ("USR1", 138), ("USR2", 140)] {
        let long = Long::new("");
        assert_eq!(long.stop(signal, &[]), Some(code), "{signal}");
        assert_eq!(long.status(), "interrupted", "{signal}");
        assert!(long.checkpoints() > 0);
        let printed = long.run(&[], 0);
        assert!(printed.contains("resumes") && printed.contains("steps, in epoch"), "{printed}");
        assert_eq!(long.epochs(), ["0", "1", "2", "3", "4"]);
        assert_eq!(long.checkpoints(), 0, "a finished run needs none");
        assert!(long.run(&[], 0).contains("is finished"));
    }
}

/// Slurm's `srun` sends SIGTERM twice within 6 to 72 ms, and sacct subtracts 128 from exit codes.
#[test]
fn two_signals_at_once_are_one_request_and_slurm_has_its_own_code() {
    let long = Long::new("");
    let (code, printed) = long.stop_after(1, long.command(&[]).env("SLURM_JOB_ID", "7"), &["TERM", "TERM"]);
    assert_eq!((code, printed.as_str()), (Some(75), ""));
    assert_eq!(long.status(), "interrupted");
    assert!(long.checkpoints() > 0);
    assert!(long.run(&[], 0).contains("resumes"));
    assert_eq!(long.epochs(), ["0", "1", "2", "3", "4"]);
}

/// The steps take about a second, so that the second signal arrives within the step.
#[test]
fn second_interrupt_leaves_at_once() {
    let long = Long::new("");
    long.rewrite("batch_size = 8", "batch_size = 1800");
    long.rewrite("hidden = [64]", "hidden = [2048, 2048]");
    let (code, _) = long.stop_after(0, &mut long.command(&[]), &["INT", "INT"]);
    assert_eq!(code, Some(130));
    assert_eq!((long.status(), long.checkpoints()), ("running".into(), 0));
}

#[test]
fn recorded_threads_are_used_and_a_change_is_a_warning() {
    let long = Long::new("");
    long.stop("INT", &["-s", "threads=1"]);
    // The warning is printed even with --quiet.
    let printed = long.run(&["-s", "threads=2", "--quiet"], 0);
    assert!(printed.contains("started with threads = 1 and resumes with 2"), "{printed}");
    let long = Long::new("");
    long.stop("INT", &["-s", "threads=1"]);
    let printed = long.run(&[], 0);
    assert!(!printed.contains("warning") && printed.contains("1 thread"), "{printed}");
}

#[test]
fn changed_spec_is_refused_and_force_starts_over() {
    let long = Long::new("");
    long.stop("INT", &[]);
    long.rewrite("\"adam\"", "\"adam\"\nlr = 0.01");
    let rows = long.epochs();
    let printed = long.run(&[], 2);
    assert!(printed.contains("optimizer.lr: 0.01 here, 0.001 there"), "{printed}");
    assert_eq!(long.epochs(), rows);
    let printed = long.run(&["--force"], 0);
    assert!(!printed.contains("resumes"), "{printed}");
    assert_eq!(long.epochs(), ["0", "1", "2", "3", "4"]);
}

#[test]
fn broken_checkpoint_falls_back_to_the_older_one() {
    let long = Long::new("[checkpoint]\nevery = \"5 steps\"");
    long.stop("KILL", &[]);
    // There are two, or three if the kill came before the oldest was removed.
    assert!(long.checkpoints() >= 2);
    let newest = || {
        let mut numbers: Vec<u64> = fs::read_dir(long.path().join("checkpoint"))
            .unwrap()
            .filter_map(|entry| entry.unwrap().file_name().to_str().unwrap().parse().ok())
            .collect();
        numbers.sort_unstable();
        long.path().join("checkpoint").join(numbers.last().unwrap().to_string())
    };
    fs::remove_file(newest().join("state.safetensors")).unwrap();
    let printed = long.run(&[], 0);
    assert!(printed.contains("an older checkpoint is used") && printed.contains("state.safetensors"), "{printed}");
    assert_eq!(long.epochs(), ["0", "1", "2", "3", "4"]);
}

#[test]
fn run_can_be_extended_if_nothing_depends_on_its_length() {
    let keeps = "[schedule]\ntype = \"step\"\nevery = \"1 epochs\"\nfactor = 0.5\n[checkpoint]\nkeep = true";
    let whole = Long::new(keeps);
    whole.run(&[], 0);
    let grown = Long::new(keeps);
    grown.rewrite("epochs = 4", "epochs = 2");
    grown.run(&[], 0);
    assert_eq!(grown.epochs(), ["0", "1", "2"]);
    grown.rewrite("epochs = 2", "epochs = 4");
    let printed = grown.run(&[], 0);
    assert!(printed.contains("resumes"), "{printed}");
    Left::read(&grown.path()).assert_same(&Left::read(&whole.path()), "4 epochs after 2");
    assert!(grown.run(&[], 0).contains("is finished"), "the longer spec is the run's spec now");

    // An interrupted run has a checkpoint even without `keep`.
    let cut = Long::new("");
    cut.stop("INT", &[]);
    cut.rewrite("epochs = 4", "epochs = 5");
    cut.run(&[], 0);
    assert_eq!(cut.epochs(), ["0", "1", "2", "3", "4", "5"]);
    // It has finished and has no checkpoint now. It cannot become shorter either.
    for (epochs, reason) in [(6, "no checkpoint was kept"), (3, "epochs: 3.0 here, 5.0 there")] {
        cut.rewrite("epochs = 5", &format!("epochs = {epochs}"));
        let printed = cut.run(&[], 2);
        assert!(printed.contains(reason), "{printed}");
        cut.rewrite(&format!("epochs = {epochs}"), "epochs = 5");
    }
}

#[test]
fn extension_is_refused_if_a_rule_depends_on_the_length() {
    for (tables, key) in [
        ("[schedule]\ntype = \"cosine\"", "`schedule`"),
        (
            "weight_decay = 0.1\n[schedule_for.weight_decay]\ntype = \"linear\"\nstart = 1.0\nend = 0.5",
            "`schedule_for.weight_decay`",
        ),
        ("[[group]]\nname = \"bias\"\nparams = [\"*.bias\"]\nschedule = { type = \"rex\" }", "`group.bias.schedule`"),
        ("[early_stop]\npatience = \"50%\"", "`early_stop.patience`"),
        ("[schedule]\ntype = \"plateau\"\npatience = \"1 epochs\"\nwarmup = \"10%\"", "`schedule"),
    ] {
        let long = Long::new(tables);
        long.stop("INT", &[]);
        let rows = long.epochs();
        long.rewrite("epochs = 4", "epochs = 5");
        let printed = long.run(&[], 2);
        assert!(printed.contains(key) && printed.contains("depends on the length"), "{printed}");
        assert_eq!(long.epochs(), rows);
    }
}

#[test]
fn divergence_can_roll_back_and_lower_the_rates() {
    let long = Long::new("[on_divergence]\naction = \"reduce\"\nfactor = 1e-20\ntimes = 9");
    long.rewrite("type = \"adam\"", "type = \"sgd\"\nlr = 1e38\nmomentum = 0.9");
    let printed = long.run(&[], 0);
    assert!(
        printed.contains("diverged") && printed.contains("back to the end of epoch 0,") && printed.contains("(8 left)"),
        "{printed}"
    );
    assert_eq!(long.epochs(), ["0", "1", "2", "3", "4"]);
    let record = long.workspace.record("results/long/seed=1");
    let scales: Vec<f64> =
        record["rollbacks"].as_array().unwrap().iter().map(|it| it["scale"].as_f64().unwrap()).collect();
    assert!(scales.len() >= 2 && record["status"] == "completed", "{record}");
    assert_eq!(record["final"]["lr"].as_f64(), Some(1e38 * scales[scales.len() - 1]));

    // After the allowed number of rollbacks it ends.
    long.rewrite("times = 9", "times = 1");
    let printed = long.run(&["--force"], 4);
    assert!(printed.contains("(0 left)") && printed.contains("diverged at step"), "{printed}");
    assert_eq!(long.epochs(), ["0"]);
}

/// Runs `long` twice on a file system of `size`. As soon as the first run has written a row, the file system is filled.
/// Before the second run it has room again. Returns the output of both runs, and the exit code of the first. Afterwards
/// the results of the first run are in `full`, and those of the second in `results`. `None` if no file system can be
/// mounted here.
fn on_a_full_disk(long: &Long, size: &str) -> Option<(String, String, Option<i32>)> {
    // The shell has its own mount namespace, so the file system disappears with it.
    let script = format!(
        "mkdir disk && mount -t tmpfs -o size={size} tmpfs disk || exit 99
         {program} long.toml --out disk >first 2>&1 & run=$!
         until grep -q ^0, disk/long/seed=1/epochs.csv 2>/dev/null; do kill -0 $run 2>/dev/null || break; done
         cat /dev/zero >disk/filler 2>/dev/null
         wait $run; code=$?
         rm disk/filler; cp -r disk full
         {program} long.toml --out disk >second 2>&1
         cp -r disk results; exit $code",
        program = env!("CARGO_BIN_EXE_lr-run"),
    );
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--mount", "sh", "-c", &script]).current_dir(long.workspace.folder());
    let Ok(output) = command.output() else {
        skip("there is no unshare");
        return None;
    };
    let read = |name: &str| fs::read_to_string(long.workspace.path(name)).ok();
    let (Some(first), Some(second)) = (read("first"), read("second")) else {
        skip(&format!("no file system can be mounted: {}", text(&output.stderr)));
        return None;
    };
    assert!(!first.contains("panicked"), "{first}");
    Some((first, second, output.status.code()))
}

/// With checkpoints, there is no room for a checkpoint. Without them, there is no room for a row.
#[test]
fn full_disk_ends_the_run_and_loses_nothing() {
    for (tables, size, hidden, batch, epochs) in
        [("[checkpoint]\nevery = \"20 steps\"", "4m", 64, 8, 12), ("", "1m", 4, 200, 200)]
    {
        let long = Long::new(tables);
        long.rewrite("epochs = 4", &format!("epochs = {epochs}"));
        long.rewrite("batch_size = 8", &format!("batch_size = {batch}"));
        long.rewrite("hidden = [64]", &format!("hidden = [{hidden}]"));
        let Some((first, second, code)) = on_a_full_disk(&long, size) else { return };
        assert_eq!(code, Some(1), "{first}");
        assert!(first.contains("cannot write") && first.contains("No space left on device"), "{first}");
        assert!(first.contains("failed after epoch") && first.contains("the state is kept"), "{first}");
        let record = fs::read(long.workspace.path("full/long/seed=1/run.json")).unwrap();
        let record: serde_json::Value = serde_json::from_slice(&record).unwrap();
        assert_eq!(record["status"], "failed");
        let last = record["final"]["epoch"].as_u64().unwrap();
        assert!(first.contains(&format!("failed after epoch {last}, step")), "{first}");
        // Once there is space again, the run resumes from there.
        assert!(second.contains("resumes") && second.contains("completed"), "{second}");
        assert_eq!(long.epochs(), (0..=epochs).map(|epoch| epoch.to_string()).collect::<Vec<_>>());
    }
}

#[test]
fn run_that_does_not_fit_on_the_disk_is_refused_before_training() {
    let long = Long::new("[checkpoint]\nevery = \"20 steps\"");
    let Some((first, _, code)) = on_a_full_disk(&long, "2m") else { return };
    assert_eq!(code, Some(1), "{first}");
    assert!(first.contains("this run needs at least 2.") && first.contains("a checkpoint 79"), "{first}");
    assert_eq!(fs::read_dir(long.workspace.path("full")).unwrap().count(), 0, "nothing is left");
}

/// A limit on the size of files has the effect of a full disk, and every system has such a limit.
#[test]
fn file_that_cannot_grow_ends_the_run_and_loses_nothing() {
    let spec = "epochs = 300\ndevice = \"cpu\"\n[data]\ntype = \"linear\"\npoints = 200\nvalidation = 20\nbatch_size = 1\n\
                [model]\ntype = \"linear\"\n[optimizer]\ntype = \"sgd\"\nlr = 1e-4\n";
    let long = Long { workspace: Workspace::with("long.toml", spec) };
    let mut shell = Command::new("sh");
    shell.args(["-c", "ulimit -f 8; exec \"$0\" long.toml", env!("CARGO_BIN_EXE_lr-run")]);
    let output = shell.current_dir(long.workspace.folder()).output().unwrap();
    exits(&output, 1);
    assert!(text(&output.stderr).contains("and `ulimit -f` allows"), "{}", text(&output.stderr));

    let child = long.command(&[]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    wait_for_epoch(&long.path(), 80);
    // There is room for about two more rows.
    let limit = fs::metadata(long.path().join("epochs.csv")).unwrap().len() + 300;
    let (pid, limit) = (child.id().to_string(), format!("--fsize={limit}:unlimited"));
    let limited = Command::new("prlimit").args(["--pid", &pid, &limit]).status();
    let output = child.wait_with_output().unwrap();
    if !limited.is_ok_and(|status| status.success()) {
        return skip("there is no prlimit");
    }
    exits(&output, 1);
    let printed = text(&output.stdout) + &text(&output.stderr);
    assert!(printed.contains("File too large") && printed.contains("the state is kept"), "{printed}");
    let last = long.workspace.record("results/long/seed=1")["final"]["epoch"].as_u64().unwrap();
    assert!((80..300).contains(&last) && printed.contains(&format!("failed after epoch {last}, step")), "{printed}");
    assert_eq!(long.epochs().len() as u64, last, "the last row is in the summary alone");
    let printed = long.run(&[], 0);
    assert!(printed.contains(&format!("in epoch {last}")), "{printed}");
    assert_eq!(long.epochs(), (0..=300).map(|epoch| epoch.to_string()).collect::<Vec<_>>());
}

#[test]
fn removed_results_folder_ends_the_run() {
    let long = Long::new("");
    long.rewrite("epochs = 4", "epochs = 100000");
    let mut child = long.command(&[]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    wait_for_epoch(&long.path(), 1);
    fs::remove_dir_all(long.workspace.path("results")).unwrap();
    wait_until("the run ends without its results", || child.try_wait().unwrap().is_some());
    let output = child.wait_with_output().unwrap();
    exits(&output, 1);
    let printed = text(&output.stderr);
    assert!(printed.contains("cannot write") && printed.contains("epochs.csv"), "{printed}");
}

/// A program that starts with SIGHUP ignored keeps ignoring it: that is how `nohup` works.
#[test]
fn run_under_nohup_survives_sighup() {
    let long = Long::new("");
    let mut child = Command::new("nohup")
        .args([env!("CARGO_BIN_EXE_lr-run"), "long.toml", "--quiet"])
        .current_dir(long.workspace.folder())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    wait_until("the run begins", || long.path().join("epochs.csv").exists());
    signal(&child, "HUP");
    assert!(child.wait().unwrap().success());
    assert_eq!(long.epochs(), ["0", "1", "2", "3", "4"]);
}
