//! The keys of `csv` in `[data]`.

use std::path::PathBuf;

use super::rows::Missing;
use crate::dataset::sheet::{Comments, Delimiter, ReadOptions};
use crate::dataset::{Context, Holdout, SplitRule, TaskKind};
use crate::spec::{Count, Field, Section, Value, ValueKind};

/// The keys, as a spec writes them.
#[derive(Clone, Debug)]
pub struct Keys {
    pub path: PathBuf,
    pub format: ReadOptions,
    pub target: String,
    /// `None` if the target column decides.
    pub task: Option<TaskKind>,
    /// The names of columns to leave out.
    pub drop: Vec<String>,
    /// The names of columns that are categories, whatever is in their cells.
    pub categories: Vec<String>,
    pub max_categories: usize,
    pub missing: Missing,
    pub scale_target: bool,
    pub test: Holdout,
    pub test_seed: u64,
    pub test_path: Option<PathBuf>,
    pub split: SplitRule,
}

impl Keys {
    /// Reads the keys. Returns `None` if errors were logged.
    pub fn read(section: &mut Section<'_>, context: &Context<'_>) -> Option<Keys> {
        let path = context.required_path(section, "path");
        let target = section.required::<ColumnName>("target").map(|name| name.0);
        let task = section.optional("task");
        let format = format(section);
        let mut names = |key| section.or::<Vec<ColumnName>>(key, Vec::new()).into_iter().map(|name| name.0).collect();
        let drop: Vec<String> = names("drop");
        let categories: Vec<String> = names("categories");
        let max_categories = section.or("max_categories", Count(20)).0;
        let missing = section.or("missing", Missing::Error);
        let scale_target = section.or("scale_target", false);
        let test = section.or("test", Holdout::Count(0));
        let test_seed = section.or("test_seed", 0u64);
        let test_path = context.path(section, "test_path");
        let split = context.split.clone().with_group(section);
        if test_path.is_some() && test.count(usize::MAX) > 0 {
            let [test, test_path] = ["test", "test_path"].map(|key| section.dotted(key));
            section.error(
                "test_path",
                format!("`{test}` and `{test_path}` both define the test part"),
                "remove one of them",
            );
            return None;
        }
        if scale_target && task == Some(TaskKind::Classification) {
            section.error("scale_target", "classes have no scale", "only for task = \"regression\"");
            return None;
        }
        if format.delimiter.is_none() && section.has("delimiter") {
            // The error is logged. Reading the file with another separator would only add errors that follow from it.
            return None;
        }
        let format = ReadOptions {
            text_columns: text_columns(&categories, target.as_ref(), task),
            // A target is scaled before it is rounded.
            exact_columns: target.iter().filter(|_| scale_target).cloned().collect(),
            ..format
        };
        Some(Keys {
            path: path?,
            format,
            target: target?,
            task,
            drop,
            categories,
            max_categories,
            missing,
            scale_target,
            test,
            test_seed,
            test_path,
            split,
        })
    }
}

/// Returns the names of the columns that are kept as text: categories, and the target if the spec says classification.
fn text_columns(categories: &[String], target: Option<&String>, task: Option<TaskKind>) -> Vec<String> {
    let target = target.filter(|_| task == Some(TaskKind::Classification));
    categories.iter().chain(target).cloned().collect()
}

fn format(section: &mut Section<'_>) -> ReadOptions {
    ReadOptions {
        delimiter: section.optional::<Delimiter>("delimiter"),
        header: section.optional("header"),
        decimal: section.optional::<DecimalMark>("decimal").map(|mark| mark.0),
        thousands: section.optional::<ThousandsMark>("thousands").map(|mark| mark.0),
        comments: section.optional::<Comment>("comment").map_or(Comments::Guess, |comment| comment.0),
        missing_words: section.optional("missing_values"),
        encoding: section.optional::<EncodingName>("encoding").map(|name| name.0),
        text_columns: Vec::new(),
        exact_columns: Vec::new(),
    }
}

/// The name of a column. It may be written as a number, because columns without a header are named by their numbers.
struct ColumnName(String);

impl Field for ColumnName {
    fn expects() -> String {
        "the name of a column".into()
    }
    fn read(value: &Value) -> Result<Self, Option<String>> {
        match value.kind {
            ValueKind::Integer(number) => Ok(ColumnName(number.to_string())),
            _ => String::read(value).map(ColumnName),
        }
    }
    fn to_toml(&self) -> toml::Value {
        self.0.to_toml()
    }
}

/// Returns the one character of a string, if it is in `allowed`.
fn one_of(value: &Value, allowed: &[char]) -> Result<char, Option<String>> {
    let text = value.as_str().unwrap_or_default();
    let mut letters = text.chars();
    letters.next().filter(|letter| allowed.contains(letter) && letters.next().is_none()).ok_or(None)
}

/// The mark before the decimals of a number.
struct DecimalMark(char);

impl Field for DecimalMark {
    fn expects() -> String {
        "\".\" or \",\"".into()
    }
    fn read(value: &Value) -> Result<Self, Option<String>> {
        one_of(value, &['.', ',']).map(DecimalMark)
    }
    fn to_toml(&self) -> toml::Value {
        self.0.to_string().into()
    }
}

/// The mark between groups of three digits.
struct ThousandsMark(char);

impl Field for ThousandsMark {
    fn expects() -> String {
        "\",\", \".\", \"'\" or \" \"".into()
    }
    fn read(value: &Value) -> Result<Self, Option<String>> {
        one_of(value, &[',', '.', '\'', ' ']).map(ThousandsMark)
    }
    fn to_toml(&self) -> toml::Value {
        self.0.to_string().into()
    }
}

/// The character that comment lines start with.
struct Comment(Comments);

impl Field for Comment {
    fn expects() -> String {
        "one character, like \"#\", or \"\" for none".into()
    }
    fn read(value: &Value) -> Result<Self, Option<String>> {
        match value.as_str().map(str::as_bytes) {
            Some([]) => Ok(Comment(Comments::Never)),
            Some(&[byte]) if byte.is_ascii_punctuation() && byte != b'"' => Ok(Comment(Comments::Start(byte))),
            _ => Err(None),
        }
    }
    fn to_toml(&self) -> toml::Value {
        match self.0 {
            Comments::Start(byte) => char::from(byte).to_string().into(),
            Comments::Guess | Comments::Never => "".into(),
        }
    }
}

/// The name of an encoding.
struct EncodingName(&'static encoding_rs::Encoding);

impl Field for EncodingName {
    fn expects() -> String {
        "the name of an encoding, like \"utf-8\", \"utf-16le\", \"windows-1252\" or \"shift_jis\"".into()
    }
    fn read(value: &Value) -> Result<Self, Option<String>> {
        let name = value.as_str().unwrap_or_default();
        encoding_rs::Encoding::for_label(name.as_bytes()).map(EncodingName).ok_or(None)
    }
    fn to_toml(&self) -> toml::Value {
        self.0.name().to_lowercase().into()
    }
}
