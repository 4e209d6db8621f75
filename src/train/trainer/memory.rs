//! An estimate of a run's peak memory, by trial: steps on a few examples, then on more, up to a whole batch if that is
//! cheap enough.

use tch::{Device, Tensor, no_grad};

use super::evaluate::BATCH;
use super::loss::mean_loss;
use super::{Closure, Trainer};
use crate::engine::{self, Optimizer, Step};
use crate::libtorch::{Allocations, release_freed_memory};
use crate::network::{ForwardMode, forward};
use crate::store::Store;
use crate::train::track::StepValues;
use crate::train::{Error, Job};

/// The bytes that a run needs in addition to its data, by use. A library that libtorch calls may need some more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MemoryEstimate {
    /// Weights and buffers: the trained ones, the best ones, and their average if the run keeps one.
    pub weights: u64,
    /// The optimizer's state at its full size.
    pub state: u64,
    /// The state to roll back to after a divergence.
    pub rollback: u64,
    /// The peak of gradients and activations in a step.
    pub step: u64,
    /// The peak of an evaluation.
    pub evaluation: u64,
    /// The peak of saving a state.
    pub checkpoint: u64,
}

impl MemoryEstimate {
    /// Returns the peak of the whole run.
    pub fn peak(&self) -> u64 {
        let always = self.weights.saturating_add(self.state).saturating_add(self.rollback);
        always.saturating_add(self.step.max(self.evaluation).max(self.checkpoint))
    }
}

/// A function that starts the run's optimizer over a store.
pub type StartFn<'a> = dyn Fn(&Store) -> Result<Box<dyn Optimizer>, engine::Error> + 'a;

impl Job {
    /// Estimates the peak memory of the run. As far as can be predicted, the trial needs no more than `affordable`
    /// bytes at once. Afterwards the parameters are as before, and the optimizer is at its start again. `None` on a
    /// GPU, and if libtorch does not count its memory.
    pub fn estimate_memory(&mut self, start: &StartFn<'_>, affordable: u64) -> Result<Option<MemoryEstimate>, Error> {
        let trainer = &mut self.trainer;
        if trainer.device != Device::Cpu {
            return Ok(None);
        }
        let values = StepValues::at(&self.rates, self.length.clock(0), 1.0)?;
        let weights = bytes(trainer.store.all());
        let before = no_grad(|| trainer.store.all().f_detach_copy())?;
        let Some(counting) = Allocations::count() else { return Ok(None) };
        let mut optimizer = start(&trainer.store)?;
        let steps = trainer.try_steps(&mut *optimizer, &values, &counting, affordable);
        let per_example = steps.as_ref().map_or(0, |steps| steps.per_example);
        let evaluation = trainer.try_evaluation(&counting, affordable, per_example);
        let state = counting.read().held + optimizer.growth();
        drop((optimizer, counting));
        release_freed_memory();
        trainer.store.assign_all(&before)?;
        trainer.optimizer = start(&trainer.store)?;
        let weights = weights * (2 + u64::from(trainer.ema.is_some()));
        let rollback = if self.stops.on_divergence.is_some() { weights + state } else { 0 };
        // A state is built in memory as the content of one file.
        let checkpoint = weights + state + rollback;
        Ok(Some(MemoryEstimate { weights, state, rollback, step: steps?.peak, evaluation: evaluation?, checkpoint }))
    }
}

impl Trainer {
    fn try_steps(
        &mut self,
        optimizer: &mut dyn Optimizer,
        values: &StepValues,
        counting: &Allocations,
        affordable: u64,
    ) -> Result<Trial, Error> {
        let whole = self.batching.batch_size.min(self.data.train_rows.len());
        let mut examples = self.model.min_batch_size.min(whole);
        let mut before: Option<(usize, u64)> = None;
        // The update's own memory does not depend on the batch. It is tried only once, because an update can take
        // seconds.
        let with_update = self.try_step(Some(optimizer), values, counting, examples)?.peak;
        let without_update = self.try_step(None, values, counting, examples)?.peak;
        let update = with_update.saturating_sub(without_update);
        loop {
            let Trial { peak, per_example } = self.try_step(None, values, counting, examples)?;
            let peak = peak + update;
            // No later step uses blocks of this size.
            release_freed_memory();
            if examples == whole {
                return Ok(Trial { peak, per_example });
            }
            // Tries the whole batch at once if the next trial would be with almost the whole batch.
            let next = if whole <= 2 * GROWTH * examples { whole } else { GROWTH * examples };
            if peak.saturating_mul((next / examples + 1) as u64) > affordable {
                // Extrapolates to the whole batch, with the larger of the growth per example so far and the bytes that
                // an example keeps until the backward pass.
                let slope = before.map_or(0, |(fewer, less)| peak.saturating_sub(less) / (examples - fewer) as u64);
                let more = (whole - examples) as u64;
                let peak = peak.saturating_add(more.saturating_mul(slope.max(per_example)));
                return Ok(Trial { peak, per_example });
            }
            before = Some((examples, peak));
            examples = next;
        }
    }

    /// Makes a step on the first `examples` rows. Without an optimizer it makes no update.
    fn try_step(
        &mut self,
        optimizer: Option<&mut dyn Optimizer>,
        values: &StepValues,
        counting: &Allocations,
        examples: usize,
    ) -> Result<Trial, Error> {
        let start = counting.read().held;
        let Trainer { seed, model, store, loss, data, batching, .. } = self;
        let seed = *seed;
        let step = 0;
        let rows = &data.train_rows[..examples];
        let batch = data.all.gather_for_step(rows, batching.augment.as_ref(), seed, step)?;
        let output = forward(model, &batch.x, store, ForwardMode::Reevaluate { seed, step })?;
        let value = mean_loss(*loss, &output, &batch.y)?;
        let after_forward = counting.read();
        let grads = store.gradients(&value, false)?;
        if let Some(optimizer) = optimizer {
            let mut closure = Closure { model, batch: &batch, loss: *loss, seed, step };
            optimizer.step(&mut Step {
                store,
                grads: &grads,
                lr: &values.lr,
                hyper: &values.hyper,
                loss: &value,
                batch: &mut closure,
            })?;
        }
        let peak = counting.read().peak.max(after_forward.peak).saturating_sub(start);
        Ok(Trial { peak, per_example: after_forward.held.saturating_sub(start) / examples as u64 })
    }

    fn try_evaluation(&self, counting: &Allocations, affordable: u64, per_example: u64) -> Result<u64, Error> {
        let whole = BATCH.min(self.data.train_rows.len());
        let predicted = per_example.saturating_mul(whole as u64);
        if predicted > affordable {
            return Ok(predicted);
        }
        let start = counting.read().held;
        let rows = &self.data.train_rows[..whole];
        super::evaluate(&self.model, &self.store, self.loss, &self.data.all, rows, self.device)?;
        Ok(counting.read().peak.saturating_sub(start))
    }
}

/// The factor by which the number of examples grows from trial to trial.
const GROWTH: usize = 8;

/// The memory of one step.
struct Trial {
    /// The peak in bytes.
    peak: u64,
    /// The bytes that an example keeps until the backward pass.
    per_example: u64,
}

fn bytes(tensor: &Tensor) -> u64 {
    (tensor.numel() * tensor.kind().elt_size_in_bytes()) as u64
}
