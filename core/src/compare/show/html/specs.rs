//! The specs of all runs in a compact form: specs of one comparison have nearly all lines in common.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use serde::Serialize;

use crate::compare::report::RunReport;
use crate::record::SPEC_TOML;

/// The distinct lines of specs, in the order in which they were first seen.
#[derive(Default)]
pub struct Pool {
    known: HashMap<String, usize>,
}

/// The spec of a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RunSpec {
    /// Its lines, as indices in the pool.
    Lines(Vec<usize>),
    /// The lines in which it differs from the strategy's first spec: their numbers, and indices in the pool.
    Changes(Vec<(usize, usize)>),
}

impl Pool {
    /// Returns the specs of the runs of a strategy, read from their folders. `None` for a run without one, such as a curve
    /// of another tool.
    pub fn specs(&mut self, runs: &[RunReport]) -> Vec<Option<RunSpec>> {
        let texts = runs.iter().map(|run| fs::read_to_string(Path::new(&run.path).join(SPEC_TOML)).ok());
        self.packed(texts)
    }

    fn packed(&mut self, texts: impl Iterator<Item = Option<String>>) -> Vec<Option<RunSpec>> {
        let mut first: Option<Vec<usize>> = None;
        let mut pack = |text: String| {
            let lines: Vec<usize> = text.lines().map(|line| self.index(line)).collect();
            match &first {
                Some(first) if first.len() == lines.len() => {
                    let pairs = first.iter().zip(&lines).enumerate();
                    RunSpec::Changes(pairs.filter(|(_, (a, b))| a != b).map(|(at, (_, line))| (at, *line)).collect())
                }
                Some(_) => RunSpec::Lines(lines),
                None => {
                    first = Some(lines.clone());
                    RunSpec::Lines(lines)
                }
            }
        };
        texts.map(|text| text.map(&mut pack)).collect()
    }

    fn index(&mut self, line: &str) -> usize {
        let next = self.known.len();
        *self.known.entry(line.to_owned()).or_insert(next)
    }

    /// Returns the lines.
    pub fn into_lines(self) -> Vec<String> {
        let mut lines = vec![String::new(); self.known.len()];
        for (line, at) in self.known {
            lines[at] = line;
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_in_common_are_stored_once() {
        let mut pool = Pool::default();
        let texts = [Some("a\nseed = 1\nb\n"), None, Some("a\nseed = 2\nb\n"), Some("b\na\n")];
        let packed = pool.packed(texts.into_iter().map(|it| it.map(str::to_owned)));
        let lines = |lines: &[usize]| Some(RunSpec::Lines(lines.to_vec()));
        assert_eq!(packed, [lines(&[0, 1, 2]), None, Some(RunSpec::Changes(vec![(1, 3)])), lines(&[2, 0])]);
        assert_eq!(pool.into_lines(), ["a", "seed = 1", "b", "seed = 2"]);
    }
}
