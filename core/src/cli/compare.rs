//! `lr-run compare RUN…`: says which strategy is best, and how sure that is.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use super::compare_args::{CompareArgs, ReportFormat};
use super::output::OutputKind;
use super::terminal::chart_options;
use super::{Error, print};
use crate::compare::{Options, Report, compare as compare_runs, show, tensorboard};
use crate::exit::Exit;
use crate::optimizer::REGISTRY;
use crate::record::atomic_write;
use crate::spec::{Log, Section, Spec, lookup};

/// The pictures of a comparison.
const PICTURE: OutputKind =
    OutputKind { extension: "svg", noun: "picture", mark: show::svg::MARK, command: "lr-run compare --svg" };

/// Prints the comparison of runs. A run that is left out is a failure, after the others are compared.
pub fn compare(args: &CompareArgs) -> Result<Exit, Error> {
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
        charts: args.format.is_text() || args.svg.is_some(),
        default_lr: Some(default_lr),
    };
    let report = compare_runs(&args.runs, &options).map_err(Error::usage)?;
    if let Some(folder) = &args.tensorboard {
        let written = tensorboard(&report, folder).map_err(Error::failed)?;
        let files = if written == 1 { "event file" } else { "event files" };
        let _ = writeln!(io::stderr(), "{written} {files} written: tensorboard --logdir {}", folder.display());
    }
    let text = match args.format {
        ReportFormat { csv: true, .. } => show::csv(&report),
        ReportFormat { json: true, .. } => show::json(&report),
        ReportFormat { markdown: true, .. } => show::markdown(&report, args.pairs),
        ReportFormat { latex: true, .. } => show::latex(&report, args.pairs),
        _ => show::terminal(&report, args.pairs, chart_options()),
    };
    if let Some(folder) = &args.svg {
        let names = write_pictures(folder, &report)?;
        let _ = writeln!(io::stderr(), "wrote {} in {}", names.join(", "), folder.display());
    }
    print(&text);
    Ok(if report.left_out.is_empty() { Exit::Success } else { Exit::Failed })
}

/// Writes the pictures of a report into `folder`, and returns their names. Writes none if the name of one is taken by
/// another file.
fn write_pictures(folder: &Path, report: &Report) -> Result<Vec<String>, Error> {
    let cannot = |error: &dyn std::fmt::Display| Error::failed(format!("{}: {error}", folder.display()));
    let pictures = show::svg::pictures(report).map_err(|error| cannot(&error))?;
    if folder.exists() && !folder.is_dir() {
        return Err(Error::usage(format!("{} is not a folder: --svg names a folder for pictures", folder.display())));
    }
    fs::create_dir_all(folder).map_err(|error| cannot(&error))?;
    for picture in &pictures {
        PICTURE.may_be_written(&folder.join(&picture.name))?;
    }
    for picture in &pictures {
        atomic_write(&folder.join(&picture.name), picture.svg.as_bytes()).map_err(Error::failed)?;
    }
    Ok(pictures.into_iter().map(|it| it.name).collect())
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
    use super::*;

    /// Returns the names in a folder, in order.
    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(folder).unwrap().map(|it| it.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn report(folder: &Path) -> Report {
        for (name, last) in [("a", 0.5), ("b", 0.6)] {
            let text = format!("epoch,val_accuracy,lr\n1,0.4,0.1\n2,{last},0.05\n");
            fs::write(folder.join(format!("{name}.csv")), text).unwrap();
        }
        let options = Options { charts: true, ..Options::default() };
        compare_runs(&[folder.to_owned()], &options).unwrap()
    }

    #[test]
    fn pictures_are_written_and_replaced() {
        let place = tempfile::tempdir().unwrap();
        let report = report(place.path());
        let folder = place.path().join("a/new/folder");
        assert_eq!(write_pictures(&folder, &report).unwrap(), ["curves.svg", "intervals.svg"]);
        assert_eq!(names(&folder), ["curves.svg", "intervals.svg"]);
        let before = fs::read(folder.join("curves.svg")).unwrap();
        write_pictures(&folder, &report).unwrap();
        assert_eq!(fs::read(folder.join("curves.svg")).unwrap(), before, "the same report has the same picture");
    }

    #[test]
    fn a_picture_of_someone_else_is_left_as_it_is() {
        let place = tempfile::tempdir().unwrap();
        let report = report(place.path());
        let folder = place.path().join("pictures");
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("intervals.svg"), "<svg>mine</svg>").unwrap();
        let error = write_pictures(&folder, &report).unwrap_err();
        assert!(error.message().contains("intervals.svg exists and is not a picture of"), "{}", error.message());
        assert_eq!(error.exit, Exit::Usage);
        assert_eq!(fs::read_to_string(folder.join("intervals.svg")).unwrap(), "<svg>mine</svg>");
        assert_eq!(names(&folder), ["intervals.svg"], "nothing else is written");
        let error = write_pictures(&place.path().join("a.csv"), &report).unwrap_err();
        assert!(error.message().contains("is not a folder"), "{}", error.message());
    }
}
