//! TOML as a tree that remembers the place of every key and value.
//!
//! A spec consists of one file and any number of overrides, so a [`Place`] names both the text and the bytes in it. The
//! spanned tree of `toml` borrows from one text. This one owns its strings and can mix several texts.

use std::ops::Range;

use toml::de::{DeArray, DeTable, DeValue};

/// A place in the texts of a spec.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The index of the text in [`super::Texts`].
    pub text: usize,
    /// The range of bytes in that text.
    pub span: Range<usize>,
}

/// A value and its place.
#[derive(Clone, Debug)]
pub struct Value {
    pub kind: ValueKind,
    pub place: Place,
}

/// The content of a value, by its TOML type.
#[derive(Clone, Debug)]
pub enum ValueKind {
    String(String),
    Integer(i64),
    Float(f64),
    Boolean(bool),
    Datetime(String),
    Array(Vec<Value>),
    Table(Table),
}

/// A key and its place.
#[derive(Clone, Debug)]
pub struct Key {
    pub name: String,
    pub place: Place,
}

/// A table, with its entries in the order of the text.
#[derive(Clone, Debug, Default)]
pub struct Table {
    pub entries: Vec<(Key, Value)>,
}

impl Table {
    /// Returns the value of `name`.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.entries.iter().find(|(key, _)| key.name == name).map(|(_, value)| value)
    }

    /// Returns the value of `name` for a change.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Value> {
        self.entries.iter_mut().find(|(key, _)| key.name == name).map(|(_, value)| value)
    }

    /// Returns the key `name` with its place.
    pub fn key(&self, name: &str) -> Option<&Key> {
        self.entries.iter().map(|(key, _)| key).find(|key| key.name == name)
    }

    /// Sets `key` to `value`, replacing an older value.
    pub fn set(&mut self, key: Key, value: Value) {
        match self.entries.iter_mut().find(|(old, _)| old.name == key.name) {
            Some(entry) => *entry = (key, value),
            None => self.entries.push((key, value)),
        }
    }

    /// Removes the entry of `name`.
    pub fn remove(&mut self, name: &str) {
        self.entries.retain(|(key, _)| key.name != name);
    }
}

impl Value {
    /// Returns the name of this type of value, for messages.
    pub fn kind_name(&self) -> &'static str {
        match &self.kind {
            ValueKind::String(_) => "a string",
            ValueKind::Integer(_) => "an integer",
            ValueKind::Float(_) => "a number",
            ValueKind::Boolean(_) => "a boolean",
            ValueKind::Datetime(_) => "a date",
            ValueKind::Array(_) => "an array",
            ValueKind::Table(_) => "a table",
        }
    }

    /// Reports whether `other` has the same content, wherever the two are written.
    pub fn is_same(&self, other: &Value) -> bool {
        match (&self.kind, &other.kind) {
            (ValueKind::String(one), ValueKind::String(other)) => one == other,
            (ValueKind::Integer(one), ValueKind::Integer(other)) => one == other,
            (ValueKind::Float(one), ValueKind::Float(other)) => one.to_bits() == other.to_bits(),
            (ValueKind::Boolean(one), ValueKind::Boolean(other)) => one == other,
            (ValueKind::Datetime(one), ValueKind::Datetime(other)) => one == other,
            (ValueKind::Array(one), ValueKind::Array(other)) => {
                one.len() == other.len() && one.iter().zip(other).all(|(one, other)| one.is_same(other))
            }
            (ValueKind::Table(one), ValueKind::Table(other)) => {
                let has = |(key, value): &(Key, Value)| other.get(&key.name).is_some_and(|it| it.is_same(value));
                one.entries.len() == other.entries.len() && one.entries.iter().all(has)
            }
            _ => false,
        }
    }

    /// Returns the table. `None` if the value is not a table.
    pub fn as_table(&self) -> Option<&Table> {
        match &self.kind {
            ValueKind::Table(table) => Some(table),
            _ => None,
        }
    }

    /// Returns the string. `None` if the value is not a string.
    pub fn as_str(&self) -> Option<&str> {
        match &self.kind {
            ValueKind::String(text) => Some(text),
            _ => None,
        }
    }
}

/// A syntax error, in the words of the TOML parser.
pub struct SyntaxError {
    pub message: String,
    pub place: Option<Place>,
}

/// Parses a whole TOML document, which is text number `text` of the spec. Returns every syntax error.
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

/// Parses the value of an override, which begins at byte `offset` of text number `text`. An input that is not a TOML
/// value is a string.
pub fn parse_value_or_string(input: &str, text: usize, offset: usize) -> Value {
    let place = Place { text, span: offset..offset + input.len() };
    let parsed = DeValue::parse(input).ok().and_then(|value| {
        let mut errors = Vec::new();
        let value = own_value(value.get_ref(), place.span.clone(), text, offset, &mut errors);
        errors.is_empty().then_some(value)
    });
    parsed.unwrap_or_else(|| Value { kind: ValueKind::String(input.to_owned()), place })
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
        DeValue::String(string) => ValueKind::String(string.to_string()),
        DeValue::Integer(integer) => match i64::from_str_radix(integer.as_str(), integer.radix()) {
            Ok(integer) => ValueKind::Integer(integer),
            Err(_) => {
                refuse("this integer does not fit in 64 bits");
                ValueKind::Integer(0)
            }
        },
        DeValue::Float(float) => match float.as_str().parse::<f64>() {
            Ok(number) if number.is_infinite() && !float.as_str().contains("inf") => {
                refuse("this number is too large for a 64-bit float");
                ValueKind::Float(0.0)
            }
            Ok(number) => ValueKind::Float(number),
            Err(_) => {
                refuse("this number cannot be read");
                ValueKind::Float(0.0)
            }
        },
        DeValue::Boolean(boolean) => ValueKind::Boolean(*boolean),
        DeValue::Datetime(datetime) => ValueKind::Datetime(datetime.to_string()),
        DeValue::Array(array) => ValueKind::Array(own_array(array, text, offset, errors)),
        DeValue::Table(table) => ValueKind::Table(own_table_at(table, text, offset, errors)),
    };
    Value { kind, place }
}

fn shift(span: Range<usize>, offset: usize) -> Range<usize> {
    span.start + offset..span.end + offset
}
