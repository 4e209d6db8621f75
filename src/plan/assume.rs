//! What stands in for data that are not on this machine, so that a schedule can be seen without them.

use super::usual;
use crate::dataset::{Info, Task};
use crate::spec::{Key, Kind, Table, Value};

/// What is taken as given where nothing will be trained.
#[derive(Clone, Copy, Debug, Default)]
pub struct Assume {
    /// Steps of an epoch, at least 1. No file of data or weights is looked for then.
    pub steps_per_epoch: Option<u64>,
}

/// Keys of `[data]` that name what is read to know the data's size.
const FILES: [&str; 2] = ["path", "dir"];

/// Whether sizes and shapes of these data come from files.
pub(super) fn in_files(data: &Table) -> bool {
    FILES.iter().any(|key| data.get(key).is_some())
}

/// What a spec says of data that nobody reads. Sizes are made up; no rule depends on them.
pub(super) fn info(root: &Table, data: &Table) -> Info {
    let input = if is_table(data) { vec![1] } else { usual().input };
    Info { input, task: task(root, data), ..usual() }
}

/// `[data]` with the `task` that is otherwise found by looking at the file.
pub(super) fn with_task(root: &Table, data: &Table) -> Table {
    let mut data = data.clone();
    if let (true, None, Some(place)) = (is_table(&data), data.get("task"), data.get("type").map(|it| it.place.clone()))
    {
        let word = if matches!(task(root, &data), Task::Regression { .. }) { "regression" } else { "classification" };
        let kind = Kind::String(word.to_owned());
        data.set(Key { name: "task".to_owned(), place: place.clone() }, Value { kind, place });
    }
    data
}

fn is_table(data: &Table) -> bool {
    data.get("type").and_then(Value::as_str) == Some("csv")
}

/// What is to be learned: the spec's own word, else what it calls loss and metric. Where it says nothing, nothing in it
/// depends on the answer.
fn task(root: &Table, data: &Table) -> Task {
    let word = data.get("task").and_then(Value::as_str);
    let regression = match word {
        Some(word) => word == "regression",
        None => data.get("dir").is_none() && speaks_of_numbers(root),
    };
    if regression { Task::Regression { outputs: 1 } } else { usual().task }
}

fn speaks_of_numbers(table: &Table) -> bool {
    fn says(value: &Value) -> bool {
        match &value.kind {
            Kind::String(text) => text == "mse" || text.ends_with("rmse"),
            Kind::Array(items) => items.iter().any(says),
            Kind::Table(table) => speaks_of_numbers(table),
            _ => false,
        }
    }
    table.entries.iter().any(|(key, value)| key.name == "rmse" || says(value))
}
