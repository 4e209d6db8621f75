//! Data sets: where examples come from, how they are split, and how they become batches.

mod augment;
mod batches;
pub(crate) mod csv;
mod fashion_mnist;
mod fingerprint;
mod gzip;
pub(crate) mod idx;
mod image_set;
mod linear;
mod mnist;
mod normalize;
mod npy;
pub(crate) mod npz;
mod open;
mod source;
mod split;
mod table;

use crate::spec::{Entry, Section};

pub use augment::Augment;
pub use batches::{Batch, Batches, Shuffle};
pub use fingerprint::fingerprint;
pub(crate) use gzip::unpacked;
pub use normalize::{Affine, Normalize};
pub use source::{default_cache, fetch};
pub use split::{Holdout, split};

/// What is to be learned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// One of `classes` for each example.
    Classification { classes: usize },
    /// `outputs` numbers for each example.
    Regression { outputs: usize },
}

/// What is known of a data set before (or without) reading it.
#[derive(Clone, Debug, PartialEq)]
pub struct Info {
    /// Examples in the training part, before any are held out.
    pub train: usize,
    /// Examples in the test part; 0 where there is none.
    pub test: usize,
    /// Shape of one input: `[1, 28, 28]` (channels, height, width) or `[features]`.
    pub input: Vec<usize>,
    pub task: Task,
}

/// Inputs as stored, examples one after another.
#[derive(Clone, Debug, PartialEq)]
pub enum Inputs {
    /// Pixels, 0 to 255.
    Bytes(Vec<u8>),
    Floats(Vec<f32>),
}

/// Targets, examples one after another.
#[derive(Clone, Debug, PartialEq)]
pub enum Targets {
    /// Class numbers from 0.
    Classes(Vec<i64>),
    /// `outputs` values for each example.
    Values(Vec<f32>),
}

/// Some examples.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    pub inputs: Inputs,
    pub targets: Targets,
    /// How many examples.
    pub len: usize,
}

/// A data set, read.
#[derive(Clone, Debug)]
pub struct Data {
    pub info: Info,
    pub train: Part,
    pub test: Option<Part>,
    /// SHA-256 over the bytes that were read (inputs, then targets, of train, then test), hexadecimal.
    pub fingerprint: String,
}

/// A data set that a spec names.
pub trait Dataset: std::fmt::Debug + Send {
    /// Sizes and shapes. Built-in sets know theirs; a user's file is read for it.
    fn info(&self) -> Result<Info, Error>;
    /// Reads everything, fetching it first where it is not on this machine.
    fn load(&self, access: &Access<'_>) -> Result<Data, Error>;
    /// How inputs are normalized where the spec does not say.
    fn default_normalize(&self) -> Normalize;
}

/// How data may be got.
pub struct Access<'a> {
    /// The user's cache folder for data.
    pub cache: std::path::PathBuf,
    /// Fetch nothing.
    pub offline: bool,
    /// Told how a long fetch goes on.
    pub progress: &'a dyn Fn(&Progress),
}

/// How a long fetch or read goes on.
#[derive(Clone, Debug, PartialEq)]
pub enum Progress {
    /// A line for a person: what is done now.
    Doing(String),
    /// Bytes so far, of how many where that is known.
    Bytes { done: u64, total: Option<u64> },
}

/// Data that cannot be had or cannot be used; the message says which file, where in it, and what would be right.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Error(pub String);

/// Builds a data set from its table; paths in it are relative to `folder`. `None` when errors were logged.
pub type Build = fn(&mut Section<'_>, folder: &std::path::Path) -> Option<Box<dyn Dataset>>;

/// Every data set that `[data] type = "…"` can name.
pub const REGISTRY: &[Entry<Build>] = &[csv::ENTRY, fashion_mnist::ENTRY, linear::ENTRY, mnist::ENTRY, npz::ENTRY];

#[cfg(test)]
mod tests;
