//! RMSprop (Tieleman and Hinton 2012, lecture 6.5), also centered (Graves 2013, arXiv 1308.0850). It is `RMSprop` in
//! PyTorch and Keras.
//!
//! v ← α·v + (1−α)·g², d = √v + ε, θ ← θ − lr·g/d. Centered: average ← α·average + (1−α)·g, d = √(v − average²) + ε.
//! With momentum: b ← μ·b + g/d, θ ← θ − lr·b.
//!
//! Keras has ε inside the root (`eps_inside_sqrt`) and the rate inside the buffer (`lr_in_momentum`).
//!
//! | key | default | Keras |
//! |---|---|---|
//! | `lr` | 1e-2 | 1e-3 |
//! | `alpha` | 0.99 | 0.9 (`rho`) |
//! | `eps` | 1e-8 | 1e-7 |
//! | `weight_decay` | 0 | |
//! | `momentum` | 0 | |
//! | `centered` | false | |
//! | `eps_inside_sqrt` | false | true |
//! | `lr_in_momentum` | false | true |
//! | `decoupled_weight_decay` | false | true |

use super::averages::{running, squares};
use super::{
    Build, Convention, Elementwise, Group, GroupOptions, Hyper, Num, OptimizerConfig, Program, UpdateRule, configure,
    convention, elementwise,
};
use crate::spec::{BelowOne, Entry, NonNegative, Positive, Section};

pub const ENTRY: Entry<Build> = Entry {
    name: "rmsprop",
    summary: "the gradient over its running root mean square (Tieleman and Hinton 2012)",
    example: "type = \"rmsprop\"\nlr = 0.01\nalpha = 0.99\nmomentum = 0.9",
    build,
};

fn build(section: &mut Section<'_>) -> Option<Box<dyn OptimizerConfig>> {
    let keras = convention(section) == Convention::Keras;
    let choose = |torch: f64, of_keras: f64| if keras { of_keras } else { torch };
    let lr = section.or("lr", Positive(choose(1e-2, 1e-3))).0;
    let alpha = section.or("alpha", BelowOne(choose(0.99, 0.9))).0;
    let eps = section.or("eps", NonNegative(choose(1e-8, 1e-7))).0;
    let momentum = section.or("momentum", BelowOne(0.0)).0;
    let centered = section.or("centered", false);
    let eps_inside_sqrt = section.or("eps_inside_sqrt", keras);
    let lr_in_momentum = section.or("lr_in_momentum", keras);
    let options = GroupOptions::read(section, 0.0, keras);
    let rule = RmsProp { alpha, eps, momentum, centered, eps_inside_sqrt, lr_in_momentum };
    Some(configure(rule, lr, options))
}

#[derive(Clone, Debug)]
struct RmsProp {
    alpha: f64,
    eps: f64,
    momentum: f64,
    centered: bool,
    eps_inside_sqrt: bool,
    lr_in_momentum: bool,
}

impl UpdateRule for RmsProp {
    fn hypers(&mut self) -> Vec<Hyper<&mut f64>> {
        let RmsProp { alpha, momentum, eps, .. } = self;
        vec![Hyper::below_one("alpha", alpha), Hyper::below_one("momentum", momentum), Hyper::non_negative("eps", eps)]
    }

    fn keeps_state_of(&self, base: &Self) -> bool {
        self.centered == base.centered
    }

    /// Makes a program with a momentum buffer if at least one group has momentum.
    fn program(groups: Vec<Group<Self>>) -> Program {
        let has_momentum = groups.iter().any(|group| group.rule.momentum != 0.0);
        match (groups[0].rule.centered, has_momentum) {
            (false, false) => elementwise!(RmsProp, 1, 7, groups),
            (false, true) => Momentum::program(groups.into_iter().map(|group| group.map(Momentum)).collect()),
            (true, false) => Centered::program(groups.into_iter().map(|group| group.map(Centered)).collect()),
            (true, true) => elementwise!(RmsProp, 3, 7, groups),
        }
    }
}

impl RmsProp {
    /// Returns α, 1−α, ε inside the root, ε outside the root, μ, the rate inside the buffer, and the rate outside it.
    fn numbers(&self, lr: f64) -> [f64; 7] {
        let (eps_in, eps_out) = if self.eps_inside_sqrt { (self.eps, 0.0) } else { (0.0, self.eps) };
        let (lr_in, lr_out) = if self.lr_in_momentum { (lr, 1.0) } else { (1.0, lr) };
        [self.alpha, 1.0 - self.alpha, eps_in, eps_out, self.momentum, lr_in, lr_out]
    }
}

/// Returns α·v + (1−α)·g².
#[inline(always)]
fn square<N: Num>(v: N, g: N, [alpha, other, ..]: &[N; 7]) -> N {
    squares(g, v, [alpha, other])
}

/// Returns α·ḡ + (1−α)·g.
#[inline(always)]
fn mean<N: Num>(mean: N, g: N, [_, other, ..]: &[N; 7]) -> N {
    running(g, mean, other)
}

/// Returns g/d, where d is the root of `square`, with ε inside or outside the root.
#[inline(always)]
fn scaled<N: Num>(g: N, square: N, [_, _, eps_in, eps_out, ..]: &[N; 7]) -> N {
    g / ((square + eps_in.clone()).sqrt() + eps_out.clone())
}

/// Returns the parameter after a step without momentum, from g/d.
#[inline(always)]
fn moved<N: Num>(p: N, scaled: N, [.., lr_in, lr_out]: &[N; 7]) -> N {
    (-lr_out.clone()).mul_add(lr_in.clone() * scaled, p)
}

/// Returns parameter and buffer after a step with momentum, from g/d.
#[inline(always)]
fn carried<N: Num>(p: N, buffer: N, scaled: N, [.., momentum, lr_in, lr_out]: &[N; 7]) -> (N, N) {
    let buffer = momentum.clone().mul_add(buffer, lr_in.clone() * scaled);
    ((-lr_out.clone()).mul_add(buffer.clone(), p), buffer)
}

impl Elementwise<1, 7> for RmsProp {
    type HostState = ();
    const SLOTS: [&'static str; 1] = ["square_avg"];

    fn scalars(&self, _t: u64, lr: f64, (): &mut ()) -> [f64; 7] {
        self.numbers(lr)
    }

    #[inline(always)]
    fn update<N: Num>(p: N, g: N, [v]: [N; 1], k: &[N; 7]) -> (N, [N; 1]) {
        let v = square(v, g.clone(), k);
        (moved(p, scaled(g, v.clone(), k), k), [v])
    }
}

#[derive(Clone, Debug)]
struct Momentum(RmsProp);

impl UpdateRule for Momentum {
    fn hypers(&mut self) -> Vec<Hyper<&mut f64>> {
        self.0.hypers()
    }

    fn program(groups: Vec<Group<Self>>) -> Program {
        elementwise!(Momentum, 2, 7, groups)
    }
}

impl Elementwise<2, 7> for Momentum {
    type HostState = ();
    const SLOTS: [&'static str; 2] = ["square_avg", "momentum_buffer"];

    fn scalars(&self, _t: u64, lr: f64, (): &mut ()) -> [f64; 7] {
        self.0.numbers(lr)
    }

    #[inline(always)]
    fn update<N: Num>(p: N, g: N, [v, b]: [N; 2], k: &[N; 7]) -> (N, [N; 2]) {
        let v = square(v, g.clone(), k);
        let (p, b) = carried(p, b, scaled(g, v.clone(), k), k);
        (p, [v, b])
    }
}

#[derive(Clone, Debug)]
struct Centered(RmsProp);

impl UpdateRule for Centered {
    fn hypers(&mut self) -> Vec<Hyper<&mut f64>> {
        self.0.hypers()
    }

    fn program(groups: Vec<Group<Self>>) -> Program {
        elementwise!(Centered, 2, 7, groups)
    }
}

impl Elementwise<2, 7> for Centered {
    type HostState = ();
    const SLOTS: [&'static str; 2] = ["square_avg", "grad_avg"];

    fn scalars(&self, _t: u64, lr: f64, (): &mut ()) -> [f64; 7] {
        self.0.numbers(lr)
    }

    #[inline(always)]
    fn update<N: Num>(p: N, g: N, [v, average]: [N; 2], k: &[N; 7]) -> (N, [N; 2]) {
        let v = square(v, g.clone(), k);
        let average = mean(average, g.clone(), k);
        let spread = v.clone() - average.clone() * average.clone();
        (moved(p, scaled(g, spread, k), k), [v, average])
    }
}

/// Centered RMSprop with momentum.
impl Elementwise<3, 7> for RmsProp {
    type HostState = ();
    const SLOTS: [&'static str; 3] = ["square_avg", "grad_avg", "momentum_buffer"];

    fn scalars(&self, _t: u64, lr: f64, (): &mut ()) -> [f64; 7] {
        self.numbers(lr)
    }

    #[inline(always)]
    fn update<N: Num>(p: N, g: N, [v, average, b]: [N; 3], k: &[N; 7]) -> (N, [N; 3]) {
        let v = square(v, g.clone(), k);
        let average = mean(average, g.clone(), k);
        let spread = v.clone() - average.clone() * average.clone();
        let (p, b) = carried(p, b, scaled(g, spread, k), k);
        (p, [v, average, b])
    }
}
