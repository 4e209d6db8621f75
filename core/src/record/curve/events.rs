//! The events of one run, as `lr-run SPEC --json` prints them.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::event::Row;
use super::super::layout::{Cell, Layout};
use super::super::started::Started;
use super::{Curve, CurveError, Line};

/// Returns whether `text` begins with an event.
pub fn recognizes(text: &str) -> bool {
    let first = text.lines().next().map(serde_json::from_str::<Value>);
    first.is_some_and(|value| value.is_ok_and(|value| value.get("event").is_some()))
}

/// Reads `text`, which has one event a line. If the last line is cut off, it is left out.
pub fn read(file: &str, text: &str) -> Result<Curve, CurveError> {
    let mut layout: Option<Layout> = None;
    let mut run: Option<Value> = None;
    let mut epochs = BTreeMap::new();
    let mut cut = None;
    for (number, line) in text.lines().enumerate() {
        let number = number as u64 + 1;
        let wrong = |what: &dyn std::fmt::Display| CurveError::Wrong(format!("{file}:{number}: {what}"));
        let event: Value = match serde_json::from_str(line) {
            Ok(event) => event,
            Err(_) if line.trim().is_empty() => continue,
            Err(error) if error.is_eof() && !text.ends_with('\n') => {
                cut = Some(number);
                break;
            }
            Err(error) => return Err(wrong(&error)),
        };
        let name = event.get("run").cloned().unwrap_or_default();
        if run.get_or_insert_with(|| name.clone()) != &name {
            let problem = format!("this event belongs to the run {name}, but earlier events belong to another run");
            return Err(wrong(&problem));
        }
        match event.get("event").and_then(Value::as_str) {
            Some("started") => {
                let started: Started = serde_json::from_value(event).map_err(|error| wrong(&error))?;
                layout = Some(Layout::of(&started));
            }
            Some("epoch") => {
                let row: Row = serde_json::from_value(event).map_err(|error| wrong(&error))?;
                let layout = layout.as_ref().ok_or_else(|| wrong(&"there is no event `started` before this epoch"))?;
                let number_in = |cell: Cell| match cell {
                    Cell::Empty => None,
                    Cell::Count(count) => Some(count as f64),
                    Cell::Number(value) => Some(value),
                };
                let cells = layout.cells(&row).into_iter().map(number_in).collect();
                // A run that resumed or rolled back has epochs twice. The later one counts.
                epochs.insert(row.epoch, Line { number, cells });
            }
            _ => {}
        }
    }
    let columns = layout.map(|layout| layout.header()).unwrap_or_default();
    Ok(Curve { file: file.to_owned(), columns, note: None, cut, epochs })
}
