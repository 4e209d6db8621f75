//! What is wrong with a spec, said to a person: every error found, each with its place underlined and what would be right.

use std::cell::{Cell, RefCell};
use std::fmt;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::value::Place;

/// The texts a spec is put together from: the file, then each override.
#[derive(Clone, Debug, Default)]
pub struct Texts {
    texts: Vec<(String, String)>,
}

impl Texts {
    /// Adds a text under the name that messages give it; returns its number.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<String>) -> usize {
        self.texts.push((name.into(), text.into()));
        self.texts.len() - 1
    }
}

/// Whether the spec cannot be used, or can, though probably not as meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    Error,
    Warning,
}

/// One thing to tell about a spec.
#[derive(Clone, Debug, PartialEq)]
pub struct Diagnostic {
    pub severity: Severity,
    /// What is wrong, one line.
    pub message: String,
    /// Where; none for what is missing from the whole.
    pub place: Option<Place>,
    /// What stands under the underline.
    pub label: String,
    /// What would be right.
    pub help: Vec<String>,
}

impl Diagnostic {
    /// An error with `message`.
    pub fn error(message: impl Into<String>) -> Self {
        let (message, label) = (message.into(), String::new());
        Diagnostic { severity: Severity::Error, message, place: None, label, help: Vec::new() }
    }

    /// A warning with `message`.
    pub fn warning(message: impl Into<String>) -> Self {
        Diagnostic { severity: Severity::Warning, ..Diagnostic::error(message) }
    }

    /// Underlines `place`.
    pub fn at(mut self, place: Option<&Place>) -> Self {
        self.place = place.cloned();
        self
    }

    /// Writes `label` beside the underline.
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// Adds a line that says what would be right.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }
}

/// Collects what is found while a spec is read. Shared by every [`super::Section`] of it.
#[derive(Debug, Default)]
pub struct Log {
    found: RefCell<Vec<Diagnostic>>,
    errors: Cell<usize>,
    /// Those that were found after so many that nobody reads them.
    more: Cell<usize>,
}

/// More findings than this are only counted.
const MOST: usize = 200;

impl Log {
    /// Adds a finding.
    pub fn push(&self, diagnostic: Diagnostic) {
        self.errors.update(|errors| errors + usize::from(diagnostic.severity == Severity::Error));
        let mut found = self.found.borrow_mut();
        if found.len() < MOST {
            found.push(diagnostic);
        } else {
            self.more.update(|more| more + 1);
        }
    }

    /// Takes over what another log has found.
    pub fn absorb(&self, other: Log) {
        other.found.into_inner().into_iter().for_each(|found| self.push(found));
        self.more.update(|more| more + other.more.get());
    }

    /// Errors found so far.
    pub fn errors(&self) -> usize {
        self.errors.get()
    }

    /// All findings: `Err` when one of them is an error, else the warnings.
    pub fn finish(self, texts: &Texts) -> Result<Findings, Findings> {
        let failed = self.errors() > 0;
        let mut found: Vec<Diagnostic> = Vec::new();
        for it in self.found.into_inner() {
            // What several groups share is read once for each, and said once.
            if !found.contains(&it) {
                found.push(it);
            }
        }
        // In the order of the text, as a person reads it; what has no place comes last.
        found.sort_by_key(|it| it.place.as_ref().map_or((usize::MAX, 0), |at| (at.text, at.span.start)));
        if self.more.get() > 0 {
            found.push(Diagnostic::error(format!("and {} more", self.more.get())));
        }
        let findings = Findings { texts: texts.clone(), found };
        if failed { Err(findings) } else { Ok(findings) }
    }
}

/// Everything found in one spec, ready to be shown.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    texts: Texts,
    found: Vec<Diagnostic>,
}

impl Findings {
    /// Whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Each finding's message alone, in order.
    pub fn messages(&self) -> impl Iterator<Item = &str> {
        self.found.iter().map(|found| found.message.as_str())
    }

    /// The text a person reads, in colour when `styled`.
    pub fn render(&self, styled: bool) -> String {
        let renderer = if styled { Renderer::styled() } else { Renderer::plain() };
        let shown: Vec<String> = self.found.iter().map(|it| renderer.render(&[self.group(it)])).collect();
        shown.join("\n\n")
    }

    fn group<'a>(&'a self, found: &'a Diagnostic) -> Group<'a> {
        let level = match found.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let title = level.primary_title(found.message.as_str());
        let mut group = match &found.place {
            Some(place) => {
                let (name, text) = &self.texts.texts[place.text];
                let mut span = AnnotationKind::Primary.span(place.span.clone());
                if !found.label.is_empty() {
                    span = span.label(found.label.as_str());
                }
                title.element(Snippet::source(text.as_str()).path(name.as_str()).annotation(span))
            }
            None => Group::with_title(title),
        };
        for help in &found.help {
            group = group.element(Level::HELP.message(help.as_str()));
        }
        group
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for Findings {}

/// The name among `allowed` that `given` was most likely meant to be.
pub fn nearest<'a>(given: &str, allowed: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let given = given.to_lowercase();
    allowed
        .into_iter()
        .map(|name| (distance(&given, &name.to_lowercase()), name))
        .filter(|&(distance, name)| distance <= 1 + name.len().min(given.len()) / 3)
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, name)| name)
}

/// Edits (insert, delete, replace, swap of neighbours) that turn `a` into `b`.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let replace = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = replace.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_offers_what_was_meant_and_nothing_far() {
        let names = ["learning_rate", "momentum", "weight_decay", "lr"];
        assert_eq!(nearest("momentun", names), Some("momentum"));
        assert_eq!(nearest("weigth_decay", names), Some("weight_decay"));
        assert_eq!(nearest("Lr", names), Some("lr"));
        assert_eq!(nearest("dropout", names), None);
    }
}
