//! Copies the chart library of `compare --html` to where the crate includes it. Without scripts/setup-uplot the copies are
//! empty.

use std::path::{Path, PathBuf};
use std::{env, fs};

const FILES: [&str; 3] = ["uPlot.iife.min.js", "uPlot.min.css", "LICENSE"];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // The folder, which is always there: Cargo would repeat this for a file that is missing, at every build.
    println!("cargo::rerun-if-changed=uplot");
    let Some(out) = env::var_os("OUT_DIR").map(PathBuf::from) else { return };
    let texts: Result<Vec<String>, _> =
        FILES.iter().map(|name| fs::read_to_string(Path::new("uplot").join(name))).collect();
    let texts = texts.unwrap_or_else(|_| vec![String::new(); FILES.len()]);
    for (name, text) in FILES.iter().zip(texts) {
        if let Err(error) = fs::write(out.join(name), text) {
            println!("cargo::error={name} cannot be copied: {error}");
        }
    }
}
