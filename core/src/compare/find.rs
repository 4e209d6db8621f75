//! Finds runs and curves, and reads them on all cores.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use globset::GlobBuilder;

use super::run::{LeftOut, Run};
use crate::record::{Curve, RUN_JSON};

/// The runs that were found and read, and the reasons why others could not be read. At least one of the lists is not
/// empty.
#[derive(Debug, Default)]
pub struct Found {
    pub runs: Vec<Run>,
    pub left_out: Vec<LeftOut>,
}

/// The reason why nothing can be compared.
#[derive(Debug, thiserror::Error)]
pub enum CompareError {
    #[error("there is no file or folder {}", path.display())]
    Missing { path: PathBuf },
    #[error("cannot look for runs in {}: {}", path.display(), reason(source))]
    Folder { path: PathBuf, source: io::Error },
    #[error(
        "no runs found under {}: no folder has a {RUN_JSON}, and no file is a curve (*.csv or trainer_state.json)",
        path.display()
    )]
    NoRuns { path: PathBuf },
    #[error("`{pattern}` is not a valid pattern: {reason}")]
    Pattern { pattern: String, reason: String },
    #[error("{0}")]
    Options(String),
}

/// Returns an error of the operating system in plain words.
fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::PermissionDenied => "you may not read it".to_owned(),
        io::ErrorKind::NotADirectory => "it is not a folder".to_owned(),
        _ => error.to_string(),
    }
}

/// Finds and reads the runs and curves in and under `paths`, each once, in the order of `paths`. A path may be a
/// folder, the file of a curve, or a pattern such as `results/*/seed=1`. In and under a folder, curves are only read if
/// there are no runs.
pub fn find(paths: &[PathBuf]) -> Result<Found, CompareError> {
    let mut all = Vec::new();
    for path in paths {
        let mut found = Vec::new();
        for path in expanded(path)? {
            match path.is_file() {
                true => found.push(path),
                false => found.extend(runs_under(&path)?),
            }
        }
        if found.is_empty() {
            return Err(CompareError::NoRuns { path: path.clone() });
        }
        all.extend(found);
    }
    // One path leads to each run once.
    if paths.len() > 1 {
        let mut seen = BTreeSet::new();
        all.retain(|path| seen.insert(fs::canonicalize(path).unwrap_or_else(|_| path.clone())));
    }
    let mut found = Found::default();
    for result in read_all(&all) {
        match result {
            Ok(run) => found.runs.push(run),
            Err(reason) => found.left_out.push(reason),
        }
    }
    Ok(found)
}

/// Reads runs on all cores. The results are in the order of `paths`.
fn read_all(paths: &[PathBuf]) -> Vec<Result<Run, LeftOut>> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let share = paths.len().div_ceil(threads).max(1);
    let read = |paths: &[PathBuf]| paths.iter().map(|path| Run::read(path)).collect::<Vec<_>>();
    std::thread::scope(|scope| {
        let workers: Vec<_> = paths.chunks(share).map(|paths| scope.spawn(move || read(paths))).collect();
        let results = workers.into_iter().map(|worker| worker.join());
        results.flat_map(|result| result.unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    })
}

/// Returns `path` if it exists. Otherwise, returns the paths that match it as a pattern, sorted.
fn expanded(path: &Path) -> Result<Vec<PathBuf>, CompareError> {
    let text = path.to_string_lossy();
    if path.exists() {
        return Ok(vec![path.to_owned()]);
    }
    if !text.contains(['*', '?', '[', '{']) {
        return Err(CompareError::Missing { path: path.to_owned() });
    }
    let invalid =
        |error: globset::Error| CompareError::Pattern { pattern: text.to_string(), reason: error.kind().to_string() };
    let pattern = GlobBuilder::new(&text).literal_separator(true).build().map_err(invalid)?.compile_matcher();
    let is_plain = |part: &Component<'_>| !part.as_os_str().to_string_lossy().contains(['*', '?', '[', '{']);
    let base: PathBuf = path.components().take_while(is_plain).collect();
    let depth = path.components().count();
    let mut matched = Vec::new();
    let mut open = vec![base];
    while let Some(folder) = open.pop() {
        let here = if folder.as_os_str().is_empty() { Path::new(".") } else { &folder };
        for (path, _) in entries(here)? {
            let path = path.strip_prefix("./").map(Path::to_owned).unwrap_or(path);
            if pattern.is_match(&path) {
                matched.push(path);
            } else if path.is_dir() && (path.components().count() < depth || text.contains("**")) {
                open.push(path);
            }
        }
    }
    matched.sort();
    Ok(matched)
}

/// Returns the folders of runs in and under `path` or, if there are none, the files of curves there.
fn runs_under(path: &Path) -> Result<Vec<PathBuf>, CompareError> {
    let (mut folders, mut curves) = (Vec::new(), Vec::new());
    walk(path, &mut folders, &mut curves)?;
    if folders.is_empty() { Ok(curves) } else { Ok(folders) }
}

/// Adds the run folders and the curves in and under `path`. Links below `path` are not followed, because they may form
/// a loop.
fn walk(path: &Path, folders: &mut Vec<PathBuf>, curves: &mut Vec<PathBuf>) -> Result<(), CompareError> {
    let entries = entries(path)?;
    if entries.iter().any(|(entry, _)| entry.file_name().is_some_and(|it| it == RUN_JSON) && entry.is_file()) {
        folders.push(path.to_owned());
    }
    for (path, kind) in entries {
        if kind.is_dir() {
            walk(&path, folders, curves)?;
        } else if kind.is_file() && Curve::is_named_as_one(&path) {
            curves.push(path);
        }
    }
    Ok(())
}

/// Returns the content of a folder, sorted, without hidden files and folders. The hidden folder `.previous` holds the
/// results that `--force` replaced. The type of a link is that of the link itself.
fn entries(folder: &Path) -> Result<Vec<(PathBuf, fs::FileType)>, CompareError> {
    let error = |source| CompareError::Folder { path: folder.to_owned(), source };
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(error)? {
        let entry = entry.map_err(error)?;
        if !entry.file_name().to_string_lossy().starts_with('.') {
            // The folder has told the type already: this asks the system nothing.
            found.push((entry.path(), entry.file_type().map_err(error)?));
        }
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(found)
}
