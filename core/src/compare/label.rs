//! Labels of strategies and problems: the values of some of the keys in which they differ.

use std::collections::{BTreeMap, BTreeSet};

/// The dotted keys of a resolved spec with their values.
pub type Lines = BTreeMap<String, String>;

/// Returns a label for each of `all`: the values of keys that distinguish them. `type` keys come first, and a key that
/// distinguishes nothing more is left out. Two labels can be equal although the lines differ: `lr=1` of two tables.
pub fn labels(all: &[&Lines]) -> Vec<String> {
    let mut chosen: Vec<&str> = Vec::new();
    let classes = |keys: &[&str]| {
        let of = |lines: &&Lines| keys.iter().map(|key| lines.get(*key).cloned()).collect::<Vec<_>>();
        all.iter().map(of).collect::<BTreeSet<_>>().len()
    };
    for key in differing(all) {
        let before = classes(&chosen);
        if before == all.len() {
            break;
        }
        chosen.push(key);
        if classes(&chosen) == before {
            chosen.pop();
        }
    }
    if chosen.is_empty() {
        return all.iter().map(|lines| usual(lines)).collect();
    }
    all.iter().map(|lines| label(lines, &chosen)).collect()
}

/// Returns the keys that do not have the same value everywhere: `type` keys first, then keys with fewer dots first.
fn differing<'a>(all: &[&'a Lines]) -> Vec<&'a str> {
    let keys: BTreeSet<&str> = all.iter().flat_map(|lines| lines.keys().map(String::as_str)).collect();
    let differs = |key: &&str| all.iter().any(|lines| lines.get(*key) != all[0].get(*key));
    let mut keys: Vec<&str> = keys.into_iter().filter(differs).collect();
    let rank = |key: &str| (key != "type" && !key.ends_with(".type"), key.matches('.').count());
    keys.sort_by(|a, b| rank(a).cmp(&rank(b)).then(a.cmp(b)));
    keys
}

fn label(lines: &Lines, keys: &[&str]) -> String {
    let mut parts: Vec<String> = keys.iter().filter_map(|key| Some(part(key, lines.get(*key)?))).collect();
    if parts.is_empty() {
        // It has none of the keys that the others have.
        let tables: BTreeSet<&str> = keys.iter().map(|key| key.split('.').next().unwrap_or(key)).collect();
        parts.push(format!("without {}", tables.into_iter().collect::<Vec<_>>().join(" and ")));
    }
    parts.join(" ")
}

/// Returns the part of a label for one key: `cosine` for a type, `lr=0.01` for a key of a table, and the whole key for
/// any other: `group.0.lr_mult=2`.
fn part(key: &str, value: &str) -> String {
    let value = value.trim_matches('"');
    let (table, last) = key.rsplit_once('.').unwrap_or(("", key));
    match last {
        "type" => value.to_owned(),
        _ if table.contains('.') || table.is_empty() => format!("{key}={value}"),
        _ => format!("{last}={value}"),
    }
}

/// Returns a label for a strategy that differs from no other: the types of its optimizer and schedule.
fn usual(lines: &Lines) -> String {
    let types = ["optimizer.type", "schedule.type", "schedule.0.type"].iter().filter_map(|key| lines.get(*key));
    let types: Vec<&str> = types.map(|value| value.trim_matches('"')).collect();
    types.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labeled(specs: &[&str]) -> String {
        let lines = |spec: &&str| -> Lines {
            let pair = |it: &str| it.split_once(" = ").map(|(key, value)| (key.to_owned(), value.to_owned()));
            spec.split("; ").filter_map(pair).collect()
        };
        let all: Vec<Lines> = specs.iter().map(lines).collect();
        labels(&all.iter().collect::<Vec<_>>()).join(" | ")
    }

    #[test]
    fn types_come_first_and_other_keys_only_if_they_are_needed() {
        let cosine = "optimizer.type = \"sgd\"; optimizer.lr = 0.1; schedule.type = \"cosine\"; schedule.end = 0";
        let step =
            "optimizer.type = \"sgd\"; optimizer.lr = 0.1; schedule.type = \"step\"; schedule.every = \"3 epochs\"";
        assert_eq!(labeled(&[cosine, step]), "cosine | step");
        let faster = &cosine.replace("lr = 0.1", "lr = 0.3");
        assert_eq!(labeled(&[cosine, faster]), "lr=0.1 | lr=0.3");
        assert_eq!(labeled(&[cosine, faster, step]), "cosine lr=0.1 | cosine lr=0.3 | step lr=0.1");
        assert_eq!(labeled(&[cosine]), "sgd cosine");
    }

    #[test]
    fn missing_tables_and_nested_keys_are_named() {
        assert_eq!(labeled(&["a.lr = 1", "a.lr = 1; clip_grad.norm = 1.0"]), "without clip_grad | norm=1.0");
        assert_eq!(labeled(&["group.0.lr_mult = 1", "group.0.lr_mult = 2"]), "group.0.lr_mult=1 | group.0.lr_mult=2");
    }
}
