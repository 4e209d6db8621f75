//! The computation of L-BFGS with tensors. Its formulas are in `optimizer/lbfgs.rs`.

mod strong_wolfe;

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use tch::{TchError, Tensor, no_grad};

use super::flat::of_param;
use super::sums::dot;
use super::{Batch, Error, Layout, Optimizer, Segments, Step, gradient, host_state};
use crate::optimizer::{Clip, Decay, Group, GroupOptions, Lbfgs, LineSearch, groups_at};
use crate::params::Param;
use crate::store::Store;
use strong_wolfe::{Point, Search};

/// PyTorch's names of the state.
const NAMES: [&str; 4] = ["d", "prev_flat_grad", "old_dirs", "old_stps"];

/// Starts L-BFGS over a store.
pub fn start(groups: Vec<Group<Lbfgs>>, layout: Layout, store: &Store) -> Result<Box<dyn Optimizer>, Error> {
    let Layout { segments, clip } = layout;
    Ok(Box::new(Engine {
        problem: Problem { groups, segments, clip },
        params: store.declaration().params().to_vec(),
        direction: store.flat().f_zeros_like()?,
        previous: store.flat().f_zeros_like()?,
        history: VecDeque::new(),
        progress: Progress { t: 0.0, scale: 1.0, iterations: 0 },
        steps: 0,
    }))
}

/// The function that is minimized on a batch. All groups have the same options.
#[derive(Debug)]
struct Problem {
    groups: Vec<Group<Lbfgs>>,
    segments: Segments,
    clip: Clip,
}

impl Problem {
    /// Returns the loss with the penalty of coupled weight decay, and the flat gradient. `loss` and `grads` are those
    /// of the batch at the store's current values, and `of` has the options of each group.
    fn objective(
        &self,
        store: &Store,
        loss: f64,
        grads: &[Tensor],
        of: &[GroupOptions],
    ) -> Result<(f64, Tensor), Error> {
        let mut penalty = 0.0;
        for segment in self.segments.iter().filter(|segment| grads[segment.param].defined()) {
            if let Decay::Coupled(amount) = of[segment.group].decay
                && amount != 0.0
            {
                let p = store.get(segment.param).f_detach()?.f_view(-1)?;
                penalty += 0.5 * amount * dot(&p, &p)?.f_double_value(&[])?;
            }
        }
        let sign = if of[0].maximize { -1.0 } else { 1.0 };
        let gradient = gradient::flat(grads, store, &self.segments, of, self.clip)?;
        Ok((sign * loss + penalty, gradient))
    }

    /// Evaluates the batch again at the store's current values.
    fn evaluate(&self, store: &Store, batch: &mut dyn Batch, of: &[GroupOptions]) -> Result<(f64, Tensor), Error> {
        let (loss, grads) = batch.gradients(store)?;
        self.objective(store, loss, &grads, of)
    }
}

/// A change of the parameters (s) and of their gradient (y) in the history.
#[derive(Debug)]
struct Change {
    y: Tensor,
    s: Tensor,
    /// 1/yᵀs.
    ro: f64,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Progress {
    /// The length of the last iteration's step.
    t: f64,
    /// H₀ = scale·1.
    scale: f64,
    iterations: u64,
}

#[derive(Debug)]
struct Engine {
    problem: Problem,
    params: Vec<Param>,
    /// The direction of the last iteration.
    direction: Tensor,
    /// The gradient of the last iteration.
    previous: Tensor,
    /// The oldest change comes first.
    history: VecDeque<Change>,
    progress: Progress,
    steps: u64,
}

impl Engine {
    fn update(&mut self, step: &mut Step<'_>) -> Result<(), Error> {
        self.steps += 1;
        let groups = groups_at(&self.problem.groups, step.hyper)?;
        let optionss: Vec<GroupOptions> = groups.iter().map(|group| group.options).collect();
        let rule = groups[0].rule.clone();
        drop(groups);
        let Step { store, batch, .. } = step;
        let mut flat = store.flat().shallow_clone();
        let loss = step.loss.f_double_value(&[])?;
        let (mut loss, mut gradient) = self.problem.objective(store, loss, step.grads, &optionss)?;
        let mut evaluations = 1;
        if largest(&gradient)? <= rule.tolerance_grad {
            return Ok(());
        }
        for iteration in 1..=rule.max_iter {
            self.next_direction(&gradient, rule.history_size)?;
            let loss_before = loss;
            let mut t = step.lr[0];
            if self.progress.iterations == 1 {
                t *= (1.0 / gradient.f_abs()?.f_sum(tch::Kind::Double)?.f_double_value(&[])?).min(1.0);
            }
            let slope = dot(&gradient, &self.direction)?.f_double_value(&[])?;
            if slope > -rule.tolerance_change {
                self.progress.t = t;
                break;
            }
            let is_last = iteration == rule.max_iter;
            if rule.line_search == LineSearch::StrongWolfe {
                let (problem, direction) = (&self.problem, &self.direction);
                let from = flat.f_detach_copy()?;
                let evaluate = |t: f64| {
                    let _ = flat.f_add_(&direction.f_mul_scalar(t)?)?;
                    let (loss, gradient) = problem.evaluate(store, *batch, &optionss)?;
                    flat.f_copy_(&from)?;
                    let slope = dot(&gradient, direction)?.f_double_value(&[])?;
                    Ok(Point { t, loss, gradient, slope })
                };
                let wanted = Search {
                    t,
                    longest: largest(direction)?,
                    tolerance_change: rule.tolerance_change,
                    most: rule.max_eval - evaluations,
                };
                let start = Point { t: 0.0, loss, gradient, slope };
                let (found, count) = strong_wolfe::search(&start, &wanted, evaluate)?;
                evaluations += count;
                t = found.t;
                (loss, gradient) = (found.loss, found.gradient);
            }
            let change = self.direction.f_mul_scalar(t)?;
            let _ = flat.f_add_(&change)?;
            self.progress.t = t;
            if rule.line_search == LineSearch::None && !is_last {
                (loss, gradient) = self.problem.evaluate(store, *batch, &optionss)?;
                evaluations += 1;
            }
            if is_last
                || evaluations >= rule.max_eval
                || largest(&gradient)? <= rule.tolerance_grad
                || largest(&change)? <= rule.tolerance_change
                || (loss - loss_before).abs() < rule.tolerance_change
            {
                break;
            }
        }
        Ok(())
    }

    /// Adds the last change to the history, and sets the direction.
    fn next_direction(&mut self, gradient: &Tensor, history_size: usize) -> Result<(), TchError> {
        self.progress.iterations += 1;
        if self.progress.iterations > 1 {
            let y = gradient.f_sub(&self.previous)?;
            let s = self.direction.f_mul_scalar(self.progress.t)?;
            let ys = dot(&y, &s)?.f_double_value(&[])?;
            if ys > 1e-10 {
                if self.history.len() >= history_size {
                    self.history.pop_front();
                }
                self.progress.scale = ys / dot(&y, &y)?.f_double_value(&[])?;
                self.history.push_back(Change { y, s, ro: 1.0 / ys });
            }
        }
        let mut q = gradient.f_neg()?;
        let mut alphas = Vec::with_capacity(self.history.len());
        for Change { y, s, ro } in self.history.iter().rev() {
            let alpha = dot(s, &q)?.f_mul_scalar(*ro)?;
            let _ = q.f_sub_(&y.f_mul(&alpha)?)?;
            alphas.push(alpha);
        }
        let _ = q.f_mul_scalar_(self.progress.scale)?;
        for (Change { y, s, ro }, alpha) in self.history.iter().zip(alphas.into_iter().rev()) {
            let beta = dot(y, &q)?.f_mul_scalar(*ro)?;
            let _ = q.f_add_(&s.f_mul(&alpha.f_sub(&beta)?)?)?;
        }
        self.direction = q;
        self.previous = gradient.f_detach_copy()?;
        Ok(())
    }
}

/// Returns the largest absolute value.
fn largest(row: &Tensor) -> Result<f64, TchError> {
    row.f_abs()?.f_max()?.f_double_value(&[])
}

impl Optimizer for Engine {
    fn step(&mut self, step: &mut Step<'_>) -> Result<(), Error> {
        no_grad(|| self.update(step))
    }

    fn state(&self) -> Vec<(String, Tensor)> {
        let [direction, previous, old_dirs, old_stps] = NAMES;
        let mut rows = vec![(direction.to_owned(), &self.direction), (previous.to_owned(), &self.previous)];
        for (index, Change { y, s, .. }) in self.history.iter().enumerate() {
            rows.push((format!("{old_dirs}.{index}"), y));
            rows.push((format!("{old_stps}.{index}"), s));
        }
        rows.iter().flat_map(|(name, row)| self.params.iter().map(move |param| of_param(name, row, param))).collect()
    }

    fn host_state(&self) -> serde_json::Value {
        let ro: Vec<f64> = self.history.iter().map(|change| change.ro).collect();
        host_state::save(self.steps, &(self.progress, ro))
    }

    fn growth(&self) -> u64 {
        let yet = self.problem.groups[0].rule.history_size.saturating_sub(self.history.len());
        // One row for the change of the gradient and one for that of the weights.
        2 * (yet * self.direction.numel() * self.direction.kind().elt_size_in_bytes()) as u64
    }

    fn set_host_state(&mut self, value: &serde_json::Value) -> Result<(), Error> {
        let most = self.problem.groups[0].rule.history_size;
        let (steps, (progress, ro)): (u64, (Progress, Vec<f64>)) =
            host_state::load(value, |(_, ro): &(Progress, Vec<f64>)| ro.len() <= most)?;
        let zeros = || self.direction.f_zeros_like();
        let change = |ro| Ok(Change { y: zeros()?, s: zeros()?, ro });
        let history = ro.into_iter().map(change).collect::<Result<_, TchError>>()?;
        (self.steps, self.progress, self.history) = (steps, progress, history);
        Ok(())
    }
}
