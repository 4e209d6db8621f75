//! Every bad spec prints the text in the snapshot next to it.

use std::fs;
use std::path::{Path, PathBuf};

use lr_run::dataset::Access;
use lr_run::plan::{Machine, plan};
use lr_run::run::job;
use lr_run::spec::{Entry, Spec, SpecError};
use lr_run::{dataset, model, optimizer, schedule};

use crate::support::{Workspace, exits, repository, text};

fn folder() -> PathBuf {
    repository("tests/bad_specs")
}

/// Returns the names of the bad specs without their extension, sorted.
fn names() -> Vec<String> {
    let files = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = files.filter_map(|name| Some(name.strip_suffix(".toml")?.to_owned())).collect();
    names.sort();
    assert!(names.len() >= 40, "only {} bad specs", names.len());
    names
}

/// Returns the messages that a run of the spec at `path` prints, warnings first. It must end before it trains.
fn messages(path: &Path) -> String {
    let spec = match Spec::load(path, &["device=cpu".to_owned()]) {
        Ok(spec) => spec,
        Err(SpecError::Findings(found)) => return found.render(false),
        Err(other) => return format!("error: {other}"),
    };
    let machine = Machine { cuda: &|| Ok(0), cores: 2, memory: None };
    let (mut plans, warnings) = match plan(&spec, &machine) {
        Ok(planned) => planned,
        Err(found) => return found.render(false),
    };
    let plan = plans.remove(0);
    let access = Access { cache: "nowhere".into(), offline: true, progress: &|_| {} };
    let error = match plan.data.dataset.load(&access) {
        Err(error) => error.to_string(),
        Ok(data) => match job::job(plan, data, None) {
            Err(error) => error.to_string(),
            Ok(_) => panic!("{} is not a bad spec", path.display()),
        },
    };
    if warnings.is_empty() {
        format!("error: {error}")
    } else {
        format!("{}\n\nerror: {error}", warnings.render(false))
    }
}

/// Replaces lists of registered names by a title, so that a new data set, model, optimizer or schedule changes no
/// snapshot.
fn shorten_lists(mut messages: String) -> String {
    let registries = [
        ("[data sets]", registered(dataset::REGISTRY)),
        ("[models]", registered(model::REGISTRY)),
        ("[optimizers]", registered(optimizer::REGISTRY)),
        ("[schedules]", registered(schedule::REGISTRY)),
    ];
    for (title, names) in registries {
        messages = messages.replace(&names.join(", "), title);
        messages = shorten_quoted(&messages, title, &names);
        let listed = format!("{title}, …: `lr-run list` prints all {}", names.len());
        messages = messages.replace(&listed, &format!("{title}, …"));
    }
    messages
}

fn registered<B>(registry: &[Entry<B>]) -> Vec<&'static str> {
    registry.iter().map(|entry| entry.name).collect()
}

/// Replaces lists such as `"a", "b" or "c"` of at least three `names` by `title`.
fn shorten_quoted(text: &str, title: &str, names: &[&str]) -> String {
    // Quoted words have odd indices.
    let parts: Vec<&str> = text.split('"').collect();
    let is_name = |index: usize| parts.get(index).is_some_and(|part| names.contains(part));
    let joined = |index: usize| [", ", " or "].contains(&parts[index]) && is_name(index + 1);
    let mut done = parts[0].to_owned();
    let mut first = 1;
    while first + 1 < parts.len() {
        let mut last = first;
        while is_name(first) && joined(last + 1) {
            last += 2;
        }
        if last >= first + 4 {
            done += title;
        } else {
            last = first;
            done += &format!("\"{}\"", parts[first]);
        }
        done += parts[last + 1];
        first = last + 2;
    }
    done
}

/// Returns the expected messages of a bad spec.
fn expected(name: &str) -> String {
    let snapshot = fs::read_to_string(folder().join(format!("{name}.snap"))).unwrap();
    let (_, content) = snapshot.split_once("\n---\n").unwrap();
    content.trim_end().to_owned()
}

#[test]
fn every_bad_spec_prints_its_snapshot() {
    let folder = folder();
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(&folder);
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        for name in names() {
            let messages = messages(&folder.join(format!("{name}.toml")));
            // The paths become those of a program that was started in the folder.
            let folder = folder.to_str().unwrap();
            let messages = messages.replace(&format!("--> {folder}/"), "--> ").replace(folder, ".");
            insta::assert_snapshot!(name, shorten_lists(messages));
        }
    });
}

/// Tests one spec that cannot be planned, and one whose data cannot be read.
#[test]
fn bad_specs_exit_with_2_and_write_nothing() {
    let workspace = Workspace::new();
    let out = workspace.path("results");
    for name in ["several_in_many_tables", "idx_truncated_gzip"] {
        let spec = format!("{name}.toml");
        let mut command = workspace.command(&[&spec, "--offline", "-s", "device=cpu", "--out", out.to_str().unwrap()]);
        let output = command.current_dir(folder()).output().unwrap();
        exits(&output, 2);
        assert_eq!(text(&output.stderr).trim_end(), expected(name));
        assert!(output.stdout.is_empty() && !out.exists(), "{name}");
    }
}
