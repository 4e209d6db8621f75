//! Makes targets from an array: classes or values.

use std::collections::HashMap;

use super::super::sheet::Marks;
use super::super::spelling::{Key, Spelling};
use super::super::task::TaskKind;
use super::super::{Error, Targets, Task, Warning};
use super::{Named, shown};

/// The targets of both parts, and their task.
pub struct Labels {
    pub train: Targets,
    pub test: Option<Targets>,
    pub task: Task,
    /// The names of the classes. Empty if they are the numbers 0, 1, 2, …
    pub names: Vec<String>,
    pub warnings: Vec<Warning>,
}

/// Reads targets for `lengths` training and test examples. Without a `task`, the values decide.
pub fn read(y: &Named, test: Option<&Named>, lengths: [usize; 2], task: Option<TaskKind>) -> Result<Labels, Error> {
    let width = outputs(y, lengths[0])?;
    if let Some(test) = test
        && (outputs(test, lengths[1])? != width || test.array.dtype.is_text() != y.array.dtype.is_text())
    {
        return Err(test.unlike(y));
    }
    match width {
        1 => column(y, test, task),
        _ => columns(y, test, width, task),
    }
}

/// Reads one target for each example.
fn column(y: &Named, test: Option<&Named>, task: Option<TaskKind>) -> Result<Labels, Error> {
    let text = y.array.dtype.is_text();
    if text && task == Some(TaskKind::Regression) {
        return Err(y.error("text is not a quantity: leave out `task`, or write task = \"classification\""));
    }
    let guess = || if text { TaskKind::Classification } else { TaskKind::guess(&y.array.numbers()) };
    match task.unwrap_or_else(guess) {
        TaskKind::Regression => {
            let mut found = values(y, test, 1)?;
            if task.is_none() {
                found.warnings.extend(Warning::of_labels(&y.short, &y.array.numbers()));
            }
            Ok(found)
        }
        TaskKind::Classification if text => {
            let (words, test) = (y.array.words(), test.map(|test| test.array.words()));
            let (words, test) = one_spelling(words, test);
            let (train, test, words) = numbered(words, test);
            classes(y, train, test, words)
        }
        TaskKind::Classification => {
            let (train, test, labels) = numbered(whole(y)?, test.map(whole).transpose()?);
            let warning = gaps(y, &labels);
            let mut found = classes(y, train, test, labels.iter().map(i64::to_string).collect())?;
            found.warnings.extend(warning);
            Ok(found)
        }
    }
}

/// Reads `width` targets for each example: values, or a 1 at the place of the class (one-hot).
fn columns(y: &Named, test: Option<&Named>, width: usize, task: Option<TaskKind>) -> Result<Labels, Error> {
    if task != Some(TaskKind::Regression)
        && let Some(train) = one_hot(y, width)
        && let Some(test) = test.map_or(Some(None), |test| one_hot(test, width).map(Some))
    {
        let names = (0..width).map(|class| class.to_string()).collect();
        return classes(y, train, test, names);
    }
    let shape = shown(&y.array.shape);
    if y.array.dtype.is_text() {
        return Err(y.error(format!("text must have one value for each example, not the shape {shape}")));
    }
    if task == Some(TaskKind::Classification) {
        return Err(y.error(format!("classes of the shape {shape} must have one 1 in each row, and otherwise 0")));
    }
    values(y, test, width)
}

/// Returns the number of targets for each example. Axes of length 1 at the end of the shape do not count.
fn outputs(y: &Named, len: usize) -> Result<usize, Error> {
    let axes = y.array.shape.iter().rposition(|&size| size != 1).map_or(1, |last| (last + 1).max(1));
    match y.array.shape.get(..axes) {
        Some([n]) if *n == len => Ok(1),
        Some([n, outputs]) if *n == len && *outputs > 0 => Ok(*outputs),
        Some([n, ..]) if *n != len => Err(y.error(format!("{n} targets for {len} examples"))),
        _ => Err(y.error(format!(
            "expected the shape [{len}], [{len}, 1] or [{len}, outputs], not {}",
            shown(&y.array.shape)
        ))),
    }
}

/// Reads `outputs` values for each example.
fn values(y: &Named, test: Option<&Named>, outputs: usize) -> Result<Labels, Error> {
    let train = Targets::Values(y.floats()?);
    let test = test.map(|test| test.floats().map(Targets::Values)).transpose()?;
    let warnings = y.rounding().into_iter().collect();
    Ok(Labels { train, test, task: Task::Regression { outputs }, names: Vec::new(), warnings })
}

/// Builds the labels of numbered classes.
fn classes(y: &Named, train: Vec<i64>, test: Option<Vec<i64>>, names: Vec<String>) -> Result<Labels, Error> {
    let task = Task::Classification { classes: names.len() };
    if names.len() < 2 {
        let class = names.first().map_or("", String::as_str);
        return Err(y.error(format!("every class is {class}, but a classifier needs two classes")));
    }
    let plain = names.iter().enumerate().all(|(number, name)| *name == number.to_string());
    let names = if plain { Vec::new() } else { names };
    let (train, test) = (Targets::Classes(train), test.map(Targets::Classes));
    Ok(Labels { train, test, task, names, warnings: Vec::new() })
}

/// Returns a warning if numbers between the sorted `labels` are missing.
fn gaps(y: &Named, labels: &[i64]) -> Option<Warning> {
    let (first, last) = labels.first().zip(labels.last())?;
    let gaps = last - first >= labels.len() as i64;
    let labels: Vec<String> = labels.iter().map(i64::to_string).collect();
    gaps.then(|| Warning::LabelsWithGaps { name: y.short.clone(), labels })
}

/// Returns the values as integers.
fn whole(y: &Named) -> Result<Vec<i64>, Error> {
    let values = y.array.numbers().into_iter().enumerate();
    let integers = values.map(|(index, value)| match value.fract() == 0.0 && value.abs() < 2f64.powi(53) {
        true => Ok(value as i64),
        false => Err(Error(format!(
            "{}[{index}] is {value}, which is no class: classes are integers or text, and quantities need task = \
             \"regression\"",
            y.name
        ))),
    });
    integers.collect()
}

/// Gives all spellings of a label, such as `True` and `TRUE`, the one that comes first. The training part comes before
/// the test part.
fn one_spelling(mut train: Vec<String>, mut test: Option<Vec<String>>) -> (Vec<String>, Option<Vec<String>>) {
    let spelling = Spelling::of(train.iter().chain(test.iter().flatten()).map(String::as_str), Marks::PLAIN);
    let mut known: HashMap<Key, String> = HashMap::new();
    for word in train.iter_mut().chain(test.iter_mut().flatten()) {
        let first = known.entry(spelling.key(word)).or_insert_with(|| word.clone());
        if *first != *word {
            word.clone_from(first);
        }
    }
    (train, test)
}

/// Numbers the different labels of both parts in sorted order. Returns the numbers of both parts, and the labels.
fn numbered<T: Ord + Clone>(train: Vec<T>, test: Option<Vec<T>>) -> (Vec<i64>, Option<Vec<i64>>, Vec<T>) {
    let mut labels: Vec<T> = train.iter().chain(test.iter().flatten()).cloned().collect();
    labels.sort_unstable();
    labels.dedup();
    // Every label is in the list.
    let number = |label: &T| labels.binary_search(label).unwrap_or_default() as i64;
    let numbers = |part: &Vec<T>| part.iter().map(number).collect();
    (numbers(&train), test.as_ref().map(numbers), labels)
}

/// Returns the index of the 1 in each row of `width` values. Returns `None` if a row has anything but one 1 and zeros.
fn one_hot(y: &Named, width: usize) -> Option<Vec<i64>> {
    let values = y.array.numbers();
    let place = |row: &[f64]| {
        let ones = row.iter().filter(|&&value| value == 1.0).count();
        let zeros = row.iter().filter(|&&value| value == 0.0).count();
        let place = row.iter().position(|&value| value == 1.0)?;
        (ones == 1 && zeros == width - 1).then_some(place as i64)
    };
    values.chunks_exact(width).map(place).collect()
}

/// Returns the number of the group of each of `len` examples, from 0. Each different value of the array is a group.
pub fn groups(array: &Named, len: usize) -> Result<Vec<u32>, Error> {
    if outputs(array, len)? != 1 {
        return Err(array.error(format!("groups must have the shape [{len}], not {}", shown(&array.array.shape))));
    }
    let mut numbers: HashMap<&[u8], u32> = HashMap::new();
    let elements = array.array.bytes.chunks_exact(array.array.dtype.size());
    let number = elements.map(|element| {
        let next = numbers.len() as u32;
        *numbers.entry(element).or_insert(next)
    });
    Ok(number.collect())
}
