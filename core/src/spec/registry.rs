//! Registries: the names that a `type` in a spec can have. An entry is one line. The tests of a registry loop over its
//! entries.

use super::diagnostic::{Diagnostic, Log, nearest};
use super::field::one_of;
use super::names;
use super::section::Section;
use super::value::parse_document;

/// One name that a `type` can have. `B` is the build function of the registry.
pub struct Entry<B> {
    /// The name in the spec.
    pub name: &'static str,
    /// The line that `lr-run list` prints.
    pub summary: &'static str,
    /// A valid table, as the documentation shows it (without its header).
    pub example: &'static str,
    /// Builds the thing from the rest of the table.
    pub build: B,
}

/// Returns the names of the entries that have the key `key`. `build` reads the example of an entry, which shows the
/// keys that the entry knows. Its errors and its result do not matter.
pub fn owners<B>(entries: &[Entry<B>], key: &str, build: &dyn Fn(&Entry<B>, &mut Section<'_>)) -> Vec<&'static str> {
    let knows = |entry: &&Entry<B>| {
        let (table, _) = parse_document(entry.example, 0);
        let log = Log::default();
        let mut section = Section::new("", &table, None, &log);
        build(entry, &mut section);
        section.is_known(key)
    };
    entries.iter().filter(knows).map(|entry| entry.name).collect()
}

/// Returns the entry that the key `type` of `section` names. `None` (logged, with the nearest name) if the name is
/// missing or unknown.
pub fn lookup<'r, B>(entries: &'r [Entry<B>], what: &str, section: &mut Section<'_>) -> Option<&'r Entry<B>> {
    let names = || entries.iter().map(|entry| entry.name);
    if !section.has("type") {
        section.mark_known("type");
        section.missing("type", &format!("the {what}, {}", some_of(None, entries)));
        return None;
    }
    let name: String = section.optional("type")?;
    let found = entries.iter().find(|entry| entry.name == name);
    if found.is_none() {
        let unknown = Diagnostic::error(format!("unknown {what} \"{name}\"")).at(section.place_of("type"));
        let near = || nearest(&name, names()).map(|near| format!("did you mean \"{near}\"?"));
        let label = names::hint_for_type(what, &name).or_else(near).unwrap_or_default();
        section.log().push(unknown.label(label).help(format!("expected {}", some_of(Some(&name), entries))));
    }
    found
}

/// Returns the names of `entries` for a message. If there are many, these are the few nearest to `given` or, without
/// `given`, the most used ones.
fn some_of<B>(given: Option<&str>, entries: &[Entry<B>]) -> String {
    let all: Vec<&str> = entries.iter().map(|entry| entry.name).collect();
    let listed = names::listed(given, &all);
    match listed.len() == all.len() {
        true => one_of(all),
        false => format!("{}, …: `lr-run list` prints all {}", quoted(&listed), all.len()),
    }
}

/// Returns the words quoted and joined: `"a", "b"`.
fn quoted(words: &[&str]) -> String {
    words.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(", ")
}
