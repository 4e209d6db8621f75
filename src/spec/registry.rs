//! Registries: what a `type` in a spec can name. One entry, one line; the tests of a registry loop over its entries.

use super::diagnostic::Diagnostic;
use super::field::{did_you_mean, one_of};
use super::section::Section;

/// One thing that a spec can name. `B` is the registry's own build function.
pub struct Entry<B> {
    /// The word in the spec.
    pub name: &'static str,
    /// One line for `lr-run list`.
    pub summary: &'static str,
    /// A table that builds, as the documentation shows it (without its header).
    pub example: &'static str,
    /// Reads the rest of the table.
    pub build: B,
}

/// The entry that `type` of `section` names; logs a missing or unknown name, with the nearest.
pub fn lookup<'r, B>(entries: &'r [Entry<B>], what: &str, section: &mut Section<'_>) -> Option<&'r Entry<B>> {
    let names = || entries.iter().map(|entry| entry.name);
    if !section.has("type") {
        section.ask("type");
        section.missing("type", &format!("the {what}, {}", one_of(names())));
        return None;
    }
    let name: String = section.optional("type")?;
    let found = entries.iter().find(|entry| entry.name == name);
    if found.is_none() {
        let label =
            did_you_mean(&name, names().collect::<Vec<_>>()).unwrap_or_else(|| format!("expected {}", one_of(names())));
        let message = format!("unknown {what} \"{name}\"");
        section.log().push(Diagnostic::error(message).at(section.place_of("type")).label(label));
    }
    found
}
