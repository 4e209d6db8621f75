//! The part that the Schedule-Free optimizers share (Defazio et al. 2024, arXiv 2405.15682): an average of the weights
//! takes the place of a falling rate.
//!
//! There are three sequences. z is moved by the steps, x is the weighted average of all z, and y = (1−β)·z + β·x is the
//! point where gradients are taken. The parameters are y, and z is the state. x is used for evaluation and is computed
//! from the two. With a step's direction d, its rate γ and its weight c in the average:
//!
//! y ← y + c·(z − y) − γ·(1 − β·(1−c))·d, z ← z − γ·d.
//!
//! γ = lr · min(1, t/`warmup_steps`), c = w/Σw, w = t^`r` · (the largest γ so far)^`weight_lr_power`.
//!
//! β must not follow a schedule, because x is computed from y with the current β and would jump.

use serde::{Deserialize, Serialize};

use super::{EvalWeights, Num, Rates};
use crate::spec::{NonNegative, Section};

/// The limits of the learning rates. The effective rate is `lr` times the rule's own warm-up. This warm-up is part of
/// the rule because it weights the average.
pub(super) const RATES: Rates = Rates { no_schedule: None, one_rate: None, one_group: None, finds_its_own: true };

/// The options that weight the steps.
#[derive(Clone, Debug)]
pub(super) struct Averaging {
    pub beta: f64,
    warmup_steps: u64,
    r: f64,
    weight_lr_power: f64,
}

impl Averaging {
    /// Reads the keys that both rules have. `beta` is the value of `key`. Returns `None` if errors were logged.
    pub fn read(section: &mut Section<'_>, key: &str, beta: f64, weight_lr_power: f64) -> Option<Self> {
        let warmup_steps = section.or("warmup_steps", 0);
        let r = section.or("r", NonNegative(0.0)).0;
        let weight_lr_power = section.or("weight_lr_power", NonNegative(weight_lr_power)).0;
        if beta == 0.0 {
            let message = "with β = 0 the weights would not include the average, which evaluation needs";
            section.error(key, message, "β must be above 0");
            return None;
        }
        Some(Averaging { beta, warmup_steps, r, weight_lr_power })
    }

    /// Returns the scalars of [`moved`] at step `t` with the rate `lr`.
    pub fn numbers(&self, t: u64, lr: f64, past: &mut Past) -> [f64; 3] {
        let warm = if t < self.warmup_steps { t as f64 / self.warmup_steps as f64 } else { 1.0 };
        past.lr = lr * warm;
        past.lr_max = past.lr_max.max(past.lr);
        let weight = (t as f64).powf(self.r) * past.lr_max.powf(self.weight_lr_power);
        past.weight_sum += weight;
        // The sum is 0 if no step has moved anything yet.
        let share = if past.weight_sum > 0.0 { weight / past.weight_sum } else { 0.0 };
        [share, past.lr * (self.beta * (1.0 - share) - 1.0), -past.lr]
    }

    /// Returns how evaluation computes x from y and z.
    pub fn eval_weights(&self) -> EvalWeights {
        EvalWeights::Lerp { slot: 0, weight: 1.0 - 1.0 / self.beta }
    }
}

/// The state of a group after the steps so far.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(super) struct Past {
    /// γ of the last step.
    pub lr: f64,
    lr_max: f64,
    weight_sum: f64,
}

/// Returns y and z after a step in the direction `d`.
#[inline(always)]
pub(super) fn moved<N: Num>(y: N, z: N, d: N, [share, of_y, of_z]: [&N; 3]) -> (N, N) {
    let y = share.clone().mul_add(z.clone() - y.clone(), y);
    (of_y.clone().mul_add(d.clone(), y), of_z.clone().mul_add(d, z))
}
