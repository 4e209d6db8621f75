//! The names that other frameworks give to schedules, optimizers, models, data sets and keys, and their names here.
//!
//! This is the only table of them: error messages take their hints from it, and `scripts/docs` writes the tables of
//! docs/from-other-frameworks.md from it. A spec cannot use these names, except those of initializers.

mod keys;
mod optimizers;
mod schedules;
mod types;

use super::diagnostic::distance;

pub use keys::{KEYS, KeyName, WORDS};
pub use optimizers::OPTIMIZERS;
pub use schedules::SCHEDULES;
pub use types::{ABSENT, DATA_SETS, MODELS, Name, Row};

/// A framework, which is a column in the tables of names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framework {
    Torch,
    Keras,
    Optax,
    Timm,
    Transformers,
    /// Any other program. The note of the name says which.
    Other,
}

impl Framework {
    /// The frameworks in the order of the columns, with their titles.
    pub const COLUMNS: [(Framework, &'static str); 6] = [
        (Framework::Torch, "PyTorch"),
        (Framework::Keras, "Keras"),
        (Framework::Optax, "optax"),
        (Framework::Timm, "timm"),
        (Framework::Transformers, "transformers"),
        (Framework::Other, "others"),
    ];
}

/// The registries whose names have translations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registry {
    Schedules,
    Optimizers,
    Models,
    DataSets,
}

impl Registry {
    /// Returns the registry whose entries messages call `what`, such as "data set".
    fn of(what: &str) -> Option<Registry> {
        match what {
            "schedule" => Some(Registry::Schedules),
            "optimizer" => Some(Registry::Optimizers),
            "model" => Some(Registry::Models),
            "data set" => Some(Registry::DataSets),
            _ => None,
        }
    }

    /// Returns the translations.
    pub fn rows(self) -> &'static [Row] {
        match self {
            Registry::Schedules => SCHEDULES,
            Registry::Optimizers => OPTIMIZERS,
            Registry::Models => MODELS,
            Registry::DataSets => DATA_SETS,
        }
    }
}

/// Returns a hint for the unknown `name` of a `what` ("schedule", "optimizer", …). The hint is the name here, or the
/// reason why this program has no such thing. `None` if the tables do not have the name.
pub fn hint_for_type(what: &str, name: &str) -> Option<String> {
    let registry = Registry::of(what)?;
    let is_it = |other: &str| !other.is_empty() && plain(other) == plain(name);
    let found = registry.rows().iter().find_map(|row| {
        let translated = row.names.iter().find(|there| !there.shared && is_it(there.name))?;
        Some((row, translated))
    });
    if let Some((row, there)) = found {
        return Some(match there.hint {
            "" => format!("here it is called `{}`", row.here),
            hint => format!("here it is called `{}`: {hint}", row.here),
        });
    }
    let absent = ABSENT.iter().find(|(of, names, _)| *of == registry && names.iter().any(|it| is_it(it)));
    absent.map(|(_, _, instead)| (*instead).to_owned())
}

/// Returns the word among `words` that another framework calls `word`. `None` if there is none.
pub fn translated_word<'a>(word: &str, words: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let here: Vec<&str> =
        WORDS.iter().filter(|(there, _)| plain(there) == plain(word)).map(|(_, here)| *here).collect();
    words.into_iter().find(|word| here.contains(word))
}

/// Returns the translations of the key `name`, best first.
pub fn translations(name: &str) -> impl Iterator<Item = &'static KeyName> {
    KEYS.iter().filter(move |key| plain(key.there) == plain(name))
}

/// Returns a name without its module, in lower case and without separators, because frameworks differ in these.
fn plain(name: &str) -> String {
    let name = name.rsplit('.').next().unwrap_or(name);
    name.chars().filter(|it| it.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The number of names that a message lists if there are many.
const LISTED: usize = 5;

/// The most used names. A message about a missing name lists them first.
const COMMON: [&str; 10] =
    ["adam", "adamw", "sgd", "rmsprop", "lion", "cosine", "step", "linear", "one_cycle", "plateau"];

/// Returns the names for a message: all of `names` if there are at most six, otherwise five of them. These are the ones
/// nearest to `given` or, without `given`, the most used ones.
pub fn listed<'a>(given: Option<&str>, names: &[&'a str]) -> Vec<&'a str> {
    if names.len() <= LISTED + 1 {
        return names.to_vec();
    }
    let mut ranked = names.to_vec();
    match given {
        Some(given) => ranked.sort_by_cached_key(|name| unlikeness(given, name)),
        None => ranked.sort_by_key(|name| COMMON.iter().position(|it| it == name).unwrap_or(COMMON.len())),
    }
    ranked.truncate(LISTED);
    ranked
}

/// Returns a number that is larger the less `name` resembles `given`.
fn unlikeness(given: &str, name: &str) -> usize {
    let (given, name) = (plain(given), plain(name));
    let contained = given.contains(&name) || name.contains(&given);
    let begins = given.chars().zip(name.chars()).take_while(|(a, b)| a == b).count();
    let edits = 1000 * distance(&given, &name) / given.len().max(name.len()).max(1);
    edits.saturating_sub(if contained { 500 } else { 0 }).saturating_sub(60 * begins)
}

#[cfg(test)]
mod tests;
