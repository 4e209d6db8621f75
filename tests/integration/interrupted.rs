//! What ends a run before its time, and how it goes on: signals, a changed spec, a damaged checkpoint, a full disk.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::resume::{Left, SLICE};

/// A spec that trains for long, and how to look at it.
struct Long {
    folder: tempfile::TempDir,
}

impl Long {
    fn new(tables: &str) -> Long {
        let folder = tempfile::tempdir().unwrap();
        let text = format!(
            "epochs = 4\ndevice = \"cpu\"\n[data]\ntype = \"mnist\"\ndir = '{SLICE}'\nbatch_size = 8\nvalidation = 200\n\
             [model]\ntype = \"mlp\"\nhidden = [64]\n[optimizer]\ntype = \"adam\"\n{tables}\n"
        );
        fs::write(folder.path().join("long.toml"), text).unwrap();
        Long { folder }
    }

    fn rewrite(&self, from: &str, to: &str) {
        let path = self.folder.path().join("long.toml");
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{text}");
        fs::write(path, text.replace(from, to)).unwrap();
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("results/long/seed=1")
    }

    fn command(&self, more: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lr-run"));
        command.current_dir(self.folder.path()).arg("long.toml").args(more);
        command
    }

    /// What it prints, having ended with `code`.
    fn run(&self, more: &[&str], code: i32) -> String {
        let output = self.command(more).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert_eq!(output.status.code(), Some(code), "{}", text(&output.stderr));
        text(&output.stdout) + &text(&output.stderr)
    }

    /// Starts it, and sends `signal` when it has the row of epoch 1.
    fn stop(&self, signal: &str, more: &[&str]) -> Option<i32> {
        let mut child = self.command(more).stdout(Stdio::null()).spawn().unwrap();
        let begun = Instant::now();
        while fs::read_to_string(self.path().join("epochs.csv")).map_or(0, |text| text.lines().count()) < 3 {
            assert!(begun.elapsed() < Duration::from_secs(60), "the run does not begin");
            std::thread::sleep(Duration::from_millis(2));
        }
        assert!(Command::new("kill").args(["-s", signal, &child.id().to_string()]).status().unwrap().success());
        child.wait().unwrap().code()
    }

    fn epochs(&self) -> Vec<String> {
        let text = fs::read_to_string(self.path().join("epochs.csv")).unwrap();
        text.lines().skip(1).map(|line| line.split(',').next().unwrap().to_owned()).collect()
    }

    fn checkpoints(&self) -> usize {
        let whole = |entry: &std::io::Result<fs::DirEntry>| {
            entry.as_ref().unwrap().file_name().to_str().unwrap().parse::<u64>().is_ok()
        };
        fs::read_dir(self.path().join("checkpoint")).map_or(0, |entries| entries.filter(whole).count())
    }
}

#[test]
fn a_signal_leaves_a_checkpoint_and_the_same_command_goes_on() {
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let long = Long::new("");
        assert_eq!(long.stop(signal, &[]), Some(code));
        assert!(long.checkpoints() > 0);
        let told = long.run(&[], 0);
        assert!(told.contains("goes on") && told.contains("steps, in epoch"), "{told}");
        assert_eq!(long.epochs(), ["0", "1", "2", "3", "4"]);
        assert_eq!(long.checkpoints(), 0, "a complete run needs none");
        assert!(long.run(&[], 0).contains("is complete"));
    }
}

#[test]
fn the_recorded_threads_are_used_and_others_are_told() {
    let long = Long::new("");
    long.stop("INT", &["-s", "threads=1"]);
    // However little is to be said, this is.
    let told = long.run(&["-s", "threads=2", "--quiet"], 0);
    assert!(told.contains("begun with threads = 1 and goes on with 2"), "{told}");
    let long = Long::new("");
    long.stop("INT", &["-s", "threads=1"]);
    let told = long.run(&[], 0);
    assert!(!told.contains("warning") && told.contains("1 thread"), "{told}");
}

#[test]
fn a_changed_spec_is_refused_and_force_starts_over() {
    let long = Long::new("");
    long.stop("INT", &[]);
    let text = fs::read_to_string(long.folder.path().join("long.toml")).unwrap();
    fs::write(long.folder.path().join("long.toml"), text.replace("\"adam\"", "\"adam\"\nlr = 0.01")).unwrap();
    let rows = long.epochs();
    let told = long.run(&[], 2);
    assert!(told.contains("optimizer.lr: 0.01 here, 0.001 there"), "{told}");
    assert_eq!(long.epochs(), rows);
    let told = long.run(&["--force"], 0);
    assert!(!told.contains("goes on"), "{told}");
    assert_eq!(long.epochs(), ["0", "1", "2", "3", "4"]);
}

#[test]
fn a_broken_checkpoint_gives_way_to_the_older_one() {
    let long = Long::new("[checkpoint]\nevery = \"5 steps\"");
    long.stop("KILL", &[]);
    // Two, or three where the kill came before the oldest was removed.
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
    let told = long.run(&[], 0);
    assert!(told.contains("an older checkpoint is used") && told.contains("state.safetensors"), "{told}");
    assert_eq!(long.epochs(), ["0", "1", "2", "3", "4"]);
}

#[test]
fn a_run_can_become_longer_where_nothing_depends_on_its_length() {
    let keeps = "[schedule]\ntype = \"step\"\nevery = \"1 epochs\"\nfactor = 0.5\n[checkpoint]\nkeep = true";
    let whole = Long::new(keeps);
    whole.run(&[], 0);
    let grown = Long::new(keeps);
    grown.rewrite("epochs = 4", "epochs = 2");
    grown.run(&[], 0);
    assert_eq!(grown.epochs(), ["0", "1", "2"]);
    grown.rewrite("epochs = 2", "epochs = 4");
    let told = grown.run(&[], 0);
    assert!(told.contains("goes on"), "{told}");
    Left::read(&grown.path()).assert_same(&Left::read(&whole.path()), "4 epochs after 2");
    assert!(grown.run(&[], 0).contains("is complete"), "the spec that it has now is the longer one");

    // A run that was interrupted has a checkpoint anyway.
    let cut = Long::new("");
    cut.stop("INT", &[]);
    cut.rewrite("epochs = 4", "epochs = 5");
    cut.run(&[], 0);
    assert_eq!(cut.epochs(), ["0", "1", "2", "3", "4", "5"]);
    // It is complete, and has none now; nor can it become shorter.
    for (epochs, reason) in [(6, "no checkpoint was kept"), (3, "epochs: 3.0 here, 5.0 there")] {
        cut.rewrite("epochs = 5", &format!("epochs = {epochs}"));
        let told = cut.run(&[], 2);
        assert!(told.contains(reason), "{told}");
        cut.rewrite(&format!("epochs = {epochs}"), "epochs = 5");
    }
}

#[test]
fn what_depends_on_the_length_keeps_a_run_from_growing() {
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
        let told = long.run(&[], 2);
        assert!(told.contains(key) && told.contains("depends on the length"), "{told}");
        assert_eq!(long.epochs(), rows);
    }
}

#[test]
fn a_divergence_can_lower_the_rates_instead() {
    let long = Long::new("[on_divergence]\naction = \"reduce\"\nfactor = 1e-20\ntimes = 9");
    long.rewrite("type = \"adam\"", "type = \"sgd\"\nlr = 1e38\nmomentum = 0.9");
    let told = long.run(&[], 0);
    assert!(
        told.contains("diverged") && told.contains("back to the end of epoch 0,") && told.contains("(8 left)"),
        "{told}"
    );
    assert_eq!(long.epochs(), ["0", "1", "2", "3", "4"]);
    let record: serde_json::Value = serde_json::from_slice(&fs::read(long.path().join("run.json")).unwrap()).unwrap();
    let scales: Vec<f64> =
        record["reductions"].as_array().unwrap().iter().map(|it| it["scale"].as_f64().unwrap()).collect();
    assert!(scales.len() >= 2 && record["status"] == "completed", "{record}");
    assert_eq!(record["final"]["lr"].as_f64(), Some(1e38 * scales[scales.len() - 1]));

    // As often as it may.
    long.rewrite("times = 9", "times = 1");
    let told = long.run(&["--force"], 4);
    assert!(told.contains("(0 left)") && told.contains("diverged at step"), "{told}");
    assert_eq!(long.epochs(), ["0"]);
}

/// Files of a run, and how much is in each.
fn kept(path: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(path)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.starts_with('.'))
        .collect();
    names.sort();
    names
}

#[test]
fn a_full_disk_ends_the_run_and_loses_nothing() {
    let long = Long::new("[checkpoint]\nevery = \"20 steps\"");
    let (disk, saved) = (long.folder.path().join("disk"), long.folder.path().join("results"));
    // A small file system of our own, where this machine lets us make one; it is gone with the shell.
    let script = format!(
        "mkdir {disk} && mount -t tmpfs -o size=2m tmpfs {disk} || exit 99; {program} long.toml --out {disk}; code=$?; \
         cp -r {disk} {saved}; exit $code",
        disk = disk.display(),
        saved = saved.display(),
        program = env!("CARGO_BIN_EXE_lr-run"),
    );
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--mount", "sh", "-c", &script]).current_dir(long.folder.path());
    let Ok(output) = command.output() else { return eprintln!("skipped: there is no unshare") };
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    if !saved.exists() {
        return eprintln!("skipped: no file system of our own can be mounted: {told}");
    }
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("cannot write") && told.contains("No space left on device"), "{told}");
    assert!(!told.contains("panicked"), "{told}");
    assert_eq!(kept(&long.path().join("checkpoint")).len(), 2);
    // With room again it goes on.
    assert!(long.run(&[], 0).contains("goes on"));
    assert_eq!(long.epochs(), ["0", "1", "2", "3", "4"]);
}

#[test]
fn results_that_are_removed_under_way_end_the_run() {
    let long = Long::new("");
    long.rewrite("epochs = 4", "epochs = 100000");
    let mut child = long.command(&[]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let begun = Instant::now();
    while fs::read_to_string(long.path().join("epochs.csv")).map_or(0, |text| text.lines().count()) < 3 {
        assert!(begun.elapsed() < Duration::from_secs(60), "the run does not begin");
        std::thread::sleep(Duration::from_millis(2));
    }
    fs::remove_dir_all(long.folder.path().join("results")).unwrap();
    let begun = Instant::now();
    while child.try_wait().unwrap().is_none() {
        assert!(begun.elapsed() < Duration::from_secs(60), "the run goes on without its results");
        std::thread::sleep(Duration::from_millis(20));
    }
    let output = child.wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("cannot write") && told.contains("epochs.csv"), "{told}");
}

/// A program that ignores SIGHUP when it starts goes on ignoring it: that is how `nohup` keeps one alive.
#[test]
fn a_run_under_nohup_outlives_its_terminal() {
    let long = Long::new("");
    let mut child = Command::new("nohup")
        .args([env!("CARGO_BIN_EXE_lr-run"), "long.toml", "--quiet"])
        .current_dir(long.folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    while !long.path().join("epochs.csv").exists() {
        assert!(begun.elapsed() < Duration::from_secs(60), "the run does not begin");
        std::thread::sleep(Duration::from_millis(2));
    }
    assert!(Command::new("kill").args(["-s", "HUP", &child.id().to_string()]).status().unwrap().success());
    assert!(child.wait().unwrap().success());
    assert_eq!(long.epochs(), ["0", "1", "2", "3", "4"]);
}
