//! Finds training examples in the test file. Scores on them say nothing about new data.

use std::collections::HashSet;
use std::path::Path;

use crate::dataset::sheet::{Cells, Column, Sheet};
use crate::dataset::{Data, Warning};

/// Returns warnings about `data`. Its test part is the sheet `test`, which was read from `path`. `training` is the
/// training file with its column of groups, if it has one.
pub fn warnings(path: &Path, data: &Data, training: (&Sheet, Option<&Column>), test: &Sheet) -> Vec<Warning> {
    if data.test.as_ref() == Some(&data.train) {
        return vec![Warning::TestIsTraining { path: path.display().to_string() }];
    }
    let Some(group) = training.1 else { return Vec::new() };
    let Some(of_test) = test.column(&group.name) else { return Vec::new() };
    let own = values(group);
    let mut shared: Vec<String> = values(of_test).into_iter().filter(|value| own.contains(value)).collect();
    shared.sort();
    if shared.is_empty() {
        return Vec::new();
    }
    vec![Warning::GroupsShared { column: group.name.clone(), groups: shared }]
}

/// Returns the different values of a column.
fn values(column: &Column) -> HashSet<String> {
    match &column.cells {
        Cells::Numbers(numbers) => {
            let values = numbers.iter().filter(|number| !number.is_nan());
            values.map(|number| (numbers.decimal(number) + 0.0).to_string()).collect()
        }
        Cells::Text { words, .. } => words.iter().cloned().collect(),
    }
}
