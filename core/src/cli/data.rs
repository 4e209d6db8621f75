//! `lr-run data SPEC`: shows the data of a spec as its model sees them, with rows, columns, classes and parts.

use comfy_table::presets::NOTHING;
use comfy_table::{ContentArrangement, Table};

use super::args::DataArgs;
use super::{Error, any_device, plan_all, print};
use crate::dataset::{About, ColumnAbout, ColumnUse, LeftOut, Task};
use crate::exit::Exit;
use crate::plan::DataPlan;
use crate::record::number;
use crate::spec::Spec;

/// The largest number of categories of a column that are shown. `--json` prints all of them.
const SHOWN: usize = 8;

/// The largest number of classes that are shown.
const MOST_CLASSES: usize = 30;

/// Prints the data of each spec. All seeds of a spec use the same data.
pub fn data(args: &DataArgs) -> Result<Exit, Error> {
    for path in &args.specs {
        let plans = plan_all(&Spec::load(path, &args.set)?, &any_device())?;
        let Some(plan) = plans.first() else { continue };
        let about = plan.data.dataset.about().map_err(Error::usage)?;
        let text = if args.json { json(&plan.data, &about)? } else { page(&plan.name, &plan.data, &about) };
        print(&text);
    }
    Ok(Exit::Success)
}

fn json(plan: &DataPlan, about: &About) -> Result<String, Error> {
    let (task, outputs) = match plan.info.task {
        Task::Classification { classes } => ("classification", classes),
        Task::Regression { outputs } => ("regression", outputs),
    };
    let mut value = serde_json::json!({
        "data": plan.name, "task": task, "outputs": outputs, "input": plan.info.input,
        "train": plan.train_examples(), "validation": plan.info.held_out, "test": plan.info.test,
    });
    let about = serde_json::to_value(about).map_err(Error::failed)?;
    if let (Some(all), serde_json::Value::Object(about)) = (value.as_object_mut(), about) {
        all.extend(about);
    }
    Ok(format!("{value}\n"))
}

fn page(name: &str, plan: &DataPlan, about: &About) -> String {
    let mut text = format!("{name}\n\n");
    let mut line = |label: &str, value: &str| text += &format!("  {label:<9} {value}\n");
    line("data", plan.name);
    for file in &about.files {
        line("file", file);
    }
    if about.rows > 0 {
        line("rows", &used(about.rows, &about.left_out));
        if let Some(test) = &about.test_file {
            line("test rows", &used(test.rows, &test.left_out));
        }
        for it in about.rows_left_out() {
            line("", &it);
        }
    }
    line("inputs", &shape(&plan.info.input));
    line("task", &task(plan.info.task));
    line("parts", &parts(plan));
    text += &columns(&about.columns);
    text += &classes(about);
    text
}

/// Renders the number of `rows` of a file and of those that are used.
fn used(rows: usize, left_out: &[LeftOut]) -> String {
    let left_out: usize = left_out.iter().map(|it| it.rows).sum();
    format!("{}, of which {} are used", count(rows), count(rows - left_out))
}

fn columns(columns: &[ColumnAbout]) -> String {
    if columns.is_empty() {
        return String::new();
    }
    let mut table = plain_table();
    table.add_row(["column", "kind", "values", "empty"]);
    for column in columns {
        let (kind, values) = match &column.usage {
            ColumnUse::Number { min, max, unit } => {
                let unit = unit.as_ref().map(|unit| format!(" {unit}")).unwrap_or_default();
                ("number", format!("{min} to {max}{unit}"))
            }
            ColumnUse::Category { categories, others: 0 } => ("category", listed(categories)),
            ColumnUse::Category { categories, others } => {
                ("category", format!("{} and {} others", listed(categories), count(*others)))
            }
            ColumnUse::Target => ("target", String::new()),
            ColumnUse::Group => ("group", String::new()),
            ColumnUse::LeftOut { reason } => ("left out", reason.clone()),
        };
        let empty = if column.empty == 0 { String::new() } else { count(column.empty) };
        table.add_row([named(&column.name), kind.to_owned(), values, empty]);
    }
    format!("\n{}\n", table.trim_fmt())
}

fn classes(about: &About) -> String {
    if about.classes.is_empty() {
        return String::new();
    }
    let all: usize = about.classes.iter().map(|class| class.examples).sum();
    let mut table = plain_table();
    table.add_row(["class", "examples", "share"]);
    for class in about.classes.iter().take(MOST_CLASSES) {
        let share = 100.0 * class.examples as f64 / all.max(1) as f64;
        table.add_row([class.name.clone(), count(class.examples), format!("{share:.1} %")]);
    }
    let more = about.classes.len().saturating_sub(MOST_CLASSES);
    let more = if more > 0 { format!("and {more} more\n") } else { String::new() };
    format!("\n{}\n{more}", table.trim_fmt())
}

/// Renders a number with commas between thousands.
fn count(count: usize) -> String {
    number::count(count as u64)
}

/// Returns the name of a column, or words for a column without one.
fn named(name: &str) -> String {
    if name.is_empty() { "(no name)".to_owned() } else { name.to_owned() }
}

fn listed(categories: &[String]) -> String {
    let shown: Vec<&str> = categories.iter().take(SHOWN).map(String::as_str).collect();
    let more = categories.len().saturating_sub(SHOWN);
    let more = if more > 0 { format!(", … ({} in all)", categories.len()) } else { String::new() };
    shown.join(", ") + &more
}

fn plain_table() -> Table {
    let mut table = Table::new();
    table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table
}

fn shape(input: &[usize]) -> String {
    input.iter().map(ToString::to_string).collect::<Vec<_>>().join("×")
}

fn task(task: Task) -> String {
    match task {
        Task::Classification { classes } => format!("classification, {classes} classes"),
        Task::Regression { outputs: 1 } => "regression".to_owned(),
        Task::Regression { outputs } => format!("regression of {outputs} values"),
    }
}

fn parts(plan: &DataPlan) -> String {
    let parts = [(plan.train_examples(), "train"), (plan.info.held_out, "validation"), (plan.info.test, "test")];
    let parts = parts.iter().filter(|(examples, _)| *examples > 0);
    parts.map(|&(examples, name)| format!("{} {name}", count(examples))).collect::<Vec<_>>().join(", ")
}
