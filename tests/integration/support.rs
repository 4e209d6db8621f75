//! Code that the integration tests share: a folder to run the program in, waits, and readers of a run's files.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output};
use std::time::{Duration, Instant};

use tempfile::TempDir;

#[path = "../skip.rs"]
mod skip;

pub use skip::skip;

/// A real slice of MNIST: 2,000 images to train with and 500 to test with.
pub const SLICE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/mnist_slice");

/// Returns the path of `below` in the repository.
pub fn repository(below: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(below)
}

/// A temporary folder with specs, in which the program runs. Results go to `results` in it.
pub struct Workspace {
    folder: TempDir,
}

impl Workspace {
    pub fn new() -> Self {
        Workspace { folder: tempfile::tempdir().unwrap() }
    }

    /// Returns a workspace with one file.
    pub fn with(name: &str, text: &str) -> Self {
        let workspace = Workspace::new();
        workspace.write(name, text);
        workspace
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn path(&self, below: impl AsRef<Path>) -> PathBuf {
        self.folder().join(below)
    }

    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    /// Replaces `from` with `to` in a file that contains it.
    pub fn replace(&self, name: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.path(name)).unwrap();
        assert!(text.contains(from), "{text}");
        self.write(name, &text.replace(from, to));
    }

    /// Returns the program with `arguments`, not started yet.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lr-run"));
        command.current_dir(self.folder()).args(arguments).env_remove("RUST_LOG").env_remove("COLUMNS");
        command
    }

    /// Runs the program to its end.
    pub fn lr_run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Runs the program, which must exit with `code`. Returns what it printed on both streams.
    #[track_caller]
    pub fn exits(&self, arguments: &[&str], code: i32) -> String {
        let output = self.lr_run(arguments);
        exits(&output, code);
        text(&output.stdout) + &text(&output.stderr)
    }

    /// Returns the `epochs.csv` of the run in the folder `run`.
    pub fn rows(&self, run: &str) -> Vec<Vec<String>> {
        rows(&self.path(run))
    }

    /// Returns the `run.json` of the run in the folder `run`.
    pub fn record(&self, run: &str) -> serde_json::Value {
        serde_json::from_slice(&fs::read(self.path(run).join("run.json")).unwrap()).unwrap()
    }
}

/// Returns `bytes` as text.
pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Panics unless the program exited with `code`.
#[track_caller]
pub fn exits(output: &Output, code: i32) {
    assert_eq!(output.status.code(), Some(code), "{}{}", text(&output.stdout), text(&output.stderr));
}

/// Splits CSV text without quotes into cells.
pub fn cells(csv: &str) -> Vec<Vec<String>> {
    csv.lines().map(|line| line.split(',').map(str::to_owned).collect()).collect()
}

/// Returns the `epochs.csv` of the run in the folder `path`: the header, then a row per epoch.
pub fn rows(path: &Path) -> Vec<Vec<String>> {
    cells(&fs::read_to_string(path.join("epochs.csv")).unwrap())
}

/// Returns the column `name` of `rows`. A cell without a number is NaN.
#[track_caller]
pub fn column(rows: &[Vec<String>], name: &str) -> Vec<f64> {
    let at = rows[0].iter().position(|it| it == name).unwrap_or_else(|| panic!("no {name} in {:?}", rows[0]));
    rows[1..].iter().map(|row| row[at].parse().unwrap_or(f64::NAN)).collect()
}

/// Returns `rows` without their two time columns, which no two runs share.
pub fn curve(rows: &[Vec<String>]) -> Vec<Vec<String>> {
    rows.iter().map(|row| row[..row.len() - 2].to_vec()).collect()
}

/// The longest time to wait. On an idle machine a wait takes a second. On a machine that builds meanwhile, it may take
/// minutes.
const PATIENCE: Duration = Duration::from_secs(300);

/// Waits until `done` is true.
#[track_caller]
pub fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < PATIENCE, "waited {} s: {what}", PATIENCE.as_secs());
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Waits until the run in the folder `path` has written the row of `epoch`.
#[track_caller]
pub fn wait_for_epoch(path: &Path, epoch: usize) {
    let lines = || fs::read_to_string(path.join("epochs.csv")).map_or(0, |text| text.lines().count());
    wait_until("the run writes its rows", || lines() > 1 + epoch);
}

/// Sends the signal `name` (such as `INT`) to `child`.
pub fn signal(child: &Child, name: &str) {
    assert!(Command::new("kill").args(["-s", name, &child.id().to_string()]).status().unwrap().success());
}

/// Returns `[optimizer]`, `[schedule]`, `[[group]]` and `[clip_grad]` of the optimizer's spec in `experiments/`, or its
/// example if it has no spec.
pub fn shipped_update(optimizer: &str) -> toml::Table {
    let path = repository(&format!("experiments/optimizers/{optimizer}.toml"));
    let Ok(text) = fs::read_to_string(path) else {
        let entry = lr_run::optimizer::REGISTRY.iter().find(|entry| entry.name == optimizer).unwrap();
        return format!("[optimizer]\n{}", entry.example).parse().unwrap();
    };
    let mut spec: toml::Table = text.parse().unwrap();
    spec.retain(|key, _| matches!(key, "optimizer" | "schedule" | "group" | "clip_grad"));
    spec
}
