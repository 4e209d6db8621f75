//! One experiment has one folder, however its overrides are written.

use std::path::Path;

use crate::plan::{Machine, Plan, plan};
use crate::spec::Spec;

/// Returns the plan of `text` with `overrides`.
fn planned(text: &str, overrides: &[&str]) -> Plan {
    let overrides: Vec<String> = overrides.iter().map(|it| (*it).to_owned()).collect();
    let spec = Spec::parse(Path::new("test.toml"), text, &overrides).unwrap_or_else(|found| panic!("{found}"));
    let machine = Machine { cuda: &|| Ok(1), cores: 4, memory: None };
    let (mut plans, _) = plan(&spec, &machine).unwrap_or_else(|found| panic!("{overrides:?}\n{found}"));
    plans.remove(0)
}

/// Returns the name of the folder of `text` with `overrides`.
fn folder(text: &str, overrides: &[&str]) -> String {
    planned(text, overrides).variant
}

const MNIST: &str =
    "epochs = 8\n[data]\ntype = \"mnist\"\n[model]\ntype = \"mlp\"\n[optimizer]\ntype = \"adam\"\nlr = 1e-3\n";

const SEQUENCE: &str = "steps = 900\nseed = 7\n[data]\ntype = \"linear\"\nbatch_size = 50\n[model]\ntype = \"linear\"\n\
     [optimizer]\ntype = \"sgd\"\nlr = 0.1\nmomentum = 0.9\nconvention = \"keras\"\n[target]\nrmse = 0.06\nstop = false\n\
     [clip_grad]\nnorm = 1\n[[group]]\nname = \"bias\"\nparams = [\"*.bias\"]\nlr_mult = 2\n\
     schedule = { type = \"cosine\", warmup = { for = \"2 epochs\", start = 0.1 }, floor = { lr = 1e-3 } }\n\
     [[schedule]]\ntype = \"linear\"\nstart = 0.1\nend = 1\nfor = \"10%\"\n[[schedule]]\ntype = \"step\"\nevery = \"3epochs\"\n";

const RULES: &str = "epochs = 12.5\n[data]\ntype = \"mnist\"\nvalidation = 0.2\nnormalize = \"standard\"\n\
     augment = { padding = 2 }\n[loss]\nlabel_smoothing = 0.1\n[model]\ntype = \"mlp\"\nhidden = [32, 16]\ndropout = 0.1\n\
     init = { type = \"normal\", sd = 0.1 }\n[optimizer]\ntype = \"adamw\"\nbetas = [0.9, 0.95]\n[early_stop]\n\
     patience = \"3 epoch\"\n[limit]\ntime = \"90 min\"\n[ema]\n[on_divergence]\naction = \"reduce\"\n\
     [target]\nmetric = \"val_loss\"\nvalue = 0.1\n[schedule]\ntype = \"cosine_restarts\"\ncycles = 3\nwarmup = \"5%\"\n\
     convention = \"timm\"\n[schedule_for.weight_decay]\ntype = \"linear\"\nstart = 1\nend = 0\n";

/// Returns every key of `table` with its value: leaves, arrays and whole tables.
fn assignments(path: &str, value: &toml::Value, all: &mut Vec<(String, toml::Value)>) {
    all.push((path.to_owned(), value.clone()));
    let below = |key: &str| format!("{path}.{key}");
    match value {
        toml::Value::Table(table) => table.iter().for_each(|(key, value)| assignments(&below(key), value, all)),
        toml::Value::Array(items) if items.iter().any(toml::Value::is_table) => {
            items.iter().enumerate().for_each(|(at, item)| assignments(&below(&at.to_string()), item, all));
        }
        _ => {}
    }
}

/// Returns ways to write the same value.
fn spellings(value: &toml::Value) -> Vec<String> {
    let mut all = vec![value.to_string()];
    match value {
        toml::Value::Float(number) => {
            all.extend([format!("{number:e}"), format!("{number:.12}")]);
            all.retain(|text| text.parse::<f64>().is_ok_and(|it| it == *number));
            all.extend((number.fract() == 0.0).then(|| format!("{number:.1}")));
        }
        toml::Value::String(text) => {
            all.push(text.clone());
            if let Some((number, unit)) = text.split_once(' ').filter(|(_, unit)| ["epochs", "steps"].contains(unit)) {
                all.extend([
                    format!("{number}{unit}"),
                    format!("{number}  {unit}"),
                    format!("{number} {}", &unit[..unit.len() - 1]),
                ]);
            }
            if let Some(number) = text.strip_suffix('%') {
                all.extend([format!("{number} %"), format!("{number}.0%")]);
            }
            if let Some(seconds) = text.strip_suffix(" seconds").and_then(|it| it.parse::<f64>().ok()) {
                all.push(format!("{} minutes", seconds / 60.0));
            }
        }
        _ => {}
    }
    all
}

#[test]
fn an_override_that_repeats_the_spec_does_not_change_the_folder() {
    for text in [MNIST, SEQUENCE, RULES] {
        let plain = planned(text, &[]);
        assert_eq!(plain.variant, format!("seed={}", plain.seed));
        let mut all = Vec::new();
        for (key, value) in &plain.resolved {
            assignments(key, value, &mut all);
        }
        assert!(all.len() > 20);
        for (key, value) in all {
            for spelling in spellings(&value) {
                let set = planned(text, &[&format!("{key}={spelling}")]);
                assert_eq!(set.variant, plain.variant, "{key}={spelling}");
                let without = |plan: &Plan| {
                    let mut resolved = plan.resolved.clone();
                    resolved.retain(|key, _| !matches!(key, "device" | "threads"));
                    resolved
                };
                assert_eq!(without(&set), without(&plain), "{key}={spelling}");
            }
        }
    }
}

#[test]
fn a_resolved_spec_is_the_same_experiment() {
    for text in [MNIST, SEQUENCE, RULES] {
        let changed = planned(text, &["optimizer.lr=0.03", "threads=2"]);
        let seed = changed.seed;
        assert_eq!(changed.variant, format!("optimizer.lr=0.03,seed={seed}"));
        let resolved = toml::to_string(&changed.resolved).unwrap();
        assert_eq!(folder(&resolved, &[]), changed.variant);
        assert_eq!(folder(&resolved, &["optimizer.lr=3e-2", "device=cpu"]), changed.variant);
        assert_eq!(folder(&resolved, &["optimizer.lr=0.04"]), format!("optimizer.lr=0.04,seed={seed}"));
        // The new optimizer has its own default of `lr`. Lion has no weight decay for a schedule to multiply.
        if text == RULES {
            continue;
        }
        assert_eq!(folder(&resolved, &["optimizer.type=lion"]), format!("optimizer.type=lion,seed={seed}"));
    }
}

/// Each list has several ways to set one experiment.
#[test]
fn several_spellings_share_a_folder() {
    let warm = "schedule.type=cosine";
    for (spellings, name) in [
        (
            vec![
                "schedule.warmup=5 epochs",
                "schedule.warmup=5 epoch",
                "schedule.warmup=5epochs",
                "schedule.warmup=5.0 epochs",
                "schedule.warmup=\"5 epochs\"",
            ],
            "schedule.warmup=5 epochs",
        ),
        (
            vec!["optimizer.lr=0.01", "optimizer.lr=1e-2", "optimizer.lr=0.010", "optimizer.lr=1.0e-2"],
            "optimizer.lr=0.01",
        ),
        (vec!["epochs=9", "epochs=9.0", "epochs=9e0"], "epochs=9"),
        (
            vec!["schedule.end={lr=1e-5}", "schedule.end={ lr = 0.00001 }", "schedule.end.lr=1e-5"],
            "schedule.end.lr=0.00001",
        ),
        (
            vec!["optimizer.betas=[0.9,0.99]", "optimizer.betas=[ 0.90, 0.99 ]", "optimizer.betas=[9e-1, 0.99]"],
            "optimizer.betas=[0.9,0.99]",
        ),
        (vec!["schedule.over=50%", "schedule.over=50 %", "schedule.over=50.0%"], "schedule.over=50%"),
        (
            vec!["schedule.warmup=5 epoch", "schedule.warmup.for=5 epoch", "schedule.warmup={for=\"5epochs\"}"],
            "schedule.warmup=5 epochs",
        ),
    ] {
        let mut parts = [name, warm];
        parts.sort_unstable();
        let expected = crate::spec::file_name(&format!("{},seed=1", parts.join(",")));
        for spelling in spellings {
            assert_eq!(folder(MNIST, &[warm, spelling]), expected, "{spelling}");
        }
    }
    let table = "schedule={type=\"cosine\", warmup=\"5%\"}";
    assert_eq!(folder(MNIST, &[table]), folder(MNIST, &[warm, "schedule.warmup=5%"]));
    assert_eq!(folder(MNIST, &["optimizer.lr=1e-30"]), "optimizer.lr=1e-30,seed=1");
    for frozen in ["group.bias.lr_mult=0", "group.bias.lr_mult=0.0", "group.0.freeze=true"] {
        assert_eq!(folder(SEQUENCE, &[frozen]), "group.bias.freeze=true,seed=7");
    }
    // The file's warm-up has a `start`. The first override keeps it, the second does not.
    let [within, whole] =
        [".for=1 epochs", "=1 epochs"].map(|it| folder(SEQUENCE, &[&format!("group.bias.schedule.warmup{it}")]));
    assert_ne!(within, whole);
}

#[test]
fn only_changes_of_the_experiment_are_in_the_name() {
    assert_eq!(folder(MNIST, &["epochs=8", "optimizer.lr=0.001", "optimizer.betas=[0.9, 0.999]"]), "seed=1");
    // 0 is the default momentum of the optimizer that the other override sets.
    assert_eq!(folder(MNIST, &["optimizer.type=sgd", "optimizer.momentum=0"]), "optimizer.type=sgd,seed=1");
    // The last override of a key counts, even if it repeats the file.
    assert_eq!(folder(MNIST, &["optimizer.lr=1", "optimizer.lr=0.001"]), "seed=1");
    assert_eq!(folder(MNIST, &["optimizer.type=sgd", "optimizer.type=adam"]), "seed=1");
    // The number of a group and its name are the same key.
    for key in ["group.0.lr_mult", "group.bias.lr_mult"] {
        assert_eq!(folder(SEQUENCE, &[&format!("{key}=3")]), "group.bias.lr_mult=3,seed=7");
    }
    assert_eq!(folder(SEQUENCE, &["group.0.lr_mult=4", "group.bias.lr_mult=2"]), "seed=7");
    assert_eq!(folder(MNIST, &["on_divergence.action=stop"]), "seed=1");
    let full = ["target.metric=val_accuracy", "target.value=0.97"];
    assert_eq!(folder(MNIST, &full), folder(MNIST, &["target.accuracy=0.97"]));
    // A warm-up of 0 steps is left out.
    for none in ["0 steps", "0%", "0 epochs", "{for=\"0 steps\"}"] {
        assert_eq!(folder(MNIST, &[&format!("schedule.warmup={none}")]), "seed=1");
    }
}

#[test]
fn alternatives_replace_each_other() {
    let target = |overrides: &[&str]| planned(SEQUENCE, overrides).stops.target.unwrap().to_string();
    assert_eq!(target(&["target.rmse=0.05"]), "val_rmse <= 0.05");
    assert_eq!(target(&["target.value=0.05"]), "val_rmse <= 0.05");
    assert_eq!(target(&["target.loss=0.01"]), "val_loss <= 0.01");
    let target = |overrides: &[&str]| planned(RULES, overrides).stops.target.unwrap().to_string();
    assert_eq!(target(&["target.accuracy=0.9"]), "val_accuracy >= 0.9");
    let clip = planned(SEQUENCE, &["clip_grad.value=0.5"]).updates.clip;
    assert_eq!(clip, crate::optimizer::Clip::Value(0.5));
    // Another type empties the part of a sequence, except for its length.
    assert_eq!(folder(SEQUENCE, &["schedule.0.type=rex"]), "schedule.0.type=rex,seed=7");
}

#[test]
fn brackets_in_a_quoted_member_do_not_end_its_array() {
    let parts = super::parts_of(r#"a=["x]",b],c=["x\"]","\\"],d={e=1,f=2},g=1"#);
    assert_eq!(parts, [r#"a=["x]",b]"#, r#"c=["x\"]","\\"]"#, "d={e=1,f=2}", "g=1"]);
}

#[test]
fn a_whole_table_is_named_by_the_keys_that_differ() {
    for (text, whole, expected) in [
        (MNIST, r#"optimizer={type="adam",lr=0.01}"#, "optimizer.lr=0.01,seed=1"),
        (MNIST, r#"optimizer={lr=0.001,type="adam"}"#, "seed=1"),
        (SEQUENCE, r#"target={rmse=0.05,stop=false}"#, "target.rmse=0.05,seed=7"),
        (SEQUENCE, r#"group.0={name="bias",params=["*.bias"],lr_mult=3,schedule={type="constant"}}"#, ""),
        (RULES, r#"data.augment={padding=3}"#, "data.augment.padding=3,seed=1"),
    ] {
        let named = folder(text, &[whole]);
        assert!(named == expected || expected.is_empty() && named.contains("group.bias.lr_mult=3"), "{whole}: {named}");
    }
    // These keys or types are others, so the table is replaced as a whole.
    for whole in [r#"optimizer={type="sgd",lr=0.001}"#, r#"optimizer={type="adam",lr=0.01,eps=1e-6}"#] {
        assert!(folder(MNIST, &[whole]).starts_with("optimizer=%7B"), "{whole}");
    }
    let both = ["optimizer.eps=1e-6", r#"optimizer={type="adam",lr=0.01}"#];
    assert!(folder(MNIST, &both).starts_with("optimizer=%7B"), "{}", folder(MNIST, &both));
}
