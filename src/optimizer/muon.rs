//! Muon (Jordan et al. 2024, kellerjordan.github.io/posts/muon; Liu et al. 2025, arXiv 2502.16982); PyTorch's and
//! Keras's `Muon`.
//!
//! A matrix moves by its momentum with all singular values made about 1: B ← μ·B + (1−μ)·g, U = (1−μ)·g + μ·B
//! (`nesterov`; else B), O = NewtonSchulz(U), θ ← θ·(1 − lr·λ) − lr·s·O. NewtonSchulz: X = U/max(‖U‖, ε), transposed
//! where it has more rows than columns, and `ns_steps` times X ← a·X + (b·XXᵀ + c·(XXᵀ)²)·X in `ns_dtype`. s, for A rows
//! and B columns: √max(1, A/B) (`adjust_lr_fn = "original"`), or 0.2·√max(A, B) (`"match_rms_adamw"`), with which rate
//! and decay are of Adam's size.
//!
//! A parameter of more dimensions, as a convolution's, is a matrix of its first and all others, as in Jordan's code
//! (PyTorch refuses it, Keras gives it to AdamW). One of fewer follows AdamW, as all of a group do with
//! `orthogonalize = false`: a last layer or an embedding should. That is Adam with `fallback_betas` and `fallback_eps`
//! (`fallback_eps_hat`: see Adam), at the rate `fallback_lr_ratio`·lr, and θ ← θ·(1 − that rate·`fallback_weight_decay`)
//! before. PyTorch's Muon takes matrices alone and leaves the others to an AdamW beside it, whose defaults these are.
//!
//! Keras has B ← μ·B + g and U = g + μ·B (`ema = false`: the same but for ε), X = U/(‖U‖ + ε) (`eps_added`), and
//! iterates in the parameters' own kind, which on a processor without bfloat16 is many times faster, too. There `adam_lr_ratio` does not touch the decay.
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

use tch::{Kind, TchError, Tensor};

use super::adam::Adam;
use super::engine::{Slot, Whole, whole};
use super::{Build, Convention, Hyper, Method, Treatment, UpdateRule, convention};
use crate::choice;
use crate::libtorch::addmm;
use crate::spec::{BelowOne, Entry, NonNegative, Positive, Section};

pub const ENTRY: Entry<Build> = Entry {
    name: "muon",
    summary: "orthogonalized momentum for matrices, AdamW for the rest (Jordan et al. 2024)",
    example: "type = \"muon\"\nlr = 0.02\nns_dtype = \"parameter\"\nfallback_lr_ratio = 0.015",
    build,
};

choice! {
    /// What the rate of a matrix is multiplied by.
    pub enum AdjustLr {
        /// √max(1, rows/columns), Jordan's.
        Original = "original",
        /// 0.2·√max(rows, columns), Liu et al.'s: the steps are about as large as Adam's.
        MatchRmsAdamw = "match_rms_adamw",
    }
}

choice! {
    /// What the iteration computes in.
    pub enum NsDtype {
        /// Enough for singular values that only come near 1, and fast on a GPU.
        Bfloat16 = "bfloat16",
        /// The parameters' own kind.
        Parameter = "parameter",
    }
}

fn build(section: &mut Section<'_>) -> Option<Box<dyn Method>> {
    let keras = convention(section) == Convention::Keras;
    let choose = |torch: f64, of_keras: f64| if keras { of_keras } else { torch };
    let lr = section.or("lr", Positive(1e-3)).0;
    let momentum = section.or("momentum", BelowOne(0.95)).0;
    let nesterov = section.or("nesterov", true);
    let ns_coefficients = section.or("ns_coefficients", [3.4445, -4.775, 2.0315]);
    let eps = section.or("eps", Positive(1e-7)).0;
    let ns_steps = section.or("ns_steps", 5u64);
    if ns_steps >= 100 {
        section.error("ns_steps", "so many iterations would take very long", "expected less than 100; 5 are enough");
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
    Some(whole(rule, lr, Treatment::without_decay(section)))
}

#[derive(Clone, Debug)]
struct Muon {
    momentum: f64,
    nesterov: bool,
    ns_coefficients: [f64; 3],
    eps: f64,
    ns_steps: u64,
    adjust_lr_fn: AdjustLr,
    ns_dtype: NsDtype,
    ema: bool,
    eps_added: bool,
    orthogonalize: bool,
    fallback: Adam,
    fallback_lr_ratio: f64,
    fallback_weight_decay: f64,
    weight_decay: f64,
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
}

impl Muon {
    /// `matrix` with singular values near 1.
    fn orthogonal(&self, matrix: &Tensor) -> Result<Tensor, TchError> {
        let (rows, columns) = matrix.size2()?;
        let mut x = match self.ns_dtype {
            NsDtype::Bfloat16 => matrix.f_to_kind(Kind::BFloat16)?,
            NsDtype::Parameter => matrix.shallow_clone(),
        };
        if rows > columns {
            x = x.f_transpose(0, 1)?;
        }
        let norm = x.f_norm()?;
        let norm = if self.eps_added { norm.f_add_scalar(self.eps)? } else { norm.f_clamp_min(self.eps)? };
        let mut x = x.f_div(&norm)?;
        let [a, b, c] = self.ns_coefficients;
        for _ in 0..self.ns_steps {
            let gram = x.f_matmul(&x.f_transpose(0, 1)?)?;
            let polynomial = addmm(&gram, &gram, &gram, b, c)?;
            x = addmm(&x, &polynomial, &x, a, 1.0)?;
        }
        if rows > columns { x.f_transpose(0, 1) } else { Ok(x) }
    }

    fn adjusted(&self, lr: f64, rows: f64, columns: f64) -> f64 {
        match self.adjust_lr_fn {
            AdjustLr::Original => lr * (rows / columns).max(1.0).sqrt(),
            AdjustLr::MatchRmsAdamw => lr * 0.2 * rows.max(columns).sqrt(),
        }
    }
}

impl Whole for Muon {
    const KEEPS: &'static [&'static str] = &["momentum_buffer", "exp_avg", "exp_avg_sq"];

    fn slots(&self, shape: &[i64]) -> Vec<Slot> {
        match self.orthogonalize && shape.len() > 1 {
            true => vec![Slot::zeros("momentum_buffer", shape)],
            false => vec![Slot::zeros("exp_avg", shape), Slot::zeros("exp_avg_sq", shape)],
        }
    }

    fn update(&self, t: u64, lr: f64, p: &mut Tensor, g: Tensor, state: &mut [Tensor]) -> Result<(), TchError> {
        let buffer = match state {
            [exp_avg, exp_avg_sq] => {
                let lr = lr * self.fallback_lr_ratio;
                let _ = p.f_mul_scalar_(1.0 - lr * self.fallback_weight_decay)?;
                return self.fallback.step(t, lr, p, g, exp_avg, exp_avg_sq);
            }
            buffer => &mut buffer[0],
        };
        let of_g = if self.ema { 1.0 - self.momentum } else { 1.0 };
        let g = g.f_mul_scalar(of_g)?;
        let _ = buffer.f_mul_scalar_(self.momentum)?.f_add_(&g)?;
        let u = if self.nesterov { g.f_add(&buffer.f_mul_scalar(self.momentum)?)? } else { buffer.shallow_clone() };
        let matrix = u.f_flatten(1, -1)?;
        let (rows, columns) = matrix.size2()?;
        let lr_of_o = self.adjusted(lr, rows as f64, columns as f64);
        let o = self.orthogonal(&matrix)?.f_to_kind(p.kind())?.f_reshape(p.size())?;
        let _ = p.f_mul_scalar_(1.0 - lr * self.weight_decay)?.f_sub_(&o.f_mul_scalar(lr_of_o)?)?;
        Ok(())
    }
}
