//! The sizes of the files that a run writes.

use tch::Tensor;

use super::Job;

/// The sizes of a run's large files, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sizes {
    /// All files of weights together: the last, the best, and the average if the run keeps one.
    pub weights: u64,
    /// One checkpoint.
    pub checkpoint: u64,
}

impl Job {
    /// Returns the sizes of the files that the run writes.
    pub fn sizes(&self) -> Sizes {
        let trainer = &self.trainer;
        let copies = 2 + u64::from(trainer.ema.is_some());
        let weights = bytes(trainer.store.all()) * copies;
        let state: u64 = trainer.optimizer.state().iter().map(|(_, tensor)| bytes(tensor)).sum();
        let state = weights + state + trainer.optimizer.growth();
        let rollback = if self.stops.on_divergence.is_some() { state } else { 0 };
        Sizes { weights, checkpoint: state + rollback }
    }
}

fn bytes(tensor: &Tensor) -> u64 {
    (tensor.numel() * tensor.kind().elt_size_in_bytes()) as u64
}
