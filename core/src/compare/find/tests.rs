use super::super::tests::write_seeds;
use super::*;

const CURVE: &str = "epoch,val_accuracy\n1,0.5\n2,0.6\n";

/// Writes `text` to a file below `folder`.
fn write(folder: &Path, name: &str, text: impl AsRef<[u8]>) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// Returns the paths of the runs and the reasons, both without the folder `root`.
fn found(root: &Path, paths: &[&str]) -> (Vec<String>, Vec<String>) {
    let paths: Vec<PathBuf> = paths.iter().map(|path| root.join(path)).collect();
    let found = find(&paths).unwrap();
    let short = |text: String| text.replace(&format!("{}/", root.display()), "");
    let runs = found.runs.iter().map(|run| short(run.path.display().to_string())).collect();
    (runs, found.left_out.iter().map(|reason| short(reason.to_string())).collect())
}

#[test]
fn a_curve_next_to_runs_is_named() {
    let root = tempfile::tempdir().unwrap();
    write_seeds(&root.path().join("all"), "step", &[0.5]);
    write(root.path(), "all/a.csv", CURVE);
    write(root.path(), "all/step/seed=1/more/own.csv", CURVE);
    let (runs, left_out) = found(root.path(), &["all"]);
    assert_eq!(runs, ["all/step/seed=1"]);
    assert_eq!(left_out, ["all/a.csv: a curve next to runs is not compared: name it"]);
    let (runs, left_out) = found(root.path(), &["all", "all/a.csv"]);
    assert_eq!((runs.len(), left_out.len()), (2, 0));
}

#[test]
#[cfg(unix)]
fn links_are_followed_once_and_loops_end() {
    use std::os::unix::fs::symlink;
    let root = tempfile::tempdir().unwrap();
    let all = root.path().join("all");
    write_seeds(&root.path().join("elsewhere"), "step", &[0.5]);
    write_seeds(&all, "step", &[0.5]);
    symlink("../elsewhere/step", all.join("linked")).unwrap();
    symlink("step/seed=1", all.join("latest")).unwrap();
    symlink("..", all.join("up")).unwrap();
    symlink("nowhere", all.join("broken")).unwrap();
    symlink("../../all", root.path().join("elsewhere/step/back")).unwrap();
    let (runs, left_out) = found(root.path(), &["all"]);
    assert_eq!(runs, ["all/linked/seed=1", "all/step/seed=1"]);
    assert_eq!(left_out, Vec::<String>::new());
}

#[test]
fn an_empty_folder_and_a_row_that_is_cut_off_are_named() {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join("empty")).unwrap();
    write(root.path(), "a.csv", format!("{CURVE}3"));
    let (runs, left_out) = found(root.path(), &["empty", "a.csv"]);
    assert_eq!(runs, ["a.csv"]);
    assert!(left_out[0].starts_with("no runs found under "), "{left_out:?}");
    assert_eq!(left_out[1..], ["a.csv:4: the last row is cut off and not read"]);
    let error = find(&[root.path().join("empty")]).unwrap_err().to_string();
    assert!(error.starts_with("no runs found under "), "{error}");
}

#[test]
fn a_run_that_cannot_be_read_is_named_in_plain_words() {
    let root = tempfile::tempdir().unwrap();
    write_seeds(root.path(), "step", &[0.5, 0.5, 0.5]);
    fs::remove_file(root.path().join("step/seed=1/epochs.csv")).unwrap();
    write(root.path(), "step/seed=2/epochs.csv", b"\xff\xfe");
    write(root.path(), "step/seed=3/run.json", "{\n");
    let expected = [
        "step/seed=1/epochs.csv is missing: the run has no curve",
        "step/seed=2/epochs.csv is not a text file",
        "step/seed=3/run.json is not complete: it ends in line 2",
    ];
    assert_eq!(found(root.path(), &["step"]).1, expected);
    let error = |name: &str| Run::read(&root.path().join(name)).unwrap_err().to_string();
    let said = error("step");
    assert!(said.starts_with("there is no run in ") && said.ends_with("/step: it has no run.json"), "{said}");
    let said = error("missing");
    assert!(said.starts_with("there is no ") && said.ends_with("/missing"), "{said}");
}

#[test]
fn only_the_last_checkpoint_of_a_run_is_read() {
    let root = tempfile::tempdir().unwrap();
    let state = r#"{"log_history": [{"epoch": 1.0, "eval_loss": 0.9, "step": 100}]}"#;
    for number in [500, 1000] {
        write(root.path(), &format!("bert/checkpoint-{number}/trainer_state.json"), state);
    }
    let read = find(&[root.path().to_owned()]).unwrap();
    assert_eq!((read.runs.len(), read.left_out.len()), (1, 0));
    assert!(read.runs[0].path.ends_with("bert/checkpoint-1000/trainer_state.json"));
    let note = read.runs[0].curve.note.as_deref().unwrap();
    assert!(note.ends_with("; it is the last of 2 checkpoints"), "{note}");
}
