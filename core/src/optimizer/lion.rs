//! Lion, "evolved sign momentum" (Chen et al. 2023, arXiv 2302.06675). It is `Lion` in optax and Keras.
//!
//! θ ← θ·(1 − lr·λ) − lr·sign(β₁·m + (1−β₁)·g), then m ← β₂·m + (1−β₂)·g: the step gives the newest gradient more
//! weight than the buffer does. Every weight moves by lr, so a good rate is 3 to 10 times smaller than AdamW's, and a
//! good λ as much larger.
//!
//! The default λ comes from the paper's code. optax's is 1e-3.
//!
//! | key | default | Keras |
//! |---|---|---|
//! | `lr` | 1e-4 | 1e-3 |
//! | `betas` | [0.9, 0.99] | |
//! | `weight_decay` | 0 | |
//! | `decoupled_weight_decay` | true | |

use super::{
    Build, Convention, Elementwise, Group, GroupOptions, Hyper, Num, OptimizerConfig, Program, UpdateRule, configure,
    convention, elementwise,
};
use crate::spec::{BelowOne, Entry, Positive, Section};

pub const ENTRY: Entry<Build> = Entry {
    name: "lion",
    summary: "the sign of a momentum (Chen et al. 2023)",
    example: "type = \"lion\"\nlr = 1e-4\nbetas = [0.9, 0.99]\nweight_decay = 0.1",
    build,
};

fn build(section: &mut Section<'_>) -> Option<Box<dyn OptimizerConfig>> {
    let lr = match convention(section) {
        Convention::Torch => 1e-4,
        Convention::Keras => 1e-3,
    };
    let lr = section.or("lr", Positive(lr)).0;
    let [beta1, beta2] = section.or("betas", [BelowOne(0.9), BelowOne(0.99)]);
    let options = GroupOptions::read(section, 0.0, true);
    Some(configure(Lion { beta1: beta1.0, beta2: beta2.0 }, lr, options))
}

#[derive(Clone, Debug)]
struct Lion {
    beta1: f64,
    beta2: f64,
}

impl UpdateRule for Lion {
    fn hypers(&mut self) -> Vec<Hyper<&mut f64>> {
        vec![Hyper::below_one("beta1", &mut self.beta1), Hyper::below_one("beta2", &mut self.beta2)]
    }

    fn program(groups: Vec<Group<Self>>) -> Program {
        elementwise!(Lion, 1, 3, groups)
    }
}

impl Elementwise<1, 3> for Lion {
    type HostState = ();
    const SLOTS: [&'static str; 1] = ["exp_avg"];

    fn scalars(&self, _t: u64, lr: f64, (): &mut ()) -> [f64; 3] {
        [lr, 1.0 - self.beta1, 1.0 - self.beta2]
    }

    #[inline(always)]
    fn update<N: Num>(p: N, g: N, [m]: [N; 1], [lr, one_minus_beta1, one_minus_beta2]: &[N; 3]) -> (N, [N; 1]) {
        let news = g - m.clone();
        let direction = one_minus_beta1.clone().mul_add(news.clone(), m.clone()).sign();
        (p - lr.clone() * direction, [one_minus_beta2.clone().mul_add(news, m)])
    }
}
