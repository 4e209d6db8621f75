//! `lr-run compare RUN…`: says which strategy is best, and how sure that is.

use std::io::{self, Write};
use std::path::Path;

use super::compare_args::{CompareArgs, ReportFormat};
use super::terminal::chart_options;
use super::{Error, compare_files, print};
use crate::compare::{Options, compare as compare_runs, show};
use crate::exit::Exit;
use crate::optimizer::REGISTRY;
use crate::spec::{Log, Section, Spec, lookup};

/// Prints the comparison of runs, and writes the files that the user asks for. If a run is left out, the others are
/// compared, and the result is [`Exit::Failed`].
pub fn compare(args: &CompareArgs) -> Result<Exit, Error> {
    compare_files::check(args)?;
    let options = Options {
        measure: args.measure,
        metric: args.metric,
        target: args.target,
        margin: args.margin,
        reference: args.reference.clone(),
        by: args.by.clone(),
        select_seeds: args.select_seeds.clone(),
        report_seeds: args.report_seeds.clone(),
        sensitivity: args.sensitivity.clone(),
        profile: args.profile,
        charts: args.format.is_text() || args.html.is_some() || args.svg.is_some(),
        default_lr: Some(default_lr),
    };
    let report = compare_runs(&args.runs, &options).map_err(Error::usage)?;
    let text = match args.format {
        ReportFormat { csv: true, .. } if args.pairs => show::csv_pairs(&report),
        ReportFormat { csv: true, .. } => show::csv(&report),
        ReportFormat { json: true, .. } => show::json(&report),
        ReportFormat { markdown: true, .. } => show::markdown(&report, args.pairs),
        ReportFormat { latex: true, .. } => show::latex(&report, args.pairs),
        _ => show::terminal(&report, args.pairs, chart_options()),
    };
    print(&text);
    // Standard output may be a table for another program.
    for line in compare_files::write(args, &report)? {
        let _ = writeln!(io::stderr(), "{line}");
    }
    Ok(if report.left_out.is_empty() { Exit::Success } else { Exit::Failed })
}

/// Returns the learning rate that `optimizer` has if the spec sets none. `None` if there is no such optimizer, or if
/// the spec must set more keys.
fn default_lr(optimizer: &str) -> Option<f64> {
    let text = format!("[optimizer]\ntype = {}\n", toml::Value::from(optimizer));
    let spec = Spec::parse(Path::new("default.toml"), &text, &[]).ok()?;
    let log = Log::default();
    let mut root = Section::root(&spec.table, &log);
    let mut section = root.section("optimizer")?;
    let method = lookup(REGISTRY, "optimizer", &mut section).and_then(|entry| (entry.build)(&mut section))?;
    (log.errors() == 0).then(|| method.lr())
}
