//! Hints that come from the table of names.

use std::path::Path;

use super::*;
use crate::spec::{Log, Positive, Section, Spec};

#[test]
fn a_name_of_another_framework_has_one_translation() {
    for registry in [Registry::Schedules, Registry::Optimizers, Registry::Models, Registry::DataSets] {
        let mut owners: Vec<(String, &str)> = Vec::new();
        for row in registry.rows() {
            owners.extend(
                row.names.iter().filter(|it| !it.shared && !it.name.is_empty()).map(|it| (plain(it.name), row.here)),
            );
        }
        let absent = ABSENT.iter().filter(|(of, ..)| *of == registry);
        owners.extend(absent.flat_map(|(_, names, _)| names.iter().map(|name| (plain(name), ""))));
        for (name, here) in &owners {
            let others = owners.iter().filter(|(other, row)| other == name && row != here).count();
            assert_eq!(others, 0, "{name} has two rows");
        }
    }
}

#[test]
fn names_of_types_are_translated() {
    for (what, there, hint) in [
        ("optimizer", "adamw_torch", "here it is called `adamw`"),
        ("optimizer", "torch.optim.AdamW", "here it is called `adamw`"),
        ("optimizer", "AdamWScheduleFree", "here it is called `schedule_free_adamw`"),
        ("schedule", "linear_with_warmup", "here it is called `linear`: with"),
        ("schedule", "WarmupDecayLR", "here it is called `linear`: with"),
        ("schedule", "StepLR", "here it is called `step`"),
        ("schedule", "cosineannealinglr", "here it is called `cosine`"),
        ("schedule", "ExponentialDecay", "here it is called `exponential`"),
        ("data set", "iris", "here it is called `csv`: save it as a CSV file"),
        ("model", "dense", "here it is called `mlp`"),
        ("model", "lstm", "there are no recurrent models here"),
    ] {
        let found = hint_for_type(what, there).unwrap_or_default();
        assert!(found.starts_with(hint), "{there}: {found}");
    }
    assert_eq!(hint_for_type("optimizer", "nonsense"), None);
}

#[test]
fn few_names_are_listed_and_the_nearest_come_first() {
    let names = ["adam", "adamw", "adamax", "sgd", "lion", "rmsprop", "prodigy", "schedule_free_adamw", "momo_adam"];
    assert_eq!(listed(Some("adamm"), &names)[0], "adam");
    assert_eq!(listed(Some("adamm"), &names).len(), 5);
    assert!(listed(Some("AdamWFree"), &names).contains(&"adamw"));
    assert_eq!(listed(None, &names)[..3], ["adam", "adamw", "sgd"]);
    assert_eq!(listed(Some("x"), &names[..4]), names[..4]);
}

/// Returns the errors of a table at `path` that knows `known`.
fn errors(path: &str, known: &[&'static str], text: &str) -> String {
    let spec = Spec::parse(Path::new("test.toml"), text, &[]).unwrap();
    let log = Log::default();
    let mut section = Section::new(path, &spec.table, None, &log);
    known.iter().for_each(|key| section.mark_known(key));
    section.finish();
    log.finish(&spec.texts).unwrap_err().to_string()
}

#[test]
fn names_of_keys_are_translated_with_their_values() {
    let cosine = ["end", "over", "warmup", "floor", "tick"];
    for (known, text, line) in [
        (&cosine[..], "T_max = 50", "over = \"50 epochs\""),
        (&cosine, "eta_min = 1e-6", "end = { lr = 1e-6 }"),
        (&["max"], "max_lr = 0.1", "max = { lr = 0.1 }"),
        (&["low", "high"], "max_lr = 0.1", "high = { lr = 0.1 }"),
        (&["period", "period_mult"], "T_0 = 10", "period = \"10 epochs\""),
        (&["period", "period_mult"], "T_mult = 2", "period_mult = 2"),
        (&cosine, "num_warmup_steps = 300", "warmup = \"300 steps\""),
        (&cosine, "warmup_ratio = 0.07", "warmup = \"7%\""),
        (&cosine, "total_steps = 70", "over = \"70 steps\""),
        (&cosine, "t_initial = 7", "over = \"7 epochs\""),
        (&cosine, "lr_min = 1e-5", "end = { lr = 1e-5 }"),
        (&cosine, "decay_steps = 7", "over = \"7 steps\""),
        (&["factor", "every"], "decay_steps = 7", "every = \"7 steps\""),
        (&cosine, "alpha = 0.1", "end = 0.1"),
        (&cosine, "end_learning_rate = 1e-4", "end = { lr = 1e-4 }"),
        (&["start", "end", "over"], "start_factor = 0.1", "start = 0.1"),
        (&["lr", "weight_decay"], "wd = 0.05", "weight_decay = 0.05"),
        (&["factor"], "gamma = 0.3", "factor = 0.3"),
        (&["every"], "step_size = 30", "every = \"30 epochs\""),
        (&["betas"], "beta_1 = 0.8", "betas = [0.8, 0.999]"),
        (&["hidden"], "hidden_layer_sizes = 64", "hidden = [64]"),
        (&["hidden"], "hidden_layer_sizes = [64, 32]", "hidden = [64, 32]"),
        (&["warmup"], "warmup_steps = \"300 steps\"", "warmup = \"300 steps\""),
        (&["milestones"], "decay_t = [30, 70]", "milestones = [\"30 epochs\", \"70 epochs\"]"),
        (&["anneal"], "anneal_strategy = \"cos\"", "anneal = \"cos\""),
        (&["shape"], "decay_type = \"cosine\"", "shape = \"cosine\""),
        (&["init"], "kernel_initializer = \"he_normal\"", "init = \"kaiming_normal\""),
        (&["bias_init"], "bias_initializer = \"ones\"", "bias_init = \"ones\""),
        (&["delimiter"], "sep = \",\"", "delimiter = \",\""),
        (&["delimiter"], "sep = \"\\t\"", "delimiter = \"\\t\""),
        (&["target"], "label = \"y\"", "target = \"y\""),
        (&["target"], "target_column = 3", "target = \"3\""),
        (&["path"], "file = \"my.csv\"", "path = \"my.csv\""),
        (&["missing_values"], "na_values = -99", "missing_values = [\"-99\"]"),
        (&["missing_values"], "na_values = [\"-\", \"x\"]", "missing_values = [\"-\", \"x\"]"),
        (&["drop"], "index_col = 0", "drop = [\"id\"]"),
        (&["drop"], "index_col = \"no\"", "drop = [\"no\"]"),
    ] {
        let found = errors("schedule", known, text);
        assert!(found.contains("here it is `") && found.contains(&format!("write `{line}`")), "{text}\n{found}");
    }
}

#[test]
fn an_error_about_a_key_in_the_wrong_table_names_the_right_one() {
    for (path, text, parts) in [
        ("", "learning_rate = 0.1", ["here it is `lr`, in [optimizer]", "write `lr = 0.1` in [optimizer]"]),
        ("", "batch_size = 64", ["here it is `batch_size`, in [data]", "write `batch_size = 64` in [data]"]),
        (
            "optimizer",
            "warmup_ratio = 0.1",
            ["here it is `warmup`, in [schedule]", "write `warmup = \"10%\"` in [schedule]"],
        ),
        ("optimizer", "max_grad_norm = 1.0", ["here it is `norm`, in [clip_grad]", "write `norm = 1` in [clip_grad]"]),
        ("model", "max_epochs = 10", ["here it is `epochs`, at the top level", "write `epochs = 10` at the top level"]),
    ] {
        let found = errors(path, &["type"], text);
        assert!(parts.iter().all(|part| found.contains(part)), "{found}");
    }
}

#[test]
fn a_missing_key_under_another_name_is_one_error() {
    let spec = Spec::parse(Path::new("test.toml"), "gamma = 0.1", &[]).unwrap();
    let log = Log::default();
    let mut section = Section::new("schedule", &spec.table, None, &log);
    assert_eq!(section.required::<Positive>("factor"), None);
    section.finish();
    let found = log.finish(&spec.texts).unwrap_err();
    assert_eq!(found.messages().collect::<Vec<_>>(), ["unknown key `schedule.gamma`"]);
}
