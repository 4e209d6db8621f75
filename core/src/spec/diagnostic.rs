//! The errors and warnings of a spec, as a person reads them: each with its place underlined and what is allowed.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::value::Place;

/// The texts that a spec consists of: the file, then each override.
#[derive(Clone, Debug, Default)]
pub struct Texts {
    texts: Vec<(String, String)>,
}

impl Texts {
    /// Adds a text and the name that messages give it. Returns its index.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<String>) -> usize {
        self.texts.push((name.into(), text.into()));
        self.texts.len() - 1
    }
}

/// The severity of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The spec cannot be used.
    Error,
    /// The spec can be used, but probably does not do what its author wants.
    Warning,
    /// A decision that the spec left open and the program made.
    Note,
}

/// One error, warning or note about a spec.
#[derive(Clone, Debug, PartialEq)]
pub struct Diagnostic {
    pub severity: Severity,
    /// The problem, in one line.
    pub message: String,
    /// The place to underline. `None` if something is missing from the whole spec.
    pub place: Option<Place>,
    /// The text next to the underline.
    pub label: String,
    /// Lines that say what is allowed or what to do.
    pub help: Vec<String>,
}

impl Diagnostic {
    /// Returns an error with `message`.
    pub fn error(message: impl Into<String>) -> Self {
        Diagnostic {
            severity: Severity::Error,
            message: message.into(),
            place: None,
            label: String::new(),
            help: Vec::new(),
        }
    }

    /// Returns a warning with `message`.
    pub fn warning(message: impl Into<String>) -> Self {
        Diagnostic { severity: Severity::Warning, ..Diagnostic::error(message) }
    }

    /// Returns a note with `message`.
    pub fn note(message: impl Into<String>) -> Self {
        Diagnostic { severity: Severity::Note, ..Diagnostic::error(message) }
    }

    /// Underlines `place`.
    pub fn at(mut self, place: Option<&Place>) -> Self {
        self.place = place.cloned();
        self
    }

    /// Writes `label` next to the underline.
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// Adds a line that says what is allowed or what to do.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }
}

/// A file or folder that a spec names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedFile {
    /// The dotted key that names it: `data.path`.
    pub key: String,
    /// The path as the spec writes it, relative to the folder of the spec.
    pub path: PathBuf,
}

/// The findings and files that are collected while a spec is read. All [`super::Section`]s of the spec share one log.
#[derive(Debug, Default)]
pub struct Log {
    found: RefCell<Vec<Diagnostic>>,
    errors: Cell<usize>,
    /// The number of findings above [`MAX_FINDINGS`].
    more: Cell<usize>,
    files: RefCell<Vec<NamedFile>>,
    /// The values of overrides as the resolved spec has them, by text and first byte.
    resolved: RefCell<HashMap<(usize, usize), toml::Value>>,
}

/// The number of findings that are kept. Further ones are only counted.
const MAX_FINDINGS: usize = 200;

impl Log {
    /// Adds a finding.
    pub fn push(&self, diagnostic: Diagnostic) {
        self.errors.update(|errors| errors + usize::from(diagnostic.severity == Severity::Error));
        let mut found = self.found.borrow_mut();
        if found.len() < MAX_FINDINGS {
            found.push(diagnostic);
        } else {
            self.more.update(|more| more + 1);
        }
    }

    /// Returns the number of errors found so far.
    pub fn errors(&self) -> usize {
        self.errors.get()
    }

    /// Records that `key` names `paths`.
    pub fn add_files(&self, key: &str, paths: Vec<PathBuf>) {
        let mut files = self.files.borrow_mut();
        for path in paths {
            let file = NamedFile { key: key.to_owned(), path };
            // Each seed reads the whole spec again.
            if !files.contains(&file) {
                files.push(file);
            }
        }
    }

    /// Returns the files and folders that the spec names: every value of type [`super::FilePath`] read so far.
    pub fn files(&self) -> Vec<NamedFile> {
        self.files.borrow().clone()
    }

    /// Records `value` as the resolved form of the value at `place`. Does nothing if the place is in the file (text 0)
    /// and not in an override.
    pub fn add_resolved(&self, place: &Place, value: &toml::Value) {
        if place.text > 0 {
            self.resolved.borrow_mut().insert((place.text, place.span.start), value.clone());
        }
    }

    /// Returns the resolved form of the value at `place` in an override. `None` if the value was not read.
    pub fn resolved(&self, place: &Place) -> Option<toml::Value> {
        self.resolved.borrow().get(&(place.text, place.span.start)).cloned()
    }

    /// Returns the findings: `Err` if one of them is an error, otherwise `Ok` with the warnings and notes.
    pub fn finish(self, texts: &Texts) -> Result<Findings, Findings> {
        let failed = self.errors() > 0;
        let mut found: Vec<Diagnostic> = Vec::new();
        for it in self.found.into_inner() {
            // A table that several groups share is read once per group, but reported once.
            if !found.contains(&it) {
                found.push(it);
            }
        }
        // The findings are sorted by place. Those without a place come last.
        found.sort_by_key(|it| it.place.as_ref().map_or((usize::MAX, 0), |at| (at.text, at.span.start)));
        if self.more.get() > 0 {
            found.push(Diagnostic::error(format!("and {} more", self.more.get())));
        }
        let findings = Findings { texts: texts.clone(), found };
        if failed { Err(findings) } else { Ok(findings) }
    }
}

/// All findings about one spec, ready to be shown.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    texts: Texts,
    found: Vec<Diagnostic>,
}

impl Findings {
    /// Reports whether there are no findings.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Returns the message of each finding, in order.
    pub fn messages(&self) -> impl Iterator<Item = &str> {
        self.found.iter().map(|found| found.message.as_str())
    }

    /// Returns the findings as text for a person, in colour if `styled`.
    pub fn render(&self, styled: bool) -> String {
        let renderer = if styled { Renderer::styled() } else { Renderer::plain() };
        let shown: Vec<String> = self.found.iter().map(|it| renderer.render(&[self.group(it)])).collect();
        shown.join("\n\n")
    }

    fn group<'a>(&'a self, found: &'a Diagnostic) -> Group<'a> {
        let level = match found.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
            Severity::Note => Level::NOTE,
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

/// Returns the name among `allowed` that `given` was most likely meant to be. `None` if no name is close.
pub fn nearest<'a>(given: &str, allowed: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let given = given.to_lowercase();
    allowed
        .into_iter()
        .map(|name| (distance(&given, &name.to_lowercase()), name))
        .filter(|&(distance, name)| distance <= 1 + name.len().min(given.len()) / 3)
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, name)| name)
}

/// Returns the number of edits (insert, delete, replace, swap of neighbours) that turn `a` into `b`.
pub(super) fn distance(a: &str, b: &str) -> usize {
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
    fn nearest_offers_close_names_only() {
        let names = ["learning_rate", "momentum", "weight_decay", "lr"];
        assert_eq!(nearest("momentun", names), Some("momentum"));
        assert_eq!(nearest("weigth_decay", names), Some("weight_decay"));
        assert_eq!(nearest("Lr", names), Some("lr"));
        assert_eq!(nearest("dropout", names), None);
    }
}
