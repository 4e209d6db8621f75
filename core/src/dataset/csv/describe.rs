//! Describes a table for people: its columns, rows and classes, and warnings about them.

use super::columns::{Reason, Role};
use super::keys::Keys;
use crate::dataset::sheet::{Cells, Column, Sheet};
use crate::dataset::{
    About, ClassCount, Coding, ColumnAbout, ColumnKind, ColumnUse, LeftOut, TargetKind, Targets, Warning,
};

/// Describes a table. `targets` are those of the training part, and `train` are the rows of `sheet` to train on.
pub fn about(
    sheet: &Sheet,
    test: Option<&Sheet>,
    roles: &[Role],
    left_out: Vec<LeftOut>,
    coding: &Coding,
    targets: &Targets,
    train: &[u32],
) -> About {
    let file = |sheet: &Sheet| format!("{}: {}", sheet.file, sheet.found);
    About {
        files: [Some(sheet), test].into_iter().flatten().map(file).collect(),
        rows: sheet.rows,
        left_out,
        test_file: None,
        columns: sheet.columns.iter().zip(roles).map(|(column, role)| of_column(column, role, coding, train)).collect(),
        classes: class_counts(coding, targets),
    }
}

fn of_column(column: &Column, role: &Role, coding: &Coding, train: &[u32]) -> ColumnAbout {
    let usage = match (role, &column.cells) {
        (Role::Target, _) => ColumnUse::Target,
        (Role::Group, _) => ColumnUse::Group,
        (Role::LeftOut(reason), _) => ColumnUse::LeftOut { reason: reason.to_string() },
        (_, Cells::Numbers(numbers)) => {
            let values = || train.iter().map(|&row| numbers.get(row as usize)).filter(|value| !value.is_nan());
            let (min, max) = (values().fold(f64::NAN, f64::min), values().fold(f64::NAN, f64::max));
            let unit = column.unit.map(|unit| unit.symbol().to_owned());
            ColumnUse::Number { min: numbers.decimal(min), max: numbers.decimal(max), unit }
        }
        (_, Cells::Text { .. }) => {
            let own = coding.columns.iter().find(|it| it.name == column.name).map(|it| &it.kind);
            match own {
                Some(ColumnKind::Category { categories, others }) => {
                    ColumnUse::Category { categories: categories.clone(), others: others.len() }
                }
                _ => ColumnUse::Category { categories: Vec::new(), others: 0 },
            }
        }
    };
    ColumnAbout { name: column.name.clone(), usage, empty: column.empty_cells() }
}

fn class_counts(coding: &Coding, targets: &Targets) -> Vec<ClassCount> {
    let (TargetKind::Classification { classes }, Targets::Classes(numbers)) = (&coding.target.kind, targets) else {
        return Vec::new();
    };
    let mut counts = vec![0; classes.len()];
    for &class in numbers {
        counts[class as usize] += 1;
    }
    classes.iter().zip(counts).map(|(name, examples)| ClassCount { name: name.clone(), examples }).collect()
}

/// Returns the warnings about columns and rows.
pub fn warnings(keys: &Keys, sheet: &Sheet, roles: &[Role], about: &About) -> Vec<Warning> {
    let mut warnings = Vec::new();
    if let Some(doubt) = sheet.found.header_doubt.filter(|_| keys.format.header.is_none()) {
        warnings.push(Warning::HeaderOfValues { doubt: doubt.to_string() });
    }
    let is_guessed = |column: &Column, role: &Role| match role {
        Role::Target => keys.task.is_none(),
        Role::Category | Role::LeftOut(Reason::Text { .. }) => !keys.categories.contains(&column.name),
        _ => false,
    };
    for (column, _) in sheet.columns.iter().zip(roles).filter(|(column, role)| is_guessed(column, role)) {
        if let Some(amounts) = column.amounts() {
            warnings.push(Warning::AmountsAsText { column: column.name.clone(), amounts });
        }
    }
    let columns: Vec<(String, String)> = sheet
        .columns
        .iter()
        .zip(roles)
        .filter_map(|(column, role)| match role {
            Role::LeftOut(reason) if *reason != Reason::Dropped => Some((column.name.clone(), reason.to_string())),
            _ => None,
        })
        .collect();
    if !columns.is_empty() {
        warnings.push(Warning::ColumnsLeftOut { columns });
    }
    let test_file = about.test_file.as_ref().map(|test| (true, test.rows, &test.left_out));
    for (of_test, of, left_out) in [(false, about.rows, &about.left_out)].into_iter().chain(test_file) {
        let rows: usize = left_out.iter().map(|it| it.rows).sum();
        if 10 * rows > of {
            let reasons = left_out.iter().map(ToString::to_string).collect();
            let fillable = left_out.iter().any(|it| it.fillable);
            warnings.push(Warning::RowsLeftOut { rows, of, of_test, fillable, reasons });
        }
    }
    warnings
}
