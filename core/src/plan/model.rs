//! `[model]`: the architecture, its number type and its initial values.

use std::path::PathBuf;

use super::precision::{Dtype, Precision};
use super::{Assume, Machine, data};
use crate::dataset::Info;
use crate::model::{self, Model, Shape};
use crate::spec::{FilePath, Section, Spec, lookup, owners};

/// The model of a run.
#[derive(Debug)]
pub struct ModelPlan {
    pub architecture: Model,
    pub precision: Precision,
    /// A file of initial values. Without it, they are drawn from the seed.
    pub weights: Option<PathBuf>,
}

/// Reads `[model]`: the keys of its type, `dtype` and `weights`. Returns `None` after logging an error.
pub(super) fn read(
    root: &mut Section<'_>,
    info: &Info,
    spec: &Spec,
    machine: &Machine<'_>,
    assume: Assume,
) -> Option<ModelPlan> {
    let mut section = root.section("model")?;
    let entry = lookup(model::REGISTRY, "model", &mut section);
    let shape = Shape { input: info.input.clone(), outputs: data::outputs(info.task) };
    let architecture = entry.and_then(|entry| (entry.build)(&mut section, &shape, &spec.folder()));
    let dtype = section.or("dtype", Dtype::Float32);
    let weights = section.optional::<FilePath>("weights").map(|file| file.from_folder(&spec.folder()));
    if let Some(path) = weights.as_ref().filter(|path| assume.steps_per_epoch.is_none() && !path.is_file()) {
        let message = format!("there is no file {}", path.display());
        section.error("weights", message, "paths are relative to the spec's folder");
    }
    if let Some((model, memory)) = architecture.as_ref().zip(machine.memory) {
        // Only the parameters and their gradients. Training needs more than this.
        let bytes = 2 * model.declaration.len() as u128 * dtype.bytes() as u128;
        if bytes > u128::from(memory) {
            let message = format!("{} has {} parameters", model.description, model.declaration.len());
            let gib = |bytes: u128| bytes.div_ceil(1 << 30);
            let (need, have) = (gib(bytes), gib(memory.into()));
            section.error(
                "type",
                message,
                format!("{need} GiB with gradients, more than the {have} GiB of this machine"),
            );
            return None;
        }
    }
    let of_model = |key: &str| {
        owners(model::REGISTRY, key, &|entry, section| drop((entry.build)(section, &shape, &spec.folder())))
    };
    let resolved = if entry.is_some() { section.finish_with(&of_model) } else { section.into_resolved() };
    root.put("model", resolved);
    Some(ModelPlan { architecture: architecture?, precision: Precision::from(dtype), weights })
}
