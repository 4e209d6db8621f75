//! Mechanic finds the scale of another rule's updates by betting on it (Cutkosky, Defazio and Mehta 2023, arXiv
//! 2306.00144). It is `contrib.mechanize` in optax.
//!
//! The other rule is the base, and u is its update. Δ is the sum of all u so far, S = Σᵢ sᵢ, and θ = θ₀ + S·Δ. Each
//! step computes g′ = g + λ·S·(‖g‖/(‖θ‖+ε))·θ, Δ ← Δ·S/(S+ε), h = −⟨g′, Δ⟩, Δ ← Δ + u, and for each βᵢ
//! - k = h within ±mᵢ (a bound added after the paper), mᵢ ← max(βᵢ·mᵢ, |h|+ε),
//! - vᵢ ← βᵢ²·vᵢ + h², rᵢ ← βᵢ·rᵢ + k·sᵢ,
//! - sᵢ ← (`s_init`/n·mᵢ + max(0, rᵢ)) / (√vᵢ + ε).
//!
//! λ is `s_decay`, which optax calls `weight_decay`. It is a penalty in the search for the scale, and does not affect
//! the base's updates. optax computes Δ as (θ − θ₀)/(S+ε) at each step. Here Δ is stored, so that nothing is lost to
//! rounding while S is small.
//!
//! `lr`, with its schedule, is the base's rate. The effective rate is lr·S. At every step the weights are θ₀ + S·Δ, so
//! they can still move after the base rate has fallen to 0: Δ then stops growing, but S can change.
//!
//! | key | default |
//! |---|---|
//! | `base` | required: a table, `{ type = "sgd", lr = 1.0 }` |
//! | `betas` | [0.9, 0.99, 0.999, 0.9999, 0.99999, 0.999999] |
//! | `s_init` | 1e-6 |
//! | `s_decay` | 1e-2 |
//! | `eps` | 1e-8 |
//! | `weight_decay` | 0 |

use super::{
    Build, Conflict, Decay, Group, GroupOptions, Hyper, OptimizerConfig, Program, REGISTRY, Rates, UpdateRule,
    configure, shared_options_agree,
};
use crate::spec::{BelowOne, Entry, NonNegative, Positive, Section, Value, lookup, one_of};

pub const ENTRY: Entry<Build> = Entry {
    name: "mechanic",
    summary: "finds the scale of another rule's updates (Cutkosky et al. 2023)",
    example: "type = \"mechanic\"\nbase = { type = \"sgd\", lr = 1.0, momentum = 0.9 }\ns_init = 1e-6\ns_decay = 1e-2",
    build,
};

/// The rules that Mechanic can scale: their updates do not depend on the parameters.
pub const MECHANIC_BASES: &[&str] = &[
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

fn build(section: &mut Section<'_>) -> Option<Box<dyn OptimizerConfig>> {
    let base = base(section);
    let betas = section.or("betas", [0.9, 0.99, 0.999, 0.9999, 0.99999, 0.999999].map(BelowOne).to_vec());
    let s_init = section.or("s_init", Positive(1e-6)).0;
    let s_decay = section.or("s_decay", NonNegative(1e-2)).0;
    let eps = section.or("eps", Positive(1e-8)).0;
    let options = GroupOptions::read(section, 0.0, false);
    if betas.is_empty() {
        section.error("betas", "Mechanic needs at least one β", "expected at least one number");
        return None;
    }
    if let Decay::Decoupled(_) = options.decay {
        let message = "under Mechanic the weights are their first values plus the scaled sum of the updates, and \
                       decoupled decay is not part of that sum";
        section.error(
            "decoupled_weight_decay",
            message,
            "leave it out: weight decay is coupled here, or use `s_decay`",
        );
        return None;
    }
    let base = base?;
    let lr = base.lr();
    let betas = betas.into_iter().map(|beta| beta.0).collect();
    let rule = Mechanic { base: Base(base), settings: MechanicSettings { betas, s_init, s_decay, eps } };
    Some(configure(rule, lr, options))
}

/// Reads the rule whose updates are scaled. Returns `None` if errors were logged.
fn base(section: &mut Section<'_>) -> Option<Box<dyn OptimizerConfig>> {
    let bases = || one_of(MECHANIC_BASES.iter().copied());
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
        base.error("type", "Mechanic cannot scale this optimizer", format!("expected {}", bases()));
        return None;
    }
    let entry = lookup(REGISTRY, "base optimizer", &mut base)?;
    if !MECHANIC_BASES.contains(&entry.name) {
        let message = format!(
            "Mechanic computes the updates of its base without the weights, but `{}` uses the weights or chooses its \
             own rates",
            entry.name
        );
        base.error("type", message, format!("expected {}", bases()));
        return None;
    }
    let method = (entry.build)(&mut base)?;
    let decays = method.hypers().iter().any(|hyper| hyper.name == "weight_decay" && hyper.value != 0.0);
    let maximizes = base.optional::<bool>("maximize") == Some(true);
    for (key, is_set) in [("weight_decay", decays), ("maximize", maximizes)] {
        if is_set {
            let message = format!("the base of Mechanic does not see the weights, so it cannot have `{key}`");
            base.error(key, message, format!("write it as `{}`", section.dotted(key)));
        }
    }
    section.put("base", base.finish());
    Some(method)
}

/// The configuration of the rule whose updates are scaled.
#[derive(Debug)]
pub struct Base(pub Box<dyn OptimizerConfig>);

impl Clone for Base {
    fn clone(&self) -> Self {
        Base(self.0.boxed())
    }
}

#[derive(Clone, Debug)]
pub struct Mechanic {
    pub base: Base,
    pub settings: MechanicSettings,
}

#[derive(Clone, Debug, PartialEq)]
pub struct MechanicSettings {
    pub betas: Vec<f64>,
    pub s_init: f64,
    pub s_decay: f64,
    pub eps: f64,
}

impl UpdateRule for Mechanic {
    fn hypers(&mut self) -> Vec<Hyper<&mut f64>> {
        Vec::new()
    }

    fn rates(&self) -> Rates {
        Rates { finds_its_own: true, ..Rates::default() }
    }

    fn shared(&self) -> Vec<(&'static str, f64)> {
        let MechanicSettings { betas, s_init, s_decay, eps } = &self.settings;
        let betas = std::iter::once(betas.len() as f64).chain(betas.iter().copied()).map(|beta| ("betas", beta));
        betas.chain([("s_init", *s_init), ("s_decay", *s_decay), ("eps", *eps)]).collect()
    }

    fn compatible_with(&self, base: &Self) -> Result<(), Conflict> {
        self.base
            .0
            .compatible_with(&*base.base.0)
            .map_err(|Conflict { message, .. }| Conflict { key: Some("base"), message })?;
        shared_options_agree(self, base)
    }

    fn program(groups: Vec<Group<Self>>) -> Program {
        Program::own(groups)
    }
}
