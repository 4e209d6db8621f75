//! Rules that need sums over all elements before they change any: two passes over memory per step.

use serde_json::Value;
use tch::{Tensor, no_grad};

use super::flat::Flat;
use super::{Error, Layout, Optimizer, Step, host_state};
use crate::optimizer::{SegmentMeasure, SegmentScalars, StepValues, TwoPassProgram};
use crate::store::Store;

/// Starts a rule in two passes over a store with `groups` groups.
pub fn start(
    program: Box<dyn TwoPassProgram>,
    groups: usize,
    layout: Layout,
    store: &Store,
) -> Result<Box<dyn Optimizer>, Error> {
    let initial: Vec<_> = (0..groups).map(|group| program.initial(group)).collect();
    let flat = Flat::new(program.slots(), &initial, layout, store)?;
    Ok(Box::new(Engine { program, flat, effective_lr: Vec::new(), steps: 0 }))
}

#[derive(Debug)]
struct Engine {
    program: Box<dyn TwoPassProgram>,
    flat: Flat,
    effective_lr: Vec<f64>,
    steps: u64,
}

impl Engine {
    /// Makes a step: the first pass finds the sums, the rule decides by them, and the second pass changes the
    /// parameters.
    fn update(&mut self, step: &mut Step<'_>, as_tensors: bool) -> Result<(), Error> {
        self.steps += 1;
        let Engine { program, flat, .. } = self;
        let values = StepValues { t: self.steps, lr: step.lr, hyper: step.hyper };
        let of_groups = program.first(&values)?;
        let first: Vec<SegmentScalars> = flat.segments.iter().map(|segment| of_groups[segment.group]).collect();
        let grads = flat.gradients(step.grads, as_tensors)?;
        let [first_kernel, second_kernel] = program.kernels().map(|kernel| *kernel);
        let found = flat.pass(&first_kernel, step.store, &grads, &first)?;
        let params = step.store.declaration().params();
        let segments = flat.segments.as_slice();
        let measured = found.iter().map(|(number, sums)| {
            let segment = &segments[number];
            let dims = params[segment.param].shape.len();
            SegmentMeasure { param: segment.param, group: segment.group, dims, sums }
        });
        let measured: Vec<SegmentMeasure<'_>> = measured.collect();
        let loss = step.loss.f_double_value(&[])?;
        let (moves, effective_lr) = program.decide(&values, loss, &measured)?;
        let mut second = vec![SegmentScalars::NONE; segments.len()];
        for (&number, scalars) in found.segments.iter().zip(moves) {
            second[number] = scalars;
        }
        flat.pass(&second_kernel, step.store, &grads, &second)?;
        self.effective_lr = effective_lr;
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
        host_state::save(self.steps, &(self.program.host_state(), &self.effective_lr))
    }

    fn set_host_state(&mut self, value: &Value) -> Result<(), Error> {
        let (steps, (state, effective_lr)): (u64, (Value, Vec<f64>)) = host_state::load(value, |_| true)?;
        self.program.set_host_state(state).map_err(Error::State)?;
        (self.steps, self.effective_lr) = (steps, effective_lr);
        Ok(())
    }

    fn effective_lr(&self) -> Option<Vec<f64>> {
        (!self.effective_lr.is_empty()).then(|| self.effective_lr.clone())
    }
}
