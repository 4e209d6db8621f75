//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use super::compare_args::{COMPARE, CompareArgs};

/// Train models from TOML specs, and compare learning-rate strategies
#[derive(Debug, Parser)]
#[command(name = "lr-run", version, max_term_width = 100)]
#[command(args_conflicts_with_subcommands = true, arg_required_else_help = true, after_help = EXAMPLES)]
pub struct Cli {
    #[command(flatten)]
    pub run: RunArgs,

    #[command(subcommand)]
    pub command: Option<Command>,
}

const EXAMPLES: &str = "\
Examples:
  lr-run experiments/mnist_adam.toml
      Trains the experiment, and writes its curve to results/mnist_adam/seed=1/epochs.csv.
  lr-run experiments/mnist_adam.toml -s optimizer.lr=0.01 -s 'seeds=[1, 2, 3]'
      Trains it with another learning rate and three seeds. Each run has its own folder.
  lr-run experiments/mnist_adam.toml --dry-run
      Checks the spec, and prints every key with its value, including defaults. Trains nothing.
  lr-run preview experiments/step_decay.toml
      Draws the learning rates of the run. Trains nothing.
  lr-run compare results/mnist_adam
      Says which strategy is best and how sure that is, with a row for each strategy.
  lr-run list
      Prints every data set, model, optimizer and schedule that a spec can name.

Exit codes: 0 completed, 1 failed while running, 2 command line, spec or data wrong, 3 completed without reaching the \
target (only with --require-target), 4 diverged, 5 another process uses the run's folder, 128 + n interrupted by \
signal n (75 inside a Slurm job). A finished run is not repeated: the command says so and exits with that run's code. An interrupted run resumes where it stopped.";

/// The arguments of `lr-run SPEC…`.
#[derive(Args, Clone, Debug)]
pub struct RunArgs {
    /// TOML files, each with one experiment
    #[arg(value_name = "SPEC")]
    pub specs: Vec<PathBuf>,

    #[command(flatten)]
    pub set: SetArgs,

    /// Start again from the beginning, and replace the results in the folder, even those of another spec
    #[arg(long)]
    pub force: bool,

    /// Train although the data have changed since an earlier run of the spec, and replace results on the earlier data
    #[arg(long)]
    pub data_changed: bool,

    /// Print the resolved spec of each run, without training or writing anything
    #[arg(long)]
    pub dry_run: bool,

    /// Exit with 3 when a run ends without reaching its target
    #[arg(long)]
    pub require_target: bool,

    /// Use only data that are on this machine, and download nothing
    #[arg(long)]
    pub offline: bool,

    #[command(flatten)]
    pub show: ShowArgs,
}

/// The options that change a spec, and the folder of results.
#[derive(Args, Clone, Debug)]
pub struct SetArgs {
    /// Set a key of the spec, for example `-s optimizer.lr=0.01`; can be repeated
    #[arg(short = 's', long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,

    /// Folder for the results
    #[arg(long, value_name = "DIR", default_value = "results")]
    pub out: PathBuf,
}

/// The options for the amount of output.
#[derive(Args, Clone, Copy, Debug)]
pub struct ShowArgs {
    /// Print only warnings and errors
    #[arg(short, long, conflicts_with = "json")]
    pub quiet: bool,

    /// Print events as JSON lines on standard output
    #[arg(long)]
    pub json: bool,

    /// Log details to standard error; give it twice for more
    #[arg(short, long, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Evaluate the weights of a finished run on a part of the data
    Eval(EvalArgs),
    /// Download data sets into the cache, for later work without a network
    Fetch(FetchArgs),
    /// Show the data of a run without training: columns, rows left out, classes and parts
    Data(DataArgs),
    /// Write what a finished run predicts for the rows of a new table
    #[command(after_help = PREDICT)]
    Predict(PredictArgs),
    /// Show the learning rates of a run without training: as a chart, as CSV or as an SVG picture
    #[command(after_help = PREVIEW)]
    Preview(PreviewArgs),
    /// Say which strategy is best, and how sure that is
    #[command(after_help = COMPARE)]
    Compare(CompareArgs),
    /// Print how two runs differ, and the first epoch in which their curves differ
    Diff(DiffArgs),
    /// Print the folder where a run's results are or would be
    Path(PathArgs),
    /// List every data set, model, optimizer and schedule that a spec can name
    List,
    /// Print completions for a shell, for example `lr-run completions bash > ~/.local/share/bash-completion/completions/lr-run`
    Completions { shell: clap_complete::Shell },
}

#[derive(Args, Debug)]
pub struct EvalArgs {
    /// Folder of a finished run
    pub run: PathBuf,

    /// Part of the data to evaluate on
    #[arg(long, value_enum, default_value_t = Split::Val)]
    pub split: Split,

    /// Set a key that does not change the run: `relative_to`, `device` or `threads`, for example `-s relative_to=DIR`
    /// for data in another folder; can be repeated
    #[arg(short = 's', long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,

    /// Use the weights of the best epoch instead of the last
    #[arg(long)]
    pub best: bool,

    /// Use only data that are on this machine, and download nothing
    #[arg(long)]
    pub offline: bool,

    #[command(flatten)]
    pub show: ShowArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Split {
    Train,
    Val,
    Test,
}

#[derive(Args, Debug)]
pub struct DataArgs {
    /// TOML files, each with one experiment
    #[arg(value_name = "SPEC", required = true)]
    pub specs: Vec<PathBuf>,

    /// Set a key of the specs, for example `-s data.missing=median`; can be repeated
    #[arg(short = 's', long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,

    /// Print one JSON object for each spec, with every category
    #[arg(long)]
    pub json: bool,
}

const PREDICT: &str = "\
Example:
  lr-run predict results/churn/seed=1 --input new.csv --output predictions.csv
      Reads new.csv as the run read its own table (preprocessing.json). The columns may be in another order. Writes one \
row for each row of the input: the predicted value, or the predicted class and the probability of each class.";

#[derive(Args, Debug)]
pub struct PredictArgs {
    /// Folder of a finished run on a table
    pub run: PathBuf,

    /// CSV file with the columns that the run was trained on, in any order
    #[arg(long, value_name = "FILE")]
    pub input: PathBuf,

    /// CSV file to write, or `-` for standard output
    #[arg(long, value_name = "FILE")]
    pub output: PathBuf,

    /// Use the weights of the best epoch instead of the last
    #[arg(long)]
    pub best: bool,

    /// Replace the output file if it exists
    #[arg(long)]
    pub force: bool,

    #[command(flatten)]
    pub show: ShowArgs,
}

#[derive(Args, Debug)]
pub struct FetchArgs {
    /// Names of data sets, as `lr-run list` prints them
    #[arg(value_name = "NAME", required = true)]
    pub names: Vec<String>,

    #[command(flatten)]
    pub show: ShowArgs,
}

const PREVIEW: &str = "\
Examples:
  lr-run preview experiments/step_decay.toml
      Draws a chart, and describes below it how the rates change.
  lr-run preview a.toml b.toml -s epochs=20 --svg rates.svg
      Draws two specs in one chart, and writes it as a picture.
  lr-run preview a.toml --csv --every '1 epochs'
      Prints step,epoch,lr,lr.<group>… with the rate that each step uses. Steps count from 0; `epoch` is step / steps per \
epoch.
  lr-run preview plateau.toml --metrics results/plateau/seed=1/epochs.csv
      Shows what a plateau rule does on the curve of an earlier run.";

#[derive(Args, Clone, Debug)]
pub struct PreviewArgs {
    /// TOML files, each with one experiment; all are drawn in one chart
    #[arg(value_name = "SPEC", required = true)]
    pub specs: Vec<PathBuf>,

    /// Set a key of the specs, for example `-s optimizer.lr=0.01`; can be repeated
    #[arg(short = 's', long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,

    /// Print one row per step instead of the chart: `step,epoch,lr,lr.<group>…`, or with several specs
    /// `lr.<name>,lr.<name>.<group>…`
    #[arg(long)]
    pub csv: bool,

    /// With --csv, print only rows at multiples of this duration ("1 epochs", "100 steps", "10%"), and the last step
    #[arg(long, value_name = "DURATION", requires = "csv")]
    pub every: Option<String>,

    /// Write the chart as an SVG picture; replaces an earlier preview, but no other file
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,

    /// Read metrics for metric-driven rules from this curve: a run's folder or epochs.csv, a log of Keras, Lightning,
    /// Ultralytics or transformers, or a CSV file with the column `epoch` and columns like `val_loss`
    #[arg(long, value_name = "FILE")]
    pub metrics: Option<PathBuf>,

    /// Assume this many steps per epoch, so that neither data nor initial weights are needed
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1 << 53))]
    pub steps_per_epoch: Option<u64>,

    /// Use a logarithmic axis; the default if a curve is above 0 but below 1% of the highest rate for more than a fifth
    /// of the run
    #[arg(long, conflicts_with = "linear")]
    pub log: bool,

    /// Use a linear axis
    #[arg(long)]
    pub linear: bool,
}

#[derive(Args, Debug)]
pub struct DiffArgs {
    /// Folder of a run, or a file with a curve
    pub a: PathBuf,

    /// Folder of the other run, or a file with a curve
    pub b: PathBuf,
}

#[derive(Args, Debug)]
pub struct PathArgs {
    /// The experiment, and options as for a run
    #[command(flatten)]
    pub run: RunArgs,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }

    #[test]
    fn a_spec_needs_no_subcommand() {
        let cli = Cli::try_parse_from(["lr-run", "a.toml", "b.toml", "-s", "optimizer.lr=0.1", "--force"]).unwrap();
        assert!(cli.command.is_none() && cli.run.force && cli.run.specs.len() == 2);
        assert_eq!(cli.run.set.set, ["optimizer.lr=0.1"]);
        let cli = Cli::try_parse_from(["lr-run", "eval", "results/a", "--split", "test"]).unwrap();
        assert!(matches!(cli.command, Some(Command::Eval(EvalArgs { split: Split::Test, .. }))));
    }
}
