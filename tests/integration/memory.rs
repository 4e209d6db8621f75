//! The memory of a run: estimated, compared with what the machine has, and measured.

use std::fs;

use crate::support::{Workspace, exits, skip, text};

/// One step on all points, of a network with large weights and activations. Its tensors are larger than 32 MiB, because
/// the allocator keeps freed blocks up to that size.
const SPEC: &str = r#"
    epochs = 1
    device = "cpu"
    data = { type = "linear", points = 5000, batch_size = 5000, validation = 0 }
    model = { type = "mlp", hidden = [2000, 2000] }
    optimizer = { type = "adam" }
"#;

#[test]
fn estimate_is_close_to_the_peak_memory() {
    let workspace = Workspace::with("a.toml", SPEC);
    let output = workspace.lr_run(&["a.toml", "-v", "-q"]);
    exits(&output, 0);
    let log = text(&output.stderr);
    let number = |name: &str| -> f64 {
        let (_, rest) = log.split_once(&format!(" {name}=")).unwrap_or_else(|| panic!("{log}"));
        rest.split(char::is_whitespace).next().unwrap().parse().unwrap()
    };
    let used = workspace.record("results/a/seed=1")["peak_memory_bytes"].as_f64().unwrap() - number("held");
    // It was 1.34 when this was written: the estimate leaves out the code and buffers of libraries, about 70 MiB.
    let ratio = used / number("bytes");
    assert!((0.9..1.45).contains(&ratio), "{ratio} times the estimate: {log}");
}

#[test]
fn run_that_cannot_fit_is_refused_and_leaves_nothing() {
    let workspace = Workspace::with("a.toml", SPEC);
    let larger = ["a.toml", "-s", "data.points=20_000_000", "-s", "data.batch_size=20_000_000"];
    let error = workspace.exits(&larger, 2);
    for part in
        ["error: mlp 1-2000-2000-1 with batch_size = 20000000 needs at least", "of memory", "a smaller batch_size"]
    {
        assert!(error.contains(part), "{error}");
    }
    assert!(!workspace.path("results/a").exists());
}

#[test]
fn file_larger_than_memory_is_not_read() {
    let workspace = Workspace::new();
    let file = fs::File::create(workspace.path("a.csv")).unwrap();
    // A sparse file uses no space on the disk.
    if file.set_len(1 << 43).is_err() {
        return skip("the file system has no files of 8 TiB");
    }
    let spec = "epochs = 1\ndata = { type = \"csv\", path = \"a.csv\", target = \"y\" }\n\
                model = { type = \"linear\" }\noptimizer = { type = \"sgd\" }\n";
    workspace.write("a.toml", spec);
    let error = workspace.exits(&["a.toml"], 2);
    assert!(error.contains("a.csv has 8192 GiB") && error.contains("of memory of this machine"), "{error}");
}
