//! The computation of Mechanic with tensors. Its formulas are in `optimizer/mechanic.rs`.

use serde::{Deserialize, Serialize};
use tch::{TchError, Tensor, no_grad};

use super::flat::of_param;
use super::sums::dot;
use super::{Error, Layout, Optimizer, Segments, Step, gradient, host_state};
use crate::optimizer::{Clip, Group, GroupOptions, Mechanic, MechanicSettings, OptimizerConfig, groups_at};
use crate::params::{Declaration, Init};
use crate::store::Store;

/// The state of the bets. Each vector has one number for each β.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Tuner {
    s: Vec<f64>,
    m: Vec<f64>,
    v: Vec<f64>,
    r: Vec<f64>,
}

impl Tuner {
    fn new(settings: &MechanicSettings) -> Self {
        let n = settings.betas.len();
        Tuner { s: vec![settings.s_init; n], m: vec![0.0; n], v: vec![0.0; n], r: vec![0.0; n] }
    }

    fn scale(&self) -> f64 {
        self.s.iter().sum()
    }

    /// Makes the next bet, after the last one returned `h`.
    fn bet(&mut self, h: f64, MechanicSettings { betas, s_init, eps, .. }: &MechanicSettings) {
        for (index, &beta) in betas.iter().enumerate() {
            let (s, m) = (&mut self.s[index], &mut self.m[index]);
            let (v, r) = (&mut self.v[index], &mut self.r[index]);
            let bounded = h.max(-*m).min(*m);
            *m = (beta * *m).max(h.abs() + eps);
            *v = beta * beta * *v + h * h;
            *r = beta * *r + bounded * *s;
            let wealth = s_init / betas.len() as f64 * *m + r.max(0.0);
            *s = wealth / (v.sqrt() + eps);
        }
    }
}

/// Starts Mechanic and its base over a store.
pub fn start(groups: Vec<Group<Mechanic>>, layout: Layout, store: &Store) -> Result<Box<dyn Optimizer>, Error> {
    let Layout { segments, clip } = layout;
    let settings = groups[0].rule.settings.clone();
    let mut zeros = Declaration::default();
    for param in store.declaration().params() {
        zeros.add(param.name.clone(), &param.shape, Init::Constant(0.0));
    }
    let sum = Store::new(zeros, store.flat().kind(), store.flat().device(), 0)?;
    let bases: Vec<Box<dyn OptimizerConfig>> = groups.iter().map(|group| group.rule.base.0.boxed()).collect();
    let base = super::start(&bases, segments.clone(), Clip::None, &sum)?;
    let optionss = groups.into_iter().collect();
    let tuner = Tuner::new(&settings);
    let first = store.flat().f_detach_copy()?;
    Ok(Box::new(Engine {
        groups: optionss,
        segments,
        clip,
        settings,
        base,
        sum,
        first,
        tuner,
        rates: vec![],
        steps: 0,
    }))
}

#[derive(Debug)]
struct Engine {
    groups: Vec<Group<Mechanic>>,
    segments: Segments,
    clip: Clip,
    settings: MechanicSettings,
    base: Box<dyn Optimizer>,
    /// Δ, the parameters of the base.
    sum: Store,
    /// θ₀.
    first: Tensor,
    tuner: Tuner,
    /// The effective rates of the last step.
    rates: Vec<f64>,
    steps: u64,
}

impl Engine {
    fn update(&mut self, step: &mut Step<'_>, as_tensors: bool) -> Result<(), Error> {
        self.steps += 1;
        let groups = groups_at(&self.groups, step.hyper)?;
        let optionss: Vec<GroupOptions> = groups.iter().map(|group| group.options).collect();
        let gradient = gradient::flat(step.grads, step.store, &self.segments, &optionss, self.clip)?;
        let MechanicSettings { s_decay, eps, .. } = self.settings;
        let scale = self.tuner.scale();
        let mut sum = self.sum.flat().shallow_clone();
        let _ = sum.f_mul_scalar_(scale / (scale + eps))?;
        let h = {
            let p = &gradient::with_gradient(step.grads, step.store, &self.segments)?;
            let pairs = [(&gradient, &sum), (p, &sum), (&gradient, &gradient), (p, p)];
            let dots = pairs.iter().map(|(a, b)| dot(a, b)).collect::<Result<Vec<_>, TchError>>()?;
            // One copy of all products to the host waits for the device only once.
            let dots: Vec<f64> = Vec::try_from(Tensor::f_stack(&dots, 0)?)?;
            let [along, decay, squares, p_squares] = [dots[0], dots[1], dots[2], dots[3]];
            -(along + s_decay * scale * squares.sqrt() / (p_squares.sqrt() + eps) * decay)
        };
        let mut grads = Vec::with_capacity(self.segments.len());
        for segment in self.segments.iter() {
            let shape = step.store.get(segment.param).size();
            grads.push(match step.grads[segment.param].defined() {
                true => {
                    gradient.f_narrow(0, segment.range.start as i64, segment.range.len() as i64)?.f_view(&*shape)?
                }
                false => Tensor::new(),
            });
        }
        let mut of_base = Step {
            store: &mut self.sum,
            grads: &grads,
            lr: step.lr,
            hyper: &[],
            loss: step.loss,
            batch: &mut *step.batch,
        };
        if as_tensors {
            self.base.step_as_tensors(&mut of_base)?
        } else {
            self.base.step(&mut of_base)?
        }
        self.tuner.bet(h, &self.settings);
        let scale = self.tuner.scale();
        step.store.assign(&self.first.f_add(&sum.f_mul_scalar(scale)?)?)?;
        self.rates = step.lr.iter().map(|lr| lr * scale).collect();
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
        let params = self.sum.declaration().params();
        let slots = [("x0", &self.first), ("delta", self.sum.flat())];
        let own =
            slots.into_iter().flat_map(|(name, slot)| params.iter().map(move |param| of_param(name, slot, param)));
        own.chain(self.base.state().into_iter().map(|(name, tensor)| (format!("base.{name}"), tensor))).collect()
    }

    fn host_state(&self) -> serde_json::Value {
        host_state::save(self.steps, &(&self.tuner, &self.rates, self.base.host_state()))
    }

    fn set_host_state(&mut self, value: &serde_json::Value) -> Result<(), Error> {
        let betas = self.settings.betas.len();
        let fits = |(tuner, ..): &(Tuner, Vec<f64>, serde_json::Value)| {
            [&tuner.s, &tuner.m, &tuner.v, &tuner.r].iter().all(|row| row.len() == betas)
        };
        let (steps, (tuner, rates, base)) = host_state::load(value, fits)?;
        self.base.set_host_state(&base)?;
        (self.steps, self.tuner, self.rates) = (steps, tuner, rates);
        Ok(())
    }

    fn growth(&self) -> u64 {
        self.base.growth()
    }

    fn effective_lr(&self) -> Option<Vec<f64>> {
        (!self.rates.is_empty()).then(|| self.rates.clone())
    }
}
