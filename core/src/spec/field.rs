//! The types that a key of a spec can have. Each type knows which values it accepts, names them in errors, and writes
//! its value back as TOML.

use std::path::{Path, PathBuf};

use super::value::{Value, ValueKind};

/// A type that a key can have.
pub trait Field: Sized {
    /// Describes the accepted values, to follow the word "expected": `a number above 0`.
    fn expects() -> String;
    /// Decodes `value`. The error is a message, or `None` if "expected" and the text of [`Field::expects`] say enough.
    fn read(value: &Value) -> Result<Self, Option<String>>;
    /// Returns the value as the resolved spec shows it.
    fn to_toml(&self) -> toml::Value;
    /// Returns the files and folders that the value names. Only [`FilePath`], and types that contain one, have any.
    fn files(&self) -> Vec<PathBuf> {
        Vec::new()
    }
}

impl Field for f64 {
    fn expects() -> String {
        "a finite number".into()
    }
    fn read(value: &Value) -> Result<Self, Option<String>> {
        match value.kind {
            ValueKind::Integer(integer) => Ok(integer as f64),
            ValueKind::Float(float) if float.is_finite() => Ok(float),
            _ => Err(None),
        }
    }
    fn to_toml(&self) -> toml::Value {
        toml::Value::Float(*self)
    }
}

/// Defines a type that wraps a number. The arguments are its name, the description of the accepted values, and the
/// function that accepts them.
macro_rules! number {
    ($(#[$doc:meta])* $name:ident, $expects:literal, $accepts:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
        pub struct $name(pub f64);

        impl Field for $name {
            fn expects() -> String {
                $expects.into()
            }
            fn read(value: &Value) -> Result<Self, Option<String>> {
                let number = f64::read(value)?;
                let accepts: fn(f64) -> bool = $accepts;
                if accepts(number) { Ok($name(number)) } else { Err(None) }
            }
            fn to_toml(&self) -> toml::Value {
                toml::Value::Float(self.0)
            }
        }
    };
}

number! {
    /// A finite number above 0: a learning rate, an ε.
    Positive, "a finite number above 0", |x| x > 0.0
}
number! {
    /// A finite number, 0 or above: a weight decay.
    NonNegative, "a finite number, 0 or above", |x| x >= 0.0
}
number! {
    /// A number from 0 up to, but not including, 1: a momentum, a β, a dropout probability.
    BelowOne, "a number from 0 up to, but not including, 1", |x| (0.0..1.0).contains(&x)
}
number! {
    /// A number from 0 to 1: an accuracy, a fraction.
    Unit, "a number from 0 to 1", |x| (0.0..=1.0).contains(&x)
}

impl Field for bool {
    fn expects() -> String {
        "true or false".into()
    }
    fn read(value: &Value) -> Result<Self, Option<String>> {
        match value.kind {
            ValueKind::Boolean(boolean) => Ok(boolean),
            _ => Err(None),
        }
    }
    fn to_toml(&self) -> toml::Value {
        toml::Value::Boolean(*self)
    }
}

impl Field for u64 {
    fn expects() -> String {
        "an integer, 0 or above".into()
    }
    fn read(value: &Value) -> Result<Self, Option<String>> {
        match value.kind {
            ValueKind::Integer(integer) => u64::try_from(integer).map_err(|_| None),
            _ => Err(None),
        }
    }
    fn to_toml(&self) -> toml::Value {
        toml::Value::Integer(i64::try_from(*self).unwrap_or(i64::MAX))
    }
}

/// An integer, 1 or above: a batch size, the width of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Count(pub usize);

impl Field for Count {
    fn expects() -> String {
        "an integer, 1 or above".into()
    }
    fn read(value: &Value) -> Result<Self, Option<String>> {
        let number = u64::read(value)?;
        match usize::try_from(number) {
            Ok(number) if number >= 1 => Ok(Count(number)),
            _ => Err(None),
        }
    }
    fn to_toml(&self) -> toml::Value {
        (self.0 as u64).to_toml()
    }
}

impl Field for String {
    fn expects() -> String {
        "a string".into()
    }
    fn read(value: &Value) -> Result<Self, Option<String>> {
        value.as_str().map(str::to_owned).ok_or(None)
    }
    fn to_toml(&self) -> toml::Value {
        toml::Value::String(self.clone())
    }
}

/// A file or folder of the user, as the spec writes it: relative to the folder of the spec, or absolute.
///
/// Every key that names a file must have this type. The spec then knows its files: see [`super::Log::files`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilePath(pub String);

impl FilePath {
    /// Returns the path as seen from the working directory, for a spec in `folder`.
    pub fn from_folder(&self, folder: &Path) -> PathBuf {
        folder.join(&self.0)
    }
}

impl Field for FilePath {
    fn expects() -> String {
        String::expects()
    }
    fn read(value: &Value) -> Result<Self, Option<String>> {
        let path = String::read(value)?;
        // `./a.csv` and `a.csv` are one file.
        let rest = path.trim_start_matches("./");
        Ok(FilePath(if rest.is_empty() { path } else { rest.to_owned() }))
    }
    fn to_toml(&self) -> toml::Value {
        self.0.to_toml()
    }
    fn files(&self) -> Vec<PathBuf> {
        vec![PathBuf::from(&self.0)]
    }
}

impl<T: Field> Field for Vec<T> {
    fn expects() -> String {
        format!("an array, each item {}", T::expects())
    }
    fn read(value: &Value) -> Result<Self, Option<String>> {
        match &value.kind {
            ValueKind::Array(items) => items.iter().map(T::read).collect(),
            _ => Err(None),
        }
    }
    fn to_toml(&self) -> toml::Value {
        toml::Value::Array(self.iter().map(T::to_toml).collect())
    }
    fn files(&self) -> Vec<PathBuf> {
        self.iter().flat_map(T::files).collect()
    }
}

impl<T: Field, const N: usize> Field for [T; N] {
    fn expects() -> String {
        format!("an array of {N}, each {}", T::expects())
    }
    fn read(value: &Value) -> Result<Self, Option<String>> {
        Vec::<T>::read(value)?.try_into().map_err(|_| None)
    }
    fn to_toml(&self) -> toml::Value {
        toml::Value::Array(self.iter().map(T::to_toml).collect())
    }
    fn files(&self) -> Vec<PathBuf> {
        self.iter().flat_map(T::files).collect()
    }
}

/// Declares an enum whose values are words in a spec:
/// `choice! { /// doc  pub enum Shuffle { EveryEpoch = "every_epoch", Once = "once" } }`.
#[macro_export]
macro_rules! choice {
    ($(#[$doc:meta])* pub enum $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name { $($(#[$variant_doc])* $variant),+ }

        impl $name {
            /// Returns the word that a spec writes.
            pub fn word(self) -> &'static str {
                match self { $($name::$variant => $word),+ }
            }
        }

        impl $crate::spec::Field for $name {
            fn expects() -> String {
                $crate::spec::one_of([$($word),+])
            }
            fn read(value: &$crate::spec::Value) -> Result<Self, Option<String>> {
                match value.as_str() {
                    $(Some($word) => Ok($name::$variant),)+
                    Some(other) => Err($crate::spec::did_you_mean(other, [$($word),+])),
                    None => Err(None),
                }
            }
            fn to_toml(&self) -> toml::Value {
                toml::Value::String(self.word().to_owned())
            }
        }
    };
}

/// Returns the words quoted and joined for a message: `"a", "b" or "c"`.
pub fn one_of<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let quoted: Vec<String> = words.into_iter().map(|word| format!("\"{word}\"")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        Some((last, _)) => last.clone(),
        None => String::new(),
    }
}

/// Returns the message for a word that is not among `words`. `None` if none of them is close to it.
pub fn did_you_mean<'a>(given: &str, words: impl IntoIterator<Item = &'a str> + Clone) -> Option<String> {
    let translated = super::names::translated_word(given, words.clone());
    let near = translated.or_else(|| super::diagnostic::nearest(given, words.clone()))?;
    Some(format!("expected {}; did you mean \"{near}\"?", one_of(words)))
}
