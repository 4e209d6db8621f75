//! The shape, task and parts of data, as a run reports them for the user's arrays and for published data.

use crate::support::{SLICE, Workspace, exits, text};

/// Returns an .npy file of bytes.
fn npy(shape: &str, values: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '|u1', 'fortran_order': False, 'shape': ({shape}), }}\n");
    let length = (header.len() as u16).to_le_bytes();
    [b"\x93NUMPY\x01\x00", &length[..], header.as_bytes(), values].concat()
}

/// Twelve images of 8 × 7 pixels with 4 channels last, of classes 1 and 2.
#[test]
fn images_and_labels_in_separate_files_are_trained_on() {
    let workspace = Workspace::with(
        "a.toml",
        "epochs = 1\ndevice = \"cpu\"\nthreads = 1\n[data]\ntype = \"npy\"\nx = \"x.npy\"\ny = \"y.npy\"\nbatch_size = 5\n\
         validation = 2\n[model]\ntype = \"linear\"\n[optimizer]\ntype = \"sgd\"\nlr = 0.1\n",
    );
    let labels = [1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2];
    let values: Vec<u8> = (0..12 * 8 * 7 * 4).map(|value| (value % 251) as u8).collect();
    std::fs::write(workspace.path("x.npy"), npy("12, 8, 7, 4", &values)).unwrap();
    std::fs::write(workspace.path("y.npy"), npy("12, 1", &labels)).unwrap();
    let output = workspace.lr_run(&["a.toml"]);
    exits(&output, 0);
    let (shown, warnings) = (text(&output.stdout), text(&output.stderr));
    assert!(shown.contains("data       npy: 4×8×7, 2 classes\n  examples   10 train, 2 validation\n"), "{shown}");
    assert!(shown.contains("1 50 %, 2 50 %"), "{shown}");
    let layout = "images of shape (12, 8, 7, 4) are read with the channels last";
    let few = "there are only 12 examples, read as 2 classes: 10 to train on, 2 held out for validation";
    assert!(warnings.contains(layout) && warnings.contains("layout = \"channels_last\""), "{warnings}");
    assert!(warnings.contains(few), "{warnings}");
    let run = "results/a/seed=1";
    let resolved = std::fs::read_to_string(workspace.path(run).join("spec.toml")).unwrap();
    for line in ["layout = \"channels_last\"", "task = \"classification\"", "stratify = true"] {
        assert!(resolved.contains(line), "{resolved}");
    }
    let record = workspace.record(run);
    assert_eq!(record["input_shape"], serde_json::json!([4, 8, 7]));
    assert_eq!((&record["task"], &record["outputs"]), (&"classification".into(), &2.into()));
    // All images of a patient are in the same part, so there must be at least two patients.
    workspace.replace("a.toml", "y = \"y.npy\"", "y = \"y.npy\"\ngroup = \"group.npy\"");
    std::fs::write(workspace.path("group.npy"), npy("12,", &[7, 7, 7, 7, 8, 8, 8, 8, 9, 9, 9, 9])).unwrap();
    let shown = workspace.exits(&["a.toml", "-s", "name=grouped"], 0);
    assert!(shown.contains("examples   8 train, 4 validation\n"), "{shown}");
    std::fs::write(workspace.path("group.npy"), npy("12,", &[7; 12])).unwrap();
    let message = workspace.exits(&["a.toml", "-s", "name=one"], 2);
    assert!(message.contains("all examples are in one group, so none can be held out"), "{message}");
    workspace.replace("a.toml", "group = \"group.npy\"\n", "");
    // A change in either file is noticed.
    workspace.exits(&["a.toml"], 0);
    std::fs::write(workspace.path("y.npy"), npy("12, 1", &[2, 1, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2])).unwrap();
    assert!(workspace.exits(&["a.toml"], 2).contains("--data-changed"));
    std::fs::write(workspace.path("y.npy"), npy("11,", &labels[..11])).unwrap();
    let message = workspace.exits(&["a.toml"], 2);
    assert!(message.contains("y.npy: 11 targets for 12 examples") && message.contains("y = \"y.npy\""), "{message}");
}

#[test]
fn published_data_are_split_by_class_only_if_the_spec_says_so() {
    let spec = format!(
        "steps = 1\ndevice = \"cpu\"\nthreads = 1\n[data]\ntype = \"mnist\"\ndir = '{SLICE}'\nvalidation = 5\n\
         [model]\ntype = \"linear\"\n[optimizer]\ntype = \"sgd\"\nlr = 0.1\n"
    );
    let workspace = Workspace::with("a.toml", &spec);
    let shown = workspace.exits(&["a.toml"], 0);
    assert!(shown.contains("data       mnist: 1×28×28, 10 classes\n"), "{shown}");
    let words: Vec<&str> = shown.split_whitespace().collect();
    assert!(words.join(" ").contains("the validation part has no example of classes `"), "{shown}");
    let shown = workspace.exits(&["a.toml", "-s", "data.validation=10", "-s", "data.stratify=true"], 0);
    assert!(!shown.contains("has no example"), "{shown}");
}
