//! Arrays from NumPy `.npy` files, one array in each, as written by `np.save("x.npy", x)`.
//!
//! | key | default | |
//! |---|---|---|
//! | `x`, `y` | | the files with inputs and targets, relative to the spec |
//! | `x_test`, `y_test` | | the files of the test part, if there is one |
//! | `task` | as for `npz` | "classification" or "regression" |
//! | `layout` | as for `npz` | the axes of images: "channels_first" or "channels_last" |
//! | `group` | | a file with one value for each training example, such as the number of a patient. Examples with the same value are either all held out or all trained on |
//!
//! What arrays can be, how `task` and `layout` are guessed, and the default of `normalize` are described for `npz`.

use std::cell::OnceCell;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use super::arrays::{self, Array, Arrays, Found, Named, Reading};
use super::open::open;
use super::{About, Access, Assumed, Build, Context, Data, Dataset, Error, Info, Normalize, TaskKind};
use crate::spec::{Entry, Section};

pub const ENTRY: Entry<Build> = Entry {
    name: "npy",
    summary: "your own NumPy arrays, one in a file",
    example: "type = \"npy\"\nx = \"x.npy\"\ny = \"y.npy\"\ntask = \"classification\"",
    build,
};

fn build(section: &mut Section<'_>, context: &Context<'_>) -> Option<Box<dyn Dataset>> {
    let x = context.required_path(section, "x");
    let y = context.required_path(section, "y");
    let test = (context.path(section, "x_test"), context.path(section, "y_test"));
    let group = context.path(section, "group");
    let how = Reading::read(section, context.split.clone());
    let test = match test {
        (Some(x), Some(y)) => Some((x, y)),
        (None, None) => None,
        (Some(_), None) => {
            section.missing("y_test", "the targets of the test part");
            return None;
        }
        (None, Some(_)) => {
            section.missing("x_test", "the inputs of the test part");
            return None;
        }
    };
    let set = Npy { x: x?, y: y?, test, group, how, read: OnceCell::new() };
    // An error in a file is reported by `info`.
    if context.may_read
        && let Ok(found) = set.read()
    {
        found.resolve(section);
    }
    Some(Box::new(set))
}

#[derive(Debug)]
struct Npy {
    x: PathBuf,
    y: PathBuf,
    test: Option<(PathBuf, PathBuf)>,
    group: Option<PathBuf>,
    how: Reading,
    read: OnceCell<Result<Found, String>>,
}

impl Npy {
    /// Reads the files once.
    fn read(&self) -> Result<&Found, Error> {
        let read = || {
            let test = self.test.as_ref().map(|(x, y)| Ok::<_, Error>((file(x)?, file(y)?))).transpose()?;
            let groups = self.group.as_deref().map(file).transpose()?;
            arrays::assemble(Arrays { x: file(&self.x)?, y: file(&self.y)?, test, groups }, &self.how)
        };
        self.read.get_or_init(|| read().map_err(|error| error.0)).as_ref().map_err(|error| Error(error.clone()))
    }
}

/// Reads the array in a file.
fn file(path: &Path) -> Result<Named, Error> {
    let (file, length) = open(path)?;
    named(BufReader::new(file), length, &path.display().to_string())
}

/// Makes a data set of the contents of two files.
pub fn pair(x: &[u8], y: &[u8], how: &Reading) -> Result<Data, Error> {
    let named = |bytes: &[u8], file| named(bytes, bytes.len() as u64, file);
    let arrays = Arrays { x: named(x, "x")?, y: named(y, "y")?, test: None, groups: None };
    arrays::assemble(arrays, how).map(|found| found.data)
}

/// Reads an array from the content of a file of `length` bytes. `file` is its name in messages.
fn named(mut reader: impl Read, length: u64, file: &str) -> Result<Named, Error> {
    let mut start = [0; 8];
    let mut read = 0;
    while read < start.len() {
        match reader.read(&mut start[read..]) {
            Ok(0) => break,
            Ok(more) => read += more,
            Err(error) => return Err(Error(format!("{file}: {error}"))),
        }
    }
    let start = &start[..read];
    if let Some(what) = arrays::other_format(start).filter(|_| !start.starts_with(b"\x93NUMPY")) {
        return Err(Error(format!("{file}: not an .npy file: {what}")));
    }
    let array = Array::read(start.chain(reader), length, file)?;
    Ok(Named { array, name: file.to_owned(), short: file.to_owned() })
}

impl Dataset for Npy {
    fn info(&self) -> Result<Info, Error> {
        self.read().map(|found| found.data.info.clone())
    }

    fn load(&self, _access: &Access<'_>) -> Result<Data, Error> {
        self.read().map(|found| found.data.clone())
    }

    /// Reads the files to see whether inputs are pixels. An error in them is reported by [`Dataset::info`].
    fn default_normalize(&self) -> Normalize {
        self.read().map_or(Normalize::None, Found::default_normalize)
    }

    fn stratifies(&self) -> bool {
        true
    }

    fn about(&self) -> Result<About, Error> {
        self.read().map(|found| About { classes: found.data.class_counts(), ..About::default() })
    }

    fn without_files(&self) -> Assumed {
        Assumed { input: vec![1, 28, 28], task: self.how.task.map(TaskKind::assumed) }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::dataset::arrays::array::tests::{header, npy};
    use crate::dataset::tests::{build_in, offline};
    use crate::dataset::{Data, Inputs, Targets, Task};

    /// Loads files in a folder. Messages are returned without its path.
    fn load(files: &[(&str, Vec<u8>)], keys: &str) -> Result<Data, String> {
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in files {
            std::fs::write(folder.path().join(name), bytes).unwrap();
        }
        let table = format!("type = \"npy\"\nx = \"x.npy\"\ny = \"y.npy\"\n{keys}");
        let (set, resolved) = build_in(folder.path(), &table)?;
        let loaded = set.load(&offline(Path::new("/nowhere")));
        let data = loaded.map_err(|error| error.0.replace(&format!("{}/", folder.path().display()), ""))?;
        let (again, twice) = build_in(folder.path(), &resolved.to_string()).unwrap();
        assert_eq!((again.info().unwrap().task, twice), (data.info.task, resolved));
        Ok(data)
    }

    fn bytes(shape: &str, values: &[u8]) -> Vec<u8> {
        npy(1, &header("|u1", shape), values)
    }

    #[test]
    fn pairs_of_files_are_read() {
        let files = [("x.npy", bytes("3, 2", &[1, 2, 3, 4, 5, 6])), ("y.npy", bytes("3, 1", &[0, 1, 0]))];
        let data = load(&files, "").unwrap();
        assert_eq!(data.train.inputs, Inputs::Bytes(vec![1, 2, 3, 4, 5, 6]));
        assert_eq!((data.train.targets, data.test), (Targets::Classes(vec![0, 1, 0]), None));
        let test = [("a.npy", bytes("1, 2", &[7, 8])), ("b.npy", bytes("1,", &[1]))];
        let files = [&files[..], &test, &[("g.npy", bytes("3,", &[4, 4, 9]))]].concat();
        let data = load(&files, "x_test = \"a.npy\"\ny_test = \"b.npy\"\ngroup = \"g.npy\"").unwrap();
        assert_eq!((data.info.task, data.info.test), (Task::Classification { classes: 2 }, 1));
        assert_eq!(data.test.unwrap().targets, Targets::Classes(vec![1]));
    }

    #[test]
    fn errors_say_what_is_expected() {
        let x = ("x.npy", bytes("3, 2", &[1, 2, 3, 4, 5, 6]));
        let y = ("y.npy", bytes("3,", &[0, 1, 0]));
        for (files, keys, expected) in [
            (vec![x.clone()], "", "y.npy: there is no such file"),
            (vec![x.clone(), y.clone()], "x_test = \"a.npy\"", "`y_test` is missing"),
            (vec![x.clone(), y.clone()], "y_test = \"a.npy\"", "`x_test` is missing"),
            (
                vec![("x.npy", b"PK\x03\x04".to_vec()), y],
                "",
                "x.npy: not an .npy file: it is an .npz archive: use type = \"npz\" with `path`",
            ),
            (vec![x.clone(), ("y.npy", b"x,y\n1,2\n".to_vec())], "", "y.npy: byte 0: not an .npy file"),
            (vec![x, ("y.npy", bytes("2,", &[0, 1]))], "", "y.npy: 2 targets for 3 examples"),
        ] {
            let message = load(&files, keys).unwrap_err();
            assert!(message.contains(expected), "{expected}\nnot in:\n{message}");
        }
    }
}
