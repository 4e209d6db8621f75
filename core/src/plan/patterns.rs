//! The patterns in a group's `params`, which name the parameters of the group.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use crate::params::Declaration;
use crate::spec::{Diagnostic, Place, Section, ValueKind};

/// The longest pattern, in bytes. No parameter has a name this long.
const LONGEST: usize = 1000;

/// Reads `params`. Assigns each parameter that a pattern matches to group `index` unless an earlier group has it.
/// Returns `None` after logging an error.
pub(super) fn claim(
    section: &mut Section<'_>,
    declaration: &Declaration,
    index: usize,
    taken: &mut [Option<usize>],
) -> Option<()> {
    let patterns: Vec<String> = section.required("params")?;
    if patterns.is_empty() {
        section.error("params", "a group without patterns has no parameters", "for example [\"*.bias\"]");
        return None;
    }
    let params = declaration.params();
    let mut right = true;
    let mut claimed = 0;
    let mut unmatched: Vec<&String> = Vec::new();
    let mut matches = false;
    for pattern in &patterns {
        let matcher = matcher(section, pattern);
        let matched: Vec<usize> = match &matcher {
            Some(matcher) => (0..params.len()).filter(|&at| matcher.is_match(&params[at].name)).collect(),
            None => Vec::new(),
        };
        right &= matcher.is_some();
        matches |= !matched.is_empty();
        if matcher.is_some() && matched.is_empty() {
            unmatched.push(pattern);
        }
        for at in matched {
            if taken[at].is_none() {
                taken[at] = Some(index);
                claimed += 1;
            }
        }
    }
    // A list of patterns can be written for several models, so some of its patterns may match nothing.
    for pattern in unmatched {
        let all: Vec<&str> = params.iter().map(|param| param.name.as_str()).collect();
        let message = format!("\"{pattern}\" matches no parameter of the model");
        let found = if matches { Diagnostic::warning(message) } else { Diagnostic::error(message) };
        let found = found.at(place_of(section, pattern));
        section.log().push(found.help(format!("the model has: {}", all.join(", "))));
    }
    right &= matches;
    if right && claimed == 0 {
        let label = "a parameter belongs to the first group that matches it";
        section.error("params", "earlier groups take every parameter of this group", label);
    }
    (right && claimed > 0).then_some(())
}

/// Compiles `pattern`. Returns `None` after logging an error.
fn matcher(section: &Section<'_>, pattern: &str) -> Option<GlobSet> {
    match glob(pattern) {
        Ok(matcher) => Some(matcher),
        Err(reason) => {
            let found = Diagnostic::error(format!("\"{pattern}\" is not a valid pattern: {reason}"));
            let found = found.at(place_of(section, pattern));
            section.log().push(found.help("`*` matches anything, `?` one character, and `{a,b}` either a or b"));
            None
        }
    }
}

/// Compiles `pattern`. `*` also matches dots. The error is the reason why the pattern is not valid.
pub fn glob(pattern: &str) -> Result<GlobSet, String> {
    if pattern.len() > LONGEST {
        return Err(format!("it has {} bytes, and at most {LONGEST} are allowed", pattern.len()));
    }
    let built = GlobBuilder::new(pattern).literal_separator(false).build();
    // Unlike the matcher of a single glob, a set of one glob reports an expression that is too large.
    let set = built.and_then(|glob| GlobSetBuilder::new().add(glob).build());
    set.map_err(|error| error.kind().to_string())
}

/// Returns the place of `pattern` in `params`.
fn place_of<'a>(section: &'a Section<'_>, pattern: &str) -> Option<&'a Place> {
    let value = section.table_ref().get("params")?;
    let items = if let ValueKind::Array(items) = &value.kind { items.as_slice() } else { &[] };
    let item = items.iter().find(|item| item.as_str() == Some(pattern));
    Some(&item.unwrap_or(value).place)
}
