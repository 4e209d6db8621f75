//! The computation of the Armijo line search with tensors. Its formulas are in `optimizer/armijo.rs`.

use tch::{Kind, Tensor, no_grad};

use super::{Error, Layout, Optimizer, Segment, Segments, Step, gradient, host_state};
use crate::optimizer::{Armijo, Clip, Decay, Group, GroupOptions, groups_at};
use crate::store::Store;

/// Starts the line search over a store.
pub fn start(groups: Vec<Group<Armijo>>, layout: Layout, _store: &Store) -> Result<Box<dyn Optimizer>, Error> {
    let Layout { segments, clip } = layout;
    Ok(Box::new(Search { groups, segments, clip, part: 1.0, effective_lr: Vec::new(), steps: 0 }))
}

/// The line search and its state.
#[derive(Debug)]
struct Search {
    groups: Vec<Group<Armijo>>,
    segments: Segments,
    clip: Clip,
    /// κ.
    part: f64,
    effective_lr: Vec<f64>,
    steps: u64,
}

/// Returns a row that has the number `of(segment)` at each element of a segment. `None` if all numbers are 0.
fn by_element(segments: &Segments, like: &Tensor, of: impl Fn(&Segment) -> f64) -> Result<Option<Tensor>, Error> {
    if segments.iter().all(|segment| of(segment) == 0.0) {
        return Ok(None);
    }
    let row = like.f_empty_like()?;
    for segment in segments.iter() {
        let (start, len) = (segment.range.start as i64, segment.range.len() as i64);
        let _ = row.f_narrow(0, start, len)?.f_fill_(of(segment))?;
    }
    Ok(Some(row))
}

/// Returns Σ a·b.
fn product(a: &Tensor, b: &Tensor) -> Result<f64, Error> {
    Ok(a.f_mul(b)?.f_sum(Kind::Double)?.f_double_value(&[])?)
}

impl Search {
    fn search(&mut self, step: &mut Step<'_>) -> Result<(), Error> {
        let groups = groups_at(&self.groups, step.hyper)?;
        let Armijo { c, decrease, increase, backtracks } = groups[0].rule;
        let optionss: Vec<GroupOptions> = groups.iter().map(|group| group.options).collect();
        let g = gradient::flat(step.grads, step.store, &self.segments, &optionss, self.clip)?;
        let d = match by_element(&self.segments, &g, |segment| step.lr[segment.group])? {
            Some(rates) => g.f_mul(&rates)?,
            None => g.f_zeros_like()?,
        };
        let slope = product(&g, &d)?;
        let coupled = by_element(&self.segments, &g, |segment| match optionss[segment.group].decay {
            Decay::Coupled(amount) if step.grads[segment.param].defined() => amount,
            _ => 0.0,
        })?;
        let penalty = |flat: &Tensor| match &coupled {
            Some(amounts) => Ok(0.5 * product(&flat.f_square()?, amounts)?),
            None => Ok::<f64, Error>(0.0),
        };
        let before = step.store.flat().f_detach_copy()?;
        let loss = step.loss.f_double_value(&[])? + penalty(&before)?;
        // κ must not become 0, because nothing could increase it.
        self.part = (increase * self.part).clamp(f64::MIN_POSITIVE, 1.0);
        for tried in 0..=backtracks {
            if tried > 0 {
                self.part *= decrease;
            }
            step.store.assign(&before.f_sub(&d.f_mul_scalar(self.part)?)?)?;
            let there = step.batch.loss(step.store)? + penalty(step.store.flat())?;
            let is_enough = there <= loss - c * self.part * slope;
            if is_enough || tried == backtracks {
                let part = if there.is_finite() { self.part } else { 0.0 };
                self.effective_lr = step.lr.iter().map(|lr| lr * part).collect();
                break;
            }
        }
        if self.effective_lr.iter().all(|&lr| lr == 0.0) {
            step.store.assign(&before)?;
        }
        let lost = by_element(&self.segments, &g, |segment| match optionss[segment.group].decay {
            Decay::Decoupled(amount) if step.grads[segment.param].defined() => {
                self.effective_lr[segment.group] * amount
            }
            _ => 0.0,
        })?;
        if let Some(lost) = lost {
            step.store.assign(&step.store.flat().f_sub(&before.f_mul(&lost)?)?)?;
        }
        Ok(())
    }
}

impl Optimizer for Search {
    fn step(&mut self, step: &mut Step<'_>) -> Result<(), Error> {
        self.steps += 1;
        no_grad(|| self.search(step))
    }

    fn state(&self) -> Vec<(String, Tensor)> {
        Vec::new()
    }

    fn host_state(&self) -> serde_json::Value {
        host_state::save(self.steps, &(self.part, &self.effective_lr))
    }

    fn set_host_state(&mut self, value: &serde_json::Value) -> Result<(), Error> {
        (self.steps, (self.part, self.effective_lr)) = host_state::load(value, |_| true)?;
        Ok(())
    }

    fn effective_lr(&self) -> Option<Vec<f64>> {
        (!self.effective_lr.is_empty()).then(|| self.effective_lr.clone())
    }
}
