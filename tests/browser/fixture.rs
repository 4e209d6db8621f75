//! Runs to compare, and their pages.

use std::fs;
use std::path::{Path, PathBuf};

use lr_run_core::compare::{Options, Report, compare, show};
use lr_run_core::metric::Metric;
use lr_run_core::record::{
    Build, DataInfo, Event, Experiment, Facts, ModelInfo, Opened, Outcome, Row, RunDirectory, Scores, Sink, Started,
    Status,
};
use tempfile::TempDir;

use crate::skip::skip;

/// A folder with runs and their page.
pub struct Fixture {
    folder: TempDir,
}

impl Fixture {
    /// Returns an empty folder. `None`, after a report of the reason, if this build cannot write pages.
    #[track_caller]
    pub fn new() -> Option<Fixture> {
        if show::can_write().is_err() {
            skip("this build has no uPlot for the page of `compare --html`: scripts/setup-uplot");
            return None;
        }
        Some(Fixture { folder: tempfile::tempdir().unwrap() })
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file with a curve.
    pub fn curve(&self, name: &str, text: &str) {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Writes a run with a record. Its spec has the strategy as the type of its schedule.
    pub fn run(&self, run: &RunOf<'_>) {
        let spec = format!(
            "name = 'example'\nseed = {}\nepochs = 3\n[data]\ntype = {}\n[optimizer]\ntype = 'sgd'\nlr = {:?}\n[schedule]\ntype = {}\n",
            run.seed,
            toml::Value::from(run.data),
            run.lr,
            toml::Value::from(run.schedule)
        );
        let spec: toml::Table = spec.parse().unwrap();
        let name = format!("{}/{}/lr={}/seed={}", run.data, sanitized(run.schedule), run.lr, run.seed);
        let Ok(Opened::Ready(directory)) = RunDirectory::open(&self.path().join(name), &spec, false) else {
            panic!("the folder is not ready");
        };
        let facts = Facts {
            experiment: Experiment::of(&spec, "data"),
            spec_hash: String::new(),
            libtorch: "2.11.0".to_owned(),
            data_fingerprint: "data".to_owned(),
            build: Build { commit: String::new(), packages: Default::default() },
        };
        let started = Started {
            name: "example".to_owned(),
            model: ModelInfo { description: "mlp 784-128-10".to_owned(), parameters: 101_770 },
            data: DataInfo { name: run.data.to_owned(), task: "classification".to_owned(), ..DataInfo::default() },
            seed: run.seed,
            metric: Metric::ACCURACY,
            target: run.reached.map(|_| "val_accuracy >= 0.8".to_owned()),
            ..Started::default()
        };
        let row = |(epoch, &accuracy): (u64, &f64)| Row {
            epoch,
            step: 100 * epoch,
            train: None,
            val: Some(Scores { loss: 2.0 - accuracy, metric: accuracy }),
            test: None,
            ema: None,
            lr: vec![run.lr / (1.0 + epoch as f64)],
            hyper: Default::default(),
            effective_lr: Vec::new(),
            train_seconds: 1.0,
            eval_seconds: 0.5,
        };
        let status =
            if run.accuracies.last().is_some_and(|it| it.is_finite()) { Status::Completed } else { Status::Diverged };
        let reached = run.reached.map(|epoch| lr_run_core::record::Reached {
            metric: lr_run_core::metric::Part::Val.of(Metric::ACCURACY),
            value: 0.8,
            epoch,
            step: 100 * epoch,
            seconds: epoch as f64,
        });
        let target = run.reached.map(|_| "val_accuracy >= 0.8".to_owned());
        let mut events = vec![Event::Started(Box::new(started))];
        events.extend((0..).zip(run.accuracies).map(row).map(Event::Epoch));
        events.push(Event::Ended(Box::new(Outcome { status, reached, target, ..Outcome::failed() })));
        let mut sinks = directory.sinks(facts);
        events.iter().for_each(|event| sinks.on(event).unwrap());
    }

    /// Compares the runs in this folder, writes their page and returns its path.
    #[track_caller]
    pub fn page(&self, options: Options) -> PathBuf {
        let options = Options { charts: true, ..options };
        write_page(&compare(&[self.path().to_owned()], &options).unwrap(), self.path())
    }
}

/// Writes the page of a report into a folder, and returns its path.
pub fn write_page(report: &Report, folder: &Path) -> PathBuf {
    let path = folder.join("page.html");
    fs::write(&path, show::html(report).unwrap()).unwrap();
    path
}

/// A run to write.
pub struct RunOf<'a> {
    pub data: &'a str,
    pub schedule: &'a str,
    pub lr: f64,
    pub seed: u64,
    /// The validation accuracy of each epoch. The run diverged if the last is not finite.
    pub accuracies: &'a [f64],
    /// The epoch in which it reached its target, if it had one.
    pub reached: Option<u64>,
}

/// Returns a name for a folder.
fn sanitized(text: &str) -> String {
    text.chars().map(|it| if it.is_alphanumeric() { it } else { '_' }).collect()
}

/// Returns a curve of `epochs` epochs as CSV, with a rate that falls, and numbers that depend on `strategy` and `seed`.
pub fn curve(strategy: u64, seed: u64, epochs: u64) -> String {
    let mut text = "epoch,train_loss,train_accuracy,val_loss,val_accuracy,lr\n".to_owned();
    for epoch in 0..=epochs {
        let progress = epoch as f64 / epochs as f64;
        // A number from 0 to 1 that looks random.
        let noise = |salt: u64| ((strategy * 7919 + seed * 104_729 + epoch * 1_299_709 + salt) % 1009) as f64 / 1009.0;
        let level = 0.9 - 0.03 * (strategy % 10) as f64;
        let accuracy = level * (1.0 - (-5.0 * progress).exp()) + 0.01 * noise(1) + 0.1 * (1.0 - progress);
        let loss = 2.3 * (-3.0 * progress).exp() + 0.02 * strategy as f64 + 0.05 * noise(2);
        let rate = 0.1 * (1.0 - progress) + 0.02 * (strategy % 7) as f64;
        let train = (epoch > 0).then(|| (loss * 0.9 + 0.01 * noise(3), (accuracy * 1.02).min(1.0)));
        let (train_loss, train_accuracy) = train.map_or_else(Default::default, |(a, b)| (a.to_string(), b.to_string()));
        text += &format!("{epoch},{train_loss},{train_accuracy},{loss},{accuracy},{rate}\n");
    }
    text
}

/// Returns the column `name` of a CSV: the text of each epoch's cell.
pub fn column(csv: &str, name: &str) -> Vec<f64> {
    let mut lines = csv.lines();
    let at = lines.next().unwrap().split(',').position(|it| it == name).unwrap();
    lines.map(|line| line.split(',').nth(at).unwrap().parse().unwrap_or(f64::NAN)).collect()
}
