//! The computation of Sophia-H with tensors. Its formulas are in `optimizer/sophia_h.rs`.

use tch::{TchError, Tensor, no_grad};

use super::{Error, Layout, Optimizer, Segments, Step, host_state};
use crate::libtorch::upload;
use crate::optimizer::{Group, HESSIAN_MOMENT, Sophia, groups_at};
use crate::random::Stream;
use crate::store::Store;

/// Starts Sophia-H over a store.
pub fn start(groups: Vec<Group<Sophia>>, layout: Layout, store: &Store) -> Result<Box<dyn Optimizer>, Error> {
    let segments = layout.segments.clone();
    let update = super::start_program(Sophia::update_program(groups.clone()), groups.len(), layout, store)?;
    Ok(Box::new(Engine { groups, segments, update, steps: 0 }))
}

#[derive(Debug)]
struct Engine {
    groups: Vec<Group<Sophia>>,
    segments: Segments,
    /// The elementwise part, which makes the step and keeps the state.
    update: Box<dyn Optimizer>,
    steps: u64,
}

impl Engine {
    /// Updates h in the groups where it is due.
    fn update_hessian(&mut self, step: &mut Step<'_>) -> Result<(), Error> {
        let groups = groups_at(&self.groups, step.hyper)?;
        let made = self.steps;
        let is_due = |group: usize| made.is_multiple_of(groups[group].rule.update_period);
        self.steps += 1;
        if !(0..groups.len()).any(is_due) {
            return Ok(());
        }
        let mut signs = Vec::with_capacity(self.segments.len());
        for segment in self.segments.iter() {
            let name = &step.store.declaration().params()[segment.param].name;
            signs.push(random_signs(groups[segment.group].rule.seed, name, self.steps, step.store.get(segment.param))?);
        }
        let products = step.batch.hessian_vector(step.store, &signs)?;
        let state = self.update.state();
        let moments = state.into_iter().filter(|(name, _)| name.split('/').next() == Some(HESSIAN_MOMENT));
        for (segment, (_, mut moment)) in self.segments.iter().zip(moments) {
            let group = &groups[segment.group];
            if !is_due(segment.group) || !step.grads[segment.param].defined() {
                continue;
            }
            // The product is undefined if the gradient does not depend on this parameter.
            let estimate = match &products[segment.param] {
                product if product.defined() => product.f_mul(&signs[segment.param])?,
                _ => moment.f_zeros_like()?,
            };
            let estimate = if group.options.maximize { estimate.f_neg()? } else { estimate };
            let _ = moment.f_lerp_(&estimate.f_detach()?, 1.0 - group.rule.beta2)?;
        }
        Ok(())
    }
}

/// Returns −1 or 1 for each element of `like`.
fn random_signs(seed: u64, param: &str, step: u64, like: &Tensor) -> Result<Tensor, TchError> {
    let mut stream = Stream::new(seed, &format!("hutchinson/{param}"), step);
    let signs: Vec<f32> = (0..like.numel()).map(|_| if stream.below(2) == 0 { -1.0 } else { 1.0 }).collect();
    let signs = upload(&Tensor::f_from_slice(&signs)?, like.device())?.f_to_kind(like.kind())?;
    signs.f_view(like.size().as_slice())
}

impl Optimizer for Engine {
    fn step(&mut self, step: &mut Step<'_>) -> Result<(), Error> {
        no_grad(|| self.update_hessian(step))?;
        self.update.step(step)
    }

    fn step_as_tensors(&mut self, step: &mut Step<'_>) -> Result<(), Error> {
        no_grad(|| self.update_hessian(step))?;
        self.update.step_as_tensors(step)
    }

    fn state(&self) -> Vec<(String, Tensor)> {
        self.update.state()
    }

    fn host_state(&self) -> serde_json::Value {
        self.update.host_state()
    }

    fn set_host_state(&mut self, value: &serde_json::Value) -> Result<(), Error> {
        self.update.set_host_state(value)?;
        (self.steps, _) = host_state::load(value, |_: &serde_json::Value| true)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use tch::Kind;

    use super::*;

    #[test]
    fn signs_depend_on_parameter_step_and_seed() {
        let like = Tensor::zeros([100, 100], (Kind::Double, tch::Device::Cpu));
        let draw = |seed, param, step| random_signs(seed, param, step, &like).unwrap();
        let signs = draw(1, "a", 1);
        assert!(
            signs.abs().eq(1.0).all().int64_value(&[]) == 1 && signs.mean(Kind::Double).double_value(&[]).abs() < 0.05
        );
        assert!(signs.equal(&draw(1, "a", 1)));
        for other in [draw(2, "a", 1), draw(1, "b", 1), draw(1, "a", 11)] {
            let product = (&signs * other).mean(Kind::Double).double_value(&[]);
            assert!(product.abs() < 0.05, "{product}");
        }
    }
}
