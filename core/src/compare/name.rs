//! The name of a run among others: the part of its path in which they differ.

use std::path::{Component, Path};

/// Returns a name for each of `paths`: the path without the folders with which all paths begin, and without those with
/// which all paths end. No name is empty.
pub(super) fn names(paths: &[&Path]) -> Vec<String> {
    let parts: Vec<Vec<String>> = paths.iter().map(|path| components(path)).collect();
    let shortest = parts.iter().map(Vec::len).min().unwrap_or(0);
    let alike = |at: &dyn Fn(&Vec<String>) -> Option<&String>| parts.iter().all(|path| at(path) == at(&parts[0]));
    // At least one folder of the shortest path is kept. A single run is named by its last folder.
    let begin = (0..shortest.saturating_sub(1)).take_while(|&index| alike(&|path| path.get(index))).count();
    let end = (0..shortest - begin.min(shortest))
        .take_while(|&index| begin + index + 1 < shortest && alike(&|path| path.get(path.len() - 1 - index)))
        .count();
    parts.iter().map(|path| path[begin..path.len() - end].join("/")).collect()
}

fn components(path: &Path) -> Vec<String> {
    let shown = |part: Component<'_>| part.as_os_str().to_string_lossy().into_owned();
    let parts: Vec<String> =
        path.components().filter(|part| !matches!(part, Component::CurDir | Component::RootDir)).map(shown).collect();
    if parts.is_empty() { vec![path.display().to_string()] } else { parts }
}

/// Splits a path or a name at its last seed, such as `seed=3` or `seed_3`. Returns the text before it, the seed, and the
/// text after it. `None` if there is no `seed` with a number.
pub(super) fn split_at_seed(text: &str) -> Option<(&str, u64, &str)> {
    // Lower case does not move the bytes of ASCII, and leaves all others.
    let start = text.to_ascii_lowercase().rfind("seed")?;
    let digits = text[start + 4..].trim_start_matches(['=', '_', '-', ' ']);
    let end = digits.find(|it: char| !it.is_ascii_digit()).unwrap_or(digits.len());
    Some((&text[..start], digits[..end].parse().ok()?, &digits[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(paths: &[&str]) -> String {
        let paths: Vec<&Path> = paths.iter().map(Path::new).collect();
        names(&paths).join(" ")
    }

    #[test]
    fn name_is_the_part_in_which_paths_differ() {
        assert_eq!(named(&["results/adam/seed=1", "results/sgd/seed=1"]), "adam sgd");
        assert_eq!(named(&["results/adam/seed=1", "results/adam/seed=2"]), "seed=1 seed=2");
        assert_eq!(named(&["results/adam/seed=1", "results/sgd/seed=2"]), "adam/seed=1 sgd/seed=2");
        assert_eq!(named(&["/tmp/a/x/one", "/tmp/b/x/one"]), "a b");
        assert_eq!(named(&["./a/run", "b/run"]), "a b");
    }

    #[test]
    fn a_path_has_a_seed() {
        assert_eq!(split_at_seed("results/cosine/seed=3/epochs.csv"), Some(("results/cosine/", 3, "/epochs.csv")));
        assert_eq!(split_at_seed("kösine_Seed-12.csv"), Some(("kösine_", 12, ".csv")));
        assert_eq!(split_at_seed("cosine.csv"), None);
        assert_eq!(split_at_seed("seedling.csv"), None);
    }

    #[test]
    fn no_name_is_empty() {
        assert_eq!(named(&["results/adam/seed=1"]), "seed=1");
        assert_eq!(named(&["."]), ".");
        assert_eq!(named(&["a/b", "a/b/c"]), "b b/c");
        assert_eq!(named(&["x", "a/x"]), "x a/x");
        assert_eq!(named(&["a/b/c", "a/c"]), "b/c c");
        assert_eq!(named(&[]), "");
    }
}
