//! Adam (Kingma and Ba 2015, arXiv 1412.6980). It is `Adam` in PyTorch and Keras.
//!
//! m ← β₁·m + (1−β₁)·g, v ← β₂·v + (1−β₂)·g², bcᵢ = 1 − βᵢᵗ, and then
//! - PyTorch's form (default): θ ← θ − (lr/bc₁)·m / (√v/√bc₂ + ε);
//! - with `eps_hat = true` the paper's shorter form, which Keras uses: α = lr·√bc₂/bc₁, θ ← θ − α·m / (√v + ε). The two
//!   forms differ only in what ε is added to: √v/√bc₂ or √v. The second form with ε equals the first with ε/√bc₂.
//!
//! If a β follows a schedule, bcᵢ uses the current β, as in PyTorch.
//!
//! With `amsgrad` (Reddi et al. 2018) the largest v so far replaces v in the denominator.
//!
//! | key | default | Keras |
//! |---|---|---|
//! | `lr` | 1e-3 | |
//! | `betas` | [0.9, 0.999] | |
//! | `eps` | 1e-8 | 1e-7 |
//! | `weight_decay` | 0 | |
//! | `amsgrad` | false | |
//! | `eps_hat` | false | true |
//! | `decoupled_weight_decay` | false | true |

use super::averages::{correction, running, squares};
use super::rule::{Update, kernel::record};
use super::{
    Build, Convention, Elementwise, Graph, Group, GroupOptions, Hyper, Num, OptimizerConfig, Program, UpdateRule,
    configure, convention, elementwise,
};
use crate::spec::{BelowOne, Entry, NonNegative, Positive, Section};

pub const ENTRY: Entry<Build> = Entry {
    name: "adam",
    summary: "first and second moments, bias-corrected (Kingma and Ba 2015)",
    example: "type = \"adam\"\nlr = 1e-3\nbetas = [0.9, 0.999]\neps = 1e-8",
    build,
};

fn build(section: &mut Section<'_>) -> Option<Box<dyn OptimizerConfig>> {
    let defaults = match convention(section) {
        Convention::Torch => Defaults { eps: 1e-8, eps_hat: false, weight_decay: 0.0, decoupled: false },
        Convention::Keras => Defaults { eps: 1e-7, eps_hat: true, weight_decay: 0.0, decoupled: true },
    };
    Some(read(section, defaults))
}

/// The defaults that differ between Adam and AdamW, and between PyTorch and Keras.
pub(super) struct Defaults {
    pub eps: f64,
    pub eps_hat: bool,
    pub weight_decay: f64,
    pub decoupled: bool,
}

/// Reads the table of Adam or AdamW.
pub(super) fn read(section: &mut Section<'_>, defaults: Defaults) -> Box<dyn OptimizerConfig> {
    let lr = section.or("lr", Positive(1e-3)).0;
    let [beta1, beta2] = section.or("betas", [BelowOne(0.9), BelowOne(0.999)]);
    let eps = section.or("eps", NonNegative(defaults.eps)).0;
    let options = GroupOptions::read(section, defaults.weight_decay, defaults.decoupled);
    let amsgrad = section.or("amsgrad", false);
    let eps_hat = section.or("eps_hat", defaults.eps_hat);
    let rule = Adam { beta1: beta1.0, beta2: beta2.0, eps, eps_hat, amsgrad };
    configure(rule, lr, options)
}

#[derive(Clone, Debug)]
pub struct Adam {
    pub beta1: f64,
    pub beta2: f64,
    pub eps: f64,
    pub eps_hat: bool,
    pub amsgrad: bool,
}

impl UpdateRule for Adam {
    fn hypers(&mut self) -> Vec<Hyper<&mut f64>> {
        let Adam { beta1, beta2, eps, .. } = self;
        vec![Hyper::below_one("beta1", beta1), Hyper::below_one("beta2", beta2), Hyper::non_negative("eps", eps)]
    }

    fn keeps_state_of(&self, base: &Self) -> bool {
        self.amsgrad == base.amsgrad
    }

    fn program(groups: Vec<Group<Self>>) -> Program {
        match groups[0].rule.amsgrad {
            false => elementwise!(Adam, 2, 6, groups),
            true => elementwise!(Adam, 3, 6, groups),
        }
    }
}

impl Adam {
    /// Returns the operations of a step without amsgrad. The inputs are p, g, m, v and [`Adam::numbers`]. The outputs
    /// are p, m and v.
    pub fn graph() -> Graph {
        record::<Update<Adam>, 2, 6, 0>()
    }

    /// Returns the scalars of step `t` (from 1): 1−β₁, β₂, 1−β₂, then the scalars of θ ← θ − `a`·m / (√v·`b` + `c`).
    pub fn numbers(&self, t: u64, lr: f64) -> [f64; 6] {
        let (bc1, bc2) = (correction(self.beta1, t), correction(self.beta2, t));
        let (a, b) = if self.eps_hat { (lr * bc2.sqrt() / bc1, 1.0) } else { (lr / bc1, 1.0 / bc2.sqrt()) };
        [1.0 - self.beta1, self.beta2, 1.0 - self.beta2, a, b, self.eps]
    }
}

/// Returns m and v after a step.
#[inline(always)]
pub(super) fn moments<N: Num>(g: N, m: N, v: N, [one_minus_beta1, beta2, one_minus_beta2]: [&N; 3]) -> (N, N) {
    (running(g.clone(), m, one_minus_beta1), squares(g, v, [beta2, one_minus_beta2]))
}

/// Returns `a`·m / (√v·`b` + `c`).
#[inline(always)]
pub(super) fn direction<N: Num>(m: N, v: N, [a, b, c]: [&N; 3]) -> N {
    a.clone() * m / v.sqrt().mul_add(b.clone(), c.clone())
}

impl Elementwise<2, 6> for Adam {
    type HostState = ();
    const SLOTS: [&'static str; 2] = ["exp_avg", "exp_avg_sq"];

    fn scalars(&self, t: u64, lr: f64, (): &mut ()) -> [f64; 6] {
        self.numbers(t, lr)
    }

    #[inline(always)]
    fn update<N: Num>(
        p: N,
        g: N,
        [m, v]: [N; 2],
        [one_minus_beta1, beta2, one_minus_beta2, a, b, c]: &[N; 6],
    ) -> (N, [N; 2]) {
        let (m, v) = moments(g, m, v, [one_minus_beta1, beta2, one_minus_beta2]);
        (p - direction(m.clone(), v.clone(), [a, b, c]), [m, v])
    }
}

/// Adam with `amsgrad`.
impl Elementwise<3, 6> for Adam {
    type HostState = ();
    const SLOTS: [&'static str; 3] = ["exp_avg", "exp_avg_sq", "max_exp_avg_sq"];

    fn scalars(&self, t: u64, lr: f64, (): &mut ()) -> [f64; 6] {
        self.numbers(t, lr)
    }

    #[inline(always)]
    fn update<N: Num>(
        p: N,
        g: N,
        [m, v, largest]: [N; 3],
        [one_minus_beta1, beta2, one_minus_beta2, a, b, c]: &[N; 6],
    ) -> (N, [N; 3]) {
        let (m, v) = moments(g, m, v, [one_minus_beta1, beta2, one_minus_beta2]);
        let largest = largest.max(v.clone());
        (p - direction(m.clone(), largest.clone(), [a, b, c]), [m, v, largest])
    }
}
