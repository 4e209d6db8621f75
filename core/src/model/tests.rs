//! Requirements of every model, checked by looping over the registry. `network::tests` checks what they compute.

use std::path::Path;

use super::{Layer, Model, REGISTRY, Shape};
use crate::spec::{Log, Section, Spec, lookup};

/// Builds the model of a `[model]` table for images of 28×28 pixels and 10 classes.
fn build(table: &str) -> Result<Model, String> {
    build_for(table, &[1, 28, 28], 10)
}

fn build_for(table: &str, input: &[usize], outputs: usize) -> Result<Model, String> {
    let spec = Spec::parse(Path::new("test.toml"), table, &[]).unwrap();
    let log = Log::default();
    let mut section = Section::root(&spec.table, &log);
    let entry = lookup(REGISTRY, "model", &mut section).unwrap();
    let model = (entry.build)(&mut section, &Shape { input: input.to_vec(), outputs }, Path::new(""));
    section.finish();
    log.finish(&spec.texts).map_err(|found| found.to_string())?;
    Ok(model.unwrap())
}

#[test]
fn names_are_unique_and_sorted() {
    assert!(REGISTRY.windows(2).all(|pair| pair[0].name < pair[1].name));
}

#[test]
fn each_builds_from_its_example_and_uses_every_parameter_once() {
    for entry in REGISTRY {
        let model = build(entry.example).unwrap();
        let mut params = Vec::new();
        let mut buffers = Vec::new();
        for layer in &model.layers {
            match layer {
                Layer::Linear { weight, bias, .. } | Layer::Conv2d { weight, bias, .. } => {
                    params.extend([*weight, *bias]);
                }
                Layer::BatchNorm { weight, bias, running_mean, running_var, .. } => {
                    params.extend([*weight, *bias]);
                    buffers.extend([*running_mean, *running_var]);
                }
                _ => {}
            }
        }
        params.sort_unstable();
        buffers.sort_unstable();
        assert!(params.iter().copied().eq(0..model.declaration.params().len()), "{}: {params:?}", entry.name);
        assert!(buffers.iter().copied().eq(0..model.declaration.buffers().len()), "{}: {buffers:?}", entry.name);
        assert!(model.description.starts_with(entry.name), "{}: {}", entry.name, model.description);
    }
}

#[test]
fn each_refuses_an_unknown_key() {
    for entry in REGISTRY {
        let message = build(&format!("{}\nhiden = [3]", entry.example)).unwrap_err();
        assert!(message.contains("unknown key `hiden`") && message.contains("hiden = [3]"), "{message}");
    }
}

#[test]
fn the_cnn_has_as_many_parameters_as_2c2d() {
    assert_eq!(build("type = \"cnn\"").unwrap().declaration.len(), 3_274_634);
}

#[test]
fn a_line_reports_slope_and_intercept() {
    assert_eq!(build_for("type = \"linear\"", &[1], 1).unwrap().reported, [("slope", 0), ("intercept", 1)]);
    assert_eq!(build_for("type = \"linear\"", &[2], 1).unwrap().reported, []);
    assert_eq!(build_for("type = \"linear\"", &[1], 2).unwrap().reported, []);
}

#[test]
fn batch_normalization_of_features_needs_two_examples() {
    let min_batch_size = |table: &str| build(table).unwrap().min_batch_size;
    assert_eq!(min_batch_size("type = \"mlp\""), 1);
    assert_eq!(min_batch_size("type = \"mlp\"\nbatch_norm = true"), 2);
    assert_eq!(min_batch_size("type = \"mlp\"\nhidden = []\nbatch_norm = true"), 1);
    assert_eq!(min_batch_size("type = \"cnn\"\nbatch_norm = true"), 1);
}
