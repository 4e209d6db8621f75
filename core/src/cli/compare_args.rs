//! The options of `lr-run compare`.

use std::path::PathBuf;

use clap::Args;

use crate::compare::{MeasureKind, Seeds};
use crate::metric::PartMetric;

pub const COMPARE: &str = "\
Examples:
  lr-run compare results/fashion
      Compares the strategies under this folder, each over its seeds.
  lr-run compare results/fashion --margin 0.1% --pairs
      Calls strategies that differ by less than 0.1 points equivalent, and prints every pair.
  lr-run compare results/sweep --by optimizer.type --select-seeds 1-3 --report-seeds 4-13
      Chooses the best strategy of each optimizer on three seeds, and compares these on ten others.
  lr-run compare results/fashion --html fashion.html --svg pictures
      Also writes a page with the curves, which any browser opens, and pictures for a paper.
  lr-run compare keras.csv lightning/seed=1/metrics.csv
      Compares curves of other tools.";

#[derive(Args, Debug)]
pub struct CompareArgs {
    /// Folders of runs, folders that contain runs, patterns, or files with curves
    #[arg(value_name = "RUN", required = true)]
    pub runs: Vec<PathBuf>,

    /// Compare runs by this measure; by default by the metric in the last epoch or, if the target ended a run, by the
    /// epochs to the target
    #[arg(long, value_enum)]
    pub measure: Option<MeasureKind>,

    /// Use this metric, for example `val_loss`; by default that of the task on the validation part
    #[arg(long)]
    pub metric: Option<PartMetric>,

    /// Use this target for the metric instead of the runs' own: `89.5%` of accuracy, or `0.895`
    #[arg(long, value_name = "VALUE", value_parser = target, allow_hyphen_values = true)]
    pub target: Option<f64>,

    /// Treat differences up to this size as unimportant: `0.1%` of accuracy, or `0.002`
    #[arg(long, value_parser = margin, allow_hyphen_values = true)]
    pub margin: Option<f64>,

    /// Print every pair of strategies with its interval, p-value and wins
    #[arg(long)]
    pub pairs: bool,

    /// Compare every strategy with this one only; give its label from the table
    #[arg(long, value_name = "STRATEGY")]
    pub reference: Option<String>,

    /// Compare the best strategy of each value of this key, for example `optimizer.type`
    #[arg(long, value_name = "KEY")]
    pub by: Option<String>,

    /// Choose the best strategy on these seeds, for example `1-3`
    #[arg(long, value_name = "SEEDS")]
    pub select_seeds: Option<Seeds>,

    /// Report these seeds; by default all seeds except those of --select-seeds
    #[arg(long, value_name = "SEEDS")]
    pub report_seeds: Option<Seeds>,

    /// Show the influence of this numeric key; by default of `optimizer.lr`
    #[arg(long, value_name = "KEY")]
    pub sensitivity: Option<String>,

    /// Also compare strategies over several problems by their epochs to the target: performance profiles and AlgoPerf's
    /// score
    #[arg(long)]
    pub profile: bool,

    /// Also write a page for a browser: curves, schedules and intervals to explore, in one file that needs no network
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,

    /// Also write pictures into this folder: curves, intervals and, if there are such, the time to the target, the
    /// sensitivity and the profile
    #[arg(long, value_name = "DIR")]
    pub svg: Option<PathBuf>,

    /// Also write an event file for each run below this folder, for TensorBoard
    #[arg(long, value_name = "DIR")]
    pub tensorboard: Option<PathBuf>,

    #[command(flatten)]
    pub format: ReportFormat,
}

/// The form of a report. Without one, a report is text for people.
#[derive(Args, Clone, Copy, Debug, PartialEq, Eq)]
#[group(multiple = false)]
pub struct ReportFormat {
    /// Print a row of CSV for each strategy or, with --pairs, for each pair
    #[arg(long)]
    pub csv: bool,

    /// Print the whole report as JSON, every run included
    #[arg(long)]
    pub json: bool,

    /// Print Markdown tables
    #[arg(long)]
    pub markdown: bool,

    /// Print LaTeX tables for the package booktabs
    #[arg(long)]
    pub latex: bool,
}

impl ReportFormat {
    /// Returns whether the report is text for people.
    pub fn is_text(self) -> bool {
        !(self.csv || self.json || self.markdown || self.latex)
    }
}

/// Reads a target: `89.5%` is 0.895.
fn target(text: &str) -> Result<f64, String> {
    number(text).ok_or_else(|| "expected a number, such as 0.895 or 89.5%".to_owned())
}

/// Reads a margin: `0.1%` is 0.001.
fn margin(text: &str) -> Result<f64, String> {
    let margin = number(text).filter(|it| *it > 0.0);
    margin.ok_or_else(|| "expected a number above 0, such as 0.002 or 0.2%".to_owned())
}

/// Reads a finite number, which may be a percentage.
fn number(text: &str) -> Option<f64> {
    let (number, scale) = match text.trim().strip_suffix('%') {
        Some(percent) => (percent.trim_end(), 100.0),
        None => (text.trim(), 1.0),
    };
    number.parse::<f64>().map(|it| it / scale).ok().filter(|it| it.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_and_margins_may_be_percentages() {
        assert_eq!((target("89.5%"), target("0.895"), target("-2")), (Ok(0.895), Ok(0.895), Ok(-2.0)));
        assert_eq!((margin("0.1%"), margin("0.002")), (Ok(0.001), Ok(0.002)));
        assert!(["0", "-0.1%", "x", "inf", "%"].into_iter().all(|it| margin(it).is_err()));
        assert!(["x", "NaN", "inf%", "--pairs"].into_iter().all(|it| target(it).is_err()));
    }
}
