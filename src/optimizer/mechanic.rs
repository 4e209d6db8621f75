//! Mechanic: finds the scale of another rule's updates by betting on it (Cutkosky, Defazio and Mehta 2023,
//! arXiv 2306.00144); optax's `contrib.mechanize`.
//!
//! Δ is the sum of the base's updates u so far, S = Σᵢ sᵢ, and θ = θ₀ + S·Δ. At each step, with
//! g′ = g + λ·S·(‖g‖/(‖θ‖+ε))·θ and Δ ← Δ·S/(S+ε): h = −⟨g′, Δ⟩, Δ ← Δ + u, and for each βᵢ
//! - k = h within ±mᵢ (a bound that came after the article), mᵢ ← max(βᵢ·mᵢ, |h|+ε),
//! - vᵢ ← βᵢ²·vᵢ + h², rᵢ ← βᵢ·rᵢ + k·sᵢ,
//! - sᵢ ← (`s_init`/n·mᵢ + max(0, rᵢ)) / (√vᵢ + ε).
//!
//! λ is `s_decay`, optax's `weight_decay`: a penalty in what the scale is found by, and not in the base. optax computes
//! Δ as (θ − θ₀)/(S+ε) at each step; here it is kept, so that nothing is lost to rounding while S is small.
//!
//! `lr`, and what its schedule makes of it, is the base's rate; the rate that is in effect is lr·S. The weights are
//! S·Δ from where they began at every step: a base rate of 0 later on stops Δ, but not S.
//!
//! | key | default |
//! |---|---|
//! | `base` | required: a table, `{ type = "sgd", lr = 1.0 }` |
//! | `betas` | [0.9, 0.99, 0.999, 0.9999, 0.99999, 0.999999] |
//! | `s_init` | 1e-6 |
//! | `s_decay` | 1e-2 |
//! | `eps` | 1e-8 |
//! | `weight_decay` | 0 |

use serde::{Deserialize, Serialize};
use tch::{TchError, Tensor, no_grad};

use super::engine::{
    Conflict, Declared, Group, Start, dot, flat_gradient, groups_at, load_memory, of_param, one_for_all, save_memory,
};
use super::{
    Build, Clip, Decay, Error, Hyper, Method, Optimizer, REGISTRY, Rates, Segments, Step, Treatment, UpdateRule,
};
use crate::params::{Declaration, Init};
use crate::spec::{BelowOne, Entry, NonNegative, Positive, Section, Value, lookup, one_of};
use crate::store::Store;

pub const ENTRY: Entry<Build> = Entry {
    name: "mechanic",
    summary: "finds the scale of another rule's updates (Cutkosky et al. 2023)",
    example: "type = \"mechanic\"\nbase = { type = \"sgd\", lr = 1.0, momentum = 0.9 }\ns_init = 1e-6\ns_decay = 1e-2",
    build,
};

/// Rules whose updates do not depend on the parameters.
pub(super) const BASES: &[&str] = &[
    "adabelief",
    "adadelta",
    "adagrad",
    "adam",
    "adamax",
    "adan",
    "ademamix",
    "adopt",
    "lion",
    "nadam",
    "radam",
    "rmsprop",
    "sgd",
];

fn build(section: &mut Section<'_>) -> Option<Box<dyn Method>> {
    let base = base(section);
    let betas = section.or("betas", [0.9, 0.99, 0.999, 0.9999, 0.99999, 0.999999].map(BelowOne).to_vec());
    let s_init = section.or("s_init", Positive(1e-6)).0;
    let s_decay = section.or("s_decay", NonNegative(1e-2)).0;
    let eps = section.or("eps", Positive(1e-8)).0;
    let treatment = Treatment::read(section, 0.0, false);
    if betas.is_empty() {
        section.error("betas", "Mechanic needs a β to bet with", "give at least one");
        return None;
    }
    if let Decay::Decoupled(_) = treatment.decay {
        let message = "under Mechanic the weights are where they began plus the scaled sum of the updates, which what \
                       decoupled decay takes from them is no part of";
        section.error("decoupled_weight_decay", message, "leave it out: decay is coupled, or `s_decay`");
        return None;
    }
    let base = base?;
    let lr = base.lr();
    let betas = betas.into_iter().map(|beta| beta.0).collect();
    let rule = Mechanic { base: Base(base), settings: Settings { betas, s_init, s_decay, eps } };
    Some(Box::new(Declared { group: Group { rule, treatment }, lr, keeps: &["x0", "delta"], start }))
}

/// Reads the rule whose updates are scaled; `None` when errors were logged.
fn base(section: &mut Section<'_>) -> Option<Box<dyn Method>> {
    let bases = || one_of(BASES.iter().copied());
    if !section.has("base") {
        section.missing("base", &format!("a table with the `type` to scale: {}", bases()));
        return None;
    }
    let mut base = section.section("base")?;
    if !base.has("type") {
        base.missing("type", &bases());
        return None;
    }
    let written = base.table_ref().get("type").and_then(Value::as_str);
    if written.is_none_or(|name| REGISTRY.iter().all(|entry| entry.name != name)) {
        base.mark_known("type");
        base.error("type", "this is no optimizer that Mechanic can scale", format!("expected {}", bases()));
        return None;
    }
    let entry = lookup(REGISTRY, "base optimizer", &mut base)?;
    if !BASES.contains(&entry.name) {
        let message = format!(
            "Mechanic adds up its base's updates apart from the weights, and `{}` looks at the weights, or chooses \
             rates itself",
            entry.name
        );
        base.error("type", message, format!("expected {}", bases()));
        return None;
    }
    let method = (entry.build)(&mut base)?;
    let decays = method.hypers().iter().any(|hyper| hyper.name == "weight_decay" && hyper.value != 0.0);
    let maximizes = base.optional::<bool>("maximize") == Some(true);
    for (key, asked) in [("weight_decay", decays), ("maximize", maximizes)] {
        if asked {
            let message = format!("the base of Mechanic sees no weights and takes no `{key}`");
            base.error(key, message, format!("write it as `{}`", section.dotted(key)));
        }
    }
    section.put("base", base.finish());
    Some(method)
}

#[derive(Debug)]
struct Base(Box<dyn Method>);

impl Clone for Base {
    fn clone(&self) -> Self {
        Base(self.0.boxed())
    }
}

#[derive(Clone, Debug)]
struct Mechanic {
    base: Base,
    settings: Settings,
}

#[derive(Clone, Debug, PartialEq)]
struct Settings {
    betas: Vec<f64>,
    s_init: f64,
    s_decay: f64,
    eps: f64,
}

impl UpdateRule for Mechanic {
    fn hypers(&mut self) -> Vec<Hyper<&mut f64>> {
        Vec::new()
    }

    fn rates(&self) -> Rates {
        Rates { finds_its_own: true, ..Rates::default() }
    }

    fn shared(&self) -> Vec<(&'static str, f64)> {
        let Settings { betas, s_init, s_decay, eps } = &self.settings;
        let betas = std::iter::once(betas.len() as f64).chain(betas.iter().copied()).map(|beta| ("betas", beta));
        betas.chain([("s_init", *s_init), ("s_decay", *s_decay), ("eps", *eps)]).collect()
    }

    fn beside(&self, base: &Self) -> Result<(), Conflict> {
        self.base
            .0
            .beside(&*base.base.0)
            .map_err(|Conflict { message, .. }| Conflict { key: Some("base"), message })?;
        one_for_all(self, base)
    }
}

/// Of each β.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Tuner {
    s: Vec<f64>,
    m: Vec<f64>,
    v: Vec<f64>,
    r: Vec<f64>,
}

impl Tuner {
    fn new(settings: &Settings) -> Self {
        let n = settings.betas.len();
        Tuner { s: vec![settings.s_init; n], m: vec![0.0; n], v: vec![0.0; n], r: vec![0.0; n] }
    }

    fn scale(&self) -> f64 {
        self.s.iter().sum()
    }

    /// Bets once more, after `h` came of the last bet.
    fn bet(&mut self, h: f64, Settings { betas, s_init, eps, .. }: &Settings) {
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

fn start(start: Start<Mechanic>, store: &Store) -> Result<Box<dyn Optimizer>, Error> {
    let Start { groups, segments, clip } = start;
    let settings = groups[0].rule.settings.clone();
    let mut zeros = Declaration::default();
    for param in store.declaration().params() {
        zeros.add(param.name.clone(), &param.shape, Init::Constant(0.0));
    }
    let sum = Store::new(zeros, store.flat().kind(), store.flat().device(), 0)?;
    let bases: Vec<Box<dyn Method>> = groups.iter().map(|group| group.rule.base.0.boxed()).collect();
    let base = bases[0].start(&bases, segments.clone(), Clip::None, &sum)?;
    let treatments = groups.into_iter().collect();
    let tuner = Tuner::new(&settings);
    let first = store.flat().f_detach_copy()?;
    Ok(Box::new(Engine {
        groups: treatments,
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
    settings: Settings,
    base: Box<dyn Optimizer>,
    /// Δ, which the base sees as its parameters.
    sum: Store,
    /// θ₀.
    first: Tensor,
    tuner: Tuner,
    /// In effect at the last step.
    rates: Vec<f64>,
    steps: u64,
}

impl Engine {
    fn update(&mut self, step: &mut Step<'_>, as_tensors: bool) -> Result<(), Error> {
        self.steps += 1;
        let groups = groups_at(&self.groups, step.hyper)?;
        let treatments: Vec<Treatment> = groups.iter().map(|group| group.treatment).collect();
        let gradient = flat_gradient(step.grads, step.store, &self.segments, &treatments, self.clip)?;
        let Settings { s_decay, eps, .. } = self.settings;
        let scale = self.tuner.scale();
        let mut sum = self.sum.flat().shallow_clone();
        let _ = sum.f_mul_scalar_(scale / (scale + eps))?;
        let h = {
            let p = step.store.flat();
            let pairs = [(&gradient, &sum), (p, &sum), (&gradient, &gradient), (p, p)];
            let dots = pairs.iter().map(|(a, b)| dot(a, b)).collect::<Result<Vec<_>, TchError>>()?;
            // One wait for all of them.
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

    fn memory(&self) -> serde_json::Value {
        save_memory(self.steps, &(&self.tuner, &self.rates, self.base.memory()))
    }

    fn remember(&mut self, value: &serde_json::Value) -> Result<(), Error> {
        let betas = self.settings.betas.len();
        let fits = |(tuner, ..): &(Tuner, Vec<f64>, serde_json::Value)| {
            [&tuner.s, &tuner.m, &tuner.v, &tuner.r].iter().all(|row| row.len() == betas)
        };
        let (steps, (tuner, rates, base)) = load_memory(value, fits)?;
        self.base.remember(&base)?;
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
