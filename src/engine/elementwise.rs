//! Elementwise rules: one pass over memory per step.

use serde_json::Value;
use tch::{Tensor, no_grad};

use super::flat::Flat;
use super::{Error, Layout, Optimizer, Step, host_state};
use crate::optimizer::{ElementwiseProgram, EvalWeights, SegmentScalars, StepValues};
use crate::store::Store;

/// Starts an elementwise rule over a store with `groups` groups.
pub fn start(
    program: Box<dyn ElementwiseProgram>,
    groups: usize,
    layout: Layout,
    store: &Store,
) -> Result<Box<dyn Optimizer>, Error> {
    let initial: Vec<_> = (0..groups).map(|group| program.initial(group)).collect();
    let flat = Flat::new(program.slots(), &initial, layout, store)?;
    Ok(Box::new(Engine { program, flat, scalars: Vec::new(), steps: 0 }))
}

#[derive(Debug)]
struct Engine {
    program: Box<dyn ElementwiseProgram>,
    flat: Flat,
    /// The scalars of each segment. The vector is reused, so that a step allocates nothing.
    scalars: Vec<SegmentScalars>,
    steps: u64,
}

impl Engine {
    fn update(&mut self, step: &mut Step<'_>, as_tensors: bool) -> Result<(), Error> {
        self.steps += 1;
        let Engine { program, flat, scalars, steps } = self;
        scalars.clear();
        scalars.resize(flat.segments.len(), SegmentScalars::NONE);
        let values = StepValues { t: *steps, lr: step.lr, hyper: step.hyper };
        program.scalars(&values, &mut |group, of_group| {
            for (_, of_segment) in flat.segments.iter().zip(&mut *scalars).filter(|(it, _)| it.group == group) {
                *of_segment = of_group;
            }
        })?;
        let grads = flat.gradients(step.grads, as_tensors)?;
        flat.pass(program.kernel(), step.store, &grads, scalars)?;
        Ok(())
    }
}

impl Optimizer for Engine {
    fn step(&mut self, step: &mut Step<'_>) -> Result<(), Error> {
        no_grad(|| self.update(step, false))
    }

    fn step_as_tensors(&mut self, step: &mut Step<'_>) -> Result<(), Error> {
        no_grad(|| self.update(step, true))
    }

    fn state(&self) -> Vec<(String, Tensor)> {
        self.flat.state()
    }

    fn host_state(&self) -> Value {
        host_state::save(self.steps, &self.program.host_state())
    }

    fn set_host_state(&mut self, value: &Value) -> Result<(), Error> {
        let (steps, state) = host_state::load(value, |_| true)?;
        self.program.set_host_state(state).map_err(Error::State)?;
        self.steps = steps;
        Ok(())
    }

    fn effective_lr(&self) -> Option<Vec<f64>> {
        self.program.effective_lr()
    }

    fn eval_weights(&self, store: &Store) -> Result<Option<Tensor>, Error> {
        let mut evaluated: Option<Tensor> = None;
        for segment in self.flat.segments.iter() {
            let part = |flat: &Tensor| flat.f_narrow(0, segment.range.start as i64, segment.range.len() as i64);
            let value = match self.program.eval_weights(segment.group) {
                None => continue,
                Some(EvalWeights::Slot(slot)) => part(self.flat.slot(slot))?,
                Some(EvalWeights::Lerp { slot, weight }) => {
                    no_grad(|| part(store.flat())?.f_lerp(&part(self.flat.slot(slot))?, weight))?
                }
            };
            let all = match &mut evaluated {
                Some(all) => all,
                none => none.insert(store.flat().f_detach_copy()?),
            };
            part(all)?.f_copy_(&value)?;
        }
        Ok(evaluated)
    }
}
