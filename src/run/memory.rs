//! A comparison of the memory that a run needs with the memory of the machine. If memory runs out, Linux kills the
//! process without a message.

use indicatif::BinaryBytes;
use tracing::info;

use crate::cli::{Error, MachineMemory};
use crate::libtorch::OUT_OF_MEMORY;
use crate::record::Warning;
use crate::train::MemoryEstimate;

/// Returns a warning if the run needs more memory than is free, and an error if it needs more than the machine has.
/// `model` and `batch_size` describe the run.
pub fn check(
    memory: &MachineMemory,
    estimate: &MemoryEstimate,
    model: &str,
    batch_size: usize,
) -> Result<Option<Warning>, Error> {
    let peak = estimate.peak();
    info!(bytes = peak, held = memory.held, free = memory.free, "estimated peak memory");
    let parts = [
        ("weights", estimate.weights),
        ("the optimizer's state", estimate.state),
        ("the state to roll back to", estimate.rollback),
        ("a step", estimate.step),
        ("an evaluation", estimate.evaluation),
        ("a checkpoint", estimate.checkpoint),
    ];
    let parts = parts.iter().filter(|(_, bytes)| *bytes > 0);
    let parts: Vec<String> = parts.map(|(name, bytes)| format!("{name} {}", BinaryBytes(*bytes))).collect();
    let help = match estimate.step > peak / 2 {
        true => "a step needs most of it: a smaller batch_size needs less",
        false => "a smaller model needs less, or an optimizer with less state",
    };
    let training = format!("{model} with batch_size = {batch_size}");
    let needed = BinaryBytes(peak);
    let shares = parts.join(", ");
    let exceeded = |bytes: Option<u64>, held| bytes.filter(|&bytes| peak.saturating_add(held) > bytes);
    if let Some(total) = exceeded(memory.total, memory.held) {
        let (held, total) = (BinaryBytes(memory.held), BinaryBytes(total));
        return Err(Error::usage(format!(
            "{training} needs at least {needed} in addition to the {held} in use, but this machine has {total} of memory\n\
             \u{20} at most: {shares}\nhelp: {help}"
        )));
    }
    Ok(exceeded(memory.free, 0).map(|free| {
        let (needed, free) = (needed.to_string(), BinaryBytes(free).to_string());
        Warning::LittleMemory { training, needed, free, shares, help }
    }))
}

/// Adds advice to `error` if libtorch ran out of memory.
pub fn explain(error: Error, model: &str, batch_size: usize) -> Error {
    if !error.message().contains(OUT_OF_MEMORY) {
        return error;
    }
    error.with_help(&format!("this is {model} with batch_size = {batch_size}; a smaller batch_size needs less"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_name_model_and_batch_size() {
        let gib = 1 << 30;
        let memory = |total, free| MachineMemory { total: Some(total * gib), free: Some(free * gib), held: gib };
        let estimate = MemoryEstimate {
            weights: gib,
            state: gib,
            step: 6 * gib,
            evaluation: 2 * gib,
            ..MemoryEstimate::default()
        };
        assert_eq!(check(&memory(16, 8), &estimate, "mlp 1-2", 500).unwrap(), None);
        let warning = check(&memory(16, 7), &estimate, "mlp 1-2", 500).unwrap().unwrap();
        assert_eq!(
            warning.to_string(),
            "mlp 1-2 with batch_size = 500 needs at least 8.00 GiB more, and 7.00 GiB are free: if memory runs out, the \
             system ends the run without a message\n  at most: weights 1.00 GiB, the optimizer's state 1.00 GiB, \
             a step 6.00 GiB, an evaluation 2.00 GiB\nhelp: a step needs most of it: a smaller batch_size needs less"
        );
        let error = check(&memory(8, 8), &estimate, "mlp 1-2", 500).unwrap_err().to_string();
        assert!(error.starts_with(
            "mlp 1-2 with batch_size = 500 needs at least 8.00 GiB in addition to the 1.00 GiB in use, but this machine has \
             8.00 GiB of memory\n"
        ));
        assert_eq!(explain(Error::failed("no"), "mlp 1-2", 500).to_string(), "no");
        let explained = explain(Error::failed("libtorch: out of memory: no"), "mlp 1-2", 500).to_string();
        assert!(explained.ends_with("mlp 1-2 with batch_size = 500; a smaller batch_size needs less"), "{explained}");
        let unknown = MachineMemory { total: None, free: None, held: 0 };
        assert_eq!(check(&unknown, &estimate, "mlp 1-2", 500).unwrap(), None);
    }
}
