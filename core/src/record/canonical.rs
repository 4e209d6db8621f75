//! The canonical form of a resolved spec: every key that changes the experiment. Specs with the same form describe the
//! same experiment.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};
use toml::{Table, Value};

use crate::spec::{self, NOT_THE_EXPERIMENT, Role, hex};

/// Returns the SHA-256 (hexadecimal) of a resolved spec in canonical form: a line `dotted.key = value` for each value,
/// sorted by key, without [`NOT_THE_EXPERIMENT`].
pub fn spec_hash(resolved: &Table) -> String {
    let mut hash = Sha256::new();
    for (key, value) in canonical(resolved) {
        hash.update(format!("{key} = {value}\n"));
    }
    hex(&hash.finalize())
}

/// Returns the SHA-256 (hexadecimal) of the keys of a resolved spec that have `role`, in the same form. `data` is the
/// fingerprint of the data. It is one more line in the hash of a problem.
pub fn role_hash(resolved: &Table, role: Role, data: &str) -> String {
    let mut lines = lines_of(resolved, role);
    if role == Role::Problem {
        lines.insert("data fingerprint".to_owned(), json(data));
    }
    let mut hash = Sha256::new();
    for (key, value) in lines {
        hash.update(format!("{key} = {value}\n"));
    }
    hex(&hash.finalize())
}

/// Returns the dotted keys of a resolved spec that have `role`, with their values.
pub fn lines_of(resolved: &Table, role: Role) -> BTreeMap<String, String> {
    canonical(resolved).into_iter().filter(|(key, _)| spec::role(key) == Some(role)).collect()
}

/// Returns one line for each key in which two experiments differ: `optimizer.lr: 0.01 here, 0.001 there`. `places` are
/// the words after the two values, here `here` and `there`.
pub fn differences(here: &Table, there: &Table, places: [&str; 2]) -> Vec<String> {
    let here = canonical(here);
    let there = canonical(there);
    let [at_first, at_second] = places;
    let keys: BTreeSet<&String> = here.keys().chain(there.keys()).collect();
    let shown = |value: Option<&String>| value.map_or("not set", String::as_str).to_owned();
    keys.into_iter()
        .map(|key| (key, here.get(key), there.get(key)))
        .filter(|(_, here, there)| here != there)
        .map(|(key, here, there)| format!("{key}: {} {at_first}, {} {at_second}", shown(here), shown(there)))
        .collect()
}

/// Returns dotted keys and their values. The values are not written by a TOML library, because another release of it
/// could change the hashes.
fn canonical(resolved: &Table) -> BTreeMap<String, String> {
    let mut lines = BTreeMap::new();
    for (key, value) in resolved {
        if !NOT_THE_EXPERIMENT.contains(&key.as_str()) {
            flatten(quoted(key), value, &mut lines);
        }
    }
    lines
}

fn flatten(path: String, value: &Value, lines: &mut BTreeMap<String, String>) {
    match value {
        Value::Table(table) if !table.is_empty() => {
            table.iter().for_each(|(key, value)| flatten(format!("{path}.{}", quoted(key)), value, lines));
        }
        // Tables in an array have dotted keys, too: `group.0.lr_mult`.
        Value::Array(items) if items.iter().any(Value::is_table) => {
            items.iter().enumerate().for_each(|(index, item)| flatten(format!("{path}.{index}"), item, lines));
        }
        _ => {
            lines.insert(path, text(value));
        }
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => json(text),
        Value::Integer(number) => number.to_string(),
        // `1.0` and `1` are different values; `1e-2` and `0.01` are the same.
        Value::Float(number) => format!("{number:?}"),
        Value::Boolean(boolean) => boolean.to_string(),
        Value::Datetime(datetime) => datetime.to_string(),
        Value::Array(items) => format!("[{}]", items.iter().map(text).collect::<Vec<_>>().join(", ")),
        Value::Table(table) => {
            let mut entries: Vec<String> =
                table.iter().map(|(key, value)| format!("{} = {}", quoted(key), text(value))).collect();
            entries.sort();
            format!("{{{}}}", entries.join(", "))
        }
    }
}

/// Writes a key as TOML does, with quotes unless it is a bare key.
fn quoted(key: &str) -> String {
    let bare = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
    if bare { key.to_owned() } else { json(key) }
}

fn json(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> Table {
        text.parse().unwrap()
    }

    #[test]
    fn hash_depends_on_the_experiment_only() {
        let hash = |text| spec_hash(&table(text));
        let plain = hash("seed = 1\n[optimizer]\ntype = 'adam'\nlr = 1e-2\n");
        assert_eq!(hash("[optimizer]\nlr = 0.01\ntype = \"adam\"\n[other]\n").len(), 64);
        assert_eq!(
            plain,
            hash(
                "name = 'x'\nseed = 1\ndevice = 'cpu'\nthreads = 8\noptimizer = { lr = 0.010, type = \"adam\" }\n[record]\nsteps = 1\n[checkpoint]\nevery = 2\n"
            )
        );
        assert_ne!(plain, hash("seed = 2\n[optimizer]\ntype = 'adam'\nlr = 1e-2\n"));
        assert_ne!(plain, hash("seed = 1\n[optimizer]\ntype = 'adam'\nlr = 1e-2\neps = 1e-8\n"));
        assert_ne!(hash("a = 1"), hash("a = 1.0"));
        assert_ne!(hash("a = '1'"), hash("a = 1"));
        assert_ne!(hash("a = []"), hash("a = {}"));
        assert_ne!(hash("a.b = 1"), hash("'a.b' = 1"));
        assert_ne!(hash("a = 'x\"\\n b = 1'"), hash("a = 'x'\nb = 1"));
    }

    /// Published results contain hashes, so a new release of a library must not change them.
    #[test]
    fn hash_is_stable() {
        let spec = "epochs = 20\ntarget = { accuracy = 0.97, stop = true }\n[model]\nhidden = [128, 64]\n[[group]]\nname = 'bias µ'\nlr_mult = 2.0\n[x]\nwhen = 2026-01-02\nmixed = [{ a = 1 }, 2, []]\ntiny = 1e-300\n";
        let lines: Vec<String> =
            canonical(&table(spec)).iter().map(|(key, value)| format!("{key} = {value}")).collect();
        assert_eq!(
            lines,
            [
                "epochs = 20",
                "group.0.lr_mult = 2.0",
                "group.0.name = \"bias µ\"",
                "model.hidden = [128, 64]",
                "target.accuracy = 0.97",
                "target.stop = true",
                "x.mixed.0.a = 1",
                "x.mixed.1 = 2",
                "x.mixed.2 = []",
                "x.tiny = 1e-300",
                "x.when = 2026-01-02"
            ]
        );
        assert_eq!(spec_hash(&table("seed = 1\n")), hex(&Sha256::digest(b"seed = 1\n")));
    }

    #[test]
    fn differences_name_the_key_and_both_values() {
        let here = table(
            "seed = 1\ndevice = 'cuda'\n[optimizer]\ntype = 'adam'\nlr = 0.01\neps = 1e-8\n[[group]]\nlr_mult = 1.0\n",
        );
        let there = table(
            "seed = 1\nname = 'x'\n[optimizer]\ntype = 'sgd'\nlr = 0.001\nmomentum = 0.9\n[[group]]\nlr_mult = 2.0\n",
        );
        assert_eq!(
            differences(&here, &there, ["here", "there"]),
            [
                "group.0.lr_mult: 1.0 here, 2.0 there",
                "optimizer.eps: 1e-8 here, not set there",
                "optimizer.lr: 0.01 here, 0.001 there",
                "optimizer.momentum: not set here, 0.9 there",
                "optimizer.type: \"adam\" here, \"sgd\" there"
            ]
        );
        assert!(differences(&here, &here, ["here", "there"]).is_empty());
    }
}
