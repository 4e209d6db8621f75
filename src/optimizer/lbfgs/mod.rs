//! L-BFGS: quasi-Newton with a limited memory (Liu and Nocedal 1989); PyTorch's `LBFGS`.
//!
//! A step makes up to `max_iter` iterations on its batch. Each goes along d = −H·g, where H is the inverse Hessian that
//! the last `history_size` changes s of θ and y of g imply (the two-loop recursion, from H₀ = (yᵀs/yᵀy)·1), as far as
//! t: `lr` (at the very first iteration lr·min(1, 1/‖g‖₁)), or what the line search finds, beginning there. A change
//! with yᵀs ≤ 1e-10 is not remembered. It ends early when no |gᵢ| is above `tolerance_grad`, when the loss or no θᵢ
//! changes by more than `tolerance_change`, or after `max_eval` evaluations.
//!
//! The memory goes on from batch to batch, as in PyTorch, where y then compares two batches' gradients: this is a method
//! for batches that hold much of the data.
//!
//! Coupled weight decay adds its penalty ½·λ·‖θ‖² to the loss that the line search compares. Clipping holds for every
//! gradient by itself.
//!
//! | key | default |
//! |---|---|
//! | `lr` | 1 |
//! | `max_iter` | 20 |
//! | `max_eval` | max_iter·5/4 |
//! | `tolerance_grad` | 1e-7 |
//! | `tolerance_change` | 1e-9 |
//! | `history_size` | 100 |
//! | `line_search_fn` | "none" |
//! | `weight_decay` | 0 |

mod strong_wolfe;

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use tch::{TchError, Tensor, no_grad};

use super::engine::{Declared, Group, Start, dot, flat_gradient, groups_at, load_memory, of_param, save_memory};
use super::{Batch, Build, Clip, Decay, Error, Hyper, Method, Optimizer, Rates, Segments, Step, Treatment, UpdateRule};
use crate::choice;
use crate::params::Param;
use crate::spec::{Count, Entry, NonNegative, Positive, Section};
use crate::store::Store;
use strong_wolfe::{Point, Search};

pub const ENTRY: Entry<Build> = Entry {
    name: "lbfgs",
    summary: "quasi-Newton with a limited memory; looks at a batch many times (Liu and Nocedal 1989)",
    example: "type = \"lbfgs\"\nlr = 1\nmax_iter = 20\nhistory_size = 10\nline_search_fn = \"strong_wolfe\"",
    build,
};

choice! {
    /// How an iteration finds the length of its step.
    pub enum LineSearch {
        /// It is the rate.
        None = "none",
        /// By the strong Wolfe conditions.
        StrongWolfe = "strong_wolfe",
    }
}

fn build(section: &mut Section<'_>) -> Option<Box<dyn Method>> {
    let lr = section.or("lr", Positive(1.0)).0;
    let max_iter = section.or("max_iter", Count(20)).0;
    let rule = Lbfgs {
        max_iter,
        max_eval: section.or("max_eval", Count(max_iter.saturating_mul(5) / 4)).0,
        tolerance_grad: section.or("tolerance_grad", NonNegative(1e-7)).0,
        tolerance_change: section.or("tolerance_change", NonNegative(1e-9)).0,
        history_size: section.or("history_size", Count(100)).0,
        line_search: section.or("line_search_fn", LineSearch::None),
    };
    let treatment = Treatment::read(section, 0.0, false);
    if let Decay::Decoupled(_) = treatment.decay {
        let label = "leave it out: coupled decay adds its penalty to the loss";
        section.error("decoupled_weight_decay", "L-BFGS goes by a loss, of which decoupled decay is no part", label);
        return None;
    }
    Some(Box::new(Declared { group: Group { rule, treatment }, lr, keeps: &KEEPS, start }))
}

#[derive(Clone, Debug)]
struct Lbfgs {
    max_iter: usize,
    max_eval: usize,
    tolerance_grad: f64,
    tolerance_change: f64,
    history_size: usize,
    line_search: LineSearch,
}

impl UpdateRule for Lbfgs {
    fn hypers(&mut self) -> Vec<Hyper<&mut f64>> {
        Vec::new()
    }

    fn rates(&self) -> Rates {
        let one_group = "it takes one step along one direction, for all parameters together";
        Rates { one_group: Some(one_group), ..Rates::default() }
    }
}

const KEEPS: [&str; 4] = ["d", "prev_flat_grad", "old_dirs", "old_stps"];

fn start(start: Start<Lbfgs>, store: &Store) -> Result<Box<dyn Optimizer>, Error> {
    let Start { groups, segments, clip } = start;
    Ok(Box::new(Engine {
        problem: Problem { groups, segments, clip },
        params: store.declaration().params().to_vec(),
        direction: store.flat().f_zeros_like()?,
        previous: store.flat().f_zeros_like()?,
        history: VecDeque::new(),
        numbers: Numbers { t: 0.0, scale: 1.0, iterations: 0 },
        steps: 0,
    }))
}

/// What turns a batch into a loss and a gradient. All groups are as the first.
#[derive(Debug)]
struct Problem {
    groups: Vec<Group<Lbfgs>>,
    segments: Segments,
    clip: Clip,
}

impl Problem {
    /// Loss and flat gradient, from those of the batch, at the store's values.
    fn treated(&self, store: &Store, loss: f64, grads: &[Tensor], of: &[Treatment]) -> Result<(f64, Tensor), Error> {
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
        let gradient = flat_gradient(grads, store, &self.segments, of, self.clip)?;
        Ok((sign * loss + penalty, gradient))
    }

    /// The batch again, at the store's present values.
    fn evaluate(&self, store: &Store, batch: &mut dyn Batch, of: &[Treatment]) -> Result<(f64, Tensor), Error> {
        let (loss, grads) = batch.gradients(store)?;
        self.treated(store, loss, &grads, of)
    }
}

/// A remembered change of the parameters, and of their gradient.
#[derive(Debug)]
struct Change {
    y: Tensor,
    s: Tensor,
    /// 1/yᵀs.
    ro: f64,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Numbers {
    /// Of the last iteration, the step's length.
    t: f64,
    /// H₀ = scale·1.
    scale: f64,
    iterations: u64,
}

#[derive(Debug)]
struct Engine {
    problem: Problem,
    params: Vec<Param>,
    /// Of the last iteration, as `previous`.
    direction: Tensor,
    /// The gradient.
    previous: Tensor,
    /// Oldest first.
    history: VecDeque<Change>,
    numbers: Numbers,
    steps: u64,
}

impl Engine {
    fn update(&mut self, step: &mut Step<'_>) -> Result<(), Error> {
        self.steps += 1;
        let groups = groups_at(&self.problem.groups, step.hyper)?;
        let treatments: Vec<Treatment> = groups.iter().map(|group| group.treatment).collect();
        let rule = groups[0].rule.clone();
        drop(groups);
        let Step { store, batch, .. } = step;
        let mut flat = store.flat().shallow_clone();
        let loss = step.loss.f_double_value(&[])?;
        let (mut loss, mut gradient) = self.problem.treated(store, loss, step.grads, &treatments)?;
        let mut evaluations = 1;
        if largest(&gradient)? <= rule.tolerance_grad {
            return Ok(());
        }
        for iteration in 1..=rule.max_iter {
            self.look_back(&gradient, rule.history_size)?;
            let loss_before = loss;
            let mut t = step.lr[0];
            if self.numbers.iterations == 1 {
                t *= (1.0 / gradient.f_abs()?.f_sum(tch::Kind::Double)?.f_double_value(&[])?).min(1.0);
            }
            let slope = dot(&gradient, &self.direction)?.f_double_value(&[])?;
            if slope > -rule.tolerance_change {
                self.numbers.t = t;
                break;
            }
            let is_last = iteration == rule.max_iter;
            if rule.line_search == LineSearch::StrongWolfe {
                let (problem, direction) = (&self.problem, &self.direction);
                let from = flat.f_detach_copy()?;
                let look = |t: f64| {
                    let _ = flat.f_add_(&direction.f_mul_scalar(t)?)?;
                    let (loss, gradient) = problem.evaluate(store, *batch, &treatments)?;
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
                let (found, looks) = strong_wolfe::search(&start, &wanted, look)?;
                evaluations += looks;
                t = found.t;
                (loss, gradient) = (found.loss, found.gradient);
            }
            let change = self.direction.f_mul_scalar(t)?;
            let _ = flat.f_add_(&change)?;
            self.numbers.t = t;
            if rule.line_search == LineSearch::None && !is_last {
                (loss, gradient) = self.problem.evaluate(store, *batch, &treatments)?;
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

    /// Remembers how the gradient changed, and sets the direction.
    fn look_back(&mut self, gradient: &Tensor, history_size: usize) -> Result<(), TchError> {
        self.numbers.iterations += 1;
        if self.numbers.iterations > 1 {
            let y = gradient.f_sub(&self.previous)?;
            let s = self.direction.f_mul_scalar(self.numbers.t)?;
            let ys = dot(&y, &s)?.f_double_value(&[])?;
            if ys > 1e-10 {
                if self.history.len() >= history_size {
                    self.history.pop_front();
                }
                self.numbers.scale = ys / dot(&y, &y)?.f_double_value(&[])?;
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
        let _ = q.f_mul_scalar_(self.numbers.scale)?;
        for (Change { y, s, ro }, alpha) in self.history.iter().zip(alphas.into_iter().rev()) {
            let beta = dot(y, &q)?.f_mul_scalar(*ro)?;
            let _ = q.f_add_(&s.f_mul(&alpha.f_sub(&beta)?)?)?;
        }
        self.direction = q;
        self.previous = gradient.f_detach_copy()?;
        Ok(())
    }
}

/// The largest absolute value.
fn largest(row: &Tensor) -> Result<f64, TchError> {
    row.f_abs()?.f_max()?.f_double_value(&[])
}

impl Optimizer for Engine {
    fn step(&mut self, step: &mut Step<'_>) -> Result<(), Error> {
        no_grad(|| self.update(step))
    }

    fn state(&self) -> Vec<(String, Tensor)> {
        let [direction, previous, old_dirs, old_stps] = KEEPS;
        let mut rows = vec![(direction.to_owned(), &self.direction), (previous.to_owned(), &self.previous)];
        for (index, Change { y, s, .. }) in self.history.iter().enumerate() {
            rows.push((format!("{old_dirs}.{index}"), y));
            rows.push((format!("{old_stps}.{index}"), s));
        }
        rows.iter().flat_map(|(name, row)| self.params.iter().map(move |param| of_param(name, row, param))).collect()
    }

    fn memory(&self) -> serde_json::Value {
        let ro: Vec<f64> = self.history.iter().map(|change| change.ro).collect();
        save_memory(self.steps, &(self.numbers, ro))
    }

    fn growth(&self) -> u64 {
        let yet = self.problem.groups[0].rule.history_size.saturating_sub(self.history.len());
        // The change of the gradient and that of the weights.
        2 * (yet * self.direction.numel() * self.direction.kind().elt_size_in_bytes()) as u64
    }

    fn remember(&mut self, value: &serde_json::Value) -> Result<(), Error> {
        let most = self.problem.groups[0].rule.history_size;
        let (steps, (numbers, ro)): (u64, (Numbers, Vec<f64>)) =
            load_memory(value, |(_, ro): &(Numbers, Vec<f64>)| ro.len() <= most)?;
        let zeros = || self.direction.f_zeros_like();
        let change = |ro| Ok(Change { y: zeros()?, s: zeros()?, ro });
        let history = ro.into_iter().map(change).collect::<Result<_, TchError>>()?;
        (self.steps, self.numbers, self.history) = (steps, numbers, history);
        Ok(())
    }
}
