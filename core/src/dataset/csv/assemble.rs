//! Makes a data set from a sheet: chooses columns and rows, splits them into parts, learns the coding, and encodes.

use super::columns::{Role, index, roles};
use super::keys::Keys;
use super::rows::{Rows, select};
use super::target::Classes;
use super::{describe, encode, same, target};
use crate::dataset::sheet::{Cells, Column, Sheet, Unit};
use crate::dataset::split::{Alike, draw};
use crate::dataset::{
    About, Coding, Data, Error, Inputs, Part, TargetCoding, TargetKind, Targets, Task, TaskKind, TestFile, Warning,
};
use crate::random::Stream;

/// A table as a data set.
#[derive(Debug)]
pub struct Table {
    pub data: Data,
    pub task: TaskKind,
    pub coding: Coding,
    pub about: About,
}

/// Reads the file of the test part. The arguments are the names of the columns to read as text, and the names of all
/// columns that the file should have.
pub type ReadTest<'a> = dyn Fn(Vec<String>, &[&str]) -> Result<Sheet, Error> + 'a;

/// Makes the data set from `sheet` and, with `read_test`, from the file of the test part.
pub fn assemble(keys: &Keys, sheet: &Sheet, read_test: Option<&ReadTest<'_>>) -> Result<Table, Error> {
    let roles = roles(sheet, keys)?;
    let target = &sheet.columns[index(sheet, &keys.target)?];
    let group = roles.iter().position(|role| *role == Role::Group).map(|at| &sheet.columns[at]);
    let features = || sheet.columns.iter().zip(&roles).filter(|(_, role)| role.is_feature());
    let needed: Vec<&Column> = [Some(target), group].into_iter().flatten().collect();
    let feature_columns: Vec<&Column> = features().map(|(column, _)| column).collect();
    let Rows { used, left_out } = select(sheet, &needed, &feature_columns, keys.missing)?;
    let task = keys.task.map_or_else(|| target::guess_task(sheet, target), Ok)?;
    let classes = match task {
        TaskKind::Classification => Classes::find(sheet, target, &used)?,
        TaskKind::Regression => Classes::default(),
    };
    let targets = |sheet: &Sheet, target: &Column, rows: &[u32], kind: &TargetKind| match *kind {
        TargetKind::Classification { .. } => classes.numbers(sheet, target, rows),
        TargetKind::Regression { mean, sd } => {
            let values = target::values(sheet, target, rows)?;
            Ok(Targets::Values(values.into_iter().map(|value| ((value - mean) / sd) as f32).collect()))
        }
    };
    let labels = match task {
        TaskKind::Regression if keys.task.is_none() => {
            Warning::of_labels(&keys.target, &target::values(sheet, target, &used)?)
        }
        _ => None,
    };
    let unscaled = match task {
        TaskKind::Classification => TargetKind::Classification { classes: classes.names.clone() },
        TaskKind::Regression => TargetKind::Regression { mean: 0.0, sd: 1.0 },
    };

    // A split depends on the targets and groups of a part, but not on its inputs, so these are empty here.
    let part_of = |targets: Targets, len: usize| Part { inputs: Inputs::Floats(Vec::new()), targets, len };
    let wanted: Vec<&str> =
        feature_columns.iter().copied().chain([target]).map(|column| column.name.as_str()).collect();
    let other = read_test.map(|read| read(text_columns(sheet, &roles), &wanted)).transpose()?;
    let (part, test_part) = match &other {
        Some(_) => (used.clone(), Vec::new()),
        None => {
            let held = keys.test.checked("test", used.len()).map_err(|why| Error(format!("{}: {why}", sheet.file)))?;
            let whole = part_of(targets(sheet, target, &used, &unscaled)?, used.len());
            let groups = group.map(|group| group_numbers(group, &used));
            let alike = Alike { classes: keys.split.classes_to_balance(&whole), groups: groups.as_deref() };
            let (part, test) = draw(&mut Stream::new(keys.test_seed, "test", 0), used.len(), held, alike);
            (pick(&used, &part), pick(&used, &test))
        }
    };
    let part_targets = part_of(targets(sheet, target, &part, &unscaled)?, part.len());
    let groups = group.map(|group| group_numbers(group, &part));
    let rows = keys.split.rows_of_table(&part_targets, groups.as_deref());
    let train = pick(&part, &rows.train);

    let columns =
        feature_columns.iter().map(|column| encode::learn(sheet, column, keys.max_categories, &train)).collect();
    let (kind, large) = match unscaled {
        TargetKind::Regression { .. } => scaling(keys, &target::values(sheet, target, &train)?),
        classes => (classes, None),
    };
    let numbered = if sheet.found.header { 0 } else { sheet.width };
    let coding = Coding { columns, target: TargetCoding { name: keys.target.clone(), kind }, numbered };
    let make = |sheet: &Sheet, target: &Column, rows: &[u32]| -> Result<Part, Error> {
        let inputs = Inputs::Floats(encode::inputs(&coding, sheet, rows)?);
        Ok(Part { inputs, targets: targets(sheet, target, rows, &coding.target.kind)?, len: rows.len() })
    };
    let mut test_file = None;
    let mut unseen = Vec::new();
    let test = match &other {
        Some(other) => {
            let trained = target.unit.map(Unit::symbol);
            let target = &other.columns[index(other, &keys.target)?];
            encode::same_unit(other, target, trained)?;
            let Rows { used, left_out } = select(other, &[target], &encode::sources(&coding, other)?, keys.missing)?;
            test_file = Some(TestFile { rows: other.rows, left_out });
            unseen = encode::unseen(&coding, other, &used);
            Some(make(other, target, &used)?)
        }
        None if test_part.is_empty() => None,
        None => Some(make(sheet, target, &test_part)?),
    };
    let mut about = describe::about(sheet, other.as_ref(), &roles, left_out, &coding, &part_targets.targets, &train);
    about.test_file = test_file;
    let task_of_data = match task {
        TaskKind::Classification => Task::Classification { classes: classes.names.len() },
        TaskKind::Regression => Task::Regression { outputs: 1 },
    };
    let whole = make(sheet, target, &part)?;
    let mut data = Data::new(whole, test, vec![coding.width()], task_of_data, rows);
    data.info.warnings = describe::warnings(keys, sheet, &roles, &about);
    data.info.warnings.extend(labels);
    data.info.warnings.extend(large);
    if let (Some(path), Some(other)) = (&keys.test_path, &other) {
        data.info.warnings.extend(same::warnings(path, &data, (sheet, group), other));
    }
    if !unseen.is_empty() {
        data.info.warnings.push(Warning::UnseenValues { columns: unseen });
    }
    Ok(Table { data: data.of_user(classes.names), task, coding, about })
}

fn pick(rows: &[u32], places: &[u32]) -> Vec<u32> {
    places.iter().map(|&place| rows[place as usize]).collect()
}

/// Returns the names of the columns that must be read as text from the file of the test part, so that words can be
/// compared.
fn text_columns(sheet: &Sheet, roles: &[Role]) -> Vec<String> {
    let is_text = |(column, role): &(&Column, &Role)| match role {
        Role::Category => true,
        Role::Target => matches!(column.cells, Cells::Text { .. }),
        _ => false,
    };
    sheet.columns.iter().zip(roles).filter(is_text).map(|(column, _)| column.name.clone()).collect()
}

/// Returns the number of the group of each of `rows`, from 0 without gaps.
fn group_numbers(column: &Column, rows: &[u32]) -> Vec<u32> {
    let keys: Vec<u64> = match &column.cells {
        Cells::Numbers(numbers) => rows.iter().map(|&row| (numbers.get(row as usize) + 0.0).to_bits()).collect(),
        Cells::Text { codes, .. } => rows.iter().map(|&row| codes[row as usize].into()).collect(),
    };
    let mut different = keys.clone();
    different.sort_unstable();
    different.dedup();
    keys.iter().map(|key| different.partition_point(|it| it < key) as u32).collect()
}

/// A target whose mean or standard deviation is above this is learned slowly: a new model predicts numbers around 0.
const LARGE_TARGET: f64 = 10.0;

/// Learns the scale of the target from its `values` in the training rows. Also returns a warning if the target should
/// be scaled but is not.
fn scaling(keys: &Keys, values: &[f64]) -> (TargetKind, Option<Warning>) {
    let (mean, sd) = target::mean_and_sd(values);
    if keys.scale_target {
        return (TargetKind::Regression { mean, sd }, None);
    }
    let is_large = mean.abs().max(sd) > LARGE_TARGET;
    let warning = is_large.then(|| Warning::LargeTarget { column: keys.target.clone(), mean, sd });
    (TargetKind::Regression { mean: 0.0, sd: 1.0 }, warning)
}
