//! Registries: the names that a `type` in a spec can have. An entry is one line; the tests of a registry loop over its
//! entries.

use super::diagnostic::{Diagnostic, nearest};
use super::field::one_of;
use super::section::Section;

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

/// Returns the entry that the key `type` of `section` names. `None` (logged, with the nearest name) if the name is missing
/// or unknown.
pub fn lookup<'r, B>(entries: &'r [Entry<B>], what: &str, section: &mut Section<'_>) -> Option<&'r Entry<B>> {
    let names = || entries.iter().map(|entry| entry.name);
    if !section.has("type") {
        section.mark_known("type");
        section.missing("type", &format!("the {what}, {}", one_of(names())));
        return None;
    }
    let name: String = section.optional("type")?;
    let found = entries.iter().find(|entry| entry.name == name);
    if found.is_none() {
        let unknown = Diagnostic::error(format!("unknown {what} \"{name}\"")).at(section.place_of("type"));
        let near = nearest(&name, names()).map(|near| format!("did you mean \"{near}\"?"));
        section.log().push(unknown.label(near.unwrap_or_default()).help(format!("expected {}", one_of(names()))));
    }
    found
}
