//! Finds runs and curves, and reads them on all cores.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use globset::GlobBuilder;

use super::checkpoints::last_checkpoints;
use super::run::{LeftOut, Run, no_runs};
use crate::record::{Access, Curve, RUN_JSON, in_words};

/// The runs that were found and read, and the reasons why others, or parts of them, are not read. At least one of the
/// lists is not empty.
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
    #[error("cannot look for runs in {}: {}", path.display(), in_words(source, Access::Read))]
    Folder { path: PathBuf, source: io::Error },
    #[error("{}", no_runs(path))]
    NoRuns { path: PathBuf },
    #[error("`{pattern}` is not a valid pattern: {reason}")]
    Pattern { pattern: String, reason: String },
    #[error("{0}")]
    Options(String),
}

/// Finds and reads the runs and curves in and under `paths`, each once, in the order of `paths`. A path may be a
/// folder, the file of a curve, or a pattern such as `results/*/seed=1`. In and under a folder, curves are only read if
/// there are no runs. Returns an error if there is nothing under all paths.
pub fn find(paths: &[PathBuf]) -> Result<Found, CompareError> {
    let (mut all, mut beside, mut left_out) = (Vec::new(), Vec::new(), Vec::new());
    let mut places = 0;
    for path in paths {
        let before = all.len();
        for path in expanded(path)? {
            places += 1;
            if path.is_file() {
                all.push(path);
                continue;
            }
            let walk = Walk::through(&path)?;
            if walk.folders.is_empty() {
                all.extend(walk.curves);
            } else {
                all.extend(walk.folders);
                beside.extend(walk.curves);
            }
        }
        if all.len() == before {
            left_out.push(LeftOut::NoRuns { path: path.clone() });
        }
    }
    if let (true, Some(path)) = (all.is_empty(), paths.first()) {
        return Err(CompareError::NoRuns { path: path.clone() });
    }
    // One place leads to each run once.
    if places > 1 {
        let mut seen = BTreeSet::new();
        all.retain(|path| seen.insert(canonical(path)));
        // A curve that is named is not left out.
        beside.retain(|path| seen.insert(canonical(path)));
    }
    left_out.extend(last_checkpoints(beside).into_iter().map(|(path, _)| LeftOut::Beside { path }));
    let (all, notes): (Vec<PathBuf>, Vec<Option<String>>) = last_checkpoints(all).into_iter().unzip();
    let mut found = Found { runs: Vec::new(), left_out };
    for (result, note) in read_all(&all).into_iter().zip(notes) {
        match result {
            Ok(mut run) => {
                if let Some(line) = run.curve.cut.filter(|_| run.record.is_none()) {
                    found.left_out.push(LeftOut::Cut { path: run.path.clone(), line });
                }
                if let Some(note) = note {
                    let own = run.curve.note.unwrap_or_else(|| run.curve.file.clone());
                    run.curve.note = Some(format!("{own}; {note}"));
                }
                found.runs.push(run);
            }
            Err(reason) => found.left_out.push(reason),
        }
    }
    Ok(found)
}

/// Returns the path of a file or folder without links. Returns `path` if it has none.
fn canonical(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
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

/// What is in and under a folder.
#[derive(Default)]
struct Walk {
    /// The folders of runs, sorted.
    folders: Vec<PathBuf>,
    /// The files with the name of a curve, sorted, without those in and under the folder of a run.
    curves: Vec<PathBuf>,
    /// The links to files and folders, each with whether it is in or under the folder of a run.
    links: Vec<(PathBuf, bool)>,
}

impl Walk {
    /// Walks through `path` and everything under it, and follows links.
    fn through(path: &Path) -> Result<Walk, CompareError> {
        let mut walk = Walk::default();
        walk.add(path, false)?;
        if walk.links.is_empty() {
            return Ok(walk);
        }
        // Links are followed last, so that what is also found without a link keeps its own path.
        let mut visited = BTreeSet::from([canonical(path)]);
        while let Some((link, in_run)) = walk.links.pop() {
            // A link that leads nowhere is skipped.
            let Ok(target) = fs::canonicalize(&link) else { continue };
            if !target.is_dir() {
                walk.add_file(link, in_run);
                continue;
            }
            // A link to a folder around it is a loop.
            let is_loop = link.parent().is_some_and(|folder| canonical(folder).starts_with(&target));
            if !is_loop && visited.insert(target) {
                walk.add(&link, in_run)?;
            }
        }
        for found in [&mut walk.folders, &mut walk.curves] {
            let mut seen = BTreeSet::new();
            found.retain(|path| seen.insert(canonical(path)));
            found.sort();
        }
        Ok(walk)
    }

    /// Adds what is in and under `folder`, but does not follow links. `in_run` says whether `folder` is under the
    /// folder of a run.
    fn add(&mut self, folder: &Path, in_run: bool) -> Result<(), CompareError> {
        let entries = entries(folder)?;
        let is_record = |path: &Path| path.file_name().is_some_and(|it| it == RUN_JSON) && path.is_file();
        let is_run = entries.iter().any(|(path, _)| is_record(path));
        if is_run {
            self.folders.push(folder.to_owned());
        }
        let in_run = in_run || is_run;
        for (path, kind) in entries {
            if kind.is_dir() {
                self.add(&path, in_run)?;
            } else if kind.is_symlink() {
                self.links.push((path, in_run));
            } else if kind.is_file() {
                self.add_file(path, in_run);
            }
        }
        Ok(())
    }

    /// Adds a file if it has the name of a curve.
    fn add_file(&mut self, path: PathBuf, in_run: bool) {
        if !in_run && Curve::is_named_as_one(&path) {
            self.curves.push(path);
        }
    }
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

#[cfg(test)]
mod tests;
