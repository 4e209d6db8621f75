//! TOML as a tree that remembers where everything stands.
//!
//! A spec is put together from one file and any number of overrides, so a [`Place`] names both the text and the bytes
//! in it. `toml`'s own spanned tree borrows from one text; this one owns its strings and mixes texts.

use std::ops::Range;

use toml::de::{DeArray, DeTable, DeValue};

/// Where in the texts of a spec something stands: which text, and its bytes there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Index into [`super::Texts`].
    pub text: usize,
    /// Bytes in that text.
    pub span: Range<usize>,
}

/// A value and where it stands.
#[derive(Clone, Debug)]
pub struct Value {
    pub kind: Kind,
    pub place: Place,
}

/// What a value is.
#[derive(Clone, Debug)]
pub enum Kind {
    String(String),
    Integer(i64),
    Float(f64),
    Boolean(bool),
    Datetime(String),
    Array(Vec<Value>),
    Table(Table),
}

/// A key and where it stands.
#[derive(Clone, Debug)]
pub struct Key {
    pub name: String,
    pub place: Place,
}

/// Entries in the order of the text.
#[derive(Clone, Debug, Default)]
pub struct Table {
    pub entries: Vec<(Key, Value)>,
}

impl Table {
    /// The value under `name`.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.entries.iter().find(|(key, _)| key.name == name).map(|(_, value)| value)
    }

    /// The value under `name`, to change.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Value> {
        self.entries.iter_mut().find(|(key, _)| key.name == name).map(|(_, value)| value)
    }

    /// The key `name` with its place.
    pub fn key(&self, name: &str) -> Option<&Key> {
        self.entries.iter().map(|(key, _)| key).find(|key| key.name == name)
    }

    /// Puts `value` under `key`, in the place of an older value where there is one.
    pub fn set(&mut self, key: Key, value: Value) {
        match self.entries.iter_mut().find(|(old, _)| old.name == key.name) {
            Some(entry) => *entry = (key, value),
            None => self.entries.push((key, value)),
        }
    }

    /// Takes the entry of `name` out.
    pub fn remove(&mut self, name: &str) {
        self.entries.retain(|(key, _)| key.name != name);
    }
}

impl Value {
    /// What TOML calls this kind of value, for messages.
    pub fn kind_name(&self) -> &'static str {
        match &self.kind {
            Kind::String(_) => "a string",
            Kind::Integer(_) => "an integer",
            Kind::Float(_) => "a number",
            Kind::Boolean(_) => "a boolean",
            Kind::Datetime(_) => "a date",
            Kind::Array(_) => "an array",
            Kind::Table(_) => "a table",
        }
    }

    /// The table this value is, if it is one.
    pub fn as_table(&self) -> Option<&Table> {
        match &self.kind {
            Kind::Table(table) => Some(table),
            _ => None,
        }
    }

    /// The string this value is, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        match &self.kind {
            Kind::String(text) => Some(text),
            _ => None,
        }
    }
}

/// A syntax error as the TOML parser words it.
pub struct SyntaxError {
    pub message: String,
    pub place: Option<Place>,
}

/// Parses a whole TOML document, text number `text` of the spec; every syntax error is returned.
pub fn parse_document(input: &str, text: usize) -> (Table, Vec<SyntaxError>) {
    let (table, errors) = DeTable::parse_recoverable(input);
    let mut found: Vec<SyntaxError> = errors
        .iter()
        .map(|error| SyntaxError {
            message: error.message().to_owned(),
            place: error.span().map(|span| Place { text, span }),
        })
        .collect();
    let table = own_table(table.get_ref(), text, &mut found);
    (table, found)
}

/// Parses the value part of an override, which begins at byte `offset` of text number `text`.
/// What is no TOML value is a string.
pub fn parse_value_or_string(input: &str, text: usize, offset: usize) -> Value {
    let place = Place { text, span: offset..offset + input.len() };
    let parsed = DeValue::parse(input).ok().and_then(|value| {
        let mut errors = Vec::new();
        let value = own_value(value.get_ref(), place.span.clone(), text, offset, &mut errors);
        errors.is_empty().then_some(value)
    });
    parsed.unwrap_or_else(|| Value { kind: Kind::String(input.to_owned()), place })
}

fn own_table(table: &DeTable<'_>, text: usize, errors: &mut Vec<SyntaxError>) -> Table {
    own_table_at(table, text, 0, errors)
}

fn own_table_at(table: &DeTable<'_>, text: usize, offset: usize, errors: &mut Vec<SyntaxError>) -> Table {
    let entries = table
        .iter()
        .map(|(key, value)| {
            let key = Key { name: key.get_ref().to_string(), place: Place { text, span: shift(key.span(), offset) } };
            let value = own_value(value.get_ref(), shift(value.span(), offset), text, offset, errors);
            (key, value)
        })
        .collect();
    Table { entries }
}

fn own_array(array: &DeArray<'_>, text: usize, offset: usize, errors: &mut Vec<SyntaxError>) -> Vec<Value> {
    array.iter().map(|value| own_value(value.get_ref(), shift(value.span(), offset), text, offset, errors)).collect()
}

fn own_value(
    value: &DeValue<'_>,
    span: Range<usize>,
    text: usize,
    offset: usize,
    errors: &mut Vec<SyntaxError>,
) -> Value {
    let place = Place { text, span };
    let mut refuse = |what: &str| {
        errors.push(SyntaxError { message: what.to_owned(), place: Some(place.clone()) });
    };
    let kind = match value {
        DeValue::String(string) => Kind::String(string.to_string()),
        DeValue::Integer(integer) => match i64::from_str_radix(integer.as_str(), integer.radix()) {
            Ok(integer) => Kind::Integer(integer),
            Err(_) => {
                refuse("this integer does not fit in 64 bits");
                Kind::Integer(0)
            }
        },
        DeValue::Float(float) => match float.as_str().parse::<f64>() {
            Ok(number) if number.is_infinite() && !float.as_str().contains("inf") => {
                refuse("this number is too large for a 64-bit float");
                Kind::Float(0.0)
            }
            Ok(number) => Kind::Float(number),
            Err(_) => {
                refuse("this number cannot be read");
                Kind::Float(0.0)
            }
        },
        DeValue::Boolean(boolean) => Kind::Boolean(*boolean),
        DeValue::Datetime(datetime) => Kind::Datetime(datetime.to_string()),
        DeValue::Array(array) => Kind::Array(own_array(array, text, offset, errors)),
        DeValue::Table(table) => Kind::Table(own_table_at(table, text, offset, errors)),
    };
    Value { kind, place }
}

fn shift(span: Range<usize>, offset: usize) -> Range<usize> {
    span.start + offset..span.end + offset
}
