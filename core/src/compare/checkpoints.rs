//! The checkpoints of transformers' Trainer. Each has the log of its run so far, so only the last one is read.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The state of the Trainer, in the folder of a checkpoint and, at the end, in the folder of the run.
const STATE: &str = "trainer_state.json";

/// Returns `paths` without the checkpoints that have a later one in the same folder, or the state at the end of the
/// run. A path that is left of several checkpoints has a note that says so.
pub fn last_checkpoints(paths: Vec<PathBuf>) -> Vec<(PathBuf, Option<String>)> {
    // For each run, the number of its checkpoints and the highest of their numbers.
    let mut runs: BTreeMap<PathBuf, (usize, u64)> = BTreeMap::new();
    for (run, number) in paths.iter().filter_map(|path| checkpoint(path)) {
        let (count, highest) = runs.entry(run.to_owned()).or_default();
        *count += 1;
        *highest = number.max(*highest);
    }
    if runs.is_empty() {
        return paths.into_iter().map(|path| (path, None)).collect();
    }
    let has_end = |run: &Path| paths.contains(&run.join(STATE));
    let ended: Vec<PathBuf> = runs.keys().filter(|run| has_end(run)).cloned().collect();
    let kept = |path: PathBuf| {
        let note = match checkpoint(&path) {
            Some((run, number)) => {
                let (count, highest) = runs[run];
                if ended.iter().any(|it| it == run) || number < highest {
                    return None;
                }
                (count > 1).then(|| format!("it is the last of {count} checkpoints"))
            }
            None => {
                let run = path.parent().filter(|_| path.ends_with(STATE));
                let checkpoints = run.and_then(|run| runs.get(run));
                checkpoints.map(|(count, _)| format!("its checkpoints are not read ({count})"))
            }
        };
        Some((path, note))
    };
    paths.into_iter().filter_map(kept).collect()
}

/// Returns the folder of the run and the number of a checkpoint. `None` if `path` is not the state of a checkpoint.
fn checkpoint(path: &Path) -> Option<(&Path, u64)> {
    let folder = path.parent().filter(|_| path.ends_with(STATE))?;
    let number = folder.file_name()?.to_str()?.strip_prefix("checkpoint-")?.parse().ok()?;
    Some((folder.parent()?, number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_checkpoint_of_each_run_is_kept() {
        let kept = |paths: &[&str]| {
            let found = last_checkpoints(paths.iter().map(PathBuf::from).collect());
            let shown = |(path, note): (PathBuf, Option<String>)| match note {
                Some(note) => format!("{} ({note})", path.display()),
                None => path.display().to_string(),
            };
            found.into_iter().map(shown).collect::<Vec<_>>()
        };
        let [a, b, c] = [
            "one/checkpoint-1000/trainer_state.json",
            "one/checkpoint-500/trainer_state.json",
            "two/checkpoint-500/trainer_state.json",
        ];
        let last = format!("{a} (it is the last of 2 checkpoints)");
        assert_eq!(kept(&[a, b, c, "x/metrics.csv"]), [&last, c, "x/metrics.csv"]);
        let end = "one/trainer_state.json";
        assert_eq!(kept(&[a, b, end]), [format!("{end} (its checkpoints are not read (2))")]);
        assert_eq!(kept(&["checkpoint-x/trainer_state.json"]), ["checkpoint-x/trainer_state.json"]);
    }
}
