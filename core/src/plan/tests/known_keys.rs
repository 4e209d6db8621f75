//! A table that cannot be built has one error, and none about its other keys.

use std::path::Path;

use super::{BODY, HEAD, errors, read};
use crate::dataset::{self, SplitRule};
use crate::model::{self, Shape};
use crate::optimizer;
use crate::schedule::{self, Context};
use crate::spec::{Horizon, Log, Section, Spec};

/// Returns the keys that `build` knows after it read the table `text`.
fn known(text: &str, build: &dyn Fn(&mut Section<'_>)) -> Vec<&'static str> {
    let spec = Spec::parse(Path::new("test.toml"), text, &[]).unwrap_or_else(|found| panic!("{found}\n{text}"));
    let log = Log::default();
    let mut section = Section::new("table", &spec.table, None, &log);
    build(&mut section);
    section.known().to_vec()
}

/// Checks that a wrong value of any key of `example` leaves all keys known.
fn check(name: &str, example: &str, build: &dyn Fn(&mut Section<'_>)) {
    let table: toml::Table = example.parse().unwrap();
    let all = known(example, build);
    for key in table.keys().filter(|key| *key != "type") {
        let mut wrong = table.clone();
        wrong.insert(key.clone(), toml::Value::Array(vec![toml::Value::Array(vec![true.into()])]));
        let found = known(&wrong.to_string(), build);
        let lost: Vec<&&str> = all.iter().filter(|it| table.contains_key(**it) && !found.contains(it)).collect();
        assert!(lost.is_empty(), "{name}: a wrong `{key}` makes these unknown: {lost:?}");
    }
}

#[test]
fn a_wrong_value_makes_no_other_key_unknown() {
    for entry in dataset::REGISTRY {
        let split = SplitRule::default();
        let context = dataset::Context { folder: Path::new("."), may_read: false, split: &split };
        check(entry.name, entry.example, &|section| drop((entry.build)(section, &context)));
    }
    for entry in model::REGISTRY {
        for input in [vec![1, 28, 28], vec![4]] {
            let shape = Shape { input, outputs: 3 };
            check(entry.name, entry.example, &|section| drop((entry.build)(section, &shape, Path::new("."))));
        }
    }
    for entry in optimizer::REGISTRY {
        check(entry.name, entry.example, &|section| drop((entry.build)(section)));
    }
    let horizon = Horizon { total_steps: 1000, steps_per_epoch: 10 };
    let context = Context::new(horizon, 0.1, &[]);
    for entry in schedule::REGISTRY {
        check(entry.name, entry.example, &|section| drop((entry.build)(section, &context)));
    }
}

#[test]
fn a_missing_data_file_is_one_error() {
    let rest = "validation = 0\nbatch_size = 4\n[model]\ntype = \"mlp\"\n[optimizer]\ntype = \"sgd\"\nlr = 0.1\n";
    let csv = "[data]\ntype = \"csv\"\npath = \"a.csv\"\ntarget = \"y\"\ntask = \"regression\"\ndelimiter = \",\"\n\
               header = true\ndrop = []\nmissing = \"drop\"\nscale_target = true\ntest = 0.2\ntest_seed = 1\n";
    let npz = "[data]\ntype = \"npz\"\npath = \"a.npz\"\nx = \"x\"\ny = \"y\"\n";
    for data in [csv, npz] {
        let text = format!("relative_to = \"/nowhere\"\nepochs = 1\n{data}{rest}");
        let found = errors(&text);
        assert!(found.len() == 1 && found[0].contains("there is no such file"), "{found:?}");
        // A key that no table has is still an error.
        let found = errors(&text.replace("[model]", "colour = 1\n[model]"));
        assert!(found.len() == 2 && found.contains(&"unknown key `data.colour`".to_owned()), "{found:?}");
    }
}

#[test]
fn keys_of_other_types_are_explained() {
    let found = |text: &str| read(text, 0).unwrap_err().to_string();
    for (key, expected) in [
        (
            "max_lr = 0.1",
            "here it is `max`, a key of `one_cycle`, or `high`, a key of `cyclic`, or `max_lr`, a key of `greedy`, `plateau`, not of `cosine`",
        ),
        ("T_0 = 10", "here it is `period`, a key of `cosine_restarts`, not of `cosine`"),
        ("T_mult = 2", "here it is `period_mult`, a key of `cosine_restarts`, not of `cosine`"),
        ("start_factor = 0.1", "here it is `start`, a key of "),
        ("gamma = 0.1", "here it is `factor`, a key of "),
        ("step_size = 3", "here it is `every`, a key of "),
        ("patience = \"3 epochs\"", "a key of "),
        ("decay = \"2 epochs\"", "a key of "),
        ("high = 2", "a key of `cyclic`, not of `cosine`"),
    ] {
        let message = found(&format!("{HEAD}{BODY}[schedule]\ntype = \"cosine\"\n{key}\n"));
        assert!(message.contains(expected) && !message.contains("did you mean"), "{key}\n{message}");
    }
    let nested = format!("{HEAD}{BODY}[schedule_for.momentum]\ntype = \"cosine\"\nT_0 = 10\n");
    assert!(found(&nested).contains("here it is `period`, a key of `cosine_restarts`"), "{}", found(&nested));
    let momentum = BODY.replace("\"sgd\"", "\"adam\"");
    let message = found(&format!("{HEAD}{momentum}"));
    assert!(message.contains("a key of ") && message.contains("not of `adam`"), "{message}");
    let hidden = BODY.replace("\"mlp\"", "\"linear\"\nhidden = [3]");
    assert!(found(&format!("{HEAD}{hidden}")).contains("a key of `mlp`, not of `linear`"));
    let target = BODY.replace("\"mnist\"", "\"mnist\"\ntarget = \"y\"");
    assert!(found(&format!("{HEAD}{target}")).contains("a key of `csv`, not of `mnist`"));
}
