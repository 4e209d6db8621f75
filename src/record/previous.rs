//! Old results, which stand aside in `.previous` while a new run in their place has no epoch: one that fails before has
//! replaced nothing. Each step can be cut anywhere and is taken up again.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

use super::files::{MOVING, PREVIOUS, REMOVED, RESULTS};

/// Each of these folders.
pub const NAMES: [&str; 3] = [PREVIOUS, MOVING, REMOVED];

/// Whether old results stand aside in the folder `path`, whole, so that its own are those of a new run.
pub fn stand(path: &Path) -> bool {
    path.join(PREVIOUS).exists()
}

/// Whether what is in `path` has to be put right before it means anything.
pub fn are_open(path: &Path) -> bool {
    NAMES.iter().any(|name| path.join(name).exists())
}

/// Sets the results in `path` aside. Where older ones stand aside already, they stay: those in between never had an epoch.
pub fn set(path: &Path) -> io::Result<()> {
    if stand(path) {
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

/// Puts the old results back, in the place of all that the new run left.
pub fn put_back(path: &Path) -> io::Result<()> {
    gone(fs::remove_dir_all(path.join(REMOVED)))?;
    let moving = path.join(MOVING);
    if stand(path) {
        remove_results(path)?;
        fs::rename(path.join(PREVIOUS), &moving)?;
    }
    if moving.exists() {
        // The spec first: without it the others would be files of nobody's.
        move_each(RESULTS.iter().rev(), &moving, path)?;
        fs::remove_dir_all(&moving)?;
    }
    Ok(())
}

/// Removes the old results. Renamed first: half of them must not be put back.
pub fn forget(path: &Path) -> io::Result<()> {
    let removed = path.join(REMOVED);
    match fs::rename(path.join(PREVIOUS), &removed) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        renamed => renamed.and_then(|()| fs::remove_dir_all(&removed)),
    }
}

fn move_each<'a>(names: impl Iterator<Item = &'a &'a str>, from: &Path, to: &Path) -> io::Result<()> {
    for name in names {
        gone(fs::rename(from.join(name), to.join(name)))?;
    }
    Ok(())
}

fn remove_results(path: &Path) -> io::Result<()> {
    for name in RESULTS {
        let path = path.join(name);
        gone(if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) })?;
    }
    Ok(())
}

/// That there is nothing to move or to remove is no error.
fn gone(done: io::Result<()>) -> io::Result<()> {
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

    /// Every file with its text.
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
    fn nothing_of_the_new_run_is_left_among_the_old_results() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        write(path, &[RUN_JSON, SPEC_TOML, "notes.txt"], "old");
        let old = files(path);
        set(path).unwrap();
        assert!(stand(path) && !path.join(RUN_JSON).exists());
        // It has come to a checkpoint, which the old one had not.
        write(path, &[RUN_JSON, SPEC_TOML, EPOCHS_CSV, "checkpoint/1/state.json"], "new");
        // And so did a second one.
        set(path).unwrap();
        write(path, &[SPEC_TOML, "checkpoint/1/state.json"], "newer");
        put_back(path).unwrap();
        assert_eq!(files(path), old);
        set(path).unwrap();
        write(path, &[SPEC_TOML], "new");
        forget(path).unwrap();
        put_back(path).unwrap();
        assert_eq!(files(path), [("notes.txt".to_owned(), "old".to_owned()), (SPEC_TOML.to_owned(), "new".to_owned())]);
    }

    #[test]
    fn results_that_were_half_moved_are_put_back_whole() {
        let all = ["checkpoint/1/state.json", EPOCHS_CSV, RUN_JSON, SPEC_TOML];
        for moved in 0..=all.len() {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path();
            write(path, &all[moved..], "old");
            write(&path.join(MOVING), &all[..moved], "old");
            fs::create_dir_all(path.join(MOVING)).unwrap();
            put_back(path).unwrap();
            assert_eq!(files(path).iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), all);
            assert!(!are_open(path));
        }
    }
}
