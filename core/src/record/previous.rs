//! The previous results of a folder while a run with `--force` replaces them. They are moved to `.previous` and are
//! removed when the new run has an epoch, so that a run which fails before that replaces nothing. The program may crash
//! at any point: the next command then restores or removes them.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

use super::files::{MOVING, PREVIOUS, REMOVED, RESULTS};

/// The names of all folders that hold previous results.
pub const NAMES: [&str; 3] = [PREVIOUS, MOVING, REMOVED];

/// Returns whether complete previous results were moved away in the folder `path`. Results next to them belong to the
/// new run.
pub fn exist(path: &Path) -> bool {
    path.join(PREVIOUS).exists()
}

/// Returns whether the folder `path` still holds previous results, which must be restored or removed first.
pub fn are_pending(path: &Path) -> bool {
    NAMES.iter().any(|name| path.join(name).exists())
}

/// Moves the results in `path` away. If previous results were moved away already, they are kept. The results in `path`
/// are then removed, because their run never had an epoch.
pub fn move_away(path: &Path) -> io::Result<()> {
    if exist(path) {
        return remove_results(path);
    }
    if !RESULTS.iter().any(|name| path.join(name).exists()) {
        return Ok(());
    }
    let moving = path.join(MOVING);
    fs::create_dir_all(&moving)?;
    move_each(RESULTS.iter(), path, &moving)?;
    fs::rename(moving, path.join(PREVIOUS))
}

/// Restores the previous results and removes what the new run left.
pub fn restore(path: &Path) -> io::Result<()> {
    ignore_missing(fs::remove_dir_all(path.join(REMOVED)))?;
    let moving = path.join(MOVING);
    if exist(path) {
        remove_results(path)?;
        fs::rename(path.join(PREVIOUS), &moving)?;
    }
    if moving.exists() {
        // The spec is moved first, because without it the other files would not belong to a run.
        move_each(RESULTS.iter().rev(), &moving, path)?;
        fs::remove_dir_all(&moving)?;
    }
    Ok(())
}

/// Removes the previous results. They are renamed first, because an incomplete set must never be restored.
pub fn remove(path: &Path) -> io::Result<()> {
    let removed = path.join(REMOVED);
    match fs::rename(path.join(PREVIOUS), &removed) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        renamed => renamed.and_then(|()| fs::remove_dir_all(&removed)),
    }
}

fn move_each<'a>(names: impl Iterator<Item = &'a &'a str>, from: &Path, to: &Path) -> io::Result<()> {
    for name in names {
        ignore_missing(fs::rename(from.join(name), to.join(name)))?;
    }
    Ok(())
}

fn remove_results(path: &Path) -> io::Result<()> {
    for name in RESULTS {
        let path = path.join(name);
        ignore_missing(if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) })?;
    }
    Ok(())
}

/// Turns the error that there is nothing to move or remove into a success.
fn ignore_missing(done: io::Result<()>) -> io::Result<()> {
    match done {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

#[cfg(test)]
mod tests {
    use super::super::files::{EPOCHS_CSV, RUN_JSON, SPEC_TOML};
    use super::*;

    fn write(path: &Path, names: &[&str], text: &str) {
        for name in names {
            let file = path.join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
    }

    /// Returns every file with its text.
    fn files(path: &Path) -> Vec<(String, String)> {
        let mut files = Vec::new();
        for entry in fs::read_dir(path).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            match path.is_dir() {
                true => {
                    files.extend(self::files(&path).into_iter().map(|(file, text)| (format!("{name}/{file}"), text)))
                }
                false => files.push((name, fs::read_to_string(&path).unwrap())),
            }
        }
        files.sort();
        files
    }

    #[test]
    fn restored_results_do_not_mix_with_the_new_run() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        write(path, &[RUN_JSON, SPEC_TOML, "notes.txt"], "old");
        let old = files(path);
        move_away(path).unwrap();
        assert!(exist(path) && !path.join(RUN_JSON).exists());
        // The new run has a checkpoint, and the old one has none.
        write(path, &[RUN_JSON, SPEC_TOML, EPOCHS_CSV, "checkpoint/1/state.json"], "new");
        // A second new run has a checkpoint, too.
        move_away(path).unwrap();
        write(path, &[SPEC_TOML, "checkpoint/1/state.json"], "newer");
        restore(path).unwrap();
        assert_eq!(files(path), old);
        move_away(path).unwrap();
        write(path, &[SPEC_TOML], "new");
        remove(path).unwrap();
        restore(path).unwrap();
        assert_eq!(files(path), [("notes.txt".to_owned(), "old".to_owned()), (SPEC_TOML.to_owned(), "new".to_owned())]);
    }

    #[test]
    fn half_moved_results_are_restored() {
        let all = ["checkpoint/1/state.json", EPOCHS_CSV, RUN_JSON, SPEC_TOML];
        for moved in 0..=all.len() {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path();
            write(path, &all[moved..], "old");
            write(&path.join(MOVING), &all[..moved], "old");
            fs::create_dir_all(path.join(MOVING)).unwrap();
            restore(path).unwrap();
            assert_eq!(files(path).iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), all);
            assert!(!are_pending(path));
        }
    }
}
