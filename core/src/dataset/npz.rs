//! Arrays from a NumPy `.npz` file, as written by `np.savez("a.npz", x=x, y=y)` or `np.savez_compressed`.
//!
//! | key | default | |
//! |---|---|---|
//! | `path` | | the file, relative to the spec |
//! | `x`, `y` | see below | the names of the arrays with inputs and targets |
//! | `x_test`, `y_test` | see below | the names of the arrays of the test part, if there is one |
//! | `task` | see below | "classification" or "regression" |
//! | `layout` | see below | the axes of images: "channels_first" or "channels_last" |
//! | `group` | | the name of an array with one value for each training example, such as the number of a patient. Examples with the same value are either all held out or all trained on |
//!
//! Inputs have the shape `[n, …]`. `uint8` values are pixels, 0 to 255, and the shape `[n, height, width]` becomes
//! `[n, 1, height, width]`. Other types become `f32` in the same shape. Targets have the shape `[n]`, `[n, 1]` or
//! `[n, outputs]`. Arrays can be of any integer or float type of up to 64 bits, or of booleans, in either byte order,
//! in C or Fortran order. Targets can be text.
//!
//! - Without the keys `x` and `y`, the first pair of arrays from this list that the file has is used: `x` and `y`,
//!   `x_train` and `y_train` (as in Keras), `train_images` and `train_labels`, `images` and `labels`, `data` and
//!   `labels`, `data` and `target`, `features` and `labels`, `arr_0` and `arr_1`. In the same way, `x_test` and
//!   `y_test`, or `test_images` and `test_labels`, are the test part. `X` can be a capital letter, also in `X_train`
//!   and `X_test`, and then `Y` can be one too.
//! - Without `task`, the task is classification if `y` has text, booleans or rows with a single 1 (one-hot). It is also
//!   classification if `y` has whole numbers with at most 20 different values, and these values repeat (at most three
//!   quarters as many different values as examples) or are 0, 1, 2, … Otherwise it is regression, with a warning if
//!   there may be more than 20 classes: integers from 0 or 1 that repeat. Classes are numbered in sorted order. Text is
//!   compared as in `csv`: `True` and `TRUE` are one class.
//! - Without `layout`, images of shape `[n, a, b, c]` are taken as "channels_last" if `c` is 1, 3 or 4, and `a` and `b`
//!   are larger than 4, with a warning. Otherwise they are "channels_first". With `layout`, arrays of shape
//!   `[n, height, width]` are images with one channel, whatever their type is.
//!
//! The resolved spec has the names, the task and the layout that were found. The default of `normalize` is "unit" for
//! pixels and "none" for other inputs.

use std::cell::OnceCell;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::PathBuf;

use zip::{CompressionMethod, ZipArchive};

use super::arrays::{self, Array, Arrays, Found, Header, Named, Reading};
use super::open::open;
use super::{About, Access, Assumed, Build, Context, Data, Dataset, Error, Info, Normalize, TaskKind, Warning};
use crate::spec::{Entry, Section, nearest};

pub const ENTRY: Entry<Build> = Entry {
    name: "npz",
    summary: "your own NumPy arrays in one archive",
    example: "type = \"npz\"\npath = \"arrays.npz\"\nx = \"x_train\"\ny = \"y_train\"\ntask = \"classification\"",
    build,
};

fn build(section: &mut Section<'_>, context: &Context<'_>) -> Option<Box<dyn Dataset>> {
    let path = context.required_path(section, "path");
    let names = Names {
        x: section.optional("x"),
        y: section.optional("y"),
        x_test: section.optional("x_test"),
        y_test: section.optional("y_test"),
    };
    let split = context.split.clone().with_group(section);
    let how = Reading::read(section, split);
    let set = Npz { path: path?, names, how, read: OnceCell::new() };
    // An error in the file is reported by `info`.
    if context.may_read
        && let Ok((found, names)) = set.read()
    {
        found.resolve(section);
        for (key, name) in [("x", &names.x), ("y", &names.y), ("x_test", &names.x_test), ("y_test", &names.y_test)] {
            if let Some(name) = name {
                section.put(key, name.as_str());
            }
        }
    }
    Some(Box::new(set))
}

/// The largest number of bytes that deflate can compress into one.
const MAX_DEFLATE_RATIO: u64 = 1032;

/// The names under which inputs and targets are looked for.
const USUAL: [(&str, &str); 12] = [
    ("x", "y"),
    ("X", "y"),
    ("X", "Y"),
    ("x_train", "y_train"),
    ("X_train", "y_train"),
    ("X_train", "Y_train"),
    ("train_images", "train_labels"),
    ("images", "labels"),
    ("data", "labels"),
    ("data", "target"),
    ("features", "labels"),
    ("arr_0", "arr_1"),
];

/// The names under which the test part is looked for.
const USUAL_TEST: [(&str, &str); 4] =
    [("x_test", "y_test"), ("X_test", "y_test"), ("X_test", "Y_test"), ("test_images", "test_labels")];

/// The prefixes of the names of arrays of a validation part.
const VALIDATION: [&str; 5] = ["x_val", "X_val", "y_val", "Y_val", "val_"];

/// The names of the arrays. `None` for those that the spec does not give.
#[derive(Clone, Debug, Default)]
pub struct Names {
    pub x: Option<String>,
    pub y: Option<String>,
    pub x_test: Option<String>,
    pub y_test: Option<String>,
}

#[derive(Debug)]
struct Npz {
    path: PathBuf,
    names: Names,
    how: Reading,
    read: OnceCell<Result<(Found, Names), String>>,
}

impl Npz {
    /// Reads the file once.
    fn read(&self) -> Result<&(Found, Names), Error> {
        let read = || {
            let (source, _) = open(&self.path)?;
            parse(BufReader::new(source), &self.path.display().to_string(), &self.names, &self.how)
        };
        self.read.get_or_init(|| read().map_err(|error| error.0)).as_ref().map_err(|error| Error(error.clone()))
    }
}

impl Dataset for Npz {
    fn info(&self) -> Result<Info, Error> {
        self.read().map(|(found, _)| found.data.info.clone())
    }

    fn load(&self, _access: &Access<'_>) -> Result<Data, Error> {
        self.read().map(|(found, _)| found.data.clone())
    }

    /// Reads the file to see whether its inputs are pixels. An error in it is reported by [`Dataset::info`].
    fn default_normalize(&self) -> Normalize {
        self.read().map_or(Normalize::None, |(found, _)| found.default_normalize())
    }

    fn stratifies(&self) -> bool {
        true
    }

    fn about(&self) -> Result<About, Error> {
        self.read().map(|(found, _)| About { classes: found.data.class_counts(), ..About::default() })
    }

    fn without_files(&self) -> Assumed {
        Assumed { input: vec![1, 28, 28], task: self.how.task.map(TaskKind::assumed) }
    }
}

/// Reads an archive. `file` is its name in messages. Returns the data, and the names of their arrays.
pub fn parse(mut source: impl Read + Seek, file: &str, names: &Names, how: &Reading) -> Result<(Found, Names), Error> {
    let mut start = [0; 8];
    let length = source.read(&mut start).unwrap_or_default();
    source.seek(SeekFrom::Start(0)).map_err(|error| Error(format!("{file}: {error}")))?;
    let archive = ZipArchive::new(source).map_err(|error| match arrays::other_format(&start[..length]) {
        Some(what) if !start.starts_with(b"PK") => Error(format!("{file}: not an .npz file: {what}")),
        _ => Error(format!("{file}: not an .npz file: {error}")),
    })?;
    let mut archive = Archive { archive, file };
    let found = archive.choose(names)?;
    let mut pair = |x: &Option<String>, y: &Option<String>| match (x, y) {
        (Some(x), Some(y)) => Ok::<_, Error>(Some((archive.array(x)?, archive.array(y)?))),
        _ => Ok(None),
    };
    let (x, y) = pair(&found.x, &found.y)?.ok_or_else(|| Error(format!("{file}: there is no `x` and no `y`")))?;
    let test = pair(&found.x_test, &found.y_test)?;
    let groups = how.split.group.as_ref().map(|name| archive.array(name)).transpose()?;
    let mut data = arrays::assemble(Arrays { x, y, test, groups }, how)?;
    let own = archive.names().into_iter().filter(|name| VALIDATION.iter().any(|start| name.starts_with(start)));
    let used = [&found.x, &found.y, &found.x_test, &found.y_test].map(Option::as_deref);
    let own: Vec<String> =
        own.filter(|name| !used.contains(&Some(name)) && how.split.group.as_ref() != Some(name)).collect();
    if !own.is_empty() {
        data.data.info.warnings.push(Warning::OwnValidation { arrays: own });
    }
    Ok((data, found))
}

/// An open archive, and its name in messages.
struct Archive<'a, R> {
    archive: ZipArchive<R>,
    file: &'a str,
}

impl<R: Read + Seek> Archive<'_, R> {
    /// Returns the names of all arrays.
    fn names(&self) -> Vec<String> {
        let names = self.archive.file_names().filter_map(Result::ok);
        names.filter_map(|name| name.strip_suffix(".npy").map(str::to_owned)).collect()
    }

    /// Chooses the arrays: those that the spec names, and usual ones for the others.
    fn choose(&mut self, names: &Names) -> Result<Names, Error> {
        let there = self.names();
        let has = |name: &str| there.iter().any(|it| it == name);
        // The first usual pair that agrees with the names of the spec.
        let pair = |x: &Option<String>, y: &Option<String>, usual: &[(&str, &str)]| {
            let agrees = |given: &Option<String>, name: &str| given.as_ref().map_or(has(name), |given| given == name);
            let found = usual.iter().find(|(usual_x, usual_y)| agrees(x, usual_x) && agrees(y, usual_y));
            let other = |given: &Option<String>, usual: Option<&str>| given.clone().or(usual.map(str::to_owned));
            (other(x, found.map(|(x, _)| *x)), other(y, found.map(|(_, y)| *y)))
        };
        let (x, y) = pair(&names.x, &names.y, &USUAL);
        let (x_test, y_test) = pair(&names.x_test, &names.y_test, &USUAL_TEST);
        let found = Names { x, y, x_test, y_test };
        for (key, name) in [("x", &found.x), ("y", &found.y), ("x_test", &found.x_test), ("y_test", &found.y_test)] {
            if let Some(name) = name.as_ref().filter(|name| !has(name)) {
                let near = nearest(name, there.iter().map(String::as_str));
                let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
                return Err(self.missing(&format!("there is no array `{name}` for `{key}`{near}")));
            }
        }
        match &found {
            Names { x: Some(_), y: Some(_), x_test: Some(_), y_test: Some(_) } => Ok(found),
            Names { x: Some(_), y: Some(_), x_test: None, y_test: None } => {
                match USUAL_TEST.iter().find(|(x, y)| has(x) || has(y)) {
                    Some((x, y)) => {
                        let (one, other) = if has(x) { (x, y) } else { (y, x) };
                        Err(self.missing(&format!("there is `{one}`, but no `{other}`")))
                    }
                    None => Ok(found),
                }
            }
            Names { x: Some(_), y: Some(_), .. } => Err(self.missing("the test part needs both `x_test` and `y_test`")),
            Names { x: Some(x), y: None, .. } => Err(self.missing(&format!("there is `{x}`, but `y` is not given"))),
            Names { x: None, y: Some(y), .. } => Err(self.missing(&format!("there is `{y}`, but `x` is not given"))),
            _ => Err(self.missing("there is no `x` and no `y`")),
        }
    }

    /// Returns an error with a list of the arrays, at most [`MOST_LISTED`].
    fn missing(&mut self, message: &str) -> Error {
        let file = self.file;
        let mut listed = Vec::new();
        for name in self.names().into_iter().take(MOST_LISTED) {
            let header = self
                .archive
                .by_name(&format!("{name}.npy"))
                .ok()
                .and_then(|mut member| Header::read(&mut member, "").ok());
            listed.push((name, header.map_or_else(|| "not readable".to_owned(), |header| header.to_string())));
        }
        Error(format!(
            "{file}: {message}\n{}\nhelp: name them, as in x = \"images\" and y = \"labels\"",
            arrays::listed(&listed)
        ))
    }

    /// Reads the array `name`.
    fn array(&mut self, name: &str) -> Result<Named, Error> {
        let place = format!("{}: `{name}`", self.file);
        if !self.names().iter().any(|it| it == name) {
            return Err(self.missing(&format!("there is no array `{name}`")));
        }
        let member = self.archive.by_name(&format!("{name}.npy"));
        let member = member.map_err(|error| Error(format!("{place}: {error}")))?;
        let (size, packed) = (member.size(), member.compressed_size());
        // A small archive can declare any size.
        let possible = match member.compression() {
            CompressionMethod::Stored => size == packed,
            CompressionMethod::Deflated => size <= packed.saturating_mul(MAX_DEFLATE_RATIO).saturating_add(1024),
            other => {
                return Err(Error(format!(
                    "{place}: the compression {other} is not supported. NumPy stores or deflates"
                )));
            }
        };
        if !possible {
            return Err(Error(format!(
                "{place}: declares {size} bytes, but {packed} packed bytes cannot hold that many"
            )));
        }
        let array = Array::read(member, size, &place)?;
        Ok(Named { array, name: place, short: name.to_owned() })
    }
}

/// A message lists at most this many arrays.
const MOST_LISTED: usize = 20;

#[cfg(test)]
mod tests;
