//! SGD with a stochastic Armijo line search (Vaswani et al. 2019, arXiv 1905.09997); optax's
//! `scale_by_backtracking_linesearch` after `sgd`.
//!
//! From κ ← min(1, `increase_factor`·κ), at first 1, κ is multiplied by `decrease_factor` until
//! f(θ − κ·d) ≤ f(θ) − c·κ·⟨g, d⟩, where d is lr·g, on the batch of the step, with its dropout; then θ ← θ − κ·d. After
//! `max_backtracking_steps` the last κ is taken as it is. Where the loss there is not finite, the weights stay, and the
//! next search begins from that κ (in optax, from 0, which it never leaves).
//!
//! The rate is κ·lr: `lr` is the longest step, which schedules scale, and with it where the next search begins. Groups
//! with unequal rates have their part in d. optax's first guess is 1.5, if `max_learning_rate` is above that.
//!
//! Coupled weight decay: f has the penalty ½·λ·‖θ‖² of its gradient. Decoupled decay is by κ·lr and after the search.
//! Clipping shortens d, and g in the condition, which asks for less decrease then.
//!
//! | key | default |
//! |---|---|
//! | `lr` | 1: the longest step |
//! | `c` | 1e-4 (the authors': 0.1) |
//! | `decrease_factor` | 0.8 |
//! | `increase_factor` | 1.5 |
//! | `max_backtracking_steps` | 15 |
//! | `weight_decay` | 0 |
//! | `decoupled_weight_decay` | false |

use tch::{Kind, Tensor, no_grad};

use super::engine::{Declared, Group, Segment, Segments, Start, flat_gradient, groups_at, load_memory, save_memory};
use super::polyak::minimizes;
use super::{Build, Clip, Decay, Error, Hyper, Method, Optimizer, Rates, Step, Treatment, UpdateRule};
use crate::spec::{BelowOne, Entry, Positive, Section};
use crate::store::Store;

pub const ENTRY: Entry<Build> = Entry {
    name: "armijo",
    summary: "gradient descent with a backtracking line search on the batch (Vaswani et al. 2019)",
    example: "type = \"armijo\"\nlr = 1.0\nc = 1e-4",
    build,
};

fn build(section: &mut Section<'_>) -> Option<Box<dyn Method>> {
    let lr = section.or("lr", Positive(1.0)).0;
    let rule = Armijo {
        c: section.or("c", BelowOne(1e-4)).0,
        decrease: section.or("decrease_factor", BelowOne(0.8)).0,
        increase: section.or("increase_factor", Positive(1.5)).0,
        backtracks: section.or("max_backtracking_steps", 15),
    };
    let treatment = Treatment::read(section, 0.0, false);
    if rule.decrease == 0.0 {
        section.error("decrease_factor", "a `decrease_factor` of 0 would leave no step to take", "above 0");
        return None;
    }
    if rule.increase < 1.0 {
        section.error("increase_factor", "an `increase_factor` below 1 would only ever lower the rate", "1 or above");
        return None;
    }
    let group = Group { rule, treatment };
    minimizes(section, treatment).then(|| Box::new(Declared { group, lr, keeps: &[], start }) as Box<dyn Method>)
}

#[derive(Clone, Debug)]
struct Armijo {
    c: f64,
    decrease: f64,
    increase: f64,
    backtracks: u64,
}

impl UpdateRule for Armijo {
    fn hypers(&mut self) -> Vec<Hyper<&mut f64>> {
        vec![Hyper::below_one("c", &mut self.c)]
    }

    fn rates(&self) -> Rates {
        Rates { finds_its_own: true, ..Rates::default() }
    }

    fn shared(&self) -> Vec<(&'static str, f64)> {
        let Armijo { c, decrease, increase, backtracks } = *self;
        vec![
            ("c", c),
            ("decrease_factor", decrease),
            ("increase_factor", increase),
            ("max_backtracking_steps", backtracks as f64),
        ]
    }
}

fn start(start: Start<Armijo>, _store: &Store) -> Result<Box<dyn Optimizer>, Error> {
    let Start { groups, segments, clip } = start;
    Ok(Box::new(Search { groups, segments, clip, part: 1.0, effective_lr: Vec::new(), steps: 0 }))
}

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

/// A number of each segment, as one of each element; none where all are 0.
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

/// Σ a·b.
fn product(a: &Tensor, b: &Tensor) -> Result<f64, Error> {
    Ok(a.f_mul(b)?.f_sum(Kind::Double)?.f_double_value(&[])?)
}

impl Search {
    fn search(&mut self, step: &mut Step<'_>) -> Result<(), Error> {
        let groups = groups_at(&self.groups, step.hyper)?;
        let Armijo { c, decrease, increase, backtracks } = groups[0].rule;
        let treatments: Vec<Treatment> = groups.iter().map(|group| group.treatment).collect();
        let g = flat_gradient(step.grads, step.store, &self.segments, &treatments, self.clip)?;
        let d = match by_element(&self.segments, &g, |segment| step.lr[segment.group])? {
            Some(rates) => g.f_mul(&rates)?,
            None => g.f_zeros_like()?,
        };
        let slope = product(&g, &d)?;
        let coupled = by_element(&self.segments, &g, |segment| match treatments[segment.group].decay {
            Decay::Coupled(amount) => amount,
            Decay::Decoupled(_) | Decay::OfRule => 0.0,
        })?;
        let penalty = |flat: &Tensor| match &coupled {
            Some(amounts) => Ok(0.5 * product(&flat.f_square()?, amounts)?),
            None => Ok::<f64, Error>(0.0),
        };
        let before = step.store.flat().f_detach_copy()?;
        let loss = step.loss.f_double_value(&[])? + penalty(&before)?;
        // Never 0, which nothing would increase.
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
        let lost = by_element(&self.segments, &g, |segment| match treatments[segment.group].decay {
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

    fn memory(&self) -> serde_json::Value {
        save_memory(self.steps, &(self.part, &self.effective_lr))
    }

    fn remember(&mut self, memory: &serde_json::Value) -> Result<(), Error> {
        (self.steps, (self.part, self.effective_lr)) = load_memory(memory, |_| true)?;
        Ok(())
    }

    fn effective_lr(&self) -> Option<Vec<f64>> {
        (!self.effective_lr.is_empty()).then(|| self.effective_lr.clone())
    }
}
