//! Every fuzz target: what its name stands for is in `src/hostile.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let name = env!("CARGO_BIN_NAME");
    let (_, read) = lr_run::hostile::TARGETS.iter().find(|(known, _)| *known == name).expect("a target");
    read(data);
});
