//! The names of all files that a run leaves in its folder.

/// The learning curve: one row per epoch.
pub const EPOCHS_CSV: &str = "epochs.csv";

/// The record of the run: what it is, its status and its results.
pub const RUN_JSON: &str = "run.json";

/// The resolved spec.
pub const SPEC_TOML: &str = "spec.toml";

/// The weights after the last step.
pub const WEIGHTS: &str = "weights.safetensors";

/// The weights after the best epoch.
pub const BEST_WEIGHTS: &str = "best.safetensors";

/// The average of the weights, of runs with `[ema]`.
pub const EMA_WEIGHTS: &str = "ema.safetensors";

/// The facts that a run learned from its training rows besides the weights: means, categories, names of classes.
pub const PREPROCESSING: &str = "preprocessing.json";

/// The folder of the states that the run can resume from.
pub const CHECKPOINT: &str = "checkpoint";

/// Everything that a run leaves, in the order in which `--force` moves it away. The record is moved first, so that the
/// files that a crash leaves behind are not taken for results. The spec is moved last, because without it the files
/// would not belong to a run.
///
/// A file that is not in this list survives `--force` and is then among the files of the new run.
pub const RESULTS: [&str; 8] =
    [RUN_JSON, EPOCHS_CSV, WEIGHTS, BEST_WEIGHTS, EMA_WEIGHTS, PREPROCESSING, CHECKPOINT, SPEC_TOML];

/// The file that a process locks while it runs. It stays after the run, empty. If it were deleted, two processes could
/// lock two different files of this name.
pub const LOCK: &str = ".lock";

/// A file that is created for a moment to read the file system's clock, which may differ from this machine's.
pub(super) const PROBE: &str = ".lock.probe";

/// The suffix of a file that is being written. Only one process at a time writes into a run's folder (see `lock`), so
/// the name needs no random part. The next attempt overwrites a file that a crash left.
pub(super) const PARTIAL: &str = ".partial";

/// The folder of the results that a forced run replaces, until that run has an epoch.
pub(super) const PREVIOUS: &str = ".previous";

/// The name of [`PREVIOUS`] while results move in or out. Then the files in the run's folder belong to the same
/// results.
pub(super) const MOVING: &str = ".moving";

/// The name of [`PREVIOUS`] while it is being removed.
pub(super) const REMOVED: &str = ".removed";
