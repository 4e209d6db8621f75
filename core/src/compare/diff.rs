//! The differences between two runs: in spec, data, seed, machine, versions and status, and the epoch from which their
//! curves differ.

use std::path::Path;

use super::run::{LeftOut, Run};
use crate::record::number::exact;
use crate::record::{Curve, RUN_JSON, RunRecord, SPEC_TOML, differences};

/// The differences between two runs, as text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Difference {
    /// Lines under heads, such as `spec` and `versions`. A part without a difference is left out.
    pub parts: Vec<(&'static str, Vec<String>)>,
    /// A sentence on the curves.
    pub curves: String,
}

/// Columns of times, which are never the same twice.
const TIMES: [&str; 2] = ["train_seconds", "eval_seconds"];
/// The column of the learning rate, which Keras calls `learning_rate`.
const LR: &str = "lr";

/// Reads two runs, or curves, and compares them.
pub fn diff(a: &Path, b: &Path) -> Result<Difference, LeftOut> {
    let (a, b) = (Run::read(a)?, Run::read(b)?);
    let mut parts = Vec::new();
    let mut add = |head: &'static str, lines: Vec<String>| {
        if !lines.is_empty() {
            parts.push((head, lines));
        }
    };
    add("spec", spec(&a, &b));
    if let (Some(a), Some(b)) = (&a.record, &b.record) {
        add("data", lines(a, b, &data));
        add("seed", lines(a, b, &|it| vec![("seed", it.started.seed.to_string())]));
        add("machine", lines(a, b, &machine));
        add("versions", versions(a, b));
        add("end", lines(a, b, &|it| vec![("status", it.status.to_string())]));
    }
    let without = [("a", &a), ("b", &b)].into_iter().filter(|(_, run)| run.record.is_none());
    let without = without.map(|(name, _)| format!("{name} has no {RUN_JSON}")).collect();
    add("not compared: data, seed, machine, versions and status", without);
    Ok(Difference { parts, curves: curves(&a, &b) })
}

fn spec(a: &Run, b: &Run) -> Vec<String> {
    let read =
        |run: &Run| -> Option<toml::Table> { std::fs::read_to_string(run.path.join(SPEC_TOML)).ok()?.parse().ok() };
    match (read(a), read(b)) {
        (Some(mut a), Some(mut b)) => {
            // The seed has a line of its own.
            for table in [&mut a, &mut b] {
                table.remove("seed");
            }
            differences(&a, &b, ["in a", "in b"])
        }
        (None, None) => Vec::new(),
        (a, _) => vec![format!("{} has no {SPEC_TOML}", if a.is_none() { "a" } else { "b" })],
    }
}

/// Returns `name: x in a, y in b` for each value that differs.
fn lines(a: &RunRecord, b: &RunRecord, of: &dyn Fn(&RunRecord) -> Vec<(&'static str, String)>) -> Vec<String> {
    let pairs = of(a).into_iter().zip(of(b)).filter(|((_, a), (_, b))| a != b);
    pairs.map(|((name, a), (_, b))| format!("{name}: {a} in a, {b} in b")).collect()
}

fn data(record: &RunRecord) -> Vec<(&'static str, String)> {
    let data = &record.started.data;
    vec![
        ("data set", data.name.clone()),
        ("fingerprint", record.data_fingerprint.clone()),
        ("training examples", data.train_examples.to_string()),
        ("validation examples", data.val_examples.to_string()),
        ("test examples", data.test_examples.to_string()),
    ]
}

fn machine(record: &RunRecord) -> Vec<(&'static str, String)> {
    let compute = &record.started.compute;
    vec![
        ("device", compute.device.clone()),
        ("threads", compute.threads.to_string()),
        ("processor", record.processor.clone().unwrap_or_else(|| "unknown".to_owned())),
        ("host", record.process.host.clone()),
    ]
}

fn versions(a: &RunRecord, b: &RunRecord) -> Vec<String> {
    let mut lines = lines(a, b, &|it| {
        let commit = it.versions.lr_run_commit.clone().unwrap_or_else(|| "unknown".to_owned());
        vec![
            ("lr-run", it.versions.lr_run.clone()),
            ("commit of lr-run", commit),
            ("libtorch", it.versions.libtorch.clone()),
        ]
    });
    let names: std::collections::BTreeSet<&String> =
        a.versions.packages.keys().chain(b.versions.packages.keys()).collect();
    let version = |record: &RunRecord, name: &str| {
        record.versions.packages.get(name).cloned().unwrap_or_else(|| "missing".to_owned())
    };
    let packages = names.into_iter().filter(|name| version(a, name) != version(b, name));
    lines.extend(packages.map(|name| format!("{name}: {} in a, {} in b", version(a, name), version(b, name))));
    lines
}

/// Returns the columns of a curve: lr-run's name of each, and its name in the file. The number of the epoch is none of
/// them, because tools count in different ways, and rows are compared by [`Curve::epochs`].
fn columns(curve: &Curve) -> Vec<(&str, &str)> {
    let named = curve.columns.iter().map(|column| match column.trim() {
        "learning_rate" if !curve.columns.iter().any(|it| it.trim() == LR) => (LR, column.as_str()),
        name => (name, column.as_str()),
    });
    named.filter(|(name, _)| *name != "epoch").collect()
}

/// Returns a sentence on the first epoch and column in which the curves differ.
fn curves(a: &Run, b: &Run) -> String {
    let (of_a, of_b) = (columns(&a.curve), columns(&b.curve));
    let only = |own: &[(&str, &str)], others: &[(&str, &str)]| {
        let own = own.iter().filter(|(name, _)| !others.iter().any(|(other, _)| other == name));
        own.map(|(name, _)| (*name).to_owned()).collect::<Vec<_>>()
    };
    let shared = of_a.iter().filter_map(|(name, in_a)| {
        let (_, in_b) = of_b.iter().find(|(other, _)| other == name)?;
        (!TIMES.contains(name)).then_some((*name, *in_a, *in_b))
    });
    let columns: Vec<(&str, &str, &str)> = shared.collect();
    let mut note = String::new();
    for (name, run) in [("a", a), ("b", b)] {
        if let Some(line) = run.curve.cut {
            note += &format!(" The last row of {name}, in line {line}, is cut off and not read.");
        }
    }
    for (name, own) in [("a", only(&of_a, &of_b)), ("b", only(&of_b, &of_a))] {
        if !own.is_empty() {
            note += &format!(" Only {name} has {}.", own.join(", "));
        }
    }
    if columns.is_empty() {
        return format!("The curves have no column in common.{note}");
    }
    let ends = (a.curve.epochs().next_back(), b.curve.epochs().next_back());
    let both = a.curve.epochs().filter(|epoch| b.curve.epochs().any(|it| it == *epoch));
    for epoch in both {
        for (name, in_a, in_b) in &columns {
            let (x, y) = (a.curve.value(epoch, in_a), b.curve.value(epoch, in_b));
            let is_same = match (x, y) {
                (Some(x), Some(y)) => x == y || x.is_nan() && y.is_nan(),
                (x, y) => x.is_none() && y.is_none(),
            };
            if !is_same {
                let shown = |value: Option<f64>| value.map_or_else(|| "no value".to_owned(), exact);
                return format!(
                    "The curves differ from epoch {epoch} on: {} is {} in a and {} in b.{note}",
                    name,
                    shown(x),
                    shown(y)
                );
            }
        }
    }
    match ends {
        (Some(a), Some(b)) if a != b => {
            format!("The curves are the same up to epoch {}, where the shorter one ends.{note}", a.min(b))
        }
        _ => format!("The curves are the same, digit by digit.{note}"),
    }
}

/// Returns the differences as text that ends in a line break.
pub fn shown(difference: &Difference) -> String {
    let mut text = String::new();
    for (head, lines) in &difference.parts {
        text += &format!("{head}\n");
        lines.iter().for_each(|line| text += &format!("  {line}\n"));
    }
    if difference.parts.is_empty() {
        text += "The runs have the same spec, data, seed, machine, versions and status.\n";
    }
    text + &format!("{}\n", difference.curves)
}
