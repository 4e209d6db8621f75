//! TOML text → [`Spec`]: a tree of tables that remembers the place of everything in the text, with overrides applied.
//! A [`Section`] reads it key by key, and [`Findings`] report what is wrong with it. Nothing here knows about training.

mod diagnostic;
mod duration;
mod field;
pub mod names;
mod overrides;
mod registry;
mod rewrite;
mod role;
mod section;
mod value;

use std::io::Read;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

pub use diagnostic::{Diagnostic, Findings, Log, NamedFile, Severity, Texts, nearest};
pub use duration::{Duration, Horizon, WallTime};
pub use field::{BelowOne, Count, Field, FilePath, NonNegative, Positive, Unit, did_you_mean, one_of};
use overrides::Override;
pub use registry::{Entry, lookup, owners};
pub use rewrite::meant;
pub use role::{ROLES, Role, role};
pub use section::{Section, shown};
pub use value::{Key, Place, Table, Value, ValueKind};

/// An experiment as a person wrote it: one file, and the overrides of the command line.
#[derive(Clone, Debug)]
pub struct Spec {
    /// The file that was read. Paths in the spec are relative to its folder.
    pub path: PathBuf,
    /// The tree, with overrides applied.
    pub table: Table,
    /// The texts that places point into.
    pub texts: Texts,
    /// The tree of the file alone.
    written: Table,
    /// The overrides in the order of the command line. If a key is overridden twice, only the last override is here.
    overrides: Vec<Override>,
}

/// An override that can change the experiment.
#[derive(Clone, Debug)]
pub struct Change {
    /// The dotted key in canonical form: groups have their names, the parts of a sequence their numbers.
    pub key: String,
    /// The index of the override.
    index: usize,
}

/// Keys that do not change the experiment. They are neither part of the name of a run's folder nor of the spec's hash.
pub const NOT_THE_EXPERIMENT: [&str; 7] =
    ["name", "variant", "relative_to", "device", "threads", "record", "checkpoint"];

impl Spec {
    /// Reads the file `path` and applies `overrides`. The error contains every syntax error.
    pub fn load(path: &Path, overrides: &[String]) -> Result<Spec, SpecError> {
        let text = read_text(path).map_err(|source| {
            let missing = source.kind() == std::io::ErrorKind::NotFound;
            let hint = if missing { neighbours(path) } else { String::new() };
            SpecError::Read { path: path.to_owned(), source, hint }
        })?;
        Ok(Spec::parse(path, &text, overrides)?)
    }

    /// Parses `text` as the content of the file `path`.
    pub fn parse(path: &Path, text: &str, overrides: &[String]) -> Result<Spec, Findings> {
        let mut texts = Texts::default();
        let log = Log::default();
        let file = texts.add(path.display().to_string(), text);
        let (mut table, errors) = value::parse_document(text, file);
        let line = |place: &Place| text[..place.span.start.min(text.len())].matches('\n').count();
        let mut lines = Vec::new();
        for error in errors {
            // A second error on the same line is rarely another mistake.
            if error.place.as_ref().is_some_and(|place| lines.contains(&line(place))) {
                continue;
            }
            lines.extend(error.place.as_ref().map(line));
            log.push(Diagnostic::error(error.message).at(error.place.as_ref()).label("TOML cannot be read here"));
        }
        let overrides: Vec<Override> =
            overrides.iter().filter_map(|it| Override::parse(it, &mut texts, &log)).collect();
        let written = table.clone();
        let overrides = overrides::last_of_each_key(overrides, &written);
        let roots: Vec<String> = overrides.iter().map(|it| it.root().to_owned()).collect();
        let is_alone = |it: &Override| roots.iter().filter(|root| *root == it.root()).count() == 1;
        let in_full = |it: Override| {
            let is_alone = is_alone(&it);
            it.in_full(&written, is_alone)
        };
        let overrides = overrides.into_iter().flat_map(in_full).collect();
        let overrides = overrides::last_of_each_key(overrides, &written);
        overrides::apply(&mut table, &overrides, &log);
        log.finish(&texts)?;
        Ok(Spec { path: path.to_owned(), table, texts, written, overrides })
    }

    /// Adds a table of strings under `name` unless there is one. Returns whether it did.
    pub fn add_missing(&mut self, name: &str, entries: &[(&str, &str)]) -> bool {
        if self.table.get(name).is_some() {
            return false;
        }
        let place = Place { text: 0, span: 0..0 };
        let key = |name: &str| Key { name: name.to_owned(), place: place.clone() };
        let value = |kind: ValueKind| Value { kind, place: place.clone() };
        let string = |text: &str| value(ValueKind::String(text.to_owned()));
        let entries = entries.iter().map(|(name, text)| (key(name), string(text))).collect();
        self.table.set(key(name), value(ValueKind::Table(Table { entries })));
        true
    }

    /// Returns the file's name without its extension: the name of a run if the spec does not give one.
    pub fn stem(&self) -> String {
        self.path.file_stem().map_or_else(|| "experiment".into(), |stem| stem.to_string_lossy().into_owned())
    }

    /// Returns the folder that paths in the spec are relative to: the folder that the key `relative_to` names or,
    /// without that key, the folder of the file.
    pub fn folder(&self) -> PathBuf {
        let own = self.path.parent().unwrap_or(Path::new(""));
        let own = if own.as_os_str().is_empty() { Path::new(".") } else { own };
        match self.table.get("relative_to").and_then(Value::as_str) {
            Some(folder) => own.join(folder),
            None => own.to_owned(),
        }
    }

    /// Returns the overrides that can change the experiment, sorted by key.
    pub fn changes(&self) -> Vec<Change> {
        let key = |it: &Override| it.canonical_key(&self.written);
        let changes = self.overrides.iter().enumerate().filter(|(_, it)| it.is_of_the_experiment());
        let mut changes: Vec<Change> = changes.map(|(index, it)| Change { key: key(it), index }).collect();
        changes.sort_by(|a, b| a.key.cmp(&b.key));
        changes
    }

    /// Returns this spec with `changes` as the only overrides that can change the experiment. `None` if they cannot be
    /// applied.
    pub fn with(&self, changes: &[&Change]) -> Option<Spec> {
        let is_kept = |index: usize, it: &Override| {
            !it.is_of_the_experiment() || changes.iter().any(|change| change.index == index)
        };
        let kept = self.overrides.iter().enumerate().filter(|(index, it)| is_kept(*index, it));
        let overrides: Vec<Override> = kept.map(|(_, it)| it.clone()).collect();
        let log = Log::default();
        let mut table = self.written.clone();
        overrides::apply(&mut table, &overrides, &log);
        (log.errors() == 0).then(|| Spec { table, overrides, ..self.clone() })
    }

    /// Returns the value that `change` sets, in the form of the resolved spec. `1e-2` and `0.01` have the same form, as
    /// have `5 epoch` and `5epochs`. `log` is the log that was written while this spec was read.
    pub fn canonical_value(&self, change: &Change, log: &Log) -> String {
        self.overrides[change.index].canonical_value(log)
    }

    /// Returns the overrides of the command that made this spec, or an empty text if the spec is not a resolved one.
    pub fn recorded_variant(&self) -> &str {
        self.table.get("variant").and_then(Value::as_str).unwrap_or_default()
    }
}

/// The longest spec that is read, in bytes.
const MAX_BYTES: u64 = 1 << 20;

/// Reads the text of a spec, which may come from a pipe.
fn read_text(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    let read = std::fs::File::open(path)?.take(MAX_BYTES + 1).read_to_string(&mut text)?;
    if read as u64 > MAX_BYTES {
        return Err(std::io::Error::other(format!(
            "it is longer than {MAX_BYTES} bytes, the most that a spec may have"
        )));
    }
    Ok(text)
}

/// Returns `text` as a file name. Characters other than letters, digits and `._=,+-` become `%XX`. A name longer than
/// 120 bytes is cut and ends in a hash of the whole text.
pub fn file_name(text: &str) -> String {
    let mut name = String::new();
    for (index, byte) in text.bytes().enumerate() {
        let plain = byte.is_ascii_alphanumeric() || b"_=,+-".contains(&byte) || (byte == b'.' && index > 0);
        match plain {
            true => name.push(char::from(byte)),
            false => name.push_str(&format!("%{byte:02X}")),
        }
    }
    if name.len() > 120 {
        let hash = hex(&Sha256::digest(text.as_bytes()));
        name.truncate(107);
        name = format!("{name}-{}", &hash[..12]);
    }
    name
}

/// Returns `bytes` in lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Returns a hint for a `path` that does not exist. It names the spec in the same folder whose name is nearest. The
/// hint is empty if no name is close.
fn neighbours(path: &Path) -> String {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let Ok(entries) = std::fs::read_dir(folder) else { return String::new() };
    let names: Vec<String> = entries
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| name.ends_with(".toml"))
        .collect();
    let wanted = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    match nearest(&wanted, names.iter().map(String::as_str)) {
        Some(near) => format!("\nhelp: did you mean {}?", folder.join(near).display()),
        None => String::new(),
    }
}

/// The reason why a spec cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SpecError {
    #[error("cannot read the spec {}: {source}{hint}", path.display())]
    Read { path: PathBuf, source: std::io::Error, hint: String },
    #[error("{0}")]
    Findings(#[from] Findings),
}
