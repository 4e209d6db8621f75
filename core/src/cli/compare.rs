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

/// Prints the comparison of runs, and writes the files that are asked for. A run that is left out is a failure, after the
/// others are compared.
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

/// Returns the learning rate that an optimizer has if the spec sets none.
fn default_lr(optimizer: &str) -> Option<f64> {
    let text = format!("[optimizer]\ntype = {}\n", toml::Value::from(optimizer));
    let spec = Spec::parse(Path::new("default.toml"), &text, &[]).ok()?;
    let log = Log::default();
    let mut root = Section::root(&spec.table, &log);
    let mut section = root.section("optimizer")?;
    let method = lookup(REGISTRY, "optimizer", &mut section).and_then(|entry| (entry.build)(&mut section))?;
    (log.errors() == 0).then(|| method.lr())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use clap::Parser;

    use super::*;
    use crate::cli::{Cli, Command};

    /// Runs `lr-run compare` on a curve in `folder`, and writes a page with the name `html`.
    fn compared(folder: &Path, html: &str) -> Result<Exit, Error> {
        let runs = folder.join("curve.csv");
        fs::write(&runs, "epoch,val_accuracy\n1,0.5\n2,0.6\n").unwrap();
        let html = folder.join(html);
        let line = [Path::new("lr-run"), Path::new("compare"), &runs, Path::new("--csv"), Path::new("--html"), &html];
        match Cli::try_parse_from(line).unwrap().command {
            Some(Command::Compare(args)) => compare(&args),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_page_replaces_pages_only() {
        let folder = tempfile::tempdir().unwrap();
        let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
        let refused = |name: &str| {
            let error = compared(folder.path(), name).unwrap_err();
            assert_eq!(error.exit, Exit::Usage);
            error.message().to_owned()
        };
        fs::write(folder.path().join("mine.html"), "<!doctype html>\n<p>mine").unwrap();
        assert!(refused("mine.html").contains("exists and is not a page of `lr-run compare`"));
        assert_eq!(read("mine.html"), "<!doctype html>\n<p>mine");
        assert!(refused("page.svg").contains("is not a name for an HTML page"));
        assert!(refused("missing/page.html").contains("there is no folder"));
        if show::can_write().is_err() {
            let message = refused("page.html");
            assert!(message.contains("no uPlot") && message.contains("scripts/setup-uplot"), "{message}");
            assert!(!folder.path().join("page.html").exists());
            return;
        }
        fs::write(folder.path().join("page.html"), format!("{HTML_MARK}an earlier one")).unwrap();
        assert_eq!(compared(folder.path(), "page.html").unwrap(), Exit::Success);
        assert!(read("page.html").contains("\"label\":\"curve\""));
    }
}
