//! RMSprop (Tieleman and Hinton 2012, lecture 6.5), centered (Graves 2013, arXiv 1308.0850); PyTorch's and Keras's
//! `RMSprop`.
//!
//! v ← α·v + (1−α)·g², d = √v + ε (centered: average ← α·average + (1−α)·g, d = √(v − average²) + ε), θ ← θ − lr·g/d; with momentum
//! b ← μ·b + g/d, θ ← θ − lr·b.
//!
//! Keras has ε inside the root (`eps_inside_sqrt`), and the rate inside the buffer (`lr_in_momentum`).
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
use super::engine::{Declared, Group, Start, start_elementwise};
use super::{Build, Convention, Elementwise, Error, Hyper, Method, Num, Optimizer, Treatment, UpdateRule, convention};
use crate::spec::{BelowOne, Entry, NonNegative, Positive, Section};
use crate::store::Store;

pub const ENTRY: Entry<Build> = Entry {
    name: "rmsprop",
    summary: "the gradient over its running root mean square (Tieleman and Hinton 2012)",
    example: "type = \"rmsprop\"\nlr = 0.01\nalpha = 0.99\nmomentum = 0.9",
    build,
};

fn build(section: &mut Section<'_>) -> Option<Box<dyn Method>> {
    let keras = convention(section) == Convention::Keras;
    let choose = |torch: f64, of_keras: f64| if keras { of_keras } else { torch };
    let lr = section.or("lr", Positive(choose(1e-2, 1e-3))).0;
    let alpha = section.or("alpha", BelowOne(choose(0.99, 0.9))).0;
    let eps = section.or("eps", NonNegative(choose(1e-8, 1e-7))).0;
    let momentum = section.or("momentum", BelowOne(0.0)).0;
    let centered = section.or("centered", false);
    let eps_inside_sqrt = section.or("eps_inside_sqrt", keras);
    let lr_in_momentum = section.or("lr_in_momentum", keras);
    let treatment = Treatment::read(section, 0.0, keras);
    let rule = RmsProp { alpha, eps, momentum, eps_inside_sqrt, lr_in_momentum };
    let group = Group { rule, treatment };
    Some(match centered {
        false => Box::new(Declared { group, lr, keeps: &["square_avg"], start: begin }),
        true => Box::new(Declared { group, lr, keeps: &["square_avg", "grad_avg"], start: begin_centered }),
    })
}

/// With a buffer where some group has momentum.
fn begin(start: Start<RmsProp>, store: &Store) -> Result<Box<dyn Optimizer>, Error> {
    match has_momentum(&start) {
        false => start_elementwise(start.map(Plain), store),
        true => start_elementwise(start.map(Momentum), store),
    }
}

/// The same, centered.
fn begin_centered(start: Start<RmsProp>, store: &Store) -> Result<Box<dyn Optimizer>, Error> {
    match has_momentum(&start) {
        false => start_elementwise(start.map(Centered), store),
        true => start_elementwise(start.map(CenteredMomentum), store),
    }
}

fn has_momentum(start: &Start<RmsProp>) -> bool {
    start.groups.iter().any(|group| group.rule.momentum != 0.0)
}

#[derive(Clone, Debug)]
struct RmsProp {
    alpha: f64,
    eps: f64,
    momentum: f64,
    eps_inside_sqrt: bool,
    lr_in_momentum: bool,
}

impl UpdateRule for RmsProp {
    fn hypers(&mut self) -> Vec<Hyper<&mut f64>> {
        let RmsProp { alpha, momentum, eps, .. } = self;
        vec![Hyper::below_one("alpha", alpha), Hyper::below_one("momentum", momentum), Hyper::non_negative("eps", eps)]
    }
}

impl RmsProp {
    /// α, 1−α, ε inside the root, ε outside, μ, the rate inside the buffer, the rate outside.
    fn numbers(&self, lr: f64) -> [f64; 7] {
        let (eps_in, eps_out) = if self.eps_inside_sqrt { (self.eps, 0.0) } else { (0.0, self.eps) };
        let (lr_in, lr_out) = if self.lr_in_momentum { (lr, 1.0) } else { (1.0, lr) };
        [self.alpha, 1.0 - self.alpha, eps_in, eps_out, self.momentum, lr_in, lr_out]
    }
}

/// α·v + (1−α)·g².
#[inline(always)]
fn square<N: Num>(v: N, g: N, [alpha, other, ..]: &[N; 7]) -> N {
    squares(g, v, [alpha, other])
}

/// α·ḡ + (1−α)·g.
#[inline(always)]
fn mean<N: Num>(mean: N, g: N, [_, other, ..]: &[N; 7]) -> N {
    running(g, mean, other)
}

/// g/d, where d² is `square` but for ε.
#[inline(always)]
fn scaled<N: Num>(g: N, square: N, [_, _, eps_in, eps_out, ..]: &[N; 7]) -> N {
    g / ((square + eps_in.clone()).sqrt() + eps_out.clone())
}

/// The parameter without momentum, from g/d.
#[inline(always)]
fn moved<N: Num>(p: N, scaled: N, [.., lr_in, lr_out]: &[N; 7]) -> N {
    (-lr_out.clone()).mul_add(lr_in.clone() * scaled, p)
}

/// Parameter and buffer with momentum, from g/d.
#[inline(always)]
fn carried<N: Num>(p: N, buffer: N, scaled: N, [.., momentum, lr_in, lr_out]: &[N; 7]) -> (N, N) {
    let buffer = momentum.clone().mul_add(buffer, lr_in.clone() * scaled);
    ((-lr_out.clone()).mul_add(buffer.clone(), p), buffer)
}

#[derive(Clone, Debug)]
struct Plain(RmsProp);

impl UpdateRule for Plain {
    fn hypers(&mut self) -> Vec<Hyper<&mut f64>> {
        self.0.hypers()
    }
}

impl Elementwise<1, 7> for Plain {
    type Memory = ();
    const SLOTS: [&'static str; 1] = ["square_avg"];

    fn scalars(&self, _t: u64, lr: f64, (): &mut ()) -> [f64; 7] {
        self.0.numbers(lr)
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
}

impl Elementwise<2, 7> for Momentum {
    type Memory = ();
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
}

impl Elementwise<2, 7> for Centered {
    type Memory = ();
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

#[derive(Clone, Debug)]
struct CenteredMomentum(RmsProp);

impl UpdateRule for CenteredMomentum {
    fn hypers(&mut self) -> Vec<Hyper<&mut f64>> {
        self.0.hypers()
    }
}

impl Elementwise<3, 7> for CenteredMomentum {
    type Memory = ();
    const SLOTS: [&'static str; 3] = ["square_avg", "grad_avg", "momentum_buffer"];

    fn scalars(&self, _t: u64, lr: f64, (): &mut ()) -> [f64; 7] {
        self.0.numbers(lr)
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
