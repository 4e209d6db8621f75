//! The fuzz targets. For each kind of input from outside, a function reads bytes and checks this promise: however wrong
//! the bytes are, a reader returns a value or a message, in bounded time and memory, and does not panic.
//!
//! `scripts/fuzz` passes inputs that libFuzzer makes up to the targets. `tests/integration/hostile.rs` includes this
//! file and passes the seeds, the regressions and random variations of both.

mod seeds;

use std::cell::OnceCell;
use std::io::{Cursor, Read};
use std::path::{Component, Path, PathBuf};

use lr_run::checkpoint::{tensors, values_in};
use lr_run::dataset::sheet::{Cells, Delimiter, EMPTY, ReadOptions, Sheet};
use lr_run::dataset::{
    Access, Data, Inputs, Layout, Reading, SplitRule, Targets, Task, TaskKind, csv, idx, npy, npz, unpacked,
};
use lr_run::plan::{Machine, Plan, glob, plan};
use lr_run::record::Curve;
use lr_run::run::job;
use lr_run::schedule::{Formula, NAMES};
use lr_run::spec::{Duration, Field, Horizon, Place, Spec, Value, ValueKind, WallTime};
use lr_run::train::{Interrupt, State, fit};
use tch::Tensor;

/// One kind of input.
pub struct Target {
    /// The name of the fuzz target, and of its folder in `regressions/`.
    pub name: &'static str,
    /// Reads an input, and panics if the promise is broken.
    pub read: fn(&[u8]),
    /// Returns valid inputs to start from.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

/// All targets.
pub const TARGETS: &[Target] = &[
    Target { name: "spec", read: spec, seeds: seeds::specs },
    Target { name: "overrides", read: overrides, seeds: seeds::overrides },
    Target { name: "durations", read: durations, seeds: seeds::durations },
    Target { name: "expressions", read: expressions, seeds: seeds::expressions },
    Target { name: "globs", read: globs, seeds: seeds::globs },
    Target { name: "idx", read: idx, seeds: seeds::idx },
    Target { name: "csv", read: csv, seeds: seeds::csv },
    Target { name: "sheet", read: sheet, seeds: seeds::sheet },
    Target { name: "npy", read: npy, seeds: seeds::npy },
    Target { name: "npz", read: npz, seeds: seeds::npz },
    Target { name: "curves", read: curves, seeds: seeds::curves },
    Target { name: "safetensors", read: safetensors, seeds: seeds::safetensors },
    Target { name: "checkpoint", read: checkpoint, seeds: seeds::checkpoints },
];

impl Target {
    /// Returns the target `name`, which must exist.
    pub fn named(name: &str) -> &'static Target {
        TARGETS.iter().find(|target| target.name == name).unwrap_or_else(|| panic!("there is no target {name}"))
    }

    /// Returns the inputs that once broke the promise: the files of `fuzz/regressions/NAME`, sorted by name.
    pub fn regressions(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        // `root` is the folder of the fuzz crate, or that of the program if a test includes this file.
        let fuzz = if root.ends_with("fuzz") { root.to_owned() } else { root.join("fuzz") };
        let Ok(entries) = std::fs::read_dir(fuzz.join("regressions").join(self.name)) else { return Vec::new() };
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("a readable folder").path()).collect();
        paths.sort();
        paths.into_iter().map(|path| (path.clone(), std::fs::read(&path).expect("a readable file"))).collect()
    }
}

/// Plans `spec`. Each resolved spec must plan to the same run again.
fn planned(spec: &Spec) -> Vec<Plan> {
    let machine = Machine { cuda: &|| Err("there is none".to_owned()), cores: 2, memory: Some(8 << 30) };
    let Ok((plans, _)) = plan(spec, &machine) else { return Vec::new() };
    for first in &plans {
        for name in [&first.name, &first.variant] {
            let parts: Vec<Component<'_>> = Path::new(name).components().collect();
            assert!(
                matches!(parts[..], [Component::Normal(part)] if part == name.as_str()),
                "{name:?} is not the name of one folder"
            );
            assert!(name.len() <= 255, "{name:?} is too long for a file system");
        }
        let text = toml::to_string(&first.resolved).expect("a resolved spec is TOML");
        let again =
            Spec::parse(&spec.path, &text, &[]).unwrap_or_else(|found| panic!("{}\n{text}", found.render(false)));
        let (again, _) = plan(&again, &machine).unwrap_or_else(|found| panic!("{}\n{text}", found.render(false)));
        let again = again.first().expect("one run");
        assert_eq!(toml::to_string(&again.resolved).as_ref(), Ok(&text));
        assert_eq!(
            (&again.name, &again.variant, again.length.horizon),
            (&first.name, &first.variant, first.length.horizon)
        );
    }
    plans
}

/// Reads a spec file.
fn spec(bytes: &[u8]) {
    match Spec::parse(Path::new("hostile/spec.toml"), &String::from_utf8_lossy(bytes), &[]) {
        Ok(spec) => drop(planned(&spec)),
        Err(found) => assert!(!found.render(true).is_empty()),
    }
}

/// Reads values of `-s`, one per line, over a shipped spec.
fn overrides(bytes: &[u8]) {
    const BASE: &str = include_str!("../../experiments/mnist_bias_group.toml");
    let text = String::from_utf8_lossy(bytes);
    let overrides: Vec<String> = text.lines().map(str::to_owned).collect();
    match Spec::parse(Path::new("experiments/mnist_bias_group.toml"), BASE, &overrides) {
        Ok(spec) => drop(planned(&spec)),
        Err(found) => assert!(!found.render(true).is_empty()),
    }
}

/// Reads a duration (`"500 steps"`) and a wall time (`"10 minutes"`).
fn durations(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let value = Value { kind: ValueKind::String(text.clone().into_owned()), place: Place { text: 0, span: 0..0 } };
    if let Some(duration) = Duration::parse(&text) {
        assert_eq!(Duration::parse(&duration.to_string()), Some(duration));
        assert!(Duration::read(&value).is_ok());
        let steps = duration.steps(Horizon { total_steps: 1000, steps_per_epoch: 10 });
        assert!(!matches!(duration, Duration::Percent(_)) || steps <= 1000);
    }
    if let Ok(time) = WallTime::read(&value) {
        let toml::Value::String(written) = time.to_toml() else { panic!("a wall time is written as a string") };
        let again = WallTime::read(&Value { kind: ValueKind::String(written), ..value });
        assert!(again.is_ok_and(|again| again.seconds == time.seconds));
    }
}

/// Reads the `formula` of an `expression` schedule.
fn expressions(bytes: &[u8]) {
    if let Ok(formula) = Formula::read(&String::from_utf8_lossy(bytes)) {
        for at in [0.0, 0.5, 1.0, 1e300, -1.0] {
            let values = [at; NAMES.len()];
            assert_eq!(formula.value(&values).to_bits(), formula.value(&values).to_bits());
        }
    }
}

/// Reads a pattern of a group's `params`.
fn globs(bytes: &[u8]) {
    if let Ok(matcher) = glob(&String::from_utf8_lossy(bytes)) {
        for name in ["layers.0.weight", "conv1.bias", "features.3.running_mean", ""] {
            matcher.is_match(name);
        }
    }
}

/// Reads an IDX file of images and of labels, both as it is and unpacked by gzip.
fn idx(bytes: &[u8]) {
    for kind in [idx::Content::Images, idx::Content::Labels] {
        let length = Some(bytes.len() as u64);
        if let Ok(found) = idx::parse(bytes, length, "file", kind) {
            assert_eq!(found.sizes.iter().product::<usize>(), found.values.len());
        }
        let unpacked = unpacked(bytes).expect("a slice can be read");
        // The limit is there because this target does not look for gzip bombs.
        let _ = idx::parse(unpacked.take(1 << 20), None, "file", kind);
    }
}

/// Reads a CSV file with the target column `y`.
fn csv(bytes: &[u8]) {
    for missing in [csv::Missing::Error, csv::Missing::Drop, csv::Missing::Median] {
        if let Ok(data) = csv::parse(bytes, "file", "y", missing, &SplitRule::default()) {
            assert!(data.train.len > 0 && data.train.len == data.info.train);
        }
    }
}

/// Reads a table, once with all options detected and once with options given.
fn sheet(bytes: &[u8]) {
    let given = ReadOptions {
        delimiter: Some(Delimiter::Byte(b';')),
        header: Some(false),
        decimal: Some(','),
        thousands: Some('.'),
        missing_words: Some(vec!["-1".to_owned()]),
        text_columns: vec!["1".to_owned()],
        ..ReadOptions::default()
    };
    for options in [ReadOptions::default(), given] {
        let Ok(sheet) = Sheet::parse(bytes, "file", &options) else { continue };
        assert!(sheet.rows > 0);
        for column in &sheet.columns {
            let is_found = sheet.column(&column.name).is_some_and(|found| std::ptr::eq(found, column));
            assert!(is_found, "two columns have the name {:?}", column.name);
            match &column.cells {
                Cells::Numbers(values) => {
                    assert_eq!(values.len(), sheet.rows);
                    assert!(!values.iter().any(f64::is_infinite));
                }
                Cells::Text { words, codes } => {
                    assert_eq!(codes.len(), sheet.rows);
                    assert!(codes.iter().all(|&code| code == EMPTY || (code as usize) < words.len()));
                    assert!(sheet.stranger(column).is_none_or(|stranger| words.contains(&stranger.word)));
                }
            }
        }
        let lines: Vec<u64> = (0..sheet.rows).map(|row| sheet.line(row)).collect();
        assert!(lines[0] > 0 && lines.is_sorted_by(|one, next| one < next));
        assert!(sheet.found.to_string().starts_with("separated by "));
    }
}

/// Returns the ways to read arrays.
fn readings() -> Vec<Reading> {
    let mut readings = Vec::new();
    for task in [None, Some(TaskKind::Classification), Some(TaskKind::Regression)] {
        for layout in [None, Some(Layout::ChannelsLast)] {
            readings.push(Reading { task, layout, split: SplitRule::default() });
        }
    }
    readings
}

/// Checks that the parts of `data` fit together.
fn consistent(data: &Data) {
    let Data { info, train, train_rows, held_out, .. } = data;
    assert!(train.len > 0 && train.len == info.train);
    assert_eq!((train_rows.len() + held_out.len(), info.held_out), (train.len, held_out.len()));
    let inputs = match &train.inputs {
        Inputs::Bytes(bytes) => bytes.len(),
        Inputs::Floats(values) => values.len(),
    };
    assert_eq!(inputs, train.len * info.input.iter().product::<usize>());
    match (&train.targets, info.task) {
        (Targets::Classes(labels), Task::Classification { classes }) => {
            assert!(labels.len() == train.len && labels.iter().all(|&label| (label as usize) < classes));
        }
        (Targets::Values(values), Task::Regression { outputs }) => assert_eq!(values.len(), train.len * outputs),
        _ => panic!("{:?} has other targets", info.task),
    }
}

/// Reads a NumPy archive.
fn npz(bytes: &[u8]) {
    for mut how in readings() {
        how.split.group = how.layout.map(|_| "x".to_owned());
        if let Ok((found, _)) = npz::parse(Cursor::new(bytes), "file", &npz::Names::default(), &how) {
            consistent(&found.data);
        }
    }
}

/// Reads two .npy files, of which the second begins with the last `\x93NUMPY`.
fn npy(bytes: &[u8]) {
    let second = bytes.windows(6).rposition(|window| window == b"\x93NUMPY").unwrap_or_default();
    let (x, y) = bytes.split_at(second);
    for how in readings() {
        if let Ok(data) = npy::pair(x, y, &how) {
            consistent(&data);
        }
    }
}

/// Reads a curve of any tool.
fn curves(bytes: &[u8]) {
    let Ok(curve) = Curve::parse("file", &String::from_utf8_lossy(bytes)) else { return };
    let epochs: Vec<u64> = curve.epochs().collect();
    assert!(epochs.windows(2).all(|pair| curve.after(pair[0]) == Some(pair[1])));
    for name in &curve.columns {
        assert!(epochs.iter().take(100).filter_map(|&epoch| curve.value(epoch, name)).count() <= 100);
    }
    assert!(curve.note.is_none_or(|note| note.starts_with("file is read as ")));
}

/// Reads weights, writes them and reads them again.
fn safetensors(bytes: &[u8]) {
    if let Ok(found) = tensors::from_bytes(bytes) {
        let written = tensors::to_bytes(&found).expect("tensors that were read can be written");
        let again = tensors::from_bytes(&written).expect("tensors that were written can be read");
        assert_eq!(again.len(), found.len());
        assert_eq!(tensors::to_bytes(&again).as_ref().ok(), Some(&written));
    }
}

/// Reads the `state.json` of a checkpoint whose tensors are right, and resumes from it.
fn checkpoint(bytes: &[u8]) {
    thread_local!(static TENSORS: OnceCell<Vec<(String, Tensor)>> = const { OnceCell::new() });
    let Some((values, seconds)) = values_in(bytes) else { return };
    TENSORS.with(|tensors| {
        let tensors = tensors.get_or_init(|| small_run(None).expect("a small run").tensors);
        let tensors = tensors.iter().map(|(name, tensor)| (name.clone(), tensor.shallow_clone())).collect();
        let _ = small_run(Some(State { values, seconds, tensors }));
    });
}

/// Trains from the state `from`, or from the start, until a state is saved, and returns that state.
fn small_run(from: Option<State>) -> Result<State, String> {
    const SPEC: &str = r#"
        epochs = 4
        device = "cpu"
        threads = 1
        data = { type = "linear", points = 8, batch_size = 4, validation = 0 }
        model = { type = "linear" }
        optimizer = { type = "adam" }
        schedule = { type = "plateau", monitor = "val_loss", patience = "1 epochs" }
        early_stop = { monitor = "val_loss", patience = "2 epochs" }
        ema = { decay = 0.9 }
        on_divergence = { action = "reduce" }
    "#;
    let spec = Spec::parse(Path::new("hostile.toml"), SPEC, &[]).map_err(|found| found.render(false))?;
    let plan = planned(&spec).pop().ok_or("no plan")?;
    let access = Access { cache: "hostile".into(), offline: true, progress: &|_| {} };
    let data = plan.data.dataset.load(&access).map_err(|error| error.to_string())?;
    let (job, _, _) = job::job(plan, data, None).map_err(|error| error.to_string())?;
    let mut saved = None;
    let mut save = |state: &State| {
        let tensors = state.tensors.iter().map(|(name, tensor)| (name.clone(), tensor.copy())).collect();
        saved = Some(State { values: state.values.clone(), seconds: state.seconds, tensors });
        Ok(())
    };
    fit(job, from, &mut save, &mut |_| Ok(()), &Interrupt::new(1)).map_err(|error| error.to_string())?;
    saved.ok_or_else(|| "no state was saved".to_owned())
}
