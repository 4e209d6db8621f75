//! A table of runs for each metric, best run first.

use std::cmp::Ordering;
use std::path::Path;

use comfy_table::presets::NOTHING;
use comfy_table::{Cell, CellAlignment, ContentArrangement, LineStyle, Table};

use super::find::{Found, RecordedRun};
use super::name::names;
use crate::metric::{Metric, Mode, Part, REGISTRY};
use crate::record::ValidationPart;
use crate::record::number::{count, rate, score, seconds};

/// A run with the metric that it is compared by.
struct Line<'a> {
    name: String,
    run: &'a RecordedRun,
    /// The metric in the last row. `None` if it is missing or NaN.
    last: Option<f64>,
    /// The best value and its epoch. `None` if there is no number.
    best: Option<(f64, u64)>,
}

/// Returns the tables and, below them, the runs that could not be read.
pub(super) fn page(found: &Found) -> String {
    let paths: Vec<&Path> = found.runs.iter().map(|run| run.path.as_path()).collect();
    let names = names(&paths);
    let metrics = REGISTRY.iter().copied();
    let of_metric = |metric: Metric| -> Vec<Line<'_>> {
        let runs = found.runs.iter().zip(&names).filter(|(run, _)| run.record.started.metric == metric);
        runs.map(|(run, name)| Line::new(name.clone(), run)).collect()
    };
    let mut parts: Vec<String> = metrics
        .map(|metric| (metric, of_metric(metric)))
        .filter(|(_, lines)| !lines.is_empty())
        .map(|(metric, lines)| table(metric, lines))
        .collect();
    let left_out: String = found.left_out.iter().map(|reason| format!("left out: {reason}\n")).collect();
    parts.extend((!left_out.is_empty()).then_some(left_out));
    parts.join("\n")
}

impl<'a> Line<'a> {
    fn new(name: String, run: &'a RecordedRun) -> Self {
        let metric = run.record.started.metric;
        let decides = run.record.started.deciding_part();
        let monitored = |epoch| {
            let value = |part: Part| run.curve.get(epoch, part.of(metric));
            value(Part::Val).or_else(|| value(decides)).filter(|value| !value.is_nan())
        };
        // Epoch 0 is what training is compared with, and infinity is no best value.
        let trained = run.curve.epochs().filter(|&epoch| epoch > 0);
        let scored = trained.filter_map(|epoch| Some((monitored(epoch)?, epoch))).filter(|it| it.0.is_finite());
        let mode = metric.better;
        // Of equal values, the earliest counts.
        let best = scored.reduce(|best, this| if mode.is_better(this.0, best.0, 0.0) { this } else { best });
        Line { name, run, last: run.curve.epochs().next_back().and_then(monitored), best }
    }

    fn cells(&self, metric: Metric) -> Vec<Cell> {
        let record = &self.run.record;
        let shown = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| score(metric, value));
        let epochs = self.run.curve.epochs().next_back().map_or_else(|| "-".to_owned(), count);
        let target = match (&record.started.target, &record.reached) {
            (_, Some(reached)) => format!("epoch {}, {}", reached.epoch, seconds(reached.seconds)),
            (Some(_), None) if self.run.status() == "running" => "not yet".to_owned(),
            (Some(_), None) => "no".to_owned(),
            (None, None) => "-".to_owned(),
        };
        let best_epoch = self.best.map_or_else(|| "-".to_owned(), |(_, epoch)| epoch.to_string());
        let numbers = [epochs, shown(self.last), shown(self.best.map(|(value, _)| value)), best_epoch];
        let mut cells = vec![Cell::new(&self.name), Cell::new(self.run.status())];
        cells.extend(numbers.map(right));
        cells.push(Cell::new(target));
        cells.push(right(rate(record.started.strategy.lr)));
        cells
    }
}

fn right(text: String) -> Cell {
    Cell::new(text).set_alignment(CellAlignment::Right)
}

/// Orders the better of two values first.
fn better(mode: Mode, a: f64, b: f64) -> Ordering {
    match mode {
        Mode::Min => a.total_cmp(&b),
        Mode::Max => b.total_cmp(&a),
    }
}

/// Orders the best run first, and runs without a value last. Equal values are ordered by their epochs, then by name.
fn order(mode: Mode, a: &Line<'_>, b: &Line<'_>) -> Ordering {
    let by_value = match (a.best, b.best) {
        (Some((a, at_a)), Some((b, at_b))) => better(mode, a, b).then(at_a.cmp(&at_b)),
        (a, b) => b.is_some().cmp(&a.is_some()),
    };
    by_value.then_with(|| a.name.cmp(&b.name))
}

fn table(metric: Metric, mut lines: Vec<Line<'_>>) -> String {
    lines.sort_by(|a, b| order(metric.better, a, b));
    let short = metric.short;
    let numbers = ["epochs", &format!("val {short}"), &format!("best val {short}"), "at epoch"];
    let mut heads = vec![Cell::new("run"), Cell::new("status")];
    heads.extend(numbers.map(|head| right(head.to_owned())));
    heads.extend([Cell::new("target"), right("lr".to_owned())]);
    let mut table = Table::new();
    table.load_style(NOTHING.header_separator(LineStyle::none().fill('─').junction('─')));
    table.set_content_arrangement(ContentArrangement::Disabled).set_header(heads);
    for line in &lines {
        table.add_row(line.cells(metric));
    }
    let direction = if metric.better == Mode::Max { "highest" } else { "lowest" };
    let mut text = format!("{}\nSorted by best val_{metric}, {direction} first.\n", table.trim_fmt());
    // Without a validation part, a run is judged on data that it was selected or trained with.
    for Line { name, run, .. } in &lines {
        let part = run.record.started.data.validation_part;
        if part != ValidationPart::Validation {
            text += &format!("{name} is judged by its {part} part, because it has no validation part.\n");
        }
    }
    text
}

#[cfg(test)]
mod tests;
