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

/// What a run learned from its training rows besides the weights: means, categories, names of classes.
pub const PREPROCESSING: &str = "preprocessing.json";

/// The folder of the states that the run can resume from.
pub const CHECKPOINT: &str = "checkpoint";

/// Everything that a run leaves, in the order in which `--force` moves it away. Without the record, what a crash leaves
/// behind is not taken for a result; without the spec, it does not belong to a run.
///
/// A file that is not in this list survives `--force` and mixes with the new run's.
pub const RESULTS: [&str; 8] =
    [RUN_JSON, EPOCHS_CSV, WEIGHTS, BEST_WEIGHTS, EMA_WEIGHTS, PREPROCESSING, CHECKPOINT, SPEC_TOML];

/// The locked file. It stays when the run is over, empty: deleting it would let two processes lock two files of one name.
pub const LOCK: &str = ".lock";

/// A file that is created for a moment to read the file system's clock, which may differ from this machine's.
pub(super) const PROBE: &str = ".lock.probe";

/// The suffix of a file that is being written. One process at a time writes a run's folder (see `lock`), so the name needs
/// no random part, and the next attempt overwrites what a crash left.
pub(super) const PARTIAL: &str = ".partial";

/// The folder of the results that a forced run replaces, until that run has an epoch.
pub(super) const PREVIOUS: &str = ".previous";

/// The name of [`PREVIOUS`] while results move in or out. What is in the run's folder then belongs to them, too.
pub(super) const MOVING: &str = ".moving";

/// The name of [`PREVIOUS`] while it is being removed.
pub(super) const REMOVED: &str = ".removed";
