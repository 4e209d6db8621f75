//! The readers of outside input never panic: the quick form of `scripts/fuzz`.

#[path = "../../fuzz/src/lib.rs"]
mod fuzz;

use std::panic::{AssertUnwindSafe, catch_unwind};

use fuzz::{TARGETS, Target};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// The number of random variations of each target's inputs.
const VARIATIONS: usize = 3000;

/// Returns one of `inputs`, changed in up to four places.
fn varied(inputs: &[Vec<u8>], random: &mut ChaCha8Rng) -> Vec<u8> {
    let mut below = |end: usize| random.next_u64() as usize % end.max(1);
    let mut input = inputs[below(inputs.len())].clone();
    for _ in 0..1 + below(4) {
        let (from, to) = (below(input.len() + 1), below(input.len() + 1));
        let (from, to) = (from.min(to), from.max(to));
        match below(6) {
            0 if from < input.len() => input[from] ^= 1 << below(8),
            1 => drop(input.drain(from..to)),
            2 => input.truncate(from),
            3 => {
                let piece = input[from..to.min(from + 64)].to_vec();
                input.splice(to..to, piece);
            }
            4 => {
                let other = &inputs[below(inputs.len())];
                let start = below(other.len() + 1);
                let piece = other[start..other.len().min(start + 64)].to_vec();
                input.splice(from..from, piece);
            }
            _ => {
                let words =
                    ["99999999999999999999", "-1", "0", "nan", "inf", "\u{1F41F}", "\n", "\"", "..", "/", "[", "{"];
                let word = words[below(words.len())];
                input.splice(from..from, word.bytes());
            }
        }
    }
    input
}

/// Tests `target` with all its inputs and their variations.
fn survives(target: &Target) {
    let mut inputs = (target.seeds)();
    inputs.extend(target.regressions().into_iter().map(|(_, input)| input));
    let mut random = ChaCha8Rng::seed_from_u64(5);
    let variations = (0..VARIATIONS).map(|_| varied(&inputs, &mut random)).collect::<Vec<_>>();
    for input in inputs.iter().chain(&variations) {
        let read = catch_unwind(AssertUnwindSafe(|| (target.read)(input)));
        assert!(read.is_ok(), "{} of {:?}", target.name, String::from_utf8_lossy(input));
    }
}

#[test]
fn outside_input_never_panics() {
    TARGETS.iter().for_each(survives);
}

#[test]
fn every_regression_belongs_to_a_target() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/regressions");
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let regressions = Target::named(&name).regressions();
        assert!(!regressions.is_empty(), "{name}");
    }
}

/// The regressions that are too large for a file.
#[test]
fn large_inputs_are_refused_quickly() {
    let columns: Vec<String> = (0..300_000).map(|column| format!("c{column}")).collect();
    let cells = vec!["1"; columns.len()].join(",");
    let keys: Vec<String> = (0..40_000).map(|key| format!("key{key} = 1")).collect();
    for (name, input) in [
        ("globs", "*".repeat(100_000) + "z"),
        ("csv", format!("{},y\n{cells},1\n{cells},2\n", columns.join(","))),
        ("spec", format!("epochs = 1\n[data]\ntype = \"linear\"\n[optimizer]\ntype = \"sgd\"\n{}", keys.join("\n"))),
    ] {
        (Target::named(name).read)(input.as_bytes());
    }
}

/// cargo-fuzz builds the programs in `fuzz/Cargo.toml`, and `fuzz/src/lib.rs` has the targets.
#[test]
fn each_fuzz_target_is_a_program() {
    let manifest: toml::Table = include_str!("../../fuzz/Cargo.toml").parse().unwrap();
    let programs = manifest["bin"].as_array().unwrap().iter().map(|program| program["name"].as_str().unwrap());
    assert!(programs.eq(TARGETS.iter().map(|target| target.name)));
}
