//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// Which learning-rate strategy trains this model on this data best, and how sure are we?
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
      Train it, and write the curve to results/mnist_adam/seed=1/epochs.csv.
  lr-run experiments/mnist_adam.toml -s optimizer.lr=0.01 -s 'seeds=[1, 2, 3]'
      The same with another rate, under three seeds. Each run has a folder of its own.
  lr-run experiments/mnist_adam.toml --dry-run
      Check it, and print every key with its value, defaults included. Nothing is trained.
  lr-run preview experiments/step_decay.toml
      A chart of its learning rates. Needs no data, and trains nothing.
  lr-run compare results/mnist_adam
      One row a run: final and best metric, and when the target was reached.
  lr-run list
      Every data set, model, optimizer and schedule that a spec can name.

Exit codes: 0 completed, 1 failed while running, 2 command line, spec or data wrong, 3 completed without reaching the \
target (only with --require-target), 4 diverged, 5 another process has the run, 130 and 143 interrupted. A finished \
run is not run again: the command says so and exits with that run's code. One that was interrupted goes on where it was.";

/// `lr-run SPEC…`
#[derive(Args, Clone, Debug)]
pub struct RunArgs {
    /// Experiments, TOML files
    #[arg(value_name = "SPEC")]
    pub specs: Vec<PathBuf>,

    #[command(flatten)]
    pub set: SetArgs,

    /// Run anew what is complete or was interrupted, and replace what another spec left in the folder
    #[arg(long)]
    pub force: bool,

    /// Print the resolved spec of each run; train nothing, write nothing
    #[arg(long)]
    pub dry_run: bool,

    /// Exit with 3 when a run ends without reaching its target
    #[arg(long)]
    pub require_target: bool,

    /// Fetch no data
    #[arg(long)]
    pub offline: bool,

    #[command(flatten)]
    pub show: ShowArgs,
}

/// The options that change a spec, and the folder of results.
#[derive(Args, Clone, Debug)]
pub struct SetArgs {
    /// Set a key of the spec, as in `-s optimizer.lr=0.01`; may be repeated
    #[arg(short = 's', long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,

    /// Folder that results go under
    #[arg(long, value_name = "DIR", default_value = "results")]
    pub out: PathBuf,
}

/// The options for the amount of output.
#[derive(Args, Clone, Copy, Debug)]
pub struct ShowArgs {
    /// Say nothing but warnings and errors
    #[arg(short, long, conflicts_with = "json")]
    pub quiet: bool,

    /// Print events as JSON lines on standard output
    #[arg(long)]
    pub json: bool,

    /// Log what happens inside, to standard error; twice for more
    #[arg(short, long, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Evaluate a finished run's weights
    Eval(EvalArgs),
    /// Bring data sets into the cache, to work without a network later
    Fetch(FetchArgs),
    /// Show learning rates over a run, without training: a chart, every step as CSV, or a picture
    #[command(after_help = PREVIEW)]
    Preview(PreviewArgs),
    /// Print a table of runs: final and best metrics, and when the target was reached
    Compare(CompareArgs),
    /// Print the folder where a run's results are or would be
    Path(PathArgs),
    /// List every data set, model, optimizer and schedule that a spec can name
    List,
    /// Print completions for a shell: `lr-run completions bash > ~/.local/share/bash-completion/completions/lr-run`
    Completions { shell: clap_complete::Shell },
}

#[derive(Args, Debug)]
pub struct EvalArgs {
    /// Folder of a finished run
    pub run: PathBuf,

    /// Part of the data to evaluate on
    #[arg(long, value_enum, default_value_t = Split::Val)]
    pub split: Split,

    /// Take the best epoch's weights, not the last
    #[arg(long)]
    pub best: bool,

    /// Fetch no data
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
pub struct FetchArgs {
    /// Data sets by name
    #[arg(value_name = "NAME", required = true)]
    pub names: Vec<String>,

    #[command(flatten)]
    pub show: ShowArgs,
}

const PREVIEW: &str = "\
Examples:
  lr-run preview experiments/step_decay.toml
      A chart, and under it what the rates do.
  lr-run preview a.toml b.toml -s epochs=20 --svg rates.svg
      Two specs in one chart, and as a picture.
  lr-run preview a.toml --csv --every '1 epochs'
      step,epoch,lr,lr.<group>…: the rate that each step uses, steps from 0; `epoch` is step / steps per epoch.
  lr-run preview plateau.toml --metrics results/plateau/seed=1/epochs.csv
      What a plateau rule makes of a curve that is there already.";

#[derive(Args, Clone, Debug)]
pub struct PreviewArgs {
    /// Experiments, TOML files; several are drawn in one chart
    #[arg(value_name = "SPEC", required = true)]
    pub specs: Vec<PathBuf>,

    /// Set a key of the specs, as in `-s optimizer.lr=0.01`; may be repeated
    #[arg(short = 's', long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,

    /// Print a row for each step in place of the chart: `step,epoch,lr,lr.<group>…`; of several specs
    /// `lr.<name>,lr.<name>.<group>…`
    #[arg(long)]
    pub csv: bool,

    /// With --csv: rows only at multiples of this ("1 epochs", "100 steps", "10%"), and for the last step
    #[arg(long, value_name = "DURATION", requires = "csv")]
    pub every: Option<String>,

    /// Write a picture; an earlier preview's is replaced, no other file is
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,

    /// Metrics for the rules that go by them: a CSV with `epoch` and columns like `val_loss`, such as a run's epochs.csv
    #[arg(long, value_name = "FILE")]
    pub metrics: Option<PathBuf>,

    /// Steps of an epoch, in place of the data: neither their files nor a model's weights are looked for
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1 << 53))]
    pub steps_per_epoch: Option<u64>,

    /// Logarithmic values' axis; by default where a fifth of the run lies below a hundredth of the highest
    #[arg(long, conflicts_with = "linear")]
    pub log: bool,

    /// Linear values' axis
    #[arg(long)]
    pub linear: bool,
}

#[derive(Args, Debug)]
pub struct CompareArgs {
    /// Folders of runs, or folders with runs below them
    #[arg(value_name = "RUN", required = true)]
    pub runs: Vec<PathBuf>,
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
