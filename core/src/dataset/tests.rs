//! Requirements of every data set, checked by looping over the registry.

use std::path::Path;

use super::{Access, Context, Dataset, REGISTRY, SplitRule};
use crate::spec::{Log, Section, Spec, lookup};

/// Builds the data set of a `[data]` table with paths relative to `folder`. Returns it with its resolved table, or returns
/// the error message.
pub fn build_in(folder: &Path, table: &str) -> Result<(Box<dyn Dataset>, toml::Table), String> {
    build_split(folder, table, &SplitRule::default())
}

/// Builds like [`build_in`], with examples held out by `split`.
pub fn build_split(folder: &Path, table: &str, split: &SplitRule) -> Result<(Box<dyn Dataset>, toml::Table), String> {
    let spec = Spec::parse(Path::new("test.toml"), table, &[]).map_err(|found| found.to_string())?;
    let log = Log::default();
    let mut section = Section::root(&spec.table, &log);
    let entry = lookup(REGISTRY, "data set", &mut section);
    let built = entry.and_then(|entry| (entry.build)(&mut section, &Context { folder, may_read: true, split }));
    let resolved = section.finish();
    log.finish(&spec.texts).map_err(|found| found.to_string())?;
    built.map(|built| (built, resolved)).ok_or_else(|| "nothing was built, but no error was logged".into())
}

pub fn build(table: &str) -> Result<Box<dyn Dataset>, String> {
    build_in(Path::new(""), table).map(|(built, _)| built)
}

/// Returns access to a cache folder, without fetching.
pub fn offline(cache: &Path) -> Access<'static> {
    Access { cache: cache.to_owned(), offline: true, progress: &|_| {} }
}

#[test]
fn names_are_unique_and_sorted() {
    assert!(REGISTRY.windows(2).all(|pair| pair[0].name < pair[1].name));
}

#[test]
fn each_builds_from_its_example() {
    for entry in REGISTRY {
        assert!(build(entry.example).is_ok_and(|set| !format!("{set:?}").is_empty()), "{}", entry.name);
    }
}

#[test]
fn each_builds_the_same_from_its_resolved_table() {
    for entry in REGISTRY {
        let (built, resolved) = build_in(Path::new(""), entry.example).unwrap();
        let (again, twice) = build_in(Path::new(""), &resolved.to_string()).unwrap();
        assert_eq!(resolved, twice, "{}", entry.name);
        assert_eq!(format!("{built:?}"), format!("{again:?}"), "{}", entry.name);
    }
}

/// Keys that name files have the type `FilePath`: otherwise a run would neither find the files again nor notice a change.
#[test]
fn each_records_the_files_that_its_example_names() {
    for entry in REGISTRY {
        let spec = Spec::parse(Path::new("test.toml"), entry.example, &[]).unwrap();
        let log = Log::default();
        let mut section = Section::root(&spec.table, &log);
        lookup(REGISTRY, "data set", &mut section);
        let context = Context { folder: Path::new("no folder"), may_read: false, split: &SplitRule::default() };
        (entry.build)(&mut section, &context).unwrap();
        let recorded: Vec<String> = log.files().iter().map(|file| file.path.to_string_lossy().into_owned()).collect();
        let written = spec.table.entries.iter().filter_map(|(_, value)| value.as_str());
        let files = written.filter(|text| Path::new(text).extension().is_some());
        assert_eq!(recorded, files.collect::<Vec<_>>(), "{}", entry.name);
    }
}

#[test]
fn each_refuses_an_unknown_key() {
    for entry in REGISTRY {
        let message = build(&format!("{}\npiont = 3", entry.example)).unwrap_err();
        assert!(message.contains("unknown key `piont`") && message.contains("piont = 3"), "{message}");
    }
}
