//! The types that a key of a spec can have. Each knows what it accepts, says so in errors, and writes itself back.

use super::value::{Kind, Value};

/// A type that a key can have.
pub trait Field: Sized {
    /// What is accepted, to follow "expected": `a number above 0`.
    fn expects() -> String;
    /// The value, or what is wrong with it in its own words (`None`: just not what [`Field::expects`] says).
    fn read(value: &Value) -> Result<Self, Option<String>>;
    /// The value as the resolved spec shows it.
    fn to_toml(&self) -> toml::Value;
}

impl Field for f64 {
    fn expects() -> String {
        "a finite number".into()
    }
    fn read(value: &Value) -> Result<Self, Option<String>> {
        match value.kind {
            Kind::Integer(integer) => Ok(integer as f64),
            Kind::Float(float) if float.is_finite() => Ok(float),
            _ => Err(None),
        }
    }
    fn to_toml(&self) -> toml::Value {
        toml::Value::Float(*self)
    }
}

/// A number newtype: its name, what it accepts, and the test.
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
    /// Above 0 and finite: a learning rate, an ε.
    Positive, "a finite number above 0", |x| x > 0.0
}
number! {
    /// 0 or above and finite: a weight decay.
    NonNegative, "a finite number, 0 or above", |x| x >= 0.0
}
number! {
    /// From 0 up to, but not including, 1: a momentum, a β, a dropout probability.
    BelowOne, "a number from 0 up to, but not including, 1", |x| (0.0..1.0).contains(&x)
}
number! {
    /// From 0 to 1: an accuracy, a fraction.
    Unit, "a number from 0 to 1", |x| (0.0..=1.0).contains(&x)
}

impl Field for bool {
    fn expects() -> String {
        "true or false".into()
    }
    fn read(value: &Value) -> Result<Self, Option<String>> {
        match value.kind {
            Kind::Boolean(boolean) => Ok(boolean),
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
            Kind::Integer(integer) => u64::try_from(integer).map_err(|_| None),
            _ => Err(None),
        }
    }
    fn to_toml(&self) -> toml::Value {
        toml::Value::Integer(i64::try_from(*self).unwrap_or(i64::MAX))
    }
}

/// An integer of 1 or above: a batch size, a layer's width.
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

impl<T: Field> Field for Vec<T> {
    fn expects() -> String {
        format!("an array, each item {}", T::expects())
    }
    fn read(value: &Value) -> Result<Self, Option<String>> {
        match &value.kind {
            Kind::Array(items) => items.iter().map(T::read).collect(),
            _ => Err(None),
        }
    }
    fn to_toml(&self) -> toml::Value {
        toml::Value::Array(self.iter().map(T::to_toml).collect())
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
            /// The word that a spec writes.
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

/// `"a"`, `"b"` or `"c"`, quoted, for messages.
pub fn one_of<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let quoted: Vec<String> = words.into_iter().map(|word| format!("\"{word}\"")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        Some((last, _)) => last.clone(),
        None => String::new(),
    }
}

/// The message for a word that is none of `words`, when one of them is near.
pub fn did_you_mean<'a>(given: &str, words: impl IntoIterator<Item = &'a str> + Clone) -> Option<String> {
    let near = super::diagnostic::nearest(given, words.clone())?;
    Some(format!("expected {}; did you mean \"{near}\"?", one_of(words)))
}
