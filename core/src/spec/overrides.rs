//! Overrides from the command line: `-s optimizer.lr=0.01` sets one value of the spec.

use super::NOT_THE_EXPERIMENT;
use super::diagnostic::{Diagnostic, Log, Texts};
use super::value::{Key, Place, Table, Value, ValueKind, parse_value_or_string};

mod text;

use text::canonical;

/// A parsed override.
#[derive(Clone, Debug)]
pub struct Override {
    keys: Vec<Key>,
    value: Value,
    /// The place of the whole dotted key.
    place: Place,
}

impl Override {
    /// Parses `a.b.c=value`, and adds its text to `texts` for messages. Logs an error and returns `None` if it is wrong.
    pub fn parse(input: &str, texts: &mut Texts, log: &Log) -> Option<Self> {
        let text = texts.add(format!("-s {input}"), input);
        let whole = Place { text, span: 0..input.len() };
        let refuse = |message: &str| {
            let help = "write it as `-s KEY=VALUE`, for example `-s optimizer.lr=0.01`";
            log.push(Diagnostic::error(message).at(Some(&whole)).help(help));
            None
        };
        let Some((left, right)) = input.split_once('=') else {
            return refuse("this override has no `=`");
        };
        let mut keys = Vec::new();
        let mut start = 0;
        for part in left.split('.') {
            let name = part.trim();
            if name.is_empty() {
                return refuse("this override has no key, or an empty part in its key");
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
    fn key(&self) -> String {
        let names: Vec<&str> = self.keys.iter().map(|key| key.name.as_str()).collect();
        names.join(".")
    }

    /// Expands this override into one per value: `end={lr=1e-5}` becomes `end.lr=1e-5`, and `warmup=5%` becomes
    /// `warmup.for=5%`. If `written`, the file's tree, has a table at the key, the override replaces it and stays
    /// whole, unless the two have the same keys. `is_alone` is true if no other override has the same first part of its
    /// key.
    pub fn in_full(self, written: &Table, is_alone: bool) -> Vec<Override> {
        let value = value_at(written, &self.keys);
        let table = value.and_then(Value::as_table);
        let is_like = |own: &Table| is_alone && table.is_some_and(|table| have_same_keys(table, own));
        match &self.value.kind {
            ValueKind::Table(table) if (value.is_none() || is_like(table)) && !table.entries.is_empty() => {
                let single = |(key, value): &(Key, Value)| {
                    let keys = [self.keys.as_slice(), std::slice::from_ref(key)].concat();
                    Override { keys, value: value.clone(), place: self.place.clone() }.in_full(written, is_alone)
                };
                table.entries.iter().flat_map(single).collect()
            }
            ValueKind::Table(_) | ValueKind::Array(_) => vec![self],
            _ if table.is_some() => vec![self],
            _ => {
                let inner = self.keys.last().and_then(|key| short_form(&key.name));
                let key = inner.map(|inner| Key { name: inner.to_owned(), place: self.value.place.clone() });
                vec![Override { keys: self.keys.into_iter().chain(key).collect(), ..self }]
            }
        }
    }

    /// Returns the dotted key in canonical form. A group is called by its name in `written`, the tree of the file, even
    /// if the override uses its number. A key with a short form has that form: `warmup`, not `warmup.for`.
    pub fn canonical_key(&self, written: &Table) -> String {
        let mut names: Vec<String> = Vec::new();
        let mut tree = Some(ValueRef::Table(written));
        for key in &self.keys {
            let (name, next) = match tree {
                Some(ValueRef::Table(table)) => (key.name.clone(), table.get(&key.name)),
                Some(ValueRef::Array(items)) => match item_of(items, &key.name) {
                    Some(index) => (name_of(&items[index]).map_or(index.to_string(), str::to_owned), items.get(index)),
                    None => (key.name.clone(), None),
                },
                None => (key.name.clone(), None),
            };
            names.push(name);
            tree = next.and_then(ValueRef::of);
        }
        if let [outer @ .., last] = self.keys.as_slice()
            && outer.last().and_then(|key| short_form(&key.name)) == Some(last.name.as_str())
            && value_at(written, outer).is_none_or(|value| value.as_table().is_none())
        {
            names.pop();
        }
        names.join(".")
    }

    /// Returns the value in canonical form. If `log` has the resolved form of the value, it is used.
    pub fn canonical_value(&self, log: &Log) -> String {
        canonical(&self.value, log)
    }

    /// Reports whether the override can change the experiment. The seed cannot: other seeds repeat the experiment.
    pub fn is_of_the_experiment(&self) -> bool {
        !NOT_THE_EXPERIMENT.contains(&self.root()) && !matches!(self.root(), "seed" | "seeds")
    }

    /// Returns the first part of the key.
    pub fn root(&self) -> &str {
        &self.keys[0].name
    }

    /// Returns whether the override sets the `type` of a table.
    fn sets_type(&self) -> bool {
        self.keys.len() > 1 && self.keys.last().is_some_and(|key| key.name == "type")
    }
}

/// A table or an array of the spec's tree.
enum ValueRef<'a> {
    Table(&'a Table),
    Array(&'a [Value]),
}

impl<'a> ValueRef<'a> {
    fn of(value: &'a Value) -> Option<Self> {
        match &value.kind {
            ValueKind::Table(table) => Some(ValueRef::Table(table)),
            ValueKind::Array(items) => Some(ValueRef::Array(items)),
            _ => None,
        }
    }
}

/// Returns the value that the tree has at the dotted key.
fn value_at<'a>(tree: &'a Table, keys: &[Key]) -> Option<&'a Value> {
    let (first, rest) = keys.split_first()?;
    rest.iter().try_fold(tree.get(&first.name)?, |value, key| match ValueRef::of(value)? {
        ValueRef::Table(table) => table.get(&key.name),
        ValueRef::Array(items) => items.get(item_of(items, &key.name)?),
    })
}

/// Returns whether two tables have the same keys, and the same `type` and `name`. Then one can be made from the other
/// by setting its keys one by one.
fn have_same_keys(one: &Table, other: &Table) -> bool {
    let is_in = |(key, value): &(Key, Value)| {
        let decides = matches!(key.name.as_str(), "type" | "name");
        other.get(&key.name).is_some_and(|own| !decides || own.is_same(value))
    };
    one.entries.len() == other.entries.len() && one.entries.iter().all(is_in)
}

/// Returns `inner` if `name = value` is short for `name = { inner = value }`. Returns `None` for any other `name`.
fn short_form(name: &str) -> Option<&'static str> {
    SHORT_FORMS.iter().find(|(table, _)| *table == name).map(|(_, inner)| *inner)
}

/// Returns the name of a table, such as a group. Returns `None` if the table has no name.
fn name_of(value: &Value) -> Option<&str> {
    value.as_table()?.get("name")?.as_str()
}

/// Returns the index of the item that has the name or the number `which`. Returns `None` if there is no such item.
fn item_of(items: &[Value], which: &str) -> Option<usize> {
    let by_name = items.iter().position(|item| name_of(item) == Some(which));
    by_name.or_else(|| which.parse().ok()).filter(|&index| index < items.len())
}

/// Returns `overrides` without those that a later one of the same key replaces. `written` is the file's tree.
pub fn last_of_each_key(overrides: Vec<Override>, written: &Table) -> Vec<Override> {
    let keys: Vec<String> = overrides.iter().map(|it| it.canonical_key(written)).collect();
    let is_last = |index: usize| !keys[index + 1..].contains(&keys[index]);
    overrides.into_iter().enumerate().filter(|(index, _)| is_last(*index)).map(|(_, it)| it).collect()
}

/// Keys of a table (`""` is the top level) that exclude each other. An override of one removes the others.
const ALTERNATIVES: [(&str, &[&[&str]]); 4] = [
    ("", &[&["epochs"], &["steps"]]),
    ("", &[&["seed"], &["seeds"]]),
    ("clip_grad", &[&["norm"], &["value"]]),
    ("target", &[&["accuracy"], &["rmse"], &["loss"], TARGET_IN_FULL]),
];

/// The keys of the long form of a target. `accuracy = 0.97` is short for `metric = "val_accuracy"` and `value = 0.97`.
const TARGET_IN_FULL: &[&str] = &["metric", "value", "mode"];

/// Tables that can also be written as the value of a key: `warmup = "5%"` is short for `warmup = { for = "5%" }`.
const SHORT_FORMS: [(&str, &str); 1] = [("warmup", "for")];

/// Tables at the top level that a spec may leave out, and the type that such a table then has.
const USUAL_TYPES: [(&str, &str); 1] = [("schedule", "constant")];

/// Removes the keys that cannot be combined with a key that `overrides` set. If the overrides themselves set several
/// alternatives, nothing is removed, and the reader of the spec reports an error.
fn remove_alternatives(root: &mut Table, overrides: &[Override]) {
    for (name, alternatives) in ALTERNATIVES {
        let depth = if name.is_empty() { 1 } else { 2 };
        let sets = |key: &&str| {
            let is_in = |it: &&Override| it.keys.len() == depth && (depth == 1 || it.root() == name);
            overrides.iter().filter(is_in).any(|it| it.keys[depth - 1].name == **key)
        };
        let mut set = alternatives.iter().filter(|keys| keys.iter().any(&sets));
        let (Some(chosen), None) = (set.next(), set.next()) else { continue };
        let table = match name {
            "" => &mut *root,
            name => match root.get_mut(name).map(|value| &mut value.kind) {
                Some(ValueKind::Table(table)) => table,
                _ => continue,
            },
        };
        if *chosen == TARGET_IN_FULL {
            write_target_in_full(table);
        }
        for other in alternatives.iter().filter(|other| *other != chosen).flat_map(|other| other.iter()) {
            table.remove(other);
        }
    }
}

/// Writes `accuracy = 0.97` as `metric = "val_accuracy"` and `value = 0.97`, so that an override can set one of them.
fn write_target_in_full(target: &mut Table) {
    let Some((key, value)) = target.entries.iter().find(|(key, _)| ["accuracy", "rmse", "loss"].contains(&&*key.name))
    else {
        return;
    };
    let (key, value) = (key.clone(), value.clone());
    let metric = Value { kind: ValueKind::String(format!("val_{}", key.name)), place: key.place.clone() };
    target.set(Key { name: "metric".to_owned(), ..key.clone() }, metric);
    target.set(Key { name: "value".to_owned(), ..key }, value);
}

/// Applies `overrides` to `root`. Those that set a `type` are applied first, because they empty their table.
pub fn apply(root: &mut Table, overrides: &[Override], log: &Log) {
    let (types, rest): (Vec<&Override>, Vec<&Override>) = overrides.iter().partition(|it| it.sets_type());
    remove_alternatives(root, overrides);
    for it in types.into_iter().chain(rest) {
        if let Err(message) = set(root, it, &it.keys) {
            log.push(Diagnostic::error(message).at(Some(&it.place)));
        }
    }
}

/// Sets the value of `it` in `table`. `keys` are the parts of its key below the table. The error is a message.
fn set(table: &mut Table, it: &Override, keys: &[Key]) -> Result<(), String> {
    let (key, rest) = keys.split_first().ok_or_else(|| "this override has no key".to_owned())?;
    if rest.is_empty() {
        table.set(key.clone(), it.value.clone());
        return Ok(());
    }
    let to_type = rest.len() == 1 && it.sets_type();
    let new_type = it.value.as_str();
    if table.get(&key.name).is_none() {
        let place = || it.place.clone();
        let mut new = Table::default();
        let usual = USUAL_TYPES.iter().find(|(name, _)| *name == key.name && keys.len() == it.keys.len() && !to_type);
        if let Some((_, usual)) = usual {
            let usual = Value { kind: ValueKind::String((*usual).to_owned()), place: place() };
            new.set(Key { name: "type".to_owned(), place: place() }, usual);
        }
        table.set(key.clone(), Value { kind: ValueKind::Table(new), place: place() });
    }
    let Some(value) = table.get_mut(&key.name) else {
        return Err(format!("`{}` cannot be set", key.name));
    };
    // `-s schedule.type=cosine` replaces a whole sequence, and `-s optimizer.type=sgd` empties the table of Adam. A
    // table in the file that has no `type` keeps its keys.
    let is_of_another_type = match value.as_table() {
        Some(table) => table.get("type").is_some_and(|written| written.as_str() != new_type),
        None => true,
    };
    let replaces = to_type && is_of_another_type;
    if replaces && !matches!(value.kind, ValueKind::Array(_)) || to_type && matches!(value.kind, ValueKind::Array(_)) {
        value.kind = ValueKind::Table(Table::default());
        value.place = it.place.clone();
    }
    let is_short = !matches!(value.kind, ValueKind::Table(_) | ValueKind::Array(_));
    if let Some(inner) = short_form(&key.name).filter(|_| is_short) {
        let written = (Key { name: inner.to_owned(), place: value.place.clone() }, value.clone());
        value.kind = ValueKind::Table(Table { entries: vec![written] });
    }
    match &mut value.kind {
        ValueKind::Table(inner) => set(inner, it, rest),
        ValueKind::Array(items) => set_in_array(items, it, key, rest),
        _ => Err(format!("`{}` is not a table, so `{}` cannot be set", key.name, it.key())),
    }
}

/// Sets a value in an array of tables: `group.bias.lr_mult` of a group by its name, `schedule.0.factor` by its number.
fn set_in_array(items: &mut [Value], it: &Override, key: &Key, rest: &[Key]) -> Result<(), String> {
    let (which, rest) = rest.split_first().ok_or_else(|| "this override has no key".to_owned())?;
    let index = item_of(items, &which.name);
    if let (Some(index), true) = (index, rest.is_empty()) {
        items[index] = it.value.clone();
        return Ok(());
    }
    match index.and_then(|index| items.get_mut(index)).map(|item| &mut item.kind) {
        Some(ValueKind::Table(table)) if !rest.is_empty() => {
            // Another `type` empties the part, except for its place in the sequence.
            let old = table.get("type").and_then(Value::as_str);
            if rest.len() == 1 && it.sets_type() && old != it.value.as_str() {
                table.entries.retain(|(key, _)| matches!(key.name.as_str(), "for" | "from" | "name"));
            }
            set(table, it, rest)
        }
        _ => {
            let named = |(index, item)| name_of(item).map_or_else(|| usize::to_string(&index), str::to_owned);
            let names: Vec<String> = items.iter().enumerate().map(named).collect();
            Err(format!("`{}` has no part named `{}`; it has: {}", key.name, which.name, names.join(", ")))
        }
    }
}
