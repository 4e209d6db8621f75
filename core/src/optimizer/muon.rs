//! Muon (Jordan et al. 2024, kellerjordan.github.io/posts/muon; Liu et al. 2025, arXiv 2502.16982). It is `Muon` in
//! PyTorch and Keras.
//!
//! A matrix moves by its momentum with all singular values set to about 1: B ← μ·B + (1−μ)·g, U = (1−μ)·g + μ·B
//! (`nesterov`; else B), O = NewtonSchulz(U), θ ← θ·(1 − lr·λ) − lr·s·O. NewtonSchulz starts with X = U/max(‖U‖, ε),
//! transposed if it has more rows than columns, and computes X ← a·X + (b·XXᵀ + c·(XXᵀ)²)·X `ns_steps` times in
//! `ns_dtype`. For A rows and B columns, s is √max(1, A/B) (`adjust_lr_fn = "original"`) or 0.2·√max(A, B)
//! (`"match_rms_adamw"`). With `"match_rms_adamw"`, good rates and decays are about as large as Adam's.
//!
//! A parameter with more dimensions, such as a convolution's, is treated as a matrix of its first dimension and all
//! others, as in Jordan's code (PyTorch refuses it, Keras gives it to AdamW). A parameter with fewer dimensions follows
//! AdamW, as do all parameters of a group with `orthogonalize = false`, which suits a last layer or an embedding. This
//! AdamW has the rate lr′ = `fallback_lr_ratio`·lr: first θ ← θ·(1 − lr′·`fallback_weight_decay`), then Adam's step
//! with `fallback_betas` and `fallback_eps` (`fallback_eps_hat`: see Adam). PyTorch's Muon takes only matrices. Users
//! give the other parameters to a separate AdamW, and the defaults here are those of that AdamW.
//!
//! Keras has B ← μ·B + g and U = g + μ·B (`ema = false`). This scales U, so it differs only in the effect of ε. Keras
//! also has X = U/(‖U‖ + ε) (`eps_added`). It iterates in the parameters' own dtype, which is also many times faster on
//! a processor without bfloat16. Its `adam_lr_ratio` does not affect the decay.
//!
//! | key | default | Keras |
//! |---|---|---|
//! | `lr` | 1e-3 | |
//! | `momentum` | 0.95 | |
//! | `nesterov` | true | |
//! | `ns_coefficients` | [3.4445, −4.775, 2.0315] | |
//! | `eps` | 1e-7 | |
//! | `ns_steps` | 5 | |
//! | `adjust_lr_fn` | "original" | "match_rms_adamw" (`rms_rate` = 0.2) |
//! | `ns_dtype` | "bfloat16" | "parameter" |
//! | `ema` | true | false |
//! | `eps_added` | false | true |
//! | `weight_decay` | 0.1 | 0.004 |
//! | `orthogonalize` | true | |
//! | `fallback_lr_ratio` | 1 | |
//! | `fallback_betas` | [0.9, 0.999] | |
//! | `fallback_eps` | 1e-8 | 1e-7 |
//! | `fallback_eps_hat` | false | true |
//! | `fallback_weight_decay` | 0.01 | 0.004 |

use super::adam::Adam;
use super::{
    Build, Convention, Group, GroupOptions, Hyper, OptimizerConfig, Program, UpdateRule, configure, convention,
};
use crate::choice;
use crate::spec::{BelowOne, Entry, NonNegative, Positive, Section};

pub const ENTRY: Entry<Build> = Entry {
    name: "muon",
    summary: "orthogonalized momentum for matrices, AdamW for the rest (Jordan et al. 2024)",
    example: "type = \"muon\"\nlr = 0.02\nns_dtype = \"parameter\"\nfallback_lr_ratio = 0.015",
    build,
};

choice! {
    /// The factor of a matrix's rate.
    pub enum AdjustLr {
        /// √max(1, rows/columns), as in Jordan's code.
        Original = "original",
        /// 0.2·√max(rows, columns), from Liu et al.: steps are about as large as Adam's.
        MatchRmsAdamw = "match_rms_adamw",
    }
}

choice! {
    /// The dtype of the iteration.
    pub enum NsDtype {
        /// Precise enough for singular values near 1, and fast on a GPU.
        Bfloat16 = "bfloat16",
        /// The parameters' own dtype.
        Parameter = "parameter",
    }
}

fn build(section: &mut Section<'_>) -> Option<Box<dyn OptimizerConfig>> {
    let keras = convention(section) == Convention::Keras;
    let choose = |torch: f64, of_keras: f64| if keras { of_keras } else { torch };
    let lr = section.or("lr", Positive(1e-3)).0;
    let momentum = section.or("momentum", BelowOne(0.95)).0;
    let nesterov = section.or("nesterov", true);
    let ns_coefficients = section.or("ns_coefficients", [3.4445, -4.775, 2.0315]);
    let eps = section.or("eps", Positive(1e-7)).0;
    let ns_steps = section.or("ns_steps", 5u64);
    if ns_steps >= 100 {
        section.error(
            "ns_steps",
            "so many iterations would take very long",
            "expected a number below 100; 5 is enough",
        );
        return None;
    }
    let adjust = if keras { AdjustLr::MatchRmsAdamw } else { AdjustLr::Original };
    let adjust_lr_fn = section.or("adjust_lr_fn", adjust);
    let ns_dtype = section.or("ns_dtype", if keras { NsDtype::Parameter } else { NsDtype::Bfloat16 });
    let ema = section.or("ema", !keras);
    let eps_added = section.or("eps_added", keras);
    let orthogonalize = section.or("orthogonalize", true);
    let fallback_lr_ratio = section.or("fallback_lr_ratio", NonNegative(1.0)).0;
    let [beta1, beta2] = section.or("fallback_betas", [BelowOne(0.9), BelowOne(0.999)]);
    let fallback = Adam {
        beta1: beta1.0,
        beta2: beta2.0,
        eps: section.or("fallback_eps", NonNegative(choose(1e-8, 1e-7))).0,
        eps_hat: section.or("fallback_eps_hat", keras),
        amsgrad: false,
    };
    let fallback_weight_decay = section.or("fallback_weight_decay", NonNegative(choose(0.01, 0.004))).0;
    let weight_decay = section.or("weight_decay", NonNegative(choose(0.1, 0.004))).0;
    let rule = Muon {
        momentum,
        nesterov,
        ns_coefficients,
        eps,
        ns_steps,
        adjust_lr_fn,
        ns_dtype,
        ema,
        eps_added,
        orthogonalize,
        fallback,
        fallback_lr_ratio,
        fallback_weight_decay,
        weight_decay,
    };
    Some(configure(rule, lr, GroupOptions::without_decay(section)))
}

#[derive(Clone, Debug)]
pub struct Muon {
    pub momentum: f64,
    pub nesterov: bool,
    pub ns_coefficients: [f64; 3],
    pub eps: f64,
    pub ns_steps: u64,
    pub adjust_lr_fn: AdjustLr,
    pub ns_dtype: NsDtype,
    pub ema: bool,
    pub eps_added: bool,
    pub orthogonalize: bool,
    pub fallback: Adam,
    pub fallback_lr_ratio: f64,
    pub fallback_weight_decay: f64,
    pub weight_decay: f64,
}

impl UpdateRule for Muon {
    fn hypers(&mut self) -> Vec<Hyper<&mut f64>> {
        let Muon { momentum, fallback_lr_ratio, fallback_weight_decay, weight_decay, .. } = self;
        vec![
            Hyper::below_one("momentum", momentum),
            Hyper::non_negative("fallback_lr_ratio", fallback_lr_ratio),
            Hyper::non_negative("fallback_weight_decay", fallback_weight_decay),
            Hyper::non_negative("weight_decay", weight_decay),
        ]
    }

    fn program(groups: Vec<Group<Self>>) -> Program {
        Program::own(groups)
    }
}
