//! The files that `lr-run compare` writes next to its report: a page, pictures, event files.

use std::fs;
use std::path::Path;

use super::Error;
use super::compare_args::CompareArgs;
use super::output::OutputKind;
use crate::compare::show::{self, HTML_MARK, NoCharts};
use crate::compare::{Report, tensorboard};
use crate::record::{Access, atomic_write, in_words};

/// The page of a comparison.
const PAGE: OutputKind =
    OutputKind { extension: "html", noun: "page", mark: HTML_MARK, command: "lr-run compare --html" };

/// The pictures of a comparison.
const PICTURE: OutputKind =
    OutputKind { extension: "svg", noun: "picture", mark: show::svg::MARK, command: "lr-run compare --svg" };

/// Refuses names that cannot be written, before runs are read.
pub fn check(args: &CompareArgs) -> Result<(), Error> {
    if let Some(path) = &args.html {
        PAGE.may_be_written(path)?;
        show::can_write().map_err(without_charts)?;
    }
    for (option, folder) in [("--svg", &args.svg), ("--tensorboard", &args.tensorboard)] {
        if let Some(folder) = folder.as_ref().filter(|folder| folder.exists() && !folder.is_dir()) {
            return Err(Error::usage(format!("{} is not a folder, and {option} names one", folder.display())));
        }
    }
    Ok(())
}

/// Writes the files that are asked for. Returns a sentence about each kind.
pub fn write(args: &CompareArgs, report: &Report) -> Result<Vec<String>, Error> {
    let mut lines = Vec::new();
    if let Some(path) = &args.html {
        let page = show::html(report).map_err(without_charts)?;
        atomic_write(path, page.as_bytes()).map_err(Error::failed)?;
        lines.push(format!("wrote {}", path.display()));
    }
    if let Some(folder) = &args.svg {
        let names = write_pictures(folder, report)?;
        lines.push(format!("wrote {} in {}", names.join(", "), folder.display()));
    }
    if let Some(folder) = &args.tensorboard {
        let written = tensorboard(report, folder).map_err(Error::failed)?;
        let files = if written == 1 { "event file" } else { "event files" };
        lines.push(format!("wrote {written} {files}: tensorboard --logdir {}", folder.display()));
    }
    Ok(lines)
}

fn without_charts(error: NoCharts) -> Error {
    Error::usage(error).with_help("in the repository, run scripts/setup-uplot (it needs npm), then build lr-run again")
}

/// Writes the pictures of a report into `folder`, and returns their names. Writes none if the name of one is taken by
/// another file.
fn write_pictures(folder: &Path, report: &Report) -> Result<Vec<String>, Error> {
    let cannot = |error: &dyn std::fmt::Display| Error::failed(format!("{}: {error}", folder.display()));
    let pictures = show::svg::pictures(report).map_err(|error| cannot(&error))?;
    fs::create_dir_all(folder).map_err(|error| cannot(&in_words(&error, Access::Write)))?;
    for picture in &pictures {
        PICTURE.may_be_written(&folder.join(&picture.name))?;
    }
    for picture in &pictures {
        atomic_write(&folder.join(&picture.name), picture.svg.as_bytes()).map_err(Error::failed)?;
    }
    Ok(pictures.into_iter().map(|it| it.name).collect())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::{Cli, Command};
    use crate::compare::{Options, compare};
    use crate::exit::Exit;

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
        compare(&[folder.to_owned()], &options).unwrap()
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
    }
    /// Runs `lr-run compare` on a curve in `folder`, and writes a page with the name `html`.
    fn compared(folder: &Path, html: &str) -> Result<Exit, Error> {
        let runs = folder.join("curve.csv");
        fs::write(&runs, "epoch,val_accuracy\n1,0.5\n2,0.6\n").unwrap();
        let html = folder.join(html);
        let line = [Path::new("lr-run"), Path::new("compare"), &runs, Path::new("--csv"), Path::new("--html"), &html];
        match Cli::try_parse_from(line).unwrap().command {
            Some(Command::Compare(args)) => super::super::compare::compare(&args),
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
        assert!(refused("mine.html").contains("exists and is not a page of `lr-run compare --html`"));
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
