//! The files of `lr-run predict`: which file may be written, and the report after it is written.

use std::fs::canonicalize;
use std::path::Path;

use super::args::PredictArgs;
use super::error::Error;
use crate::dataset::Unseen;

impl PredictArgs {
    /// Returns an error if the output may not be written.
    pub fn check(&self) -> Result<(), Error> {
        if self.prints_predictions() {
            return match self.show.json {
                true => Err(Error::usage("`--json` and `--output -` both write to standard output")
                    .with_help("name a file after --output, or leave out --json")),
                false => Ok(()),
            };
        }
        // The input would be replaced by its predictions.
        if are_same(&self.input, &self.output) {
            let message = format!("{} is the input and the output", self.output.display());
            return Err(Error::usage(message).with_help("name another file after --output"));
        }
        if self.output.exists() && !self.force {
            let message = format!("{} exists already", self.output.display());
            return Err(Error::usage(message).with_help("name another file, or replace it with --force"));
        }
        Ok(())
    }

    /// Returns whether the predictions go to standard output: `--output -`.
    pub fn prints_predictions(&self) -> bool {
        self.output == Path::new("-")
    }

    /// Returns the text to print after the predictions are written. It is empty if nothing is to be printed. The input
    /// has `rows` rows, and `used` of them have a prediction. `format` says how the input was read. `unseen` are the
    /// columns with values that no training row has.
    pub fn report(&self, rows: usize, used: usize, format: &str, unseen: &[Unseen]) -> String {
        let (input, output) = (self.input.display(), self.output.display().to_string());
        if self.show.json {
            let cells: serde_json::Map<String, serde_json::Value> =
                unseen.iter().map(|it| (it.column.clone(), it.cells.into())).collect();
            let line = serde_json::json!({
                "output": output, "rows": rows, "predicted": used, "format": format, "unseen_values": cells
            });
            return format!("{line}\n");
        }
        if self.show.quiet || self.prints_predictions() {
            return String::new();
        }
        let counted = |count: usize| if count == 1 { "1 row".to_owned() } else { format!("{count} rows") };
        let left_out = match rows - used {
            0 => String::new(),
            1 => "; 1 row with an empty cell has no prediction".to_owned(),
            left => format!("; {left} rows with empty cells have no prediction"),
        };
        format!("{input}: {format}\n{output}: predictions for {}{left_out}\n", counted(used))
    }
}

/// Returns whether two paths lead to the same file.
fn are_same(one: &Path, other: &Path) -> bool {
    one == other || canonicalize(one).is_ok_and(|one| canonicalize(other).is_ok_and(|other| one == other))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::super::args::{Cli, Command};
    use super::*;

    fn args(input: &Path, output: &Path, more: &[&str]) -> PredictArgs {
        let paths = [Path::new("--input"), input, Path::new("--output"), output];
        let words = ["lr-run", "predict", "run"].map(Path::new).into_iter().chain(paths);
        let words = words.map(|path| path.as_os_str().to_owned()).chain(more.iter().map(|word| (*word).into()));
        match Cli::try_parse_from(words).unwrap().command {
            Some(Command::Predict(args)) => args,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_input_is_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let [new, out] = ["new.csv", "out.csv"].map(|name| folder.path().join(name));
        std::fs::write(&new, "a\n1\n").unwrap();
        assert!(args(&new, &out, &[]).check().is_ok());
        let around = folder.path().join(".").join("new.csv");
        for same in [&new, &around] {
            for more in [&[][..], &["--force"]] {
                let error = args(&new, same, more).check().unwrap_err();
                assert!(error.message().contains("is the input and the output"), "{}", error.message());
            }
        }
        std::fs::write(&out, "old\n").unwrap();
        assert!(args(&new, &out, &[]).check().unwrap_err().message().contains("exists already"));
        assert!(args(&new, &out, &["--force"]).check().is_ok());
    }

    #[test]
    fn predictions_can_go_to_standard_output() {
        let [new, out] = ["new.csv", "-"].map(Path::new);
        assert!(args(new, out, &[]).check().is_ok());
        assert_eq!(args(new, out, &[]).report(3, 3, "", &[]), "");
        assert!(args(new, out, &["--json"]).check().unwrap_err().message().contains("standard output"));
    }

    #[test]
    fn the_report_counts_rows_and_names_the_format() {
        let [new, out] = ["new.csv", "out.csv"].map(Path::new);
        let report = |rows, used| args(new, out, &[]).report(rows, used, "separated by `;`", &[]);
        assert_eq!(report(1, 1), "new.csv: separated by `;`\nout.csv: predictions for 1 row\n");
        let end = |rows, used| report(rows, used).lines().last().unwrap().to_owned();
        assert_eq!(end(3, 2), "out.csv: predictions for 2 rows; 1 row with an empty cell has no prediction");
        assert_eq!(end(5, 2), "out.csv: predictions for 2 rows; 3 rows with empty cells have no prediction");
        assert_eq!(args(new, out, &["--quiet"]).report(1, 1, "", &[]), "");
        let unseen = [Unseen { column: "plan".into(), cells: 3 }];
        let line = args(new, out, &["--json"]).report(2, 1, "f", &unseen);
        let line: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(line["unseen_values"], serde_json::json!({ "plan": 3 }));
        assert_eq!((&line["rows"], &line["predicted"], &line["format"]), (&2.into(), &1.into(), &"f".into()));
    }
}
