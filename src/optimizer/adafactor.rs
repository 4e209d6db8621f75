//! Adafactor (Shazeer and Stern 2018, arXiv 1804.04235); PyTorch's `Adafactor`, Keras's `Adafactor`.
//!
//! Of a matrix only the means over rows and over columns of g² are kept, and of more dimensions those over the last two:
//! 1 − β₂ = t^`beta2_decay`, R ← β₂·R + (1−β₂)·mean over columns of g², C ← β₂·C + (1−β₂)·mean over rows of g²,
//! V = R·C / max(mean R, ε₁); of a vector V ← β₂·V + (1−β₂)·g². Then
//! U = g/max(√V, ε₁), ρ = min(lr, 1/√t), α = max(ε₂, RMS(θ))·ρ, θ ← θ − α·U / max(1, RMS(U)/d).
//!
//! So `lr` is the most that ρ can be, and a rate above 1/√t changes nothing. With `relative_step = false` ρ = lr. (Keras
//! has a key of this name, too, but takes the least of lr and 1/√t with either value.)
//!
//! ε₁ is in g² + ε₁ in the article and in Keras (`eps_added`), and bounds nothing after. Where an f32 has V = 0 then, and
//! g = 0 with it, Keras divides 0 by 0; here V is never below the smallest normal number, and such a weight stays.
//!
//! λ: θ ← θ·(1 − lr·λ), in PyTorch once RMS(θ) is known, in Keras before (`decay_first`).
//!
//! PyTorch writes `eps = (ε₁, ε₂)`, where ε₁ = None is the machine ε of the parameters' kind. A spec has no None: here
//! they are two keys, and that is ε₁ where there is no `eps1`.
//!
//! | key | default | Keras |
//! |---|---|---|
//! | `lr` | 1e-2 | 1e-3 |
//! | `beta2_decay` | −0.8 | |
//! | `eps1` | 2⁻²³ in f32, 2⁻⁵² in f64 | 1e-30 |
//! | `eps2` | 1e-3 | |
//! | `d` | 1 | |
//! | `relative_step` | true | |
//! | `eps_added` | false | true |
//! | `decay_first` | false | true |
//! | `weight_decay` | 0 | |

use tch::{Kind, TchError, Tensor};

use super::engine::{Slot, Whole, whole};
use super::{Build, Convention, Hyper, Method, Treatment, UpdateRule, convention};
use crate::spec::{Entry, NonNegative, Positive, Section};

pub const ENTRY: Entry<Build> = Entry {
    name: "adafactor",
    summary: "second moments by row and by column, steps relative to the weights (Shazeer and Stern 2018)",
    example: "type = \"adafactor\"\nlr = 0.01\nbeta2_decay = -0.8",
    build,
};

fn build(section: &mut Section<'_>) -> Option<Box<dyn Method>> {
    let keras = convention(section) == Convention::Keras;
    let lr = section.or("lr", Positive(if keras { 1e-3 } else { 1e-2 })).0;
    let beta2_decay = section.or("beta2_decay", -0.8);
    if beta2_decay > 0.0 {
        let message = "the power of the step that 1 − β₂ falls by is 0 or below";
        section.error("beta2_decay", message, "expected a number of 0 or below, such as -0.8");
        return None;
    }
    let eps1 = match keras {
        true => Some(section.or("eps1", NonNegative(1e-30))),
        false => section.optional("eps1"),
    };
    let rule = Adafactor {
        beta2_decay,
        eps1: eps1.map(|eps1| eps1.0),
        eps2: section.or("eps2", NonNegative(1e-3)).0,
        d: section.or("d", Positive(1.0)).0,
        relative_step: section.or("relative_step", true),
        eps_added: section.or("eps_added", keras),
        decay_first: section.or("decay_first", keras),
        weight_decay: section.or("weight_decay", NonNegative(0.0)).0,
    };
    Some(whole(rule, lr, Treatment::without_decay(section)))
}

#[derive(Clone, Debug)]
struct Adafactor {
    beta2_decay: f64,
    eps1: Option<f64>,
    eps2: f64,
    d: f64,
    relative_step: bool,
    eps_added: bool,
    decay_first: bool,
    weight_decay: f64,
}

impl UpdateRule for Adafactor {
    fn hypers(&mut self) -> Vec<Hyper<&mut f64>> {
        let Adafactor { eps2, weight_decay, .. } = self;
        vec![Hyper::non_negative("eps2", eps2), Hyper::non_negative("weight_decay", weight_decay)]
    }
}

impl Adafactor {
    fn decay(&self, lr: f64, p: &mut Tensor) -> Result<(), TchError> {
        if self.weight_decay != 0.0 {
            let _ = p.f_mul_scalar_(1.0 - lr * self.weight_decay)?;
        }
        Ok(())
    }
}

/// √ of the mean of squares, a scalar tensor (so that a GPU need not wait).
fn rms(tensor: &Tensor) -> Result<Tensor, TchError> {
    tensor.f_norm()?.f_div_scalar((tensor.numel() as f64).sqrt())
}

impl Whole for Adafactor {
    const KEEPS: &'static [&'static str] = &["row_var", "col_var", "variance"];

    fn slots(&self, shape: &[i64]) -> Vec<Slot> {
        let [rest @ .., rows, columns] = shape else { return vec![Slot::zeros("variance", shape)] };
        let row_var = [rest, &[*rows, 1]].concat();
        let col_var = [rest, &[1, *columns]].concat();
        vec![Slot::zeros("row_var", &row_var), Slot::zeros("col_var", &col_var)]
    }

    fn update(&self, t: u64, lr: f64, p: &mut Tensor, g: Tensor, state: &mut [Tensor]) -> Result<(), TchError> {
        let (tiny, epsilon) = match p.kind() {
            Kind::Double => (f64::MIN_POSITIVE, f64::EPSILON),
            _ => (f64::from(f32::MIN_POSITIVE), f64::from(f32::EPSILON)),
        };
        let eps1 = self.eps1.unwrap_or(epsilon);
        let (added, bound) = if self.eps_added { (eps1, 0.0) } else { (0.0, eps1) };
        let t = t as f64;
        let rho = if self.relative_step { lr.min(1.0 / t.sqrt()) } else { lr };
        if self.decay_first {
            self.decay(lr, p)?;
        }
        let alpha = rms(p)?.f_clamp_min(self.eps2)?.f_mul_scalar(rho)?;
        if !self.decay_first {
            self.decay(lr, p)?;
        }
        let square = g.f_square()?.f_add_scalar(added)?;
        let other = t.powf(self.beta2_decay);
        let v = match state {
            [row, column] => {
                let _ = row.f_lerp_(&square.f_mean_dim(-1, true, None)?, other)?;
                let _ = column.f_lerp_(&square.f_mean_dim(-2, true, None)?, other)?;
                let mean = row.f_mean_dim(-2, true, None)?.f_clamp_min(bound.max(tiny))?;
                row.f_div(&mean)?.f_matmul(column)?
            }
            variance => {
                let _ = variance[0].f_lerp_(&square, other)?;
                variance[0].shallow_clone()
            }
        };
        let u = g.f_mul(&v.f_clamp_min((bound * bound).max(tiny))?.f_rsqrt()?)?;
        let step = alpha.f_div(&rms(&u)?.f_div_scalar(self.d)?.f_clamp_min(1.0)?)?;
        let _ = p.f_sub_(&u.f_mul(&step)?)?;
        Ok(())
    }
}
