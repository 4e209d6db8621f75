//! Data sets: reads examples, splits them, and computes their normalization. `lr_run::batches` makes tensors of them.

mod about;
mod arrays;
mod augment;
mod coding;
pub mod csv;
mod fashion_mnist;
mod fingerprint;
mod gzip;
pub mod idx;
mod image_set;
mod linear;
mod mnist;
mod normalize;
pub mod npy;
pub mod npz;
mod open;
mod preprocessing;
pub mod sheet;
mod shuffle;
mod source;
mod spelling;
mod split;
mod task;
mod warning;

use std::path::{Path, PathBuf};

use crate::spec::{Entry, FilePath, Section};

pub use about::{About, ClassCount, ColumnAbout, ColumnUse, LeftOut, TestFile};
pub use arrays::{Layout, Reading};
pub use augment::{Augment, Transform};
pub use coding::{Coding, ColumnCoding, ColumnKind, TargetCoding, TargetKind};
pub use fingerprint::fingerprint;
pub use gzip::unpacked;
pub use normalize::{Affine, Normalize};
pub use preprocessing::Preprocessing;
pub use shuffle::Shuffle;
pub use source::{Source, default_cache, fetch};
pub use split::{Holdout, Rows, SplitRule, split};
pub use task::TaskKind;
pub use warning::Warning;

/// The kind of target that a model learns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// One of `classes` for each example.
    Classification { classes: usize },
    /// `outputs` numbers for each example.
    Regression { outputs: usize },
}

/// The sizes and shapes of a data set.
#[derive(Clone, Debug, PartialEq)]
pub struct Info {
    /// The number of examples in the training part, validation examples included.
    pub train: usize,
    /// The number of these examples that are held out for validation.
    pub held_out: usize,
    /// The number of examples in the test part. 0 if there is no test part.
    pub test: usize,
    /// The shape of one input: `[1, 28, 28]` (channels, height, width) or `[features]`.
    pub input: Vec<usize>,
    pub task: Task,
    /// The names of the classes by number. Empty if the numbers are the names, and for regression.
    pub class_names: Vec<String>,
    /// What a user should know about the data.
    pub warnings: Vec<Warning>,
}

impl Info {
    /// Returns the name of a class.
    pub fn class_name(&self, class: usize) -> String {
        self.class_names.get(class).cloned().unwrap_or_else(|| class.to_string())
    }
}

/// The shape and the task of a data set whose files are not read.
#[derive(Clone, Debug, PartialEq)]
pub struct Assumed {
    /// The shape of one input. If it depends on the files, this is a likely one.
    pub input: Vec<usize>,
    /// The task. `None` if it depends on the files.
    pub task: Option<Task>,
}

/// Inputs as stored, one example after another.
#[derive(Clone, Debug, PartialEq)]
pub enum Inputs {
    /// Pixels, 0 to 255.
    Bytes(Vec<u8>),
    Floats(Vec<f32>),
}

/// Targets, one example after another.
#[derive(Clone, Debug, PartialEq)]
pub enum Targets {
    /// Class numbers from 0.
    Classes(Vec<i64>),
    /// `outputs` values for each example.
    Values(Vec<f32>),
}

/// The examples of the training part or of the test part.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    pub inputs: Inputs,
    pub targets: Targets,
    /// The number of examples.
    pub len: usize,
}

/// A data set in memory.
#[derive(Clone, Debug)]
pub struct Data {
    pub info: Info,
    /// The training part, validation examples included.
    pub train: Part,
    /// The rows of `train` to train on, ascending.
    pub train_rows: Vec<u32>,
    /// The rows of `train` that are held out for validation, ascending.
    pub held_out: Vec<u32>,
    pub test: Option<Part>,
    /// The result of [`fingerprint()`].
    pub fingerprint: String,
}

impl Data {
    /// Returns a data set whose training part is split into `rows`. `input` is the shape of one input.
    pub fn new(train: Part, test: Option<Part>, input: Vec<usize>, task: Task, rows: Rows) -> Self {
        let Rows { train: train_rows, held_out } = rows;
        let info = Info {
            train: train.len,
            held_out: held_out.len(),
            test: test.as_ref().map_or(0, |test| test.len),
            input,
            task,
            class_names: Vec::new(),
            warnings: Vec::new(),
        };
        let fingerprint = fingerprint(&train, test.as_ref());
        Data { info, train, train_rows, held_out, test, fingerprint }
    }
}

/// A data set that a spec names.
pub trait Dataset: std::fmt::Debug + Send {
    /// Returns sizes and shapes. A data set with files of the user reads them for it.
    fn info(&self) -> Result<Info, Error>;
    /// Reads all examples. Files that are not on this machine are fetched first.
    fn load(&self, access: &Access<'_>) -> Result<Data, Error>;
    /// Returns the normalization for specs without the key `normalize`.
    fn default_normalize(&self) -> Normalize;

    /// Reports whether all parts get the same share of each class if the spec has no key `stratify`. They do for tables
    /// and arrays of a user. The parts of published data are drawn without regard to classes.
    fn stratifies(&self) -> bool {
        false
    }

    /// Returns the shape and the task as far as they are known without reading files.
    fn without_files(&self) -> Assumed {
        Assumed { input: vec![1, 28, 28], task: None }
    }

    /// Returns a description of a user's own data for people. It is empty for other data.
    fn about(&self) -> Result<About, Error> {
        Ok(About::default())
    }

    /// Returns the coding of a table. `None` for images and arrays.
    fn coding(&self) -> Result<Option<Coding>, Error> {
        Ok(None)
    }

    /// Reads the rows of a new table at `path`, with the coding that a run learned.
    fn new_rows(&self, path: &Path, _coding: &Coding) -> Result<NewRows, Error> {
        Err(Error(format!("{}: only data sets of the type `csv` read new rows", path.display())))
    }

    /// Returns the published files that `lr-run fetch` downloads, or `None` if there is nothing to download.
    fn source(&self) -> Option<&'static Source> {
        None
    }
}

/// The rows of a new table.
#[derive(Clone, Debug, PartialEq)]
pub struct NewRows {
    /// The inputs of the rows that are used.
    pub inputs: Inputs,
    /// The number of rows in the table.
    pub rows: usize,
    /// The rows that are used, from 0 and in order. The other rows have empty cells and are left out, as in training.
    pub used: Vec<u32>,
    /// How the file was read, as a line for people.
    pub format: String,
    /// The columns that have values that no training row has, in the order of the coding.
    pub unseen: Vec<Unseen>,
}

/// The cells of a column with values that no training row has. A model has learned nothing about them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unseen {
    pub column: String,
    /// The number of these cells, in the rows that are used.
    pub cells: usize,
}

/// The cache for data, and whether files may be fetched into it.
pub struct Access<'a> {
    /// The user's cache folder for data.
    pub cache: PathBuf,
    /// True if nothing may be fetched.
    pub offline: bool,
    /// Called during a long fetch.
    pub progress: &'a dyn Fn(&Progress),
}

/// The progress of a fetch.
#[derive(Clone, Debug, PartialEq)]
pub enum Progress {
    /// The current action, as a line for people.
    Doing(String),
    /// Bytes received so far. `total` is `None` if the server does not send it.
    Bytes { done: u64, total: Option<u64> },
}

/// Data that is missing or cannot be used. The message names the file, the place in it, and what is expected.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Error(pub String);

/// What a data set knows beyond its own keys while it is built.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The folder that paths in the spec are relative to.
    pub folder: &'a Path,
    /// True if files may be opened. Otherwise the data set is built from its table alone.
    pub may_read: bool,
    /// The rule that holds examples out for validation. Means and the like must be learned from the others.
    pub split: &'a SplitRule,
}

impl Context<'_> {
    /// Reads the path under `key`. Returns `None` if there is no such key. A wrong value is logged.
    pub fn path(&self, section: &mut Section<'_>, key: &'static str) -> Option<PathBuf> {
        section.optional::<FilePath>(key).map(|path| path.from_folder(self.folder))
    }

    /// Reads the path under `key`. Logs an error if it is missing.
    pub fn required_path(&self, section: &mut Section<'_>, key: &'static str) -> Option<PathBuf> {
        section.required::<FilePath>(key).map(|path| path.from_folder(self.folder))
    }
}

/// Builds a data set from its table. Returns `None` if errors were logged.
pub type Build = fn(&mut Section<'_>, &Context<'_>) -> Option<Box<dyn Dataset>>;

/// Every data set that `[data] type = "…"` can name.
pub const REGISTRY: &[Entry<Build>] =
    &[csv::ENTRY, fashion_mnist::ENTRY, linear::ENTRY, mnist::ENTRY, npy::ENTRY, npz::ENTRY];

#[cfg(test)]
mod tests;
