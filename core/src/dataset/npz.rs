//! Arrays from a NumPy `.npz` file, as written by `np.savez("a.npz", x=x, y=y)` or `np.savez_compressed`.
//!
//! | key | default | |
//! |---|---|---|
//! | `path` | | the file, relative to the spec |
//!
//! The file has these arrays:
//!
//! - `x`: inputs `[n, …]`. `uint8` values are pixels, 0 to 255, and `[n, height, width]` becomes
//!   `[n, 1, height, width]`. Other types become `f32` in the same shape.
//! - `y`: targets. Integers `[n]` are classes, numbered from 0. Floats `[n]` or `[n, outputs]` are values to predict.
//! - `x_test`, `y_test`: the test part, optional.
//!
//! The default of `normalize` is "unit" for pixels and "none" for other inputs. The element types `uint8`, `float32`, `float64`, `int32` and `int64` are read, little-endian and in C order.

use std::cell::OnceCell;
use std::io::{BufReader, Read, Seek};
use std::path::{Path, PathBuf};

use zip::{CompressionMethod, ZipArchive};

use super::npy::{Array, Dtype};
use super::open::open;
use super::{Access, Build, Context, Data, Dataset, Error, Info, Inputs, Normalize, Part, SplitRule, Targets, Task};
use crate::spec::{Entry, Section};

pub const ENTRY: Entry<Build> =
    Entry { name: "npz", summary: "your own NumPy arrays", example: "type = \"npz\"\npath = \"arrays.npz\"", build };

fn build(section: &mut Section<'_>, context: &Context<'_>) -> Option<Box<dyn Dataset>> {
    let path = context.required_path(section, "path")?;
    Some(Box::new(Npz { path, split: context.split.clone(), read: OnceCell::new() }))
}

/// A larger label is a mistake: the last layer of a model has one output for each class.
const MAX_CLASSES: i64 = 1_000_000;

/// The best compression that deflate can reach: this many bytes in one.
const MAX_DEFLATE_RATIO: u64 = 1032;

#[derive(Debug)]
struct Npz {
    path: PathBuf,
    split: SplitRule,
    read: OnceCell<Data>,
}

impl Npz {
    fn data(&self) -> Result<&Data, Error> {
        if let Some(data) = self.read.get() {
            return Ok(data);
        }
        let data = read(&self.path, &self.split)?;
        Ok(self.read.get_or_init(|| data))
    }
}

impl Dataset for Npz {
    fn info(&self) -> Result<Info, Error> {
        self.data().map(|data| data.info.clone())
    }

    fn load(&self, _access: &Access<'_>) -> Result<Data, Error> {
        self.data().cloned()
    }

    fn stratifies(&self) -> bool {
        true
    }

    /// Reads the file to see whether its inputs are pixels. An error in it is reported by [`Dataset::info`].
    fn default_normalize(&self) -> Normalize {
        match self.data().map(|data| &data.train.inputs) {
            Ok(Inputs::Bytes(_)) => Normalize::Unit,
            _ => Normalize::None,
        }
    }
}

fn read(path: &Path, split: &SplitRule) -> Result<Data, Error> {
    let (source, _) = open(path)?;
    parse(BufReader::new(source), &path.display().to_string(), split)
}

/// Reads an archive. `file` is its name in messages.
pub fn parse(source: impl Read + Seek, file: &str, split: &SplitRule) -> Result<Data, Error> {
    let archive = ZipArchive::new(source);
    let mut archive = archive.map_err(|error| Error(format!("{file}: not an .npz file: {error}")))?;
    let mut array = |name: &str| array(&mut archive, name, file);
    let mut part = |x_name: &str, y_name: &str| match (array(x_name)?, array(y_name)?) {
        (Some(x), Some(y)) => Ok(Some((
            Named { array: x, name: format!("{file}: `{x_name}`") },
            Named { array: y, name: format!("{file}: `{y_name}`") },
        ))),
        (None, None) => Ok(None),
        (x, _) => {
            let (there, missing) = if x.is_some() { (x_name, y_name) } else { (y_name, x_name) };
            Err(Error(format!("{file}: there is `{there}`, but no `{missing}`")))
        }
    };
    let train = part("x", "y")?.ok_or_else(|| Error(format!("{file}: there is no `x` and no `y`")))?;
    let test = part("x_test", "y_test")?;
    assemble(train, test, split)
}

/// An array and its name in messages.
struct Named {
    array: Array,
    name: String,
}

/// Reads the array `name` of the archive. Returns `None` if there is no such member.
fn array(archive: &mut ZipArchive<impl Read + Seek>, name: &str, file: &str) -> Result<Option<Array>, Error> {
    let place = format!("{file}: `{name}`");
    let member = match archive.by_name(&format!("{name}.npy")) {
        Ok(member) => member,
        Err(zip::result::ZipError::FileNotFound) => return Ok(None),
        Err(error) => return Err(Error(format!("{place}: {error}"))),
    };
    let (size, packed) = (member.size(), member.compressed_size());
    // A small archive can declare any size.
    let possible = match member.compression() {
        CompressionMethod::Stored => size == packed,
        CompressionMethod::Deflated => size <= packed.saturating_mul(MAX_DEFLATE_RATIO).saturating_add(1024),
        other => {
            return Err(Error(format!("{place}: the compression {other} is not supported. NumPy stores or deflates")));
        }
    };
    if !possible {
        return Err(Error(format!("{place}: declares {size} bytes, but {packed} packed bytes cannot hold that many")));
    }
    Array::read(member, size, &place).map(Some)
}

fn assemble((x, y): (Named, Named), test: Option<(Named, Named)>, split: &SplitRule) -> Result<Data, Error> {
    let pixels = x.array.dtype == Dtype::U8;
    let [n, shape @ ..] = &x.array.shape[..] else {
        return Err(Error(format!("{}: expected an array of shape [n, …], not a single number", x.name)));
    };
    let n = *n;
    let input = match shape {
        [] => vec![1],
        [height, width] if pixels => vec![1, *height, *width],
        shape => shape.to_vec(),
    };
    if n == 0 || input.contains(&0) {
        return Err(Error(format!("{}: its shape {:?} has no values", x.name, x.array.shape)));
    }
    if let Some((x_test, y_test)) = &test {
        same(&x, x_test)?;
        same(&y, y_test)?;
    }
    let outputs = match &y.array.shape[..] {
        [_] => 1,
        [_, outputs] if *outputs > 0 && y.array.integers().is_none() => *outputs,
        shape => {
            let message = format!("{}: expected the shape [{n}], or [{n}, outputs] for floats, not {shape:?}", y.name);
            return Err(Error(message));
        }
    };
    let y_name = y.name.clone();
    let train = part(x, y)?;
    let test = test.map(|(x, y)| part(x, y)).transpose()?;
    let classes = [Some(&train), test.as_ref()].into_iter().flatten().filter_map(|part| match &part.targets {
        Targets::Classes(classes) => classes.iter().max(),
        Targets::Values(_) => None,
    });
    let task = match classes.max() {
        Some(0) => return Err(Error(format!("{y_name}: every class is 0, but a classifier needs two classes"))),
        Some(&largest) => Task::Classification { classes: largest as usize + 1 },
        None => Task::Regression { outputs },
    };
    let rows = split.rows_of_table(&train, None);
    Ok(Data::new(train, test, input, task, rows).of_user(Vec::new()))
}

/// Returns an error if a test array differs from the training array in more than its length.
fn same(train: &Named, test: &Named) -> Result<(), Error> {
    let alike = train.array.shape.get(1..) == test.array.shape.get(1..)
        && (train.array.dtype == Dtype::U8) == (test.array.dtype == Dtype::U8)
        && train.array.integers().is_some() == test.array.integers().is_some();
    if alike && test.array.shape.first().is_some_and(|&n| n > 0) {
        return Ok(());
    }
    let [expected, found] = [train, test].map(|it| format!("{:?} {:?}", it.array.dtype, it.array.shape));
    Err(Error(format!("{}: {found} does not match the training part, which has {expected}", test.name)))
}

fn part(x: Named, y: Named) -> Result<Part, Error> {
    let len = x.array.shape[0];
    if y.array.shape[0] != len {
        return Err(Error(format!("{}: {} targets for {len} examples", y.name, y.array.shape[0])));
    }
    let targets = match y.array.integers() {
        Some(classes) => match classes.iter().position(|class| !(0..MAX_CLASSES).contains(class)) {
            Some(index) => {
                let (name, class, max) = (&y.name, classes[index], MAX_CLASSES - 1);
                return Err(Error(format!("{name}[{index}] is {class}: classes must be from 0 to {max}")));
            }
            None => Targets::Classes(classes),
        },
        None => Targets::Values(finite(&y)?),
    };
    let inputs = match x.array.dtype {
        Dtype::U8 => Inputs::Bytes(x.array.bytes),
        _ => Inputs::Floats(finite(&x)?),
    };
    Ok(Part { inputs, targets, len })
}

/// Returns the values as `f32`. Returns an error if one is not finite.
fn finite(it: &Named) -> Result<Vec<f32>, Error> {
    let width: usize = it.array.shape[1..].iter().product();
    let values = it.array.floats().into_iter().enumerate();
    let checked = values.map(|(index, value)| {
        let example = index / width.max(1);
        let message = || format!("{}[{example}] has a value that is not finite in 32 bits", it.name);
        value.ok_or_else(|| Error(message()))
    });
    checked.collect()
}

#[cfg(test)]
mod tests;
