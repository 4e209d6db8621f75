//! `[data]`: the data set, and how it is split, normalized and cut into batches.

use std::path::Path;

use super::assume::{self, Assume};
use crate::dataset::{self, Augment, Context, Dataset, Holdout, Info, Normalize, Shuffle, SplitRule, Task, TaskKind};
use crate::spec::{Count, Diagnostic, Entry, Field, Log, NamedFile, Section, lookup, one_of, owners};

/// The data of a run, not yet read.
#[derive(Debug)]
pub struct DataPlan {
    /// The data set's name in the spec.
    pub name: &'static str,
    pub dataset: Box<dyn Dataset>,
    pub info: Info,
    pub normalize: Normalize,
    pub batching: Batching,
    /// Steps per epoch that a preview assumes instead of reading the data.
    pub assumed_steps: Option<u64>,
}

/// The way in which training examples become batches.
#[derive(Clone, Debug)]
pub struct Batching {
    /// Examples per batch, at least 1.
    pub batch_size: usize,
    /// True if a last batch with fewer examples is left out.
    pub drop_last: bool,
    pub shuffle: Shuffle,
    /// The random changes to training images, if any.
    pub augment: Option<Augment>,
}

impl Batching {
    /// Returns the number of batches in an epoch of `examples` examples, at least 1.
    pub fn steps_per_epoch(&self, examples: usize) -> u64 {
        let batches = match self.drop_last {
            true => examples / self.batch_size,
            false => examples.div_ceil(self.batch_size),
        };
        batches.max(1) as u64
    }

    /// Returns the number of examples in the last batch of an epoch of `examples` examples.
    pub fn last_batch(&self, examples: usize) -> usize {
        match examples % self.batch_size {
            0 => self.batch_size,
            _ if self.drop_last => self.batch_size,
            rest => rest,
        }
    }
}

impl DataPlan {
    /// Returns the number of examples to train on.
    pub fn train_examples(&self) -> usize {
        self.info.train - self.info.held_out
    }

    /// Returns the number of optimizer updates in one epoch.
    pub fn steps_per_epoch(&self) -> u64 {
        self.assumed_steps.unwrap_or_else(|| self.batching.steps_per_epoch(self.train_examples()))
    }

    /// Returns the number that targets are divided by before a model learns them.
    pub fn target_sd(&self) -> f64 {
        let coding = if self.assumed_steps.is_some() { None } else { self.dataset.coding().ok().flatten() };
        coding.map_or(1.0, |coding| coding.target.kind.scale().1)
    }

    /// Returns the number of values that a model computes for one example.
    pub fn outputs(&self) -> usize {
        outputs(self.info.task)
    }
}

/// Returns the number of values that a model computes for one example of `task`.
pub(super) fn outputs(task: Task) -> usize {
    match task {
        Task::Classification { classes } => classes,
        Task::Regression { outputs } => outputs,
    }
}

/// Reads `[data]`. `registry` has the data sets that its `type` can name, and paths are relative to `folder`. `memory`
/// is the memory of this machine in bytes, or `None` if it is not known. Returns `None` after logging an error.
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
    let is_resolved = root.has("relative_to");
    let mut section = root.section("data")?;
    let entry = lookup(registry, "data set", &mut section);
    let (files, keys) = entry.map(|entry| named_files(&section, entry, folder)).unwrap_or_default();
    // A data set whose files are missing is not built. Even so, its keys must not be reported as unknown.
    keys.into_iter().for_each(|key| section.mark_known(key));
    let unread = assume.steps_per_epoch.is_some() && !files.is_empty();
    let described = |dataset: &dyn Dataset| match unread {
        true => Ok(assume::info(root.table_ref(), dataset, assume)),
        false => dataset.info(),
    };
    let readable = unread || are_there(&section, &files, folder, is_resolved) && fits(&section, &files, folder, memory);
    let split = split(&mut section);
    let dataset = entry.filter(|_| readable).and_then(|entry| {
        let context = Context { folder, may_read: !unread, split: &split };
        (entry.build)(&mut section, &context)
    });
    let info = dataset.as_ref().and_then(|dataset| match described(&**dataset) {
        Ok(info) => Some(info),
        Err(error) => {
            let message = error.to_string();
            let named = |file: &&NamedFile| message.contains(&folder.join(&file.path).display().to_string());
            let file = files.iter().find(named).or(files.first());
            let key = file.and_then(|file| key_in(&section, file)).unwrap_or("type");
            section.error(key, message, "");
            None
        }
    });
    let batch_size_is_default = !section.has("batch_size");
    let mut batch_size = section.or("batch_size", Count(128)).0;
    let shuffle = section.or("shuffle", Shuffle::EveryEpoch);
    let drop_last = section.or("drop_last", false);
    let images = info.as_ref().filter(|_| !unread).map(|info| info.input.as_slice());
    let augment = augment(&mut section, images);
    // A file that is not read may hold pixels and any number of examples.
    let read = dataset.as_ref().filter(|_| !unread);
    let default = read.map_or(Normalize::None, |dataset| dataset.default_normalize());
    let normalize = section.or("normalize", default);
    if let Some(info) = info.as_ref().filter(|_| !unread && batch_size_is_default) {
        batch_size = default_batch_size(&mut section, info, batch_size);
    }
    if let Some(info) = info.as_ref().filter(|_| !unread) {
        check(&section, info, batch_size, &split);
    }
    if normalize == Normalize::Unit && default != Normalize::Unit && info.is_some() && !unread {
        let label = "expected \"standard\", \"none\" or { mean, sd }";
        section.error("normalize", "\"unit\" divides pixels by 255, but these inputs are not pixels", label);
    }
    if let (Some(dataset), Some(info)) = (read, &info)
        && dataset.stratifies()
    {
        let classes = TaskKind::of(info.task) == TaskKind::Classification;
        section.put("stratify", split.stratify.unwrap_or(classes));
    }
    let of_data = |key: &str| {
        let context = Context { folder, may_read: false, split: &split };
        owners(registry, key, &|entry, section| drop((entry.build)(section, &context)))
    };
    let resolved = if entry.is_some() { section.finish_with(&of_data) } else { section.into_resolved() };
    root.put("data", resolved);
    if root.log().errors() > errors {
        return None;
    }
    let (dataset, info) = (dataset?, info?);
    let assumed_steps = assume.steps_per_epoch;
    let name = entry?.name;
    Some(DataPlan {
        name,
        dataset,
        info,
        normalize,
        batching: Batching { batch_size, drop_last, shuffle, augment },
        assumed_steps,
    })
}

/// Reads the rule that holds examples out for validation. Data sets with columns or arrays add the key `group` to it.
fn split(section: &mut Section<'_>) -> SplitRule {
    SplitRule {
        validation: section.or("validation", Holdout::default()),
        split_seed: section.or("split_seed", 0),
        stratify: section.optional("stratify"),
        group: None,
    }
}

/// Returns the files and folders that the table of the data set `entry` names, without opening any of them. Also
/// returns the keys that this data set knows.
fn named_files(
    section: &Section<'_>,
    entry: &Entry<dataset::Build>,
    folder: &Path,
) -> (Vec<NamedFile>, Vec<&'static str>) {
    // This log is dropped. Errors are logged later, when the table is read again.
    let log = Log::default();
    let mut section = Section::new(section.path(), section.table_ref(), section.place().cloned(), &log);
    (entry.build)(&mut section, &Context { folder, may_read: false, split: &SplitRule::default() });
    (log.files(), section.known().to_vec())
}

/// Returns the key in `section` that names `file`, or `None` if it is in a subtable.
fn key_in<'a>(section: &Section<'a>, file: &NamedFile) -> Option<&'a str> {
    let keys = section.table_ref().entries.iter().map(|(key, _)| key.name.as_str());
    keys.into_iter().find(|key| section.dotted(key) == file.key)
}

/// Returns false if the spec is a resolved one and one of its `files` does not exist, because its folder may have been
/// copied without them. Logs an error for each missing file. Returns true for any other spec, where the data set itself
/// reports missing files.
fn are_there(section: &Section<'_>, files: &[NamedFile], folder: &Path, is_resolved: bool) -> bool {
    let missing = files.iter().filter(|file| is_resolved && !folder.join(&file.path).exists());
    let mut are_there = true;
    for file in missing {
        let key = key_in(section, file).unwrap_or("type");
        let base = std::fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
        let message = format!("{}: there is no such file", base.join(&file.path).display());
        let found =
            Diagnostic::error(message).at(section.place_of(key)).label("this path is relative to `relative_to`");
        section.log().push(found.help("`-s relative_to=DIR` names the folder where the files are now"));
        are_there = false;
    }
    are_there
}

/// Returns whether each of `files` fits into `memory` bytes. Logs an error for each that does not. This comes before
/// the data set is described, which reads the files. If `memory` is `None`, everything fits.
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

/// Reads `augment`. `input` is the shape of one example, or `None` if it is not known. Returns `None` if the spec does
/// not augment or if an error was logged.
fn augment(section: &mut Section<'_>, input: Option<&[usize]>) -> Option<Augment> {
    if !section.has("augment") {
        section.mark_known("augment");
        return None;
    }
    let mut own = section.section("augment")?;
    let augment = Augment::read(&mut own);
    match input {
        Some(&[_, height, width]) if augment.padding >= height.min(width) => {
            let message = format!("a shift by {} pixels can move the whole image out of view", augment.padding);
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

/// Returns the batch size for a spec that does not set it: `usual` or, if there are fewer training examples, all of
/// them. In the second case, logs a note.
fn default_batch_size(section: &mut Section<'_>, info: &Info, usual: usize) -> usize {
    let train = info.train.saturating_sub(info.held_out);
    if train == 0 || usual <= train {
        return usual;
    }
    section.put("batch_size", Count(train).to_toml());
    let message = format!("there are only {train} examples to train on, so `data.batch_size` is {train}, not {usual}");
    section.log().push(Diagnostic::note(message));
    train
}

/// Checks the split and the batch size against the data, and logs the warnings about them.
fn check(section: &Section<'_>, info: &Info, batch_size: usize, split: &SplitRule) {
    let held_out = split.validation.count(info.train);
    if held_out >= info.train {
        let message = format!("{held_out} examples held out leave none of {} to train on", info.train);
        section.error("validation", message, format!("expected fewer than {}", info.train));
        return;
    }
    if split.stratify == Some(true) && TaskKind::of(info.task) == TaskKind::Regression {
        section.error("stratify", "only classes can be stratified, but this is a regression", "leave it out");
    }
    if held_out > 0 && info.held_out == 0 {
        let message = "all examples are in one group, so none can be held out";
        section.error("group", message, "expected a column or array with different values, or `validation = 0`");
    }
    for warning in &info.warnings {
        let key = warning.keys().iter().find(|key| section.has(key)).copied().unwrap_or("type");
        let found = Diagnostic::warning(warning.to_string()).at(section.place_of(key));
        section.log().push(found.help(warning.help()));
    }
    if held_out == 0 && !matches!(split.validation, Holdout::Count(0)) {
        let message = format!("this holds out none of {} examples", info.train);
        let found = Diagnostic::warning(message).at(section.place_of("validation"));
        section.log().push(found.label("decisions use the test part, or else the training part"));
    }
    let train = info.train - info.held_out;
    if batch_size > train {
        let message = format!("a batch of {batch_size} is more than the {train} examples to train on");
        section.error("batch_size", message, format!("expected at most {train}"));
    }
}
