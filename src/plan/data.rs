//! `[data]`: the data set, and how it is split, normalized and cut into batches.

use std::path::Path;

use super::assume::{self, Assume};
use crate::dataset::{self, Augment, Dataset, Holdout, Info, Normalize, Shuffle, Task};
use crate::spec::{Count, Diagnostic, Section, Value, lookup};

/// The data of a run, not yet read.
#[derive(Debug)]
pub struct DataPlan {
    /// As the spec names it.
    pub name: &'static str,
    pub dataset: Box<dyn Dataset>,
    pub info: Info,
    pub batch_size: usize,
    /// Examples held out of the training part.
    pub held_out: usize,
    pub split_seed: u64,
    pub normalize: Normalize,
    pub shuffle: Shuffle,
    pub drop_last: bool,
    pub augment: Option<Augment>,
    /// What is said of the steps of an epoch in place of the data.
    pub assumed_steps: Option<u64>,
}

impl DataPlan {
    /// Examples to train on.
    pub fn train_examples(&self) -> usize {
        self.info.train - self.held_out
    }

    /// Optimizer updates in one epoch.
    pub fn steps_per_epoch(&self) -> u64 {
        if let Some(steps) = self.assumed_steps {
            return steps;
        }
        let (examples, batch) = (self.train_examples(), self.batch_size);
        (if self.drop_last { examples / batch } else { examples.div_ceil(batch) }).max(1) as u64
    }

    /// Numbers that a model gives for one example.
    pub fn outputs(&self) -> usize {
        match self.info.task {
            Task::Classification { classes } => classes,
            Task::Regression { outputs } => outputs,
        }
    }
}

/// Reads `[data]`; `None` when errors were logged.
pub(super) fn read(root: &mut Section<'_>, folder: &Path, memory: Option<u64>, assume: Assume) -> Option<DataPlan> {
    let errors = root.log().errors();
    if !root.has("data") {
        root.ask("data");
        let names: Vec<&str> = dataset::REGISTRY.iter().map(|entry| entry.name).collect();
        let help = format!("add [data] with type = one of: {}", names.join(", "));
        root.log().push(Diagnostic::error("`data` is missing").help(help));
        return None;
    }
    let mut section = root.section("data")?;
    let written = section.table_ref();
    let unread = assume.steps_per_epoch.is_some() && assume::in_files(written);
    let stood_in = unread.then(|| assume::with_task(root.table_ref(), written));
    if let Some(table) = &stood_in {
        section = Section::new("data", table, section.place().cloned(), root.log());
    }
    let described = |dataset: &dyn Dataset| match unread {
        true => Ok(assume::info(root.table_ref(), written)),
        false => dataset.info(),
    };
    let entry = lookup(dataset::REGISTRY, "data set", &mut section);
    let entry = entry.filter(|_| unread || fits(&section, folder, memory));
    let dataset = entry.and_then(|entry| (entry.build)(&mut section, folder));
    let info = dataset.as_ref().and_then(|dataset| match described(&**dataset) {
        Ok(info) => Some(info),
        Err(error) => {
            let key = ["path", "dir"].into_iter().find(|key| section.has(key)).unwrap_or("type");
            section.error(key, error.to_string(), "");
            None
        }
    });
    let batch_size = section.or("batch_size", Count(128)).0;
    let holdout = section.or("validation", Holdout::default());
    let split_seed = section.or("split_seed", 0);
    let shuffle = section.or("shuffle", Shuffle::EveryEpoch);
    let drop_last = section.or("drop_last", false);
    let images = info.as_ref().filter(|_| !unread).map(|info| info.input.as_slice());
    let augment = augment(&mut section, images);
    // Files that nobody reads may hold pixels, and as many examples as they like.
    let read = dataset.as_ref().filter(|_| !unread);
    let default = read.map_or(Normalize::None, |dataset| dataset.default_normalize());
    let normalize = section.or("normalize", default);
    if let Some(info) = info.as_ref().filter(|_| !unread) {
        check(&section, info, batch_size, &holdout);
    }
    if normalize == Normalize::Unit && default != Normalize::Unit && info.is_some() && !unread {
        let label = "expected \"standard\", \"none\" or { mean, sd }";
        section.error("normalize", "\"unit\" divides pixels by 255, but these inputs are not pixels", label);
    }
    let resolved = if entry.is_some() { section.finish() } else { section.abandon() };
    root.put("data", resolved);
    if root.log().errors() > errors {
        return None;
    }
    let (dataset, info) = (dataset?, info?);
    let held_out = if unread { 0 } else { holdout.count(info.train) };
    let assumed_steps = assume.steps_per_epoch;
    let name = entry?.name;
    Some(DataPlan {
        name,
        dataset,
        info,
        batch_size,
        held_out,
        split_seed,
        normalize,
        shuffle,
        drop_last,
        augment,
        assumed_steps,
    })
}

/// Whether the files that the spec names can be held in `memory` bytes: to describe them is to read them.
fn fits(section: &Section<'_>, folder: &Path, memory: Option<u64>) -> bool {
    let mut fits = true;
    for key in ["path", "test_path"] {
        let path = section.table_ref().get(key).and_then(Value::as_str).map(|path| folder.join(path));
        let length = path.as_ref().and_then(|path| std::fs::metadata(path).ok()).map_or(0, |found| found.len());
        if let Some((path, memory)) = path.zip(memory).filter(|(_, memory)| length > *memory) {
            let gib = |bytes: u64| bytes.div_ceil(1 << 30);
            let message = format!("{} has {} GiB", path.display(), gib(length));
            section.error(key, message, format!("more than the {} GiB of memory of this machine", gib(memory)));
            fits = false;
        }
    }
    fits
}

/// Reads `augment`, for inputs of a shape where that is known.
fn augment(section: &mut Section<'_>, input: Option<&[usize]>) -> Option<Augment> {
    if !section.has("augment") {
        section.ask("augment");
        return None;
    }
    let mut own = section.section("augment")?;
    let augment = Augment::read(&mut own);
    match input {
        Some(&[_, height, width]) if augment.padding >= height.min(width) => {
            let message = format!("a shift by {} pixels can leave nothing of {height} by {width}", augment.padding);
            own.error("padding", message, format!("expected less than {}", height.min(width)));
        }
        Some(shape @ ([] | [_] | [_, _] | [_, _, _, _, ..])) => {
            let message = format!("only images are augmented, but these inputs have shape {shape:?}");
            section.error("augment", message, "leave it out");
        }
        _ => {}
    }
    let resolved = own.finish();
    section.put("augment", resolved);
    Some(augment)
}

fn check(section: &Section<'_>, info: &Info, batch_size: usize, holdout: &Holdout) {
    let held_out = holdout.count(info.train);
    if held_out >= info.train {
        let message = format!("{held_out} examples held out leave none of {} to train on", info.train);
        section.error("validation", message, format!("expected fewer than {}", info.train));
        return;
    }
    if held_out == 0 && !matches!(holdout, Holdout::Count(0)) {
        let message = format!("of {} examples this holds none out", info.train);
        let found = Diagnostic::warning(message).at(section.place_of("validation"));
        section.log().push(found.label("decisions use the test part, or else the training part"));
    }
    let train = info.train - held_out;
    if batch_size > train {
        let message = format!("a batch of {batch_size} is more than the {train} examples to train on");
        section.error("batch_size", message, format!("expected at most {train}"));
    }
}
