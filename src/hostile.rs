//! Everything that comes from outside, each kind as a function that reads bytes and checks what must hold however wrong
//! they are: a message or a result, in bounded time and memory, and never a panic. The targets of `fuzz/` and the test
//! that runs their corpora call these; nothing else does.

use std::cell::OnceCell;
use std::io::{Cursor, Read};
use std::path::{Component, Path};

use tch::Tensor;

use crate::checkpoint::{Made, numbers_in, state_json, tensors};
use crate::cli::job;
use crate::dataset::{Access, csv, idx, npz};
use crate::plan::{Machine, Plan, glob, plan};
use crate::schedule::{Formula, NAMES};
use crate::spec::{Duration, Field, Horizon, Kind, Place, Spec, Value, WallTime};
use crate::train::{Interrupt, Numbers, Seconds, State, fit};

/// One kind: the name of its fuzz target, and the function.
pub type Target = (&'static str, fn(&[u8]));

/// Every kind.
pub const TARGETS: &[Target] = &[
    ("spec", spec),
    ("overrides", overrides),
    ("durations", durations),
    ("expressions", expressions),
    ("globs", globs),
    ("idx", idx),
    ("csv", csv),
    ("npz", npz),
    ("safetensors", safetensors),
    ("checkpoint", checkpoint),
];

/// Plans `spec`, and plans again what it was resolved to.
fn planned(spec: &Spec) -> Vec<Plan> {
    let machine = Machine { cuda: &|| Err("there is none".to_owned()), cores: 2, memory: Some(8 << 30) };
    let Ok((plans, _)) = plan(spec, &machine) else { return Vec::new() };
    for first in &plans {
        for name in [&first.name, &first.variant] {
            let parts: Vec<Component<'_>> = Path::new(name).components().collect();
            assert!(
                matches!(parts[..], [Component::Normal(part)] if part == name.as_str()),
                "{name:?} leads elsewhere"
            );
            assert!(name.len() <= 255, "{name:?} is too long for a file system");
        }
        let text = toml::to_string(&first.resolved).expect("a resolved spec is TOML");
        let again =
            Spec::parse(&spec.path, &text, &[]).unwrap_or_else(|found| panic!("{}\n{text}", found.render(false)));
        let (again, _) = plan(&again, &machine).unwrap_or_else(|found| panic!("{}\n{text}", found.render(false)));
        let again = again.first().expect("one run");
        assert_eq!(toml::to_string(&again.resolved).as_ref(), Ok(&text));
        assert_eq!((&again.name, &again.variant, again.horizon), (&first.name, &first.variant, first.horizon));
    }
    plans
}

/// A spec.
pub fn spec(bytes: &[u8]) {
    match Spec::parse(Path::new("hostile/spec.toml"), &String::from_utf8_lossy(bytes), &[]) {
        Ok(spec) => drop(planned(&spec)),
        Err(found) => assert!(!found.render(true).is_empty()),
    }
}

/// What `-s` is given: one in each line.
pub fn overrides(bytes: &[u8]) {
    const BASE: &str = include_str!("../experiments/mnist_bias_group.toml");
    let text = String::from_utf8_lossy(bytes);
    let overrides: Vec<String> = text.lines().map(str::to_owned).collect();
    match Spec::parse(Path::new("experiments/mnist_bias_group.toml"), BASE, &overrides) {
        Ok(spec) => drop(planned(&spec)),
        Err(found) => assert!(!found.render(true).is_empty()),
    }
}

/// `"500 steps"`, `"10 minutes"`.
pub fn durations(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let value = Value { kind: Kind::String(text.clone().into_owned()), place: Place { text: 0, span: 0..0 } };
    if let Some(duration) = Duration::parse(&text) {
        assert_eq!(Duration::parse(&duration.to_string()), Some(duration));
        assert!(Duration::read(&value).is_ok());
        let steps = duration.steps(Horizon { total_steps: 1000, steps_per_epoch: 10 });
        assert!(!matches!(duration, Duration::Percent(_)) || steps <= 1000);
    }
    if let Ok(time) = WallTime::read(&value) {
        let toml::Value::String(written) = time.to_toml() else { panic!("a time is written as a text") };
        let again = WallTime::read(&Value { kind: Kind::String(written), ..value });
        assert!(again.is_ok_and(|again| again.seconds == time.seconds));
    }
}

/// `formula = "…"`.
pub fn expressions(bytes: &[u8]) {
    if let Ok(formula) = Formula::read(&String::from_utf8_lossy(bytes)) {
        for at in [0.0, 0.5, 1.0, 1e300, -1.0] {
            let values = [at; NAMES.len()];
            assert_eq!(formula.value(&values).to_bits(), formula.value(&values).to_bits());
        }
    }
}

/// `params = ["…"]` of a group.
pub fn globs(bytes: &[u8]) {
    if let Ok(matcher) = glob(&String::from_utf8_lossy(bytes)) {
        for name in ["layers.0.weight", "conv1.bias", "features.3.running_mean", ""] {
            matcher.is_match(name);
        }
    }
}

/// A file of images or labels, gzipped or not.
pub fn idx(bytes: &[u8]) {
    for kind in [idx::Content::Images, idx::Content::Labels] {
        let length = Some(bytes.len() as u64);
        if let Ok(found) = idx::parse(bytes, length, "file", kind) {
            assert_eq!(found.sizes.iter().product::<usize>(), found.values.len());
        }
        let unpacked = crate::dataset::unpacked(bytes).expect("a slice can be read");
        // What a few bytes can unpack to is not what is looked for here.
        let _ = idx::parse(unpacked.take(1 << 20), None, "file", kind);
    }
}

/// A table, whose target is `y`.
pub fn csv(bytes: &[u8]) {
    for delimiter in [b',', b'\t'] {
        for missing in [csv::Missing::Error, csv::Missing::Drop] {
            if let Ok(data) = csv::parse(bytes, "file", delimiter, "y", missing) {
                assert!(data.train.len > 0 && data.train.len == data.info.train);
            }
        }
    }
}

/// NumPy's archive.
pub fn npz(bytes: &[u8]) {
    if let Ok(data) = npz::parse(Cursor::new(bytes), "file") {
        assert!(data.train.len > 0 && data.train.len == data.info.train);
    }
}

/// Weights.
pub fn safetensors(bytes: &[u8]) {
    if let Ok(found) = tensors::from_bytes(bytes) {
        let written = tensors::to_bytes(&found).expect("what was read can be written");
        let again = tensors::from_bytes(&written).expect("what was written can be read");
        assert_eq!(again.len(), found.len());
        assert_eq!(tensors::to_bytes(&again).as_ref().ok(), Some(&written));
    }
}

/// `state.json` of a checkpoint, beside tensors that are right.
pub fn checkpoint(bytes: &[u8]) {
    thread_local!(static TENSORS: OnceCell<Vec<(String, Tensor)>> = const { OnceCell::new() });
    let Some((numbers, seconds)) = numbers_in(bytes) else { return };
    TENSORS.with(|tensors| {
        let tensors = tensors.get_or_init(|| small_run(None).expect("a small run").tensors);
        let tensors = tensors.iter().map(|(name, tensor)| (name.clone(), tensor.shallow_clone())).collect();
        let _ = small_run(Some(State { numbers, seconds, tensors }));
    });
}

/// `state.json` of a small run, to begin from.
pub fn a_checkpoint() -> Vec<u8> {
    let made = Made {
        lr_run: env!("CARGO_PKG_VERSION").to_owned(),
        libtorch: String::new(),
        device: "cpu".to_owned(),
        threads: 1,
        data_fingerprint: String::new(),
        experiment: String::new(),
        epochs_csv_bytes: 0,
    };
    state_json(&made, &small_run(None).expect("a small run")).expect("JSON")
}

/// Goes on from `from` for a step or an evaluation, and gives the state that was kept then.
fn small_run(from: Option<State>) -> Result<State, String> {
    const SPEC: &str = r#"
        epochs = 4
        device = "cpu"
        threads = 1
        data = { type = "linear", points = 8, batch_size = 4, validation = 0 }
        model = { type = "linear" }
        optimizer = { type = "adam" }
        schedule = { type = "plateau", monitor = "val_loss", patience = "1 epochs" }
        early_stop = { monitor = "val_loss", patience = "2 epochs" }
        ema = { decay = 0.9 }
        on_divergence = { action = "reduce" }
    "#;
    let spec = Spec::parse(Path::new("hostile.toml"), SPEC, &[]).map_err(|found| found.render(false))?;
    let plan = planned(&spec).pop().ok_or("no plan")?;
    let access = Access { cache: "hostile".into(), offline: true, progress: &|_| {} };
    let data = plan.data.dataset.load(&access).map_err(|error| error.to_string())?;
    let (job, _) = job::job(plan, data, None).map_err(|error| error.to_string())?;
    let mut kept = None;
    let mut keep = |state: &State| {
        let tensors = state.tensors.iter().map(|(name, tensor)| (name.clone(), tensor.copy())).collect();
        kept = Some((state.numbers.clone(), state.seconds, tensors));
        Ok(())
    };
    fit(job, from, &mut keep, &mut |_| Ok(()), &Interrupt::new(1)).map_err(|error| error.to_string())?;
    let (numbers, seconds, tensors): (Numbers, Seconds, _) = kept.ok_or("nothing was kept")?;
    Ok(State { numbers, seconds, tensors })
}
