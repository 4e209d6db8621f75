//! Reads one table of a spec, key by key.
//!
//! A config reads the keys that it knows from its [`Section`]. [`Section::finish`] reports every other key as unknown
//! and suggests the nearest name. The keys that were read, defaults included, form the resolved spec. So each key is
//! named once in the code. An error does not stop the reading: it is logged, the default takes the place of the value,
//! and the next key is read.

mod unknown;

use std::fmt::Display;

use super::diagnostic::{Diagnostic, Log, nearest};
use super::field::Field;
use super::names;
use super::rewrite::meant;
use super::value::{Key, Place, Table, Value, ValueKind};

/// A table of a spec while it is read.
pub struct Section<'a> {
    /// The dotted path of the table. Empty for the root.
    path: String,
    table: &'a Table,
    /// The place of the table. `None` if the spec does not write it.
    place: Option<Place>,
    log: &'a Log,
    /// The keys that this table may have.
    known: Vec<&'static str>,
    /// The keys that were read, with their final values, defaults included.
    resolved: toml::Table,
}

/// A function that returns the types of a table that have a given key.
type Owners<'a> = dyn Fn(&str) -> Vec<&'static str> + 'a;

static EMPTY: Table = Table { entries: Vec::new() };

impl<'a> Section<'a> {
    /// Returns the root table of a spec.
    pub fn root(table: &'a Table, log: &'a Log) -> Self {
        Section::new(String::new(), table, None, log)
    }

    /// Returns a reader of `table`, which is at `place` and has the dotted path `path`.
    pub fn new(path: impl Into<String>, table: &'a Table, place: Option<Place>, log: &'a Log) -> Self {
        Section { path: path.into(), table, place, log, known: Vec::new(), resolved: toml::Table::new() }
    }

    /// Returns the dotted path of this table, which is empty for the root.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns the place of this table. `None` if the spec does not write it.
    pub fn place(&self) -> Option<&Place> {
        self.place.as_ref()
    }

    /// Returns the log that findings go to.
    pub fn log(&self) -> &'a Log {
        self.log
    }

    /// Returns the table that is read.
    pub fn table_ref(&self) -> &'a Table {
        self.table
    }

    /// Reports whether the spec writes `key`.
    pub fn has(&self, key: &str) -> bool {
        self.table.get(key).is_some()
    }

    /// Returns the dotted path of `key`: `optimizer.lr` for `lr`.
    pub fn dotted(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// Returns the undecoded value of `key` and marks the key as known. `None` if the spec does not write it.
    pub fn raw(&mut self, key: &'static str) -> Option<&'a Value> {
        self.mark_known(key);
        self.table.get(key)
    }

    /// Returns the value of `key`. `None` if it is not written, or wrong (which is logged).
    ///
    /// Files that the value names are recorded in the log: see [`Log::files`].
    pub fn optional<T: Field>(&mut self, key: &'static str) -> Option<T> {
        let value = self.raw(key)?;
        match T::read(value) {
            Ok(read) => {
                self.log.add_files(&self.dotted(key), read.files());
                self.put(key, read.to_toml());
                Some(read)
            }
            Err(reason) => {
                let mut reason = reason.unwrap_or_else(|| format!("expected {}", T::expects()));
                if let Some(meant) = meant(key, value, &|value| T::read(value).is_ok()) {
                    reason += &format!("; write `{meant}`");
                }
                let message = format!("`{}` cannot be {}", self.dotted(key), shown(value));
                self.log.push(Diagnostic::error(message).at(Some(&value.place)).label(reason));
                None
            }
        }
    }

    /// Returns the value of `key`, or `default` if it is not written or wrong (which is logged).
    pub fn or<T: Field>(&mut self, key: &'static str, default: T) -> T {
        let read = self.optional(key).unwrap_or(default);
        self.put(key, read.to_toml());
        read
    }

    /// Returns the value of `key`. Logs an error if it is missing.
    pub fn required<T: Field>(&mut self, key: &'static str) -> Option<T> {
        if !self.has(key) {
            self.mark_known(key);
            self.missing(key, &T::expects());
        }
        self.optional(key)
    }

    /// Logs an error: `key` is missing. `expects` describes its values.
    pub fn missing(&self, key: &str, expects: &str) {
        let place = self.place.as_ref();
        let message = format!("`{}` is missing", self.dotted(key));
        let others = || self.table.entries.iter().filter(|(it, _)| !self.known.contains(&it.name.as_str()));
        let translates = |it: &Key| names::translations(&it.name).any(|there| there.here == key);
        if let Some((other, value)) = others().find(|(it, _)| translates(it)) {
            // The spec has the key under its name in another framework. One error says so and suggests `key`.
            self.unknown_translated(other, value, key);
            return;
        }
        let found = match others().find(|(it, _)| nearest(&it.name, [key]).is_some()) {
            Some((near, _)) => Diagnostic::error(message).at(Some(&near.place)).label(format!("is this `{key}`?")),
            None => Diagnostic::error(message).at(place),
        };
        self.log.push(found.help(format!("add `{key}`: {expects}")));
    }

    /// Returns the table under `key`, or an empty one if the spec does not write it. `None` (logged) if the value is
    /// not a table.
    pub fn section(&mut self, key: &'static str) -> Option<Section<'a>> {
        let path = self.dotted(key);
        match self.raw(key) {
            None => Some(Section::new(path, &EMPTY, None, self.log)),
            Some(value) => self.as_section(path, value),
        }
    }

    /// Returns the tables under `key`: a single table or an array of them. Empty if the spec does not write the key.
    pub fn sections(&mut self, key: &'static str) -> Vec<Section<'a>> {
        let path = self.dotted(key);
        match self.raw(key) {
            None => Vec::new(),
            Some(Value { kind: ValueKind::Array(items), .. }) => items
                .iter()
                .enumerate()
                .filter_map(|(index, item)| self.as_section(format!("{path}.{index}"), item))
                .collect(),
            Some(value) => self.as_section(path, value).into_iter().collect(),
        }
    }

    /// Returns `value` as a table with the dotted path `path`. `None` (logged) if it is not a table.
    pub fn as_section(&self, path: String, value: &'a Value) -> Option<Section<'a>> {
        match &value.kind {
            ValueKind::Table(table) => Some(Section::new(path, table, Some(value.place.clone()), self.log)),
            _ => {
                let message = format!("`{path}` must be a table, not {}", shown(value));
                self.log.push(Diagnostic::error(message).at(Some(&value.place)).label("expected a table"));
                None
            }
        }
    }

    /// Logs an error at the value of `key`, or at the table if the spec does not write the key.
    pub fn error(&self, key: &str, message: impl Into<String>, label: impl Into<String>) {
        self.log.push(Diagnostic::error(message).at(self.place_of(key)).label(label));
    }

    /// Returns the place of the value of `key`, or the place of the table if the spec does not write the key.
    pub fn place_of(&self, key: &str) -> Option<&Place> {
        self.table.get(key).map(|value| &value.place).or(self.place.as_ref())
    }

    /// Sets `key` in the resolved spec, and marks it as known.
    pub fn put(&mut self, key: &'static str, value: impl Into<toml::Value>) {
        self.mark_known(key);
        let value = value.into();
        // The values in a table are recorded one by one, when they are read.
        if let Some(written) = self.table.get(key).filter(|written| written.as_table().is_none() && !has_tables(&value))
        {
            self.log.add_resolved(&written.place, &value);
        }
        self.resolved.insert(key.to_owned(), value);
    }

    /// Leaves `key` out of the resolved spec, because it only sets other, explicit keys.
    pub fn forget(&mut self, key: &'static str) {
        self.resolved.remove(key);
    }

    /// Reports whether `key` is known.
    pub fn is_known(&self, key: &str) -> bool {
        self.known.contains(&key)
    }

    /// Returns the keys that are known so far.
    pub fn known(&self) -> &[&'static str] {
        &self.known
    }

    /// Marks `key` as known, so that [`Section::finish`] does not report it.
    pub fn mark_known(&mut self, key: &'static str) {
        if !self.known.contains(&key) {
            self.known.push(key);
        }
    }

    /// Logs an error for every key that is not known, and returns the resolved table.
    pub fn finish(self) -> toml::Table {
        self.finish_with(&|_| Vec::new())
    }

    /// Does the same as [`Section::finish`]. `owners` returns the types of this table that have a given key, which the
    /// errors then name.
    pub fn finish_with(self, owners: &Owners<'_>) -> toml::Table {
        for (key, value) in &self.table.entries {
            if !self.known.contains(&key.name.as_str()) {
                self.unknown(key, value, owners);
            }
        }
        self.resolved
    }

    /// Returns the resolved table without reporting unknown keys. Use this for a table whose `type` has an error.
    pub fn into_resolved(self) -> toml::Table {
        self.resolved
    }
}

/// Returns `value` as a message shows it: `` `"adam"` ``, `` `3` ``, `an array`.
pub fn shown(value: &Value) -> String {
    fn quoted(text: impl Display) -> String {
        format!("`{text}`")
    }
    match &value.kind {
        ValueKind::String(text) => quoted(format!("\"{text}\"")),
        ValueKind::Integer(number) => quoted(number),
        ValueKind::Float(number) => quoted(number),
        ValueKind::Boolean(boolean) => quoted(boolean),
        ValueKind::Array(items) if items.len() <= 4 && !items.iter().any(is_nested) => {
            let items: Vec<String> = items.iter().map(|item| shown(item).replace('`', "")).collect();
            quoted(format!("[{}]", items.join(", ")))
        }
        ValueKind::Datetime(_) | ValueKind::Array(_) | ValueKind::Table(_) => value.kind_name().to_owned(),
    }
}

/// Reports whether `value` is a table or an array with tables.
fn has_tables(value: &toml::Value) -> bool {
    match value {
        toml::Value::Table(_) => true,
        toml::Value::Array(items) => items.iter().any(has_tables),
        _ => false,
    }
}

fn is_nested(value: &Value) -> bool {
    matches!(value.kind, ValueKind::Array(_) | ValueKind::Table(_))
}
