//! The lines that a person reads about a run, at most 80 columns wide (a path or a name may be longer).

use std::path::Path;

use clap::builder::styling::{AnsiColor, Style};

use super::event::{Best, Divergence, Outcome, RateChanged, Reached, Rollback, Row, Scores, Status};
use super::number::{count, figure, rate, score, seconds};
use super::started::{ClassInfo, ComputeInfo, DataInfo, GroupInfo, Resumed, Started, StrategyInfo, ValidationPart};
use crate::metric::Metric;
use crate::spec::Horizon;

const WIDTH: usize = 80;
/// The column where the text of a labelled line begins.
const INDENT: usize = 13;
/// The widths of the table's columns: epoch, two for training, two for validation, rate, time.
const COLUMNS: [usize; 7] = [7, 12, 12, 11, 11, 12, 13];

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const GOOD: Style = AnsiColor::Green.on_default().bold();
const CAREFUL: Style = AnsiColor::Yellow.on_default().bold();
const BAD: Style = AnsiColor::Red.on_default().bold();

/// Renders the events of a run, with or without colour. Each text ends in a line break.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    pub styled: bool,
}

impl Page {
    /// Renders the description of the run, and the head of the table.
    pub fn opening(&self, run: &Started) -> String {
        let mut text = self.title(run);
        text += "\n";
        text += &self.line("model", &format!("{}, {} parameters", run.model.description, count(run.model.parameters)));
        text += &self.line("data", &described(&run.data));
        text += &self.line("examples", &parts(&run.data));
        text += &self.table(&run.data);
        let StrategyInfo { optimizer, schedule, lr, groups } = &run.strategy;
        text += &self.line("optimizer", &format!("{optimizer}, lr {}, batch {}", rate(*lr), run.batch_size));
        text += &self.line("schedule", schedule);
        for hyper in groups.iter().take(1).flat_map(|base| &base.schedule_for) {
            text += &self.line("schedule", &hyper.to_string());
        }
        for group in groups.iter().skip(1) {
            let GroupInfo { name, parameters, .. } = group;
            text += &self.line("group", &format!("{name}: {} parameters, {}", count(*parameters), group.rates()));
        }
        text += &self.line("device", &device(&run.compute));
        let Horizon { steps_per_epoch, total_steps } = run.length;
        text += &self.line("length", &format!("{} steps, {} an epoch", count(total_steps), count(steps_per_epoch)));
        text += &self.line("seed", &run.seed.to_string());
        if let Some(target) = &run.target {
            text += &self.line("target", target);
        }
        if let Some(Resumed { epoch, step, .. }) = &run.resumed {
            text += &self.line("resumes", &format!("after {} steps, in epoch {epoch}", count(*step)));
        }
        text += "\n";
        let short = run.metric.short;
        let part = match run.data.validation_part {
            ValidationPart::Validation => "val",
            ValidationPart::Test => "test",
            ValidationPart::Train => "eval",
        };
        let heads = [
            "epoch",
            "train loss",
            &format!("train {short}"),
            &format!("{part} loss"),
            &format!("{part} {short}"),
            "lr",
            "time",
        ];
        text + &self.paint(BOLD, &columns(heads.map(str::to_owned))) + "\n"
    }

    /// Renders the classes, and the rows and columns of a table that were used or left out. Empty for other data.
    fn table(&self, data: &DataInfo) -> String {
        let mut text = String::new();
        if !data.classes.is_empty() {
            text += &self.line("classes", &classes(&data.classes));
        }
        let Some(table) = &data.table else { return text };
        for format in &table.format {
            text += &self.line("table", format);
        }
        let left_out = match table.columns_left_out.len() {
            0 => String::new(),
            _ => format!("; left out: {}", table.columns_left_out.join(", ")),
        };
        text += &self.line("columns", &format!("{}{left_out}", table.columns));
        for reason in &table.rows_left_out {
            text += &self.line("rows", reason);
        }
        text
    }

    /// Renders the run's name and variant.
    pub fn title(&self, run: &Started) -> String {
        format!("{}  {}\n", self.paint(BOLD, &run.name), self.paint(DIM, &run.variant))
    }

    /// Renders an epoch.
    pub fn row(&self, run: &Started, row: &Row) -> String {
        let scores = |part: Option<Scores>| match part {
            Some(Scores { loss, metric }) => [figure(loss), score(run.metric, metric)],
            None => ["-".to_owned(), "-".to_owned()],
        };
        let [train_loss, train] = scores(row.train);
        let [val_loss, val] = scores(run.monitored(row));
        let lr = row.lr.first().map_or_else(|| "-".to_owned(), |&lr| rate(lr));
        let time = seconds(row.train_seconds + row.eval_seconds);
        columns([row.epoch.to_string(), train_loss, train, val_loss, val, lr, time]) + "\n"
    }

    /// Renders a change that a metric-driven rule made.
    pub fn rate_changed(&self, change: &RateChanged) -> String {
        let RateChanged { group, quantity, from, to, reason, .. } = change;
        let label = if quantity == "lr" { "rate" } else { "change" };
        let group = if group == "base" { String::new() } else { format!(" of {group}") };
        self.note(CAREFUL, label, &format!("{quantity}{group} {} → {}: {reason}", rate(*from), rate(*to)))
    }

    /// Renders a rollback after a divergence.
    pub fn rolled_back(&self, rollback: &Rollback) -> String {
        let Rollback { divergence: Divergence { step, lr, loss }, epoch, scale, left } = rollback;
        let what = format!("the loss was {loss} at step {}, lr {}", count(*step), rate(*lr));
        let text = format!("{what}: back to the end of epoch {epoch}, rates × {} ({left} left)", rate(*scale));
        self.note(CAREFUL, "diverged", &text)
    }

    /// Renders that the target was reached.
    pub fn reached(&self, reached: &Reached) -> String {
        self.note(GOOD, "target", &format!("reached: {}", when(reached)))
    }

    /// Renders a warning.
    pub fn warning(&self, message: &str) -> String {
        self.note(CAREFUL, "warning", message)
    }

    /// Renders the end of the run and its results. `curve` is the path of its `epochs.csv`, and `metric` is the metric
    /// of its task.
    pub fn ending(&self, metric: Metric, outcome: &Outcome, curve: &Path) -> String {
        let (style, word) = ended(outcome);
        let mut text = self.note(style, "end", &word);
        match (&outcome.target, &outcome.reached) {
            (_, Some(reached)) => text += &self.note(GOOD, "target", &format!("reached: {}", when(reached))),
            (Some(target), None) => text += &self.note(CAREFUL, "target", &format!("not reached: {target}")),
            (None, None) => {}
        }
        if let Some(Best { metric, value, epoch }) = &outcome.best {
            text += &self.line("best", &format!("{metric} {} at epoch {epoch}", score(metric.metric, *value)));
        }
        if let Some(Scores { loss, metric: value }) = outcome.test {
            text += &self.line("test", &format!("loss {}, {metric} {}", figure(loss), score(metric, value)));
        }
        if !outcome.fitted.is_empty() {
            let fitted: Vec<String> =
                outcome.fitted.iter().map(|(name, value)| format!("{name} {}", figure(*value))).collect();
            text += &self.line("fitted", &fitted.join(", "));
        }
        let Outcome { train_seconds, eval_seconds, total_seconds, .. } = *outcome;
        let parts = format!("{} training, {} evaluating", seconds(train_seconds), seconds(eval_seconds));
        text += &self.line("time", &format!("{}: {parts}", seconds(total_seconds)));
        text + &self.line("curve", &curve.display().to_string())
    }

    /// Renders a line with a dimmed label.
    fn line(&self, label: &str, text: &str) -> String {
        self.note(DIM, label, text)
    }

    /// Renders `  label      text`. Further lines of the text are indented.
    fn note(&self, style: Style, label: &str, text: &str) -> String {
        let label = self.paint(style, label) + &" ".repeat((INDENT - 2).saturating_sub(label.len()).max(1));
        format!("  {label}{}\n", wrapped(text))
    }

    fn paint(&self, style: Style, text: &str) -> String {
        if self.styled { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }
}

/// Breaks `text` between words into lines that are not too long. Further lines are indented.
fn wrapped(text: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= WIDTH - INDENT => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines.join(&format!("\n{}", " ".repeat(INDENT)))
}

fn columns(cells: [String; 7]) -> String {
    cells.iter().zip(COLUMNS).map(|(cell, width)| format!("{cell:>width$}")).collect()
}

/// Renders `mnist: 1×28×28, 10 classes`.
fn described(data: &DataInfo) -> String {
    let shape = match data.input_shape[..] {
        [] => return data.name.clone(),
        [1] => "1 feature".to_owned(),
        [features] => format!("{} features", count(features)),
        ref sizes => sizes.iter().map(u64::to_string).collect::<Vec<_>>().join("×"),
    };
    let task = match (data.task.as_str(), data.outputs) {
        ("classification", classes) => format!("{} classes", count(classes)),
        (_, 0 | 1) => "regression".to_owned(),
        (_, outputs) => format!("regression of {} values", count(outputs)),
    };
    format!("{}: {shape}, {task}", data.name)
}

/// Renders `50,000 train, 10,000 validation, 10,000 test`. Without a validation part, it also names the part that
/// decisions use.
fn parts(data: &DataInfo) -> String {
    let parts = [(data.train_examples, "train"), (data.val_examples, "validation"), (data.test_examples, "test")];
    let parts = parts.iter().filter(|(examples, _)| *examples > 0);
    let mut text: Vec<String> = parts.map(|&(examples, name)| format!("{} {name}", count(examples))).collect();
    if data.validation_part != ValidationPart::Validation {
        text.push(format!("decisions use the {} part", data.validation_part));
    }
    text.join(", ")
}

/// The number of classes that are shown with their shares.
const CLASSES: usize = 10;

/// Renders `3: a 50 %, b 30 %, c 20 %`. If there are many classes, renders their number and the range of their shares.
fn classes(classes: &[ClassInfo]) -> String {
    let all = classes.iter().map(|class| class.examples).sum::<u64>().max(1);
    let share = |class: &ClassInfo| {
        let percent = 100.0 * class.examples as f64 / all as f64;
        if percent >= 9.95 || percent == 0.0 { format!("{percent:.0} %") } else { format!("{percent:.1} %") }
    };
    if classes.len() <= CLASSES {
        let shown: Vec<String> = classes.iter().map(|class| format!("{} {}", class.name, share(class))).collect();
        return format!("{}: {}", classes.len(), shown.join(", "));
    }
    let by_size = |class: &&ClassInfo| class.examples;
    match (classes.iter().min_by_key(by_size), classes.iter().max_by_key(by_size)) {
        (Some(rarest), Some(commonest)) => {
            let [low, high] = [rarest, commonest].map(|class| format!("{} {}", class.name, share(class)));
            format!("{}, from {low} to {high}", count(classes.len() as u64))
        }
        _ => String::new(),
    }
}

fn device(compute: &ComputeInfo) -> String {
    let ComputeInfo { device, threads } = compute;
    let unit = if *threads == 1 { "thread" } else { "threads" };
    format!("{device}, {threads} {unit}")
}

/// Renders `val_accuracy 97.12 % at epoch 3, step 1,173, after 4.1 s`.
fn when(reached: &Reached) -> String {
    let Reached { metric, value, epoch, step, seconds: after } = reached;
    format!(
        "{metric} {} at epoch {epoch}, step {}, after {}",
        score(metric.metric, *value),
        count(*step),
        seconds(*after)
    )
}

fn ended(outcome: &Outcome) -> (Style, String) {
    let status = outcome.status;
    let style = match status {
        Status::Completed | Status::StoppedAtTarget | Status::StoppedEarly => GOOD,
        Status::Running | Status::Interrupted => CAREFUL,
        Status::Diverged | Status::Failed => BAD,
    };
    let word = match (&outcome.diverged, &outcome.last) {
        (Some(at), _) if at.step == 0 => format!("diverged before the first step: the validation loss is {}", at.loss),
        (Some(at), _) => format!("diverged at step {}: the loss was {} at lr {}", count(at.step), at.loss, rate(at.lr)),
        (None, Some(row)) => format!("{status} after epoch {}, step {}", row.epoch, count(row.step)),
        (None, None) => format!("{status} before the first epoch"),
    };
    let by_time = status == Status::Completed && outcome.ended_by == "time";
    (style, if by_time { word + " (time limit)" } else { word })
}
