//! What fuzzing has gathered in `fuzz/corpus`, and variations of it, read again: the quick form of `scripts/fuzz`.

use std::io::{Cursor, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use lr_run::hostile::TARGETS;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// Variations of each target's inputs, all together.
const VARIATIONS: usize = 3000;

/// The inputs of a target, as `scripts/fuzz` packs them.
fn corpus(name: &str) -> Vec<Vec<u8>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("fuzz/corpus/{name}.zip"));
    let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let inputs = archive.len();
    let read = |index| {
        let mut input = Vec::new();
        archive.by_index(index).unwrap().read_to_end(&mut input).unwrap();
        input
    };
    (0..inputs).map(read).collect()
}

/// One of `inputs`, changed in a few places.
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

#[test]
fn nothing_that_comes_from_outside_makes_it_panic() {
    for (name, read) in TARGETS {
        let inputs = corpus(name);
        assert!(inputs.len() >= 10, "only {} inputs of {name}", inputs.len());
        let mut random = ChaCha8Rng::seed_from_u64(5);
        let variations = (0..VARIATIONS).map(|_| varied(&inputs, &mut random)).collect::<Vec<_>>();
        for input in inputs.iter().chain(&variations) {
            let read = catch_unwind(AssertUnwindSafe(|| read(input)));
            assert!(read.is_ok(), "{name} of {:?}", String::from_utf8_lossy(input));
        }
    }
}

/// Each of these was once a panic, or went on for minutes.
#[test]
fn what_broke_it_once_does_not_any_more() {
    let nested = |depth| "{a,".repeat(depth) + "*" + &"}".repeat(depth);
    let columns: Vec<String> = (0..300_000).map(|column| format!("c{column}")).collect();
    let cells = vec!["1"; columns.len()].join(",");
    let keys: Vec<String> = (0..40_000).map(|key| format!("key{key} = 1")).collect();
    for (name, input) in [
        ("globs", "*".repeat(100_000) + "z"),
        ("globs", nested(3000)),
        ("globs", nested(300)),
        ("csv", format!("{},y\n{cells},1\n{cells},2\n", columns.join(","))),
        ("spec", format!("epochs = 1\n[data]\ntype = \"linear\"\n[optimizer]\ntype = \"sgd\"\n{}", keys.join("\n"))),
    ] {
        let (_, read) = TARGETS.iter().find(|(known, _)| *known == name).unwrap();
        read(input.as_bytes());
    }
}
