//! How much memory a run is going to take, by trying: steps on a few examples, then on more, up to a whole batch where
//! that is cheap enough.

use tch::{Device, Tensor, no_grad};

use super::again::Again;
use super::evaluate::BATCH;
use super::{Error, Job};
use crate::engine::{self, Optimizer, Step};
use crate::libtorch::{Allocations, release_freed_memory};
use crate::network::{ForwardMode, forward};
use crate::schedule::Clock;
use crate::store::Store;

/// Bytes that a run takes beyond its data, by what for. A library beneath libtorch may take some more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Need {
    /// Weights and buffers: those that are trained, the best ones, and the average where one is kept.
    pub weights: u64,
    /// The optimizer's state, when it has grown.
    pub state: u64,
    /// The state to go back to after a divergence.
    pub back: u64,
    /// The most that a step takes for gradients and activations.
    pub step: u64,
    /// The most that an evaluation takes.
    pub evaluation: u64,
    /// The most that keeping a state takes.
    pub checkpoint: u64,
}

impl Need {
    /// The most that it comes to at any time.
    pub fn most(&self) -> u64 {
        let Need { weights, state, back, step, evaluation, checkpoint } = self;
        let held = weights.saturating_add(*state).saturating_add(*back);
        held.saturating_add(*step.max(evaluation).max(checkpoint))
    }
}

/// How an optimizer begins over a store.
pub type Begin<'a> = dyn Fn(&Store) -> Result<Box<dyn Optimizer>, engine::Error> + 'a;

impl Job {
    /// Tries how much memory the run will take, none of it more than `affordable` bytes at once as far as that can be
    /// foreseen. Its optimizer begins anew after. None where that cannot be seen: on a GPU.
    pub fn need(&mut self, begin: &Begin<'_>, affordable: u64) -> Result<Option<Need>, Error> {
        if self.device != Device::Cpu {
            return Ok(None);
        }
        let weights = bytes(self.store.all());
        let before = no_grad(|| self.store.all().f_detach_copy())?;
        let Some(counting) = Allocations::count() else { return Ok(None) };
        let mut optimizer = begin(&self.store)?;
        let tried = self.try_steps(&mut *optimizer, &counting, affordable);
        let evaluation = self.try_evaluation(&counting, affordable, tried.as_ref().map_or(0, |tried| tried.each));
        let state = counting.read().held + optimizer.growth();
        drop((optimizer, counting));
        release_freed_memory();
        self.store.assign_all(&before)?;
        self.optimizer = begin(&self.store)?;
        let weights = weights * (2 + u64::from(self.ema.is_some()));
        let back = if self.reduce.is_some() { weights + state } else { 0 };
        // Written from the content of a file, as one.
        let checkpoint = weights + state + back;
        Ok(Some(Need { weights, state, back, step: tried?.step, evaluation: evaluation?, checkpoint }))
    }

    fn try_steps(
        &mut self,
        optimizer: &mut dyn Optimizer,
        counting: &Allocations,
        affordable: u64,
    ) -> Result<Tried, Error> {
        let whole = self.batch_size.min(self.train_rows.len());
        let mut examples = self.model.min_batch_size.min(whole);
        let mut before: Option<(usize, u64)> = None;
        // What the update takes beside is found once: a large matrix's roots are no matter of the batch, but of seconds.
        let Tried { step: with, .. } = self.try_step(Some(optimizer), counting, examples)?;
        let Tried { step: without, .. } = self.try_step(None, counting, examples)?;
        let update = with.saturating_sub(without);
        loop {
            let Tried { step, each } = self.try_step(None, counting, examples)?;
            let step = step + update;
            // No later step has use for blocks of this size.
            release_freed_memory();
            if examples == whole {
                return Ok(Tried { step, each });
            }
            // Not almost all of them, and then all.
            let next = if whole <= 2 * GROWTH * examples { whole } else { GROWTH * examples };
            if step.saturating_mul((next / examples + 1) as u64) > affordable {
                // Beyond here by what each further example has added, or holds until the backward pass.
                let slope = before.map_or(0, |(fewer, less)| step.saturating_sub(less) / (examples - fewer) as u64);
                let more = (whole - examples) as u64;
                return Ok(Tried { step: step.saturating_add(more.saturating_mul(slope.max(each))), each });
            }
            before = Some((examples, step));
            examples = next;
        }
    }

    /// A step on so many examples, or without an optimizer all of it but the update.
    fn try_step(
        &mut self,
        optimizer: Option<&mut dyn Optimizer>,
        counting: &Allocations,
        examples: usize,
    ) -> Result<Tried, Error> {
        let start = counting.read().held;
        let clock =
            Clock { step: 0, total_steps: self.horizon.total_steps, steps_per_epoch: self.horizon.steps_per_epoch };
        let lr: Vec<f64> = self.groups.iter().map(|group| group.lr(clock)).collect();
        let mut hyper = vec![Vec::new(); self.groups.len()];
        for (group, values) in self.groups.iter().zip(&mut hyper) {
            group.hyper(clock, values)?;
        }
        let Job { seed, model, store, loss, examples: data, train_rows, augment, .. } = self;
        let (seed, step) = (*seed, 0);
        let batch = data.gather_for_step(&train_rows[..examples], augment.as_ref(), seed, step)?;
        let output = forward(model, &batch.x, store, ForwardMode::Reevaluate { seed, step })?;
        let value = loss.of(&output, &batch.y)?;
        let after_forward = counting.read();
        let grads = Tensor::f_run_backward(&[&value], store.views(), false, false)?;
        if let Some(optimizer) = optimizer {
            let mut again = Again { model, batch: &batch, loss: *loss, seed, step };
            let (lr, hyper, batch) = (lr.as_slice(), hyper.as_slice(), &mut again);
            optimizer.step(&mut Step { store, grads: &grads, lr, hyper, loss: &value, batch })?;
        }
        let step = counting.read().peak.max(after_forward.peak).saturating_sub(start);
        Ok(Tried { step, each: after_forward.held.saturating_sub(start) / examples as u64 })
    }

    fn try_evaluation(&self, counting: &Allocations, affordable: u64, each: u64) -> Result<u64, Error> {
        let whole = BATCH.min(self.train_rows.len());
        let foreseen = each.saturating_mul(whole as u64);
        if foreseen > affordable {
            return Ok(foreseen);
        }
        let start = counting.read().held;
        let rows = &self.train_rows[..whole];
        super::evaluate(&self.model, &self.store, self.loss, &self.examples, rows, self.device)?;
        Ok(counting.read().peak.saturating_sub(start))
    }
}

/// How many times as many examples are tried next.
const GROWTH: usize = 8;

/// What a step took.
struct Tried {
    /// The most at once.
    step: u64,
    /// What an example held until the backward pass.
    each: u64,
}

fn bytes(tensor: &Tensor) -> u64 {
    (tensor.numel() * tensor.kind().elt_size_in_bytes()) as u64
}
