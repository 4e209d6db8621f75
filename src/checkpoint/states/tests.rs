use serde_json::json;
use tch::Tensor;

use super::*;

fn provenance() -> Provenance {
    Provenance {
        lr_run: "0.1.0".into(),
        libtorch: "2.11.0".into(),
        device: "cpu".into(),
        threads: 2,
        data_fingerprint: "ab".into(),
        spec_fingerprint: "cd".into(),
        epochs_csv_bytes: 80,
    }
}

/// A state after `step` steps.
fn state(step: u64) -> State {
    let values = json!({
        "position": { "epoch": 1, "step": step, "step_in_epoch": step, "evaluated": false },
        "meter": { "examples": 3.0, "loss": 0.1, "metric": 2.0 },
        "groups": [{ "lr": null }],
        "optimizer": { "steps": step, "rule": [null] },
        "watch": { "best": null, "since": 0 },
        "early": null,
        "reached": null,
        "last": null,
    });
    let tensors = vec![("model/weight".to_owned(), Tensor::from_slice(&[step as f32, 0.1]))];
    State { values: serde_json::from_value(values).unwrap(), seconds: Seconds::default(), tensors }
}

fn found(folder: &Path) -> (Checkpoints, Option<u64>, Vec<String>) {
    let (checkpoints, checkpoint, problems) = Checkpoints::find(folder).unwrap();
    let step = checkpoint.map(|checkpoint| {
        assert_eq!(checkpoint.provenance, provenance());
        let step = checkpoint.state.values.position.step;
        assert_eq!(checkpoint.state.tensors[0].1.double_value(&[0]), step as f64);
        step
    });
    (checkpoints, step, problems)
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder.join(CHECKPOINT)).unwrap();
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// A run's folder with states after 10, 20 and 30 steps.
fn three() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let (mut checkpoints, none, _) = found(folder.path());
    assert_eq!(none, None);
    [10, 20, 30].into_iter().for_each(|step| checkpoints.save(&provenance(), &state(step)).unwrap());
    folder
}

#[test]
fn the_two_newest_states_are_kept() {
    let folder = three();
    assert_eq!(names(folder.path()), ["2", "3"]);
    let (mut checkpoints, step, problems) = found(folder.path());
    assert_eq!((step, problems.len()), (Some(30), 0));
    checkpoints.save(&provenance(), &state(40)).unwrap();
    assert_eq!(names(folder.path()), ["3", "4"]);
    assert_eq!(found(folder.path()).1, Some(40));
    checkpoints.remove().unwrap();
    assert_eq!(found(folder.path()).1, None);
}

#[test]
fn a_flipped_bit_or_a_missing_file_is_detected() {
    for name in [JSON, TENSORS, SUMS] {
        for missing in [false, true] {
            let folder = three();
            let path = folder.path().join(CHECKPOINT).join("3").join(name);
            let mut bytes = fs::read(&path).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            if missing { fs::remove_file(&path) } else { fs::write(&path, bytes) }.unwrap();
            let (mut checkpoints, step, problems) = found(folder.path());
            assert_eq!(step, Some(20), "{name}");
            assert!(problems[0].contains("checkpoint/3: "), "{problems:?}");
            // The damaged state is not one of the two that are kept.
            checkpoints.save(&provenance(), &state(30)).unwrap();
            assert_eq!(names(folder.path()), ["2", "4"]);
            assert_eq!(found(folder.path()).1, Some(30));
        }
    }
}

#[test]
fn without_an_intact_state_finding_fails() {
    let folder = three();
    for number in ["2", "3"] {
        fs::write(folder.path().join(CHECKPOINT).join(number).join(TENSORS), "").unwrap();
    }
    let error = Checkpoints::find(folder.path()).unwrap_err().to_string();
    assert!(
        error.contains("checkpoint/2: ") && error.contains("checkpoint/3: ") && error.contains("--force"),
        "{error}"
    );
}

#[test]
fn another_version_is_an_error() {
    for version in ["1", "\"x\""] {
        let folder = three();
        let path = folder.path().join(CHECKPOINT).join("3");
        let text = fs::read_to_string(path.join(JSON)).unwrap();
        let text = text.replacen(&format!("\"version\": {VERSION}"), &format!("\"version\": {version}"), 1);
        fs::write(path.join(JSON), &text).unwrap();
        let tensors = fs::read(path.join(TENSORS)).unwrap();
        fs::write(path.join(SUMS), sums(&[(JSON, text.as_bytes()), (TENSORS, &tensors)])).unwrap();
        let error = Checkpoints::find(folder.path()).unwrap_err().to_string();
        assert!(error.contains(&format!("has version {version}, this lr-run reads version {VERSION}")), "{error}");
    }
}

#[test]
fn a_half_written_state_is_ignored_and_removed() {
    let folder = three();
    let half = folder.path().join(CHECKPOINT).join("4.partial");
    fs::create_dir(&half).unwrap();
    fs::write(half.join(JSON), "{").unwrap();
    let (mut checkpoints, step, problems) = found(folder.path());
    assert_eq!((step, problems.len()), (Some(30), 0));
    checkpoints.save(&provenance(), &state(40)).unwrap();
    assert_eq!(names(folder.path()), ["3", "4"]);
}

#[test]
fn a_failed_save_keeps_the_older_states() {
    let folder = three();
    let (mut checkpoints, ..) = found(folder.path());
    fs::write(folder.path().join(CHECKPOINT).join("4.partial"), "in the way").unwrap();
    let error = checkpoints.save(&provenance(), &state(40)).unwrap_err().to_string();
    assert!(error.contains("cannot write the checkpoint ") && error.contains("checkpoint/4"), "{error}");
    assert_eq!(found(folder.path()).1, Some(30));
}

#[test]
fn sha256sum_accepts_the_checksums() {
    let folder = three();
    let checked = std::process::Command::new("sha256sum")
        .args(["-c", "--strict", SUMS])
        .current_dir(folder.path().join(CHECKPOINT).join("3"))
        .output();
    // Not every machine has this program.
    if let Ok(output) = checked {
        assert!(output.status.success(), "{output:?}");
    }
}
