//! Overrides from the command line: `-s optimizer.lr=0.01` sets one value of the spec.

use super::diagnostic::{Diagnostic, Log, Texts};
use super::value::{Key, Place, Table, Value, ValueKind, parse_value_or_string};

/// A parsed override.
#[derive(Clone, Debug)]
pub struct Override {
    keys: Vec<Key>,
    value: Value,
    /// The place of the whole left side.
    place: Place,
}

impl Override {
    /// Parses `a.b.c=value`, and adds its text to `texts` for messages. `None` (logged) if it is not of this form.
    pub fn parse(input: &str, texts: &mut Texts, log: &Log) -> Option<Self> {
        let text = texts.add(format!("-s {input}"), input);
        let whole = Place { text, span: 0..input.len() };
        let refuse = |message: &str| {
            let help = "write it as `-s KEY=VALUE`, for example `-s optimizer.lr=0.01`";
            log.push(Diagnostic::error(message).at(Some(&whole)).help(help));
            None
        };
        let Some((left, right)) = input.split_once('=') else {
            return refuse("an override has no `=`");
        };
        let mut keys = Vec::new();
        let mut start = 0;
        for part in left.split('.') {
            let name = part.trim();
            if name.is_empty() {
                return refuse("an override names no key");
            }
            let begin = start + part.find(name).unwrap_or(0);
            let place = Place { text, span: begin..begin + name.len() };
            keys.push(Key { name: name.to_owned(), place });
            start += part.len() + 1;
        }
        let lead = right.len() - right.trim_start().len();
        let value = parse_value_or_string(right.trim(), text, left.len() + 1 + lead);
        Some(Override { keys, value, place: Place { text, span: 0..left.len() } })
    }

    /// Returns the dotted key, as written.
    pub fn key(&self) -> String {
        let names: Vec<&str> = self.keys.iter().map(|key| key.name.as_str()).collect();
        names.join(".")
    }

    /// Returns the value in canonical form: `1e-2`, `0.01` and `0.010` are the same.
    pub fn canonical_value(&self) -> String {
        canonical(&self.value)
    }

    /// Returns the first part of the key.
    pub fn root(&self) -> &str {
        &self.keys[0].name
    }

    fn sets_type(&self) -> bool {
        self.keys.len() > 1 && self.keys.last().is_some_and(|key| key.name == "type")
    }
}

fn canonical(value: &Value) -> String {
    match &value.kind {
        ValueKind::String(text) | ValueKind::Datetime(text) => text.clone(),
        ValueKind::Integer(number) => number.to_string(),
        ValueKind::Float(number) => number.to_string(),
        ValueKind::Boolean(boolean) => boolean.to_string(),
        ValueKind::Array(items) => {
            let items: Vec<String> = items.iter().map(canonical).collect();
            format!("[{}]", items.join(","))
        }
        ValueKind::Table(table) => {
            let mut entries: Vec<String> =
                table.entries.iter().map(|(key, value)| format!("{}={}", key.name, canonical(value))).collect();
            entries.sort();
            format!("{{{}}}", entries.join(","))
        }
    }
}

/// Pairs of top-level keys that exclude each other. An override of one removes the other.
const EITHER: [(&str, &str); 2] = [("epochs", "steps"), ("seed", "seeds")];

/// Applies `overrides` to `root`. Those that set a `type` come first and empty their table; the others then fill it.
pub fn apply(root: &mut Table, overrides: &[Override], log: &Log) {
    let (types, rest): (Vec<&Override>, Vec<&Override>) = overrides.iter().partition(|it| it.sets_type());
    for (one, other) in EITHER {
        let sets = |key: &str| overrides.iter().any(|it| it.keys.len() == 1 && it.root() == key);
        match (sets(one), sets(other)) {
            (true, false) => root.remove(other),
            (false, true) => root.remove(one),
            // If both are set, the reader of the spec reports that they exclude each other.
            _ => {}
        }
    }
    for it in types.into_iter().chain(rest) {
        if let Err(message) = set(root, it, &it.keys) {
            log.push(Diagnostic::error(message).at(Some(&it.place)));
        }
    }
}

fn set(table: &mut Table, it: &Override, keys: &[Key]) -> Result<(), String> {
    let (key, rest) = keys.split_first().ok_or_else(|| "an override names no key".to_owned())?;
    if rest.is_empty() {
        table.set(key.clone(), it.value.clone());
        return Ok(());
    }
    let to_type = rest.len() == 1 && it.sets_type();
    let new_type = it.value.as_str();
    if table.get(&key.name).is_none() {
        let place = it.place.clone();
        table.set(key.clone(), Value { kind: ValueKind::Table(Table::default()), place });
    }
    let Some(value) = table.get_mut(&key.name) else {
        return Err(format!("`{}` cannot be set", key.name));
    };
    // `-s schedule.type=cosine` replaces a whole sequence, and `-s optimizer.type=sgd` empties the table of Adam.
    let named_type = |value: &Value| value.as_table().and_then(|table| table.get("type")?.as_str().map(str::to_owned));
    let replaces = to_type && (named_type(value).as_deref() != new_type);
    if replaces && !matches!(value.kind, ValueKind::Array(_)) || to_type && matches!(value.kind, ValueKind::Array(_)) {
        value.kind = ValueKind::Table(Table::default());
        value.place = it.place.clone();
    }
    match &mut value.kind {
        ValueKind::Table(inner) => set(inner, it, rest),
        ValueKind::Array(items) => set_in_array(items, it, key, rest),
        _ => Err(format!("`{}` is not a table, so `{}` cannot be set", key.name, it.key())),
    }
}

/// Sets a value in an array of tables. `group.bias.lr_mult` finds the group by its name, `schedule.0.factor` the part by
/// its number.
fn set_in_array(items: &mut [Value], it: &Override, key: &Key, rest: &[Key]) -> Result<(), String> {
    let (which, rest) = rest.split_first().ok_or_else(|| "an override names no key".to_owned())?;
    let by_name = |value: &Value| {
        let name = value.as_table().and_then(|table| table.get("name"));
        name.and_then(Value::as_str) == Some(which.name.as_str())
    };
    let index = items.iter().position(by_name).or_else(|| which.name.parse().ok()).filter(|&index| index < items.len());
    let item = index.and_then(|index| items.get_mut(index));
    match item.map(|item| &mut item.kind) {
        Some(ValueKind::Table(table)) if !rest.is_empty() => set(table, it, rest),
        _ => {
            let names: Vec<String> = items
                .iter()
                .enumerate()
                .map(|(index, item)| {
                    let name = item.as_table().and_then(|table| table.get("name")?.as_str().map(str::to_owned));
                    name.unwrap_or_else(|| index.to_string())
                })
                .collect();
            Err(format!("`{}` has no part named `{}`; it has: {}", key.name, which.name, names.join(", ")))
        }
    }
}
