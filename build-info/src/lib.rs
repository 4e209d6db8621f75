//! The commit and the packages that this program was built from, for the records of runs.

/// The git commit of the sources, with `-dirty` after it if tracked files were changed. `unknown` outside of git.
pub const COMMIT: &str = env!("LR_RUN_COMMIT");

/// Returns the names and versions of the packages that results depend on.
pub fn packages() -> impl Iterator<Item = (&'static str, &'static str)> {
    env!("LR_RUN_PACKAGES").split(',').filter_map(|package| package.split_once(' '))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commit_and_packages_are_known() {
        assert!(!COMMIT.is_empty() && !COMMIT.contains(char::is_whitespace));
        let packages: Vec<_> = packages().collect();
        assert_eq!(packages.len(), 6, "{packages:?}");
        assert!(packages.iter().all(|(_, version)| version.starts_with(|c: char| c.is_ascii_digit())));
    }
}
