//! Sophia-H: momentum over a diagonal of the Hessian, clipped (Liu et al. 2023, arXiv 2305.14342); pytorch_optimizer's
//! `SophiaH`.
//!
//! m ← β₁·m + (1−β₁)·g; at step 1 and then every `update_period` steps h ← β₂·h + (1−β₂)·u⊙(H·u), where u is random
//! signs (Hutchinson's estimate of the Hessian's diagonal, exact where H is diagonal);
//! θ ← θ − lr·clip(m / max(h, ε), ±p).
//!
//! The article writes max(γ·h, ε) with a bound of 1 (γ = 0.01), draws u from a normal distribution, and has betas of
//! [0.96, 0.99]; pytorch_optimizer has `p` for γ, so that its rate is the article's times 1/γ. H is of the loss on the
//! step's batch, without the penalty of coupled weight decay. A step that looks at H costs about three.
//!
//! `seed`: of the signs, which are drawn for each parameter by its name and the step.
//!
//! | key | default |
//! |---|---|
//! | `lr` | 6e-2 |
//! | `betas` | [0.96, 0.99] |
//! | `eps` | 1e-12 |
//! | `p` | 1e-2 |
//! | `update_period` | 10 |
//! | `seed` | 0 |
//! | `weight_decay` | 0 |
//! | `decoupled_weight_decay` | true |

use tch::{TchError, Tensor, no_grad};

use super::averages::running;
use super::engine::{Declared, Group, Start, groups_at, load_memory, start_elementwise};
use super::{Build, Elementwise, Error, Hyper, Method, Num, Optimizer, Segments, Step, Treatment, UpdateRule};
use crate::random::Stream;
use crate::spec::{BelowOne, Count, Entry, Positive, Section};
use crate::store::Store;

pub const ENTRY: Entry<Build> = Entry {
    name: "sophia_h",
    summary: "momentum over the Hessian's diagonal, clipped (Liu et al. 2023)",
    example: "type = \"sophia_h\"\nlr = 0.06\nbetas = [0.96, 0.99]\np = 0.01\nupdate_period = 10",
    build,
};

fn build(section: &mut Section<'_>) -> Option<Box<dyn Method>> {
    let lr = section.or("lr", Positive(6e-2)).0;
    let [beta1, beta2] = section.or("betas", [BelowOne(0.96), BelowOne(0.99)]);
    let rule = Sophia {
        beta1: beta1.0,
        beta2: beta2.0,
        eps: section.or("eps", Positive(1e-12)).0,
        p: section.or("p", Positive(1e-2)).0,
        update_period: section.or("update_period", Count(10)).0 as u64,
        seed: section.or("seed", 0),
    };
    let treatment = Treatment::read(section, 0.0, true);
    Some(Box::new(Declared { group: Group { rule, treatment }, lr, keeps: &Sophia::SLOTS, start }))
}

#[derive(Clone, Debug)]
struct Sophia {
    beta1: f64,
    beta2: f64,
    eps: f64,
    p: f64,
    update_period: u64,
    seed: u64,
}

impl UpdateRule for Sophia {
    fn hypers(&mut self) -> Vec<Hyper<&mut f64>> {
        let Sophia { beta1, beta2, eps, p, .. } = self;
        vec![
            Hyper::below_one("beta1", beta1),
            Hyper::below_one("beta2", beta2),
            Hyper::non_negative("eps", eps),
            Hyper::non_negative("p", p),
        ]
    }
}

/// A step, once h is what it is.
impl Elementwise<2, 4> for Sophia {
    type Memory = ();
    const SLOTS: [&'static str; 2] = ["exp_avg", MOMENT];

    fn scalars(&self, _t: u64, lr: f64, (): &mut ()) -> [f64; 4] {
        [1.0 - self.beta1, self.eps, self.p, lr]
    }

    #[inline(always)]
    fn update<N: Num>(p: N, g: N, [m, h]: [N; 2], [other1, eps, bound, lr]: &[N; 4]) -> (N, [N; 2]) {
        let m = running(g, m, other1);
        let ratio = m.clone() / h.clone().max(eps.clone());
        let clipped = ratio.max(-bound.clone()).min(bound.clone());
        ((-lr.clone()).mul_add(clipped, p), [m, h])
    }
}

/// The slot of h.
const MOMENT: &str = "hessian_moment";

fn start(start: Start<Sophia>, store: &Store) -> Result<Box<dyn Optimizer>, Error> {
    let (groups, segments) = (start.groups.clone(), start.segments.clone());
    let update = start_elementwise::<Sophia, 2, 4>(start, store)?;
    Ok(Box::new(Engine { groups, segments, update, steps: 0 }))
}

#[derive(Debug)]
struct Engine {
    groups: Vec<Group<Sophia>>,
    segments: Segments,
    /// What makes the step, and keeps the state.
    update: Box<dyn Optimizer>,
    steps: u64,
}

impl Engine {
    /// Looks at the Hessian, where its time has come.
    fn look(&mut self, step: &mut Step<'_>) -> Result<(), Error> {
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
        let moments = state.into_iter().filter(|(name, _)| name.split('/').next() == Some(MOMENT));
        for (segment, (_, mut moment)) in self.segments.iter().zip(moments) {
            let group = &groups[segment.group];
            if !is_due(segment.group) || !step.grads[segment.param].defined() {
                continue;
            }
            // Undefined: the gradient does not depend on this parameter.
            let estimate = match &products[segment.param] {
                product if product.defined() => product.f_mul(&signs[segment.param])?,
                _ => moment.f_zeros_like()?,
            };
            let estimate = if group.treatment.maximize { estimate.f_neg()? } else { estimate };
            let _ = moment.f_lerp_(&estimate.f_detach()?, 1.0 - group.rule.beta2)?;
        }
        Ok(())
    }
}

/// Of each element of `like`, −1 or 1.
fn random_signs(seed: u64, param: &str, step: u64, like: &Tensor) -> Result<Tensor, TchError> {
    let mut stream = Stream::new(seed, &format!("hutchinson/{param}"), step);
    let signs: Vec<f32> = (0..like.numel()).map(|_| if stream.below(2) == 0 { -1.0 } else { 1.0 }).collect();
    let signs = Tensor::f_from_slice(&signs)?.f_to_kind(like.kind())?.f_to_device(like.device())?;
    signs.f_view(like.size().as_slice())
}

impl Optimizer for Engine {
    fn step(&mut self, step: &mut Step<'_>) -> Result<(), Error> {
        no_grad(|| self.look(step))?;
        self.update.step(step)
    }

    fn step_as_tensors(&mut self, step: &mut Step<'_>) -> Result<(), Error> {
        no_grad(|| self.look(step))?;
        self.update.step_as_tensors(step)
    }

    fn state(&self) -> Vec<(String, Tensor)> {
        self.update.state()
    }

    fn memory(&self) -> serde_json::Value {
        self.update.memory()
    }

    fn remember(&mut self, value: &serde_json::Value) -> Result<(), Error> {
        self.update.remember(value)?;
        (self.steps, _) = load_memory(value, |_: &serde_json::Value| true)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use tch::Kind;

    use super::*;

    #[test]
    fn signs_are_of_parameter_step_and_seed() {
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
