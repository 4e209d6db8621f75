//! Data sets of four IDX files: images and labels for training and for testing. The files are the published ones, or a
//! user's own files in the same format.

use std::path::{Path, PathBuf};

use super::idx::{self, Content, Idx};
use super::source::Source;
use super::{Access, Assumed, Context, Data, Dataset, Error, Info, Inputs, Normalize, Part, SplitRule, Targets, Task};
use crate::spec::Section;

/// Labels are from 0 to 9.
const CLASSES: usize = 10;

/// MNIST, or a set in its format.
#[derive(Debug)]
pub struct ImageSet {
    /// The published files.
    source: &'static Source,
    /// A folder with the user's own files, which are read instead.
    dir: Option<PathBuf>,
    split: SplitRule,
}

impl ImageSet {
    /// Reads `dir`, the only key of these sets.
    pub fn read(section: &mut Section<'_>, context: &Context<'_>, source: &'static Source) -> Self {
        ImageSet { source, dir: context.path(section, "dir"), split: context.split.clone() }
    }
}

impl ImageSet {
    /// Describes the set whose training images have these sizes, with `test` examples in the test part.
    fn describe(&self, train: &[usize], test: usize) -> Info {
        Info {
            train: train[0],
            held_out: self.split.count(train[0]),
            test,
            input: [&[1], &train[1..]].concat(),
            task: Task::Classification { classes: CLASSES },
            class_names: Vec::new(),
            warnings: Vec::new(),
        }
    }
}

impl Dataset for ImageSet {
    fn info(&self) -> Result<Info, Error> {
        let Some(dir) = &self.dir else {
            return Ok(self.describe(&[60_000, 28, 28], 10_000));
        };
        let (train, test) = files(dir)?;
        let train = train.sizes()?;
        let test = test.map(|files| files.sizes()).transpose()?;
        check_sizes(&train, test.as_deref(), dir)?;
        Ok(self.describe(&train, test.map_or(0, |test| test[0])))
    }

    fn load(&self, access: &Access<'_>) -> Result<Data, Error> {
        let (train, test) = match &self.dir {
            Some(dir) => {
                let (train, test) = files(dir)?;
                (train.read()?, test.map(|files| files.read()).transpose()?)
            }
            None => {
                let mut files = self.source.read(access)?.into_iter();
                let mut part = || match (files.next(), files.next()) {
                    (Some((images, pixels)), Some((labels, classes))) => Ok((
                        idx::parse(&pixels[..], Some(pixels.len() as u64), images, Content::Images)?,
                        self::labels(
                            idx::parse(&classes[..], Some(classes.len() as u64), labels, Content::Labels)?,
                            labels,
                        )?,
                    )),
                    _ => Err(Error(format!("{}: a file of the set is missing", self.source.set))),
                };
                (part()?, Some(part()?))
            }
        };
        let place = self.dir.clone().unwrap_or_else(|| self.source.folder(access));
        check_sizes(&train.0.sizes, test.as_ref().map(|(images, _)| &images.sizes[..]), &place)?;
        let Info { input, task, .. } = self.describe(&train.0.sizes, 0);
        let (train, test) = (part(train), test.map(part));
        let rows = self.split.rows(&train);
        Ok(Data::new(train, test, input, task, rows))
    }

    fn default_normalize(&self) -> Normalize {
        Normalize::Unit
    }

    fn without_files(&self) -> Assumed {
        Assumed { input: vec![1, 28, 28], task: Some(Task::Classification { classes: CLASSES }) }
    }

    fn source(&self) -> Option<&'static Source> {
        self.dir.is_none().then_some(self.source)
    }
}

/// Returns an error if training and test images do not have the same size.
fn check_sizes(train: &[usize], test: Option<&[usize]>, folder: &Path) -> Result<(), Error> {
    if let Some(test) = test.filter(|test| test[1..] != train[1..]) {
        let (train, test) = (shape(&train[1..]), shape(&test[1..]));
        let folder = folder.display();
        return Err(Error(format!(
            "{folder}: training images are {train}, test images {test}: they must have the same size"
        )));
    }
    Ok(())
}

fn shape(sizes: &[usize]) -> String {
    sizes.iter().map(usize::to_string).collect::<Vec<_>>().join(" × ")
}

fn part((images, targets): (Idx, Vec<i64>)) -> Part {
    Part { len: images.sizes[0], inputs: Inputs::Bytes(images.values), targets: Targets::Classes(targets) }
}

/// Returns labels as class numbers. Returns an error if one is not in 0 to 9.
fn labels(idx: Idx, file: &str) -> Result<Vec<i64>, Error> {
    if let Some(index) = idx.values.iter().position(|&label| usize::from(label) >= CLASSES) {
        let (label, byte) = (idx.values[index], 8 + index);
        return Err(Error(format!("{file}: byte {byte}: label {label} of example {index} is not in 0 to 9")));
    }
    Ok(idx.values.into_iter().map(i64::from).collect())
}

/// The two files of one part in a user's folder.
struct Files {
    images: PathBuf,
    labels: PathBuf,
}

impl Files {
    /// Reads the sizes of the images.
    fn sizes(&self) -> Result<Vec<usize>, Error> {
        let images = idx::read_sizes(&self.images, Content::Images)?;
        self.check(&images, &idx::read_sizes(&self.labels, Content::Labels)?)?;
        Ok(images)
    }

    fn read(&self) -> Result<(Idx, Vec<i64>), Error> {
        let images = idx::read(&self.images, Content::Images)?;
        let labels = idx::read(&self.labels, Content::Labels)?;
        self.check(&images.sizes, &labels.sizes)?;
        Ok((images, self::labels(labels, &self.labels.display().to_string())?))
    }

    fn check(&self, images: &[usize], labels: &[usize]) -> Result<(), Error> {
        if images[0] == labels[0] {
            return Ok(());
        }
        let (path, other) = (self.labels.display(), self.images.display());
        Err(Error(format!("{path}: {} labels, but {other} has {} images", labels[0], images[0])))
    }
}

/// Finds the files of the training part in `dir`, and those of the test part if there are any.
fn files(dir: &Path) -> Result<(Files, Option<Files>), Error> {
    if !dir.is_dir() {
        return Err(Error(format!("{}: there is no such folder", dir.display())));
    }
    let both = |part: &str| {
        let images = find(dir, &format!("{part}-images"), "idx3-ubyte");
        let labels = find(dir, &format!("{part}-labels"), "idx1-ubyte");
        match (images, labels) {
            (Ok(images), Ok(labels)) => Ok(Some(Files { images, labels })),
            (Err(_), Err(_)) if part != "train" => Ok(None),
            (images, labels) => Err(images.err().or(labels.err()).unwrap_or_else(|| Error(String::new()))),
        }
    };
    let train = both("train")?.ok_or_else(|| Error(format!("{}: no training files", dir.display())))?;
    Ok((train, both("t10k")?))
}

/// Finds a file under one of its usual names.
fn find(dir: &Path, stem: &str, kind: &str) -> Result<PathBuf, Error> {
    let names = [format!("{stem}-{kind}"), format!("{stem}.{kind}")];
    let names = names.iter().flat_map(|name| [name.clone(), format!("{name}.gz")]);
    let mut paths = names.map(|name| dir.join(name));
    paths.find(|path| path.is_file()).ok_or_else(|| {
        let dir = dir.display();
        Error(format!("{dir}: there is no {stem}-{kind} (nor {stem}.{kind}, nor either of them with .gz)"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::idx::tests::{gz, idx};
    use crate::dataset::tests::{build_in, offline};

    const TRAIN: [(&str, &[u32], &[u8]); 2] =
        [("train-images-idx3-ubyte", &[2, 1, 2], &[1, 2, 3, 4]), ("train-labels-idx1-ubyte", &[2], &[0, 9])];

    fn folder(files: &[(&str, &[u32], &[u8])]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, sizes, values) in files {
            let bytes = idx(sizes, values);
            let bytes = if name.ends_with(".gz") { gz(&bytes) } else { bytes };
            std::fs::write(folder.path().join(name), bytes).unwrap();
        }
        folder
    }

    fn load(folder: &tempfile::TempDir) -> Result<Data, String> {
        let (set, _) = build_in(folder.path(), "type = \"mnist\"\ndir = \".\"").unwrap();
        let in_words = |error: Error| error.0.replace(&format!("{}/.", folder.path().display()), "DIR");
        let info = set.info();
        let data = set.load(&offline(Path::new("/nowhere"))).map_err(in_words)?;
        assert_eq!(data.info, info.map_err(in_words)?);
        Ok(data)
    }

    #[test]
    fn files_of_the_user_are_read() {
        let data = load(&folder(&TRAIN)).unwrap();
        assert_eq!(data.info.input, [1, 1, 2]);
        assert_eq!(data.train.inputs, Inputs::Bytes(vec![1, 2, 3, 4]));
        assert_eq!(data.train.targets, Targets::Classes(vec![0, 9]));
        assert_eq!((data.train.len, data.test), (2, None));
        let all = [
            ("train-images.idx3-ubyte", TRAIN[0].1, TRAIN[0].2),
            ("train-labels.idx1-ubyte.gz", TRAIN[1].1, TRAIN[1].2),
            ("t10k-images-idx3-ubyte.gz", &[1, 1, 2][..], &[5, 6][..]),
            ("t10k-labels-idx1-ubyte", &[1], &[3]),
        ];
        let data = load(&folder(&all)).unwrap();
        assert_eq!((data.info.train, data.info.test), (2, 1));
        assert_eq!(data.test.unwrap().targets, Targets::Classes(vec![3]));
    }

    #[test]
    fn errors_say_what_is_expected() {
        let [images, labels] = TRAIN;
        let message = load(&folder(&[images])).unwrap_err();
        assert_eq!(
            message,
            "DIR: there is no train-labels-idx1-ubyte (nor train-labels.idx1-ubyte, nor either of them with .gz)"
        );
        let message = load(&folder(&[images, ("train-labels-idx1-ubyte", &[2], &[0, 10])])).unwrap_err();
        assert_eq!(message, "DIR/train-labels-idx1-ubyte: byte 9: label 10 of example 1 is not in 0 to 9");
        let message = load(&folder(&[images, ("train-labels-idx1-ubyte", &[1], &[0])])).unwrap_err();
        assert_eq!(message, "DIR/train-labels-idx1-ubyte: 1 labels, but DIR/train-images-idx3-ubyte has 2 images");
        let test = ("t10k-images-idx3-ubyte", &[1, 2, 2][..], &[0; 4][..]);
        let message = load(&folder(&[images, labels, test])).unwrap_err();
        assert!(message.starts_with("DIR: there is no t10k-labels-idx1-ubyte"), "{message}");
        let message = load(&folder(&[images, labels, test, ("t10k-labels-idx1-ubyte", &[1], &[0])])).unwrap_err();
        assert_eq!(message, "DIR: training images are 1 × 2, test images 2 × 2: they must have the same size");
        let nowhere = build_in(Path::new("/nowhere"), "type = \"mnist\"\ndir = \"mine\"").unwrap().0;
        assert_eq!(nowhere.info().unwrap_err().0, "/nowhere/mine: there is no such folder");
    }

    /// Some real images of MNIST, selected by scripts/make_mnist_slice.py.
    #[test]
    fn a_slice_of_mnist_is_read() {
        let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data");
        let (set, _) = build_in(&tests, "type = \"mnist\"\ndir = \"mnist_slice\"").unwrap();
        let data = set.load(&offline(Path::new("/nowhere"))).unwrap();
        assert_eq!((data.train.len, data.info.test, &data.info.input[..]), (2000, 500, &[1, 28, 28][..]));
        // The first digits of MNIST are 5 0 4 1 9, and of its test part 7 2 1 0 4.
        let first = |part: &Part| match &part.targets {
            Targets::Classes(classes) => classes[..5].to_vec(),
            Targets::Values(_) => vec![],
        };
        assert_eq!(first(&data.train), [5, 0, 4, 1, 9]);
        assert_eq!(data.test.as_ref().map(first), Some(vec![7, 2, 1, 0, 4]));
    }
}
