//! Every shipped experiment can be planned, and its first comment is the question that it answers.

use std::path::{Path, PathBuf};

use lr_run::plan::{Machine, plan};
use lr_run::spec::Spec;

fn specs() -> Vec<PathBuf> {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("experiments")];
    let mut specs = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "toml") {
                specs.push(path);
            }
        }
    }
    assert!(specs.len() >= 5, "only {} experiments", specs.len());
    specs
}

#[test]
fn every_experiment_plans_without_warnings() {
    for path in specs() {
        let spec = Spec::load(&path, &[]).unwrap_or_else(|error| panic!("{error}"));
        let (plans, warnings) =
            plan(&spec, &Machine { cuda: &|| Ok(0), cores: 2, memory: None }).unwrap_or_else(|error| panic!("{error}"));
        assert!(warnings.is_empty(), "{warnings}");
        // The resolved spec is the same experiment.
        let text = toml::to_string(&plans[0].resolved).unwrap();
        let again = Spec::parse(&path, &text, &[]).unwrap_or_else(|error| panic!("{error}"));
        let (again, _) = plan(&again, &Machine { cuda: &|| Ok(0), cores: 1, memory: None })
            .unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(again[0].resolved, plans[0].resolved, "{}", path.display());
        assert_eq!(again[0].variant, plans[0].variant);
    }
}

#[test]
fn every_experiment_begins_with_its_question() {
    for path in specs() {
        let text = std::fs::read_to_string(&path).unwrap();
        let first = text.lines().next().unwrap();
        assert!(first.starts_with("# ") && first.contains('?'), "{}: {first}", path.display());
    }
}
