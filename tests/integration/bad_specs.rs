//! Every bad spec prints what it should, exits with 2 and writes nothing.

use std::path::{Path, PathBuf};

use assert_cmd::Command;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bad_specs")
}

#[test]
fn every_bad_spec_prints_what_is_wrong() {
    let mut specs: Vec<String> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".toml"))
        .collect();
    specs.sort();
    assert!(specs.len() >= 40, "only {} bad specs", specs.len());
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(folder());
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        for spec in &specs {
            let out = tempfile::tempdir().unwrap();
            let run = Command::cargo_bin("lr-run")
                .unwrap()
                .current_dir(folder())
                .args([spec, "--offline", "-s", "device=cpu", "--out"])
                .arg(out.path())
                .output()
                .unwrap();
            assert_eq!(run.status.code(), Some(2), "{spec}");
            assert!(run.stdout.is_empty(), "{spec}");
            assert_eq!(std::fs::read_dir(out.path()).unwrap().count(), 0, "{spec} left something");
            let told = String::from_utf8(run.stderr).unwrap();
            insta::assert_snapshot!(spec.trim_end_matches(".toml"), told);
        }
    });
}
