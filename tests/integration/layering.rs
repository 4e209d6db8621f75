//! The dependencies between rooms (the top-level modules), as `core/src/lib.rs` and `src/lib.rs` draw them. The
//! compiler ensures that the rooms in `core/` do not use libtorch.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Each room and the rooms it may use. Every module of the crate must be listed.
const ROOMS: &[(&str, &[&str])] = &[
    ("spec", &[]),
    ("random", &[]),
    ("libtorch", &["optimizer", "plan"]),
    ("metric", &["spec"]),
    ("schedule", &["metric", "spec"]),
    ("params", &["random", "spec"]),
    ("dataset", &["random", "spec"]),
    ("batches", &["dataset", "libtorch"]),
    ("model", &["params", "spec"]),
    ("store", &["params"]),
    ("network", &["libtorch", "model", "random", "store"]),
    ("optimizer", &["spec"]),
    ("engine", &["libtorch", "optimizer", "params", "random", "store"]),
    ("record", &["metric", "spec"]),
    ("compare", &["metric", "plot", "record", "spec"]),
    ("exit", &["record"]),
    ("plan", &["dataset", "metric", "model", "optimizer", "params", "schedule", "spec"]),
    ("plot", &["record", "spec"]),
    ("preview", &["metric", "plan", "plot", "record", "schedule", "spec"]),
    (
        "cli",
        &[
            "compare",
            "dataset",
            "exit",
            "metric",
            "model",
            "optimizer",
            "plan",
            "plot",
            "preview",
            "record",
            "schedule",
            "spec",
        ],
    ),
    (
        "train",
        &[
            "batches",
            "dataset",
            "engine",
            "libtorch",
            "metric",
            "model",
            "network",
            "optimizer",
            "params",
            "plan",
            "record",
            "schedule",
            "spec",
            "store",
        ],
    ),
    ("checkpoint", &["libtorch", "params", "record", "spec", "store", "train"]),
    (
        "run",
        &[
            "batches",
            "checkpoint",
            "cli",
            "dataset",
            "engine",
            "exit",
            "libtorch",
            "optimizer",
            "params",
            "plan",
            "record",
            "schedule",
            "spec",
            "store",
            "train",
        ],
    ),
];

/// Sources that belong to no room.
const ROOTS: [&str; 3] = ["lib", "main", "torch_main"];

/// Rooms that print. Long work elsewhere reports through a callback.
const PRINT: [&str; 5] = ["record", "cli", "run", "main", "torch_main"];

/// Rooms that neither read nor write files.
const WITHOUT_FILES: [&str; 14] = [
    "metric",
    "plot",
    "batches",
    "engine",
    "schedule",
    "params",
    "model",
    "network",
    "store",
    "optimizer",
    "train",
    "random",
    "exit",
    "preview",
];

struct Source {
    path: PathBuf,
    room: String,
    /// The text without comments, and without the tests at its end.
    code: String,
    lines: usize,
}

fn sources() -> Vec<Source> {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    let crates = [sources_of(&repository.join("core/src")), sources_of(&repository.join("src"))];
    crates.into_iter().flatten().collect()
}

/// Returns the sources of the crate whose `lib.rs` is in the folder `root`.
fn sources_of(root: &Path) -> Vec<Source> {
    let mut folders = vec![root.to_owned()];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                if !path.ends_with("tests") {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("tests.rs") {
                let room = path.strip_prefix(root).unwrap().components().next().unwrap();
                let room = room.as_os_str().to_string_lossy().trim_end_matches(".rs").to_owned();
                let text = std::fs::read_to_string(&path).unwrap();
                let lines = text.lines().count();
                let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap().to_owned();
                let code = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>();
                found.push(Source { path, room, code: code.join("\n"), lines });
            }
        }
    }
    assert!(found.len() > 20, "only {} files", found.len());
    found
}

#[test]
fn rooms_use_only_the_rooms_below() {
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|source| !ROOTS.contains(&source.room.as_str())) {
        let room = ROOMS.iter().find(|(name, _)| *name == source.room);
        let (_, allowed) = room.unwrap_or_else(|| panic!("{} is in no known room", source.path.display()));
        let used: BTreeSet<&str> = source
            .code
            .split("crate::")
            .skip(1)
            .flat_map(|rest| {
                // `use crate::{dataset, model}` names several rooms.
                let braced = rest.strip_prefix('{').map(|rest| rest.split('}').next().unwrap().split(',').collect());
                let names: Vec<&str> = braced.unwrap_or_else(|| vec![rest]);
                names.into_iter().map(|name| {
                    let name = name.trim();
                    &name[..name.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(name.len())]
                })
            })
            .collect();
        for name in used {
            let is_room = ROOMS.iter().any(|(room, _)| *room == name);
            if is_room && name != source.room && !allowed.contains(&name) {
                wrong.push(format!("{} uses {name}", source.path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn printing_files_and_unsafe_code_stay_in_their_rooms() {
    let mut wrong = Vec::new();
    let mut refuse = |source: &Source, what: &str| wrong.push(format!("{} has {what}", source.path.display()));
    for source in &sources() {
        let room = source.room.as_str();
        let has = |what: &str| source.code.contains(what);
        let prints = ["println!", "print!(", "eprint!(", "stdout()", "stderr()"].into_iter().any(has);
        if !PRINT.contains(&room) && prints {
            refuse(source, "printing");
        }
        if WITHOUT_FILES.contains(&room) && (has("fs::") || has("File::")) {
            refuse(source, "files");
        }
        if room != "libtorch" && (has("unsafe {") || has("unsafe fn ") || has("unsafe impl")) {
            refuse(source, "unsafe code");
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn files_have_at_most_350_lines() {
    let long: Vec<String> = sources()
        .iter()
        .filter(|source| source.lines > 350)
        .map(|source| format!("{}: {} lines", source.path.display(), source.lines))
        .collect();
    assert!(long.is_empty(), "{}", long.join("\n"));
}
