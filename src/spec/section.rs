//! Reading one table of a spec, key by key.
//!
//! A config asks its [`Section`] for the keys it knows. What it asks for is what is allowed: [`Section::finish`] reports
//! the rest as unknown, with the nearest name. What was read, defaults included, is the resolved spec. So a key stands
//! in the code once, and errors do not stop the reading: each is logged, a default takes the value's place, and the next
//! key is read.

use std::fmt::Display;

use super::diagnostic::{Diagnostic, Log, nearest};
use super::field::Field;
use super::value::{Key, Kind, Place, Table, Value};

/// One table of a spec while it is read.
pub struct Section<'a> {
    /// Dotted path of the table, empty for the root.
    path: String,
    table: &'a Table,
    /// The table's own place; none when the spec does not write it.
    place: Option<Place>,
    log: &'a Log,
    asked: Vec<&'static str>,
    resolved: toml::Table,
}

/// What other frameworks call a key, and its name here.
const ELSEWHERE: [(&str, &str); 8] = [
    ("learning_rate", "lr"),
    ("epsilon", "eps"),
    ("beta_1", "betas"),
    ("beta_2", "betas"),
    ("rho", "alpha"),
    ("gamma", "factor"),
    ("step_size", "every"),
    ("min_delta", "threshold"),
];

static EMPTY: Table = Table { entries: Vec::new() };

impl<'a> Section<'a> {
    /// The root of a spec.
    pub fn root(table: &'a Table, log: &'a Log) -> Self {
        Section::new(String::new(), table, None, log)
    }

    /// The table `table`, which stands at `place`, under the name `path`.
    pub fn new(path: impl Into<String>, table: &'a Table, place: Option<Place>, log: &'a Log) -> Self {
        Section { path: path.into(), table, place, log, asked: Vec::new(), resolved: toml::Table::new() }
    }

    /// Dotted path of this table, empty for the root.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Where this table stands, if the spec writes it.
    pub fn place(&self) -> Option<&Place> {
        self.place.as_ref()
    }

    /// Where findings go.
    pub fn log(&self) -> &'a Log {
        self.log
    }

    /// The table under the reader.
    pub fn table_ref(&self) -> &'a Table {
        self.table
    }

    /// Whether the spec writes `key`.
    pub fn has(&self, key: &str) -> bool {
        self.table.get(key).is_some()
    }

    /// `optimizer.lr` for `lr`.
    pub fn dotted(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// The value of `key`, undecoded; counts as asked for.
    pub fn raw(&mut self, key: &'static str) -> Option<&'a Value> {
        self.ask(key);
        self.table.get(key)
    }

    /// The value of `key` if it is written and right.
    pub fn optional<T: Field>(&mut self, key: &'static str) -> Option<T> {
        let value = self.raw(key)?;
        match T::read(value) {
            Ok(read) => {
                self.put(key, read.to_toml());
                Some(read)
            }
            Err(reason) => {
                let reason = reason.unwrap_or_else(|| format!("expected {}", T::expects()));
                let message = format!("`{}` does not take {}", self.dotted(key), shown(value));
                self.log.push(Diagnostic::error(message).at(Some(&value.place)).label(reason));
                None
            }
        }
    }

    /// The value of `key`, or `default` where it is not written (or wrong, which is logged).
    pub fn or<T: Field>(&mut self, key: &'static str, default: T) -> T {
        let read = self.optional(key).unwrap_or(default);
        self.put(key, read.to_toml());
        read
    }

    /// The value of `key`; an error is logged when it is missing.
    pub fn required<T: Field>(&mut self, key: &'static str) -> Option<T> {
        if !self.has(key) {
            self.ask(key);
            self.missing(key, &T::expects());
        }
        self.optional(key)
    }

    /// Logs that `key` is missing.
    pub fn missing(&self, key: &str, expects: &str) {
        let place = self.place.as_ref();
        let message = format!("`{}` is missing", self.dotted(key));
        let near = self.table.entries.iter().find(|(it, _)| nearest(&it.name, [key]).is_some());
        let found = match near {
            Some((near, _)) if !self.asked.contains(&near.name.as_str()) => {
                Diagnostic::error(message).at(Some(&near.place)).label(format!("is this `{key}`?"))
            }
            _ => Diagnostic::error(message).at(place),
        };
        self.log.push(found.help(format!("add `{key}`: {expects}")));
    }

    /// The table under `key`; empty where the spec does not write it. `None` (logged) when it is something else.
    pub fn section(&mut self, key: &'static str) -> Option<Section<'a>> {
        let path = self.dotted(key);
        match self.raw(key) {
            None => Some(Section::new(path, &EMPTY, None, self.log)),
            Some(value) => self.as_section(path, value),
        }
    }

    /// The tables under `key`: one, or an array of them; none where the spec does not write it.
    pub fn sections(&mut self, key: &'static str) -> Vec<Section<'a>> {
        let path = self.dotted(key);
        match self.raw(key) {
            None => Vec::new(),
            Some(Value { kind: Kind::Array(items), .. }) => items
                .iter()
                .enumerate()
                .filter_map(|(index, item)| self.as_section(format!("{path}.{index}"), item))
                .collect(),
            Some(value) => self.as_section(path, value).into_iter().collect(),
        }
    }

    /// `value` as a table named `path`; logs what else it is.
    pub fn as_section(&self, path: String, value: &'a Value) -> Option<Section<'a>> {
        match &value.kind {
            Kind::Table(table) => Some(Section::new(path, table, Some(value.place.clone()), self.log)),
            _ => {
                let message = format!("`{path}` is a table, not {}", shown(value));
                self.log.push(Diagnostic::error(message).at(Some(&value.place)).label("expected a table"));
                None
            }
        }
    }

    /// Logs an error at the value of `key`, or at the table where the spec does not write it.
    pub fn error(&self, key: &str, message: impl Into<String>, label: impl Into<String>) {
        self.log.push(Diagnostic::error(message).at(self.place_of(key)).label(label));
    }

    /// Where the value of `key` stands, else where the table does.
    pub fn place_of(&self, key: &str) -> Option<&Place> {
        self.table.get(key).map(|value| &value.place).or(self.place.as_ref())
    }

    /// Notes what `key` came to, for the resolved spec.
    pub fn put(&mut self, key: &'static str, value: impl Into<toml::Value>) {
        self.ask(key);
        self.resolved.insert(key.to_owned(), value.into());
    }

    /// Leaves `key` out of the resolved spec: it only set other, explicit keys.
    pub fn forget(&mut self, key: &'static str) {
        self.resolved.remove(key);
    }

    /// Whether `key` counts as known.
    pub fn is_asked(&self, key: &str) -> bool {
        self.asked.contains(&key)
    }

    /// Counts `key` as known.
    pub fn ask(&mut self, key: &'static str) {
        if !self.asked.contains(&key) {
            self.asked.push(key);
        }
    }

    /// Logs every key that nothing asked for, and returns the resolved table.
    pub fn finish(self) -> toml::Table {
        for (key, _) in &self.table.entries {
            if !self.asked.contains(&key.name.as_str()) {
                self.unknown(key);
            }
        }
        self.resolved
    }

    /// The resolved table, without a word about keys that nothing asked for: the reader's type was not known.
    pub fn abandon(self) -> toml::Table {
        self.resolved
    }

    fn unknown(&self, key: &Key) {
        let message = format!("unknown key `{}`", self.dotted(&key.name));
        let mut found = Diagnostic::error(message).at(Some(&key.place));
        let elsewhere = ELSEWHERE.iter().filter(|(_, here)| self.asked.contains(here));
        let elsewhere = elsewhere.filter(|(there, _)| nearest(&key.name, [*there]).is_some());
        let here = elsewhere.map(|(_, here)| *here).next();
        if let Some(near) = nearest(&key.name, self.asked.iter().copied()).or(here) {
            found = found.label(format!("did you mean `{near}`?"));
        }
        let table = if self.path.is_empty() { "at the top level".to_owned() } else { format!("in `{}`", self.path) };
        let known: Vec<String> = self.asked.iter().map(|name| format!("`{name}`")).collect();
        self.log.push(found.help(format!("known {table}: {}", known.join(", "))));
    }
}

/// A value as a message shows it.
pub fn shown(value: &Value) -> String {
    fn quoted(text: impl Display) -> String {
        format!("`{text}`")
    }
    match &value.kind {
        Kind::String(text) => quoted(format!("\"{text}\"")),
        Kind::Integer(number) => quoted(number),
        Kind::Float(number) => quoted(number),
        Kind::Boolean(boolean) => quoted(boolean),
        Kind::Datetime(_) | Kind::Array(_) | Kind::Table(_) => value.kind_name().to_owned(),
    }
}
