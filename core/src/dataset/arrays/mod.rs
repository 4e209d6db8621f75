//! Data sets of NumPy arrays: inputs `x` and targets `y`.

pub mod array;
mod dtype;
mod labels;
mod layout;
mod order;

use super::sheet::Rounding;
use super::task::TaskKind;
use super::{Data, Error, Inputs, Normalize, Part, SplitRule, Warning};
use crate::spec::Section;

pub use array::{Array, Header, shown};
use dtype::Dtype;
pub use layout::Layout;

/// An array and its name.
pub struct Named {
    pub array: Array,
    /// The name with the file, for messages.
    pub name: String,
    /// The name alone.
    pub short: String,
}

impl Named {
    fn error(&self, message: impl std::fmt::Display) -> Error {
        Error(format!("{}: {message}", self.name))
    }

    /// Returns the error for an array of the test part whose shape or type does not match `train`, the array of the
    /// training part.
    fn unlike(&self, train: &Named) -> Error {
        self.error(format!("{} does not match the training part, which has {}", self.array, train.array))
    }

    /// Reports whether the values are pixels, 0 to 255.
    fn is_pixels(&self) -> bool {
        self.array.dtype == Dtype::U8
    }

    fn inputs(self) -> Result<Inputs, Error> {
        match self.is_pixels() {
            true => Ok(Inputs::Bytes(self.array.bytes)),
            false => self.floats().map(Inputs::Floats),
        }
    }

    /// Returns a warning if rounding to `f32` matters because values differ by little.
    fn rounding(&self) -> Option<Warning> {
        if self.array.dtype.fits_f32() {
            return None;
        }
        let width = if let [_, width] = self.array.shape[..] { width } else { 1 };
        let mut rounding = vec![Rounding::default(); width];
        for (index, value) in self.array.numbers_in_blocks().enumerate() {
            rounding[index % width].add(value);
        }
        let features: Vec<usize> = (0..width).filter(|&feature| rounding[feature].is_coarse()).collect();
        let is_coarse = !features.is_empty();
        let features = if width == 1 { Vec::new() } else { features };
        is_coarse.then(|| Warning::RoundedArray { name: self.short.clone(), features })
    }

    /// Returns the values as `f32`. Returns an error if one is not finite.
    fn floats(&self) -> Result<Vec<f32>, Error> {
        self.array.floats().map_err(|index| {
            let width: usize = self.array.shape[1..].iter().product();
            let example = index / width.max(1);
            Error(format!("{}[{example}] has a value that is not finite in 32 bits", self.name))
        })
    }
}

/// The arrays of a data set.
pub struct Arrays {
    pub x: Named,
    pub y: Named,
    /// `x` and `y` of the test part.
    pub test: Option<(Named, Named)>,
    /// The group of each training example. All examples of a group are in the same part.
    pub groups: Option<Named>,
}

/// The keys of a spec that decide how arrays are read.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// `None` if the values of `y` decide.
    pub task: Option<TaskKind>,
    /// `None` if the shape of `x` decides.
    pub layout: Option<Layout>,
    pub split: SplitRule,
}

impl Reading {
    /// Reads the keys `task` and `layout`.
    pub fn read(section: &mut Section<'_>, split: SplitRule) -> Reading {
        Reading { task: section.optional("task"), layout: section.optional("layout"), split }
    }
}

/// A data set that was made of arrays.
#[derive(Debug)]
pub struct Found {
    pub data: Data,
    /// The layout of the images. `None` if the inputs are not images.
    pub layout: Option<Layout>,
}

impl Found {
    /// Writes the task and the layout that were found to the resolved spec.
    pub fn resolve(&self, section: &mut Section<'_>) {
        section.put("task", TaskKind::of(self.data.info.task).word());
        if let Some(layout) = self.layout {
            section.put("layout", layout.word());
        }
    }

    /// Returns the normalization for specs without the key `normalize`.
    pub fn default_normalize(&self) -> Normalize {
        match self.data.train.inputs {
            Inputs::Bytes(_) => Normalize::Unit,
            Inputs::Floats(_) => Normalize::None,
        }
    }
}

/// Makes a data set of arrays.
pub fn assemble(arrays: Arrays, how: &Reading) -> Result<Found, Error> {
    let Arrays { mut x, y, test, groups } = arrays;
    let (mut test_x, test_y) = test.unzip();
    let [len, shape @ ..] = &x.array.shape[..] else {
        return Err(x.error("expected an array of shape [n, …], not a single number"));
    };
    let len = *len;
    if x.array.shape.contains(&0) {
        return Err(x.error(format!("its shape {} has no values", shown(&x.array.shape))));
    }
    if x.array.dtype.is_text() {
        return Err(x.error("inputs must be numbers, not text"));
    }
    if let Some(test) = &test_x {
        let alike = test.array.shape.get(1..) == x.array.shape.get(1..) && test.is_pixels() == x.is_pixels();
        if !alike || test.array.dtype.is_text() || test.array.shape.contains(&0) {
            return Err(test.unlike(&x));
        }
    }
    let image = <[usize; 3]>::try_from(shape).ok();
    if how.layout.is_some() && !matches!(shape.len(), 2 | 3) {
        let shape = shown(&x.array.shape);
        return Err(x.error(format!(
            "`layout` is for images of the shape [n, a, b] or [n, a, b, c], not {shape}: leave it out"
        )));
    }
    let layout = image.map(|image| how.layout.unwrap_or_else(|| Layout::guess(image)));
    let labels = labels::read(&y, test_y.as_ref(), [len, test_x.as_ref().map_or(0, |x| x.array.shape[0])], how.task)?;
    let groups = groups.map(|groups| labels::groups(&groups, len)).transpose()?;

    let mut warnings = labels.warnings;
    warnings.extend(x.rounding());
    if layout == Some(Layout::ChannelsLast) {
        if how.layout.is_none() {
            warnings.push(Warning::ChannelsLast { shape: shown(&x.array.shape) });
        }
        layout::channels_first(&mut x);
        test_x.as_mut().into_iter().for_each(layout::channels_first);
    }
    let input = match x.array.shape[1..] {
        [] => vec![1],
        [height, width] if x.is_pixels() || how.layout.is_some() => vec![1, height, width],
        _ => x.array.shape[1..].to_vec(),
    };
    let train = Part { inputs: x.inputs()?, targets: labels.train, len };
    let test = test_x.zip(labels.test).map(|(x, targets)| {
        let len = x.array.shape[0];
        x.inputs().map(|inputs| Part { inputs, targets, len })
    });
    let rows = how.split.rows_of_table(&train, groups.as_deref());
    let mut data = Data::new(train, test.transpose()?, input, labels.task, rows).of_user(labels.names);
    data.info.warnings.extend(warnings);
    Ok(Found { data, layout })
}

/// Renders the list of all arrays for an error message. `arrays` has the name of each, and its type and shape.
pub fn listed(arrays: &[(String, String)]) -> String {
    match arrays {
        [] => "there are no arrays".to_owned(),
        arrays => {
            let all: Vec<String> = arrays.iter().map(|(name, header)| format!("{name}: {header}")).collect();
            format!("the arrays are {}", all.join(", "))
        }
    }
}

/// Returns what a file with these first bytes is, and how to read it, for a message that it has an unexpected format.
/// Returns `None` if that is not known.
pub fn other_format(start: &[u8]) -> Option<&'static str> {
    let known: [(&[u8], &str); 6] = [
        (b"\x93NUMPY", "it is an .npy file with one array: use type = \"npy\" with `x` and `y`"),
        (b"PK\x03\x04", "it is an .npz archive: use type = \"npz\" with `path`"),
        (b"\x1f\x8b", "it is packed by gzip: unpack it with gunzip"),
        (b"\x89HDF", "it is an HDF5 file: save its arrays by np.savez(\"a.npz\", x=x, y=y)"),
        (b"\x80", "it is a Python pickle: save its arrays by np.savez(\"a.npz\", x=x, y=y)"),
        (b"MATLAB", "it is a MATLAB file: save its arrays by np.savez(\"a.npz\", x=x, y=y)"),
    ];
    known.into_iter().find(|(magic, _)| start.starts_with(magic)).map(|(_, what)| what)
}
