//! Finds the commit and the versions of packages, for the records of runs.

use std::path::Path;
use std::process::Command;

/// The packages that compute, draw random numbers, or read and write the files of a run.
const PACKAGES: [&str; 6] = ["tch", "safetensors", "rand_chacha", "pulp", "csv", "zip"];

fn main() {
    // The commit is found again only when the sources of the program change, because then its crates are rebuilt
    // anyway. A new commit alone rebuilds nothing. So this is the commit at the time of the build, with `-dirty` after
    // it if tracked files differ from it.
    for sources in ["../src", "../core/src", "../Cargo.lock", "build.rs"] {
        println!("cargo::rerun-if-changed={sources}");
    }
    println!("cargo::rustc-env=LR_RUN_COMMIT={}", commit().unwrap_or_else(|| "unknown".to_owned()));
    let lock = std::fs::read_to_string("../Cargo.lock").unwrap_or_default();
    let packages: Vec<String> =
        PACKAGES.iter().filter_map(|name| Some(format!("{name} {}", version(&lock, name)?))).collect();
    println!("cargo::rustc-env=LR_RUN_PACKAGES={}", packages.join(","));
}

/// Returns the commit of this repository. `None` outside of git, and for a copy inside of another repository.
fn commit() -> Option<String> {
    if !Path::new("../.git").exists() {
        return None;
    }
    let mut git = Command::new("git");
    git.args(["describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]);
    let output = git.output().ok().filter(|output| output.status.success())?;
    let text = String::from_utf8(output.stdout).ok()?;
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// Returns the version of the package `name` in the text of a Cargo.lock. `None` if it is not there.
fn version<'a>(lock: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = lock.split_once(&format!("name = \"{name}\"\nversion = \""))?;
    rest.split('"').next()
}
