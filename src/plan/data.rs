//! `[data]`: the data set, and how it is split, normalized and cut into batches.

use std::path::Path;

use super::assume::{self, Assume};
use crate::dataset::{self, Augment, Context, Dataset, Holdout, Info, Normalize, Shuffle, Task};
use crate::spec::{Count, Diagnostic, Entry, Log, NamedFile, Section, lookup, one_of};

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

/// Reads `[data]`, whose `type` is in `registry`. `None` when errors were logged.
pub(super) fn read(
    root: &mut Section<'_>,
    registry: &[Entry<dataset::Build>],
    folder: &Path,
    memory: Option<u64>,
    assume: Assume,
) -> Option<DataPlan> {
    let errors = root.log().errors();
    if !root.has("data") {
        root.mark_known("data");
        let names: Vec<&str> = registry.iter().map(|entry| entry.name).collect();
        let help = format!("add [data] with `type`: {}", one_of(names));
        root.log().push(Diagnostic::error("`data` is missing").help(help));
        return None;
    }
    let mut section = root.section("data")?;
    let entry = lookup(registry, "data set", &mut section);
    let files = entry.map(|entry| named_files(&section, entry, folder)).unwrap_or_default();
    let unread = assume.steps_per_epoch.is_some() && !files.is_empty();
    let described = |dataset: &dyn Dataset| match unread {
        true => Ok(assume::info(root.table_ref(), dataset)),
        false => dataset.info(),
    };
    let readable = unread || fits(&section, &files, folder, memory);
    let dataset = entry.filter(|_| readable).and_then(|entry| {
        let context = Context { folder, may_read: !unread };
        (entry.build)(&mut section, &context)
    });
    let info = dataset.as_ref().and_then(|dataset| match described(&**dataset) {
        Ok(info) => Some(info),
        Err(error) => {
            let key = files.first().and_then(|file| key_in(&section, file)).unwrap_or("type");
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
    let resolved = if entry.is_some() { section.finish() } else { section.into_resolved() };
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

/// Returns the files and folders that the table of the data set `entry` names, without opening any of them.
fn named_files(section: &Section<'_>, entry: &Entry<dataset::Build>, folder: &Path) -> Vec<NamedFile> {
    // What is wrong in the table is logged when it is read for good.
    let log = Log::default();
    let mut section = Section::new(section.path(), section.table_ref(), section.place().cloned(), &log);
    (entry.build)(&mut section, &Context { folder, may_read: false });
    log.files()
}

/// Returns the key in `section` that names `file`. `None` if it is not in this table itself.
fn key_in<'a>(section: &Section<'a>, file: &NamedFile) -> Option<&'a str> {
    let keys = section.table_ref().entries.iter().map(|(key, _)| key.name.as_str());
    keys.into_iter().find(|key| section.dotted(key) == file.key)
}

/// Reports whether each of `files` fits into `memory` bytes; logs an error if not. To describe a data set means to read
/// its files.
fn fits(section: &Section<'_>, files: &[NamedFile], folder: &Path, memory: Option<u64>) -> bool {
    let mut fits = true;
    for file in files {
        let path = folder.join(&file.path);
        let length = std::fs::metadata(&path).ok().filter(|found| found.is_file()).map_or(0, |found| found.len());
        if let Some(memory) = memory.filter(|memory| length > *memory) {
            let gib = |bytes: u64| bytes.div_ceil(1 << 30);
            let message = format!("{} has {} GiB", path.display(), gib(length));
            let key = key_in(section, file).unwrap_or("type");
            section.error(key, message, format!("more than the {} GiB of memory of this machine", gib(memory)));
            fits = false;
        }
    }
    fits
}

/// Reads `augment`, for inputs of a shape where that is known.
fn augment(section: &mut Section<'_>, input: Option<&[usize]>) -> Option<Augment> {
    if !section.has("augment") {
        section.mark_known("augment");
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
