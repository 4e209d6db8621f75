//! The program of each fuzz target: cargo-fuzz builds it once per name.
#![no_main]

use lr_run_fuzz::Target;

const NAME: &str = env!("CARGO_BIN_NAME");

libfuzzer_sys::fuzz_target!(init: write_seeds(), |data: &[u8]| {
    thread_local!(static TARGET: &'static Target = Target::named(NAME));
    TARGET.with(|target| (target.read)(data));
});

/// Writes the seeds and the regressions to the folder `LR_RUN_SEEDS`, if that is set: libFuzzer starts from there.
fn write_seeds() {
    let Some(folder) = std::env::var_os("LR_RUN_SEEDS").map(std::path::PathBuf::from) else { return };
    let target = Target::named(NAME);
    let regressions = target.regressions().into_iter().map(|(_, input)| input);
    for (number, input) in (target.seeds)().into_iter().chain(regressions).enumerate() {
        std::fs::write(folder.join(format!("seed-{number}")), input).expect("the folder can be written");
    }
}
