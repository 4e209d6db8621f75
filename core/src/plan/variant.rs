//! The part of a folder's name that says in which overrides an experiment differs from its file.
//!
//! One experiment has one folder. So values are written in the form of the resolved spec, and an override that repeats
//! what the file or a default says is left out.

use crate::spec::{Change, Log, Spec};

/// Returns the overrides that change the experiment, sorted and in canonical form, or an empty text if there are none.
/// `is_same` returns whether another spec is the same experiment as `spec`. `log` is the log that was written while
/// `spec` was read.
///
/// A resolved spec has the overrides of the command that made it in its key `variant`.
pub(super) fn of(spec: &Spec, log: &Log, is_same: impl Fn(&Spec) -> bool) -> String {
    let mut changes = spec.changes();
    let mut at = 0;
    while at < changes.len() {
        let others: Vec<&Change> = changes.iter().enumerate().filter(|(it, _)| *it != at).map(|(_, it)| it).collect();
        match spec.with(&others).is_some_and(|without| is_same(&without)) {
            true => drop(changes.remove(at)),
            false => at += 1,
        }
    }
    let before = spec.recorded_variant();
    let part = |it: &Change| match (it.key.rsplit_once('.'), spec.canonical_value(it, log).as_str()) {
        // `lr_mult = 0` and `freeze = true` mean the same.
        (Some((group, "lr_mult")), "0") => format!("{group}.freeze=true"),
        (_, value) => format!("{}={value}", it.key),
    };
    let mut parts: Vec<String> = changes.iter().map(part).collect();
    shorten_target(&mut parts);
    parts.extend(parts_of(before).into_iter().filter(|part| !is_replaced(part, &changes)));
    parts.sort();
    parts.join(",")
}

/// Writes `target.metric=val_accuracy` and `target.value=0.97` as `target.accuracy=0.97`, their short form.
fn shorten_target(parts: &mut Vec<String>) {
    let find = |prefix: &str| parts.iter().position(|part| part.starts_with(prefix));
    let (Some(metric), Some(value)) = (find("target.metric=val_"), find("target.value=")) else { return };
    if parts.iter().any(|part| part.starts_with("target.mode=")) {
        return;
    }
    let name = parts[metric].trim_start_matches("target.metric=val_").to_owned();
    let value = parts[value].trim_start_matches("target.value=").to_owned();
    parts.retain(|part| !part.starts_with("target.metric=") && !part.starts_with("target.value="));
    parts.push(format!("target.{name}={value}"));
}

/// Returns whether one of `changes` replaces `part`, an override in an earlier variant: the change sets the same key,
/// or the type of the key's table.
fn is_replaced(part: &str, changes: &[Change]) -> bool {
    let Some((key, _)) = part.split_once('=') else { return false };
    changes.iter().any(|it| {
        let emptied = it.key.strip_suffix("type").filter(|table| table.ends_with('.'));
        it.key == key || emptied.is_some_and(|table| key.starts_with(table))
    })
}

/// Splits a variant at its commas, except those inside brackets. Inside quotes, which only members of arrays have,
/// brackets are plain characters.
fn parts_of(variant: &str) -> Vec<String> {
    let (mut depth, mut quoted, mut before) = (0, false, ' ');
    let parts = variant.split(|c: char| {
        match c {
            '"' if quoted => quoted = before == '\\',
            '"' => quoted = depth > 0 && matches!(before, '[' | ','),
            '[' | '{' if !quoted => depth += 1,
            ']' | '}' if !quoted => depth -= 1,
            _ => {}
        }
        // An escaped backslash does not escape the character behind it.
        before = if quoted && before == '\\' { ' ' } else { c };
        c == ',' && depth == 0
    });
    parts.filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests;
