//! Tests of the behaviour that every optimizer must have, in loops over the registry.

mod cases;
mod groups;
mod options;

use std::path::Path;

use tch::{Device, Kind, Tensor, no_grad};

use super::{Batch, Error, Optimizer, Segments, Step, restore, start};
use crate::optimizer::{Clip, OptimizerConfig, REGISTRY};
use crate::params::{Declaration, Init};
use crate::spec::{Log, Section, Spec, lookup};
use crate::store::Store;

use cases::{BY_GROUP, BY_THREADS, MOVES_AT_ZERO, OPTIONS, REFUSED};

fn tables() -> Vec<String> {
    let examples = REGISTRY.iter().map(|entry| entry.example.to_owned());
    examples.chain(OPTIONS.iter().map(|(name, options)| format!("type = \"{name}\"\n{options}"))).collect()
}

fn build(table: &str) -> Result<Box<dyn OptimizerConfig>, String> {
    let spec = Spec::parse(Path::new("test.toml"), table, &[]).map_err(|found| found.to_string())?;
    let log = Log::default();
    let mut section = Section::root(&spec.table, &log);
    let method = lookup(REGISTRY, "optimizer", &mut section).and_then(|entry| (entry.build)(&mut section));
    section.finish();
    log.finish(&spec.texts).map_err(|found| found.to_string())?;
    Ok(method.unwrap())
}

/// Declares parameters that fill blocks, leave incomplete blocks, and need more than one thread.
fn declaration() -> Declaration {
    with_first_of(&[130, 250])
}

fn with_first_of(shape: &[usize]) -> Declaration {
    let mut declaration = Declaration::default();
    for (name, shape) in [("a", shape), ("b", &[64]), ("c", &[7]), ("d", &[1])] {
        declaration.add(name, shape, Init::Normal { sd: 1.0 });
    }
    declaration
}

fn gradients(store: &Store, step: u64) -> Vec<Tensor> {
    let draw = |(index, view): (usize, &Tensor)| {
        let values = Init::Normal { sd: 1.0 }.draw(view.numel(), step, &format!("grad {index}"));
        Tensor::from_slice(&values).to_kind(view.kind()).view(view.size().as_slice())
    };
    store.views().iter().enumerate().map(draw).collect()
}

/// A batch with the loss c + ⟨g, θ − θ₀⟩ + ½·c·‖θ − θ₀‖², around the parameters θ₀ of its creation.
struct Bowl {
    center: Vec<Tensor>,
    grads: Vec<Tensor>,
    /// c, which is 1, or −1 for a loss to maximize.
    curvature: f64,
}

impl Bowl {
    fn around(store: &Store, grads: &[Tensor], curvature: f64) -> Self {
        let center = store.views().iter().map(|view| view.detach().copy()).collect();
        Bowl { center, grads: grads.iter().map(Tensor::shallow_clone).collect(), curvature }
    }

    /// Returns θ − θ₀ and g of each parameter.
    fn apart<'a>(&'a self, store: &'a Store) -> impl Iterator<Item = (Tensor, &'a Tensor)> {
        let apart = store.views().iter().zip(&self.center).map(|(view, center)| view.detach() - center);
        apart.zip(&self.grads)
    }
}

impl Batch for Bowl {
    fn loss(&mut self, store: &Store) -> Result<f64, Error> {
        let half = 0.5 * self.curvature;
        let term = |(apart, g): (Tensor, &Tensor)| (&apart * (g + &apart * half)).sum(Kind::Double).double_value(&[]);
        Ok(self.curvature + self.apart(store).filter(|(_, g)| g.defined()).map(term).sum::<f64>())
    }

    fn gradients(&mut self, store: &Store) -> Result<(f64, Vec<Tensor>), Error> {
        let curvature = self.curvature;
        let grad = |(apart, g): (Tensor, &Tensor)| match g.defined() {
            true => apart * curvature + g,
            false => Tensor::new(),
        };
        let grads = self.apart(store).map(grad).collect();
        Ok((self.loss(store)?, grads))
    }

    fn hessian_vector(&mut self, _: &Store, v: &[Tensor]) -> Result<Vec<Tensor>, Error> {
        let product = |(v, g): (&Tensor, &Tensor)| if g.defined() { v * self.curvature } else { Tensor::new() };
        Ok(v.iter().zip(&self.grads).map(product).collect())
    }
}

struct Case {
    table: String,
    kind: Kind,
    clip: Clip,
    group_of: [usize; 4],
    lr: f64,
    /// The group with rate 0 whose parameters have no gradient.
    frozen: Option<usize>,
    hyper: Vec<Vec<(&'static str, f64)>>,
    as_tensors: bool,
    /// The sign of the loss that the gradients are of.
    sign: f64,
    declaration: Declaration,
}

impl Case {
    fn new(table: &str) -> Self {
        let (table, clip) = (table.to_owned(), Clip::None);
        let (kind, group_of) = (Kind::Double, [0; 4]);
        Case {
            table,
            kind,
            clip,
            group_of,
            lr: 0.01,
            frozen: None,
            hyper: vec![],
            as_tensors: false,
            sign: 1.0,
            declaration: declaration(),
        }
    }

    fn start(&self) -> (Store, Box<dyn Optimizer>) {
        let store = Store::new(self.declaration.clone(), self.kind, Device::Cpu, 1).unwrap();
        let groups: Vec<_> = (0..=*self.group_of.iter().max().unwrap()).map(|_| build(&self.table).unwrap()).collect();
        let segments = Segments::new(store.declaration(), &self.group_of);
        let optimizer = start(&groups, segments, self.clip, &store).unwrap();
        (store, optimizer)
    }

    fn step(&self, store: &mut Store, optimizer: &mut dyn Optimizer, grads: &[Tensor]) -> Result<(), Error> {
        let groups = 0..=*self.group_of.iter().max().unwrap();
        let lr: Vec<f64> = groups.map(|group| if Some(group) == self.frozen { 0.0 } else { self.lr }).collect();
        let (loss, mut batch) = (Tensor::from(self.sign), Bowl::around(store, grads, self.sign));
        let mut step = Step { store, grads, lr: &lr, hyper: &self.hyper, loss: &loss, batch: &mut batch };
        if self.as_tensors { optimizer.step_as_tensors(&mut step) } else { optimizer.step(&mut step) }
    }

    /// Returns parameters and state after 5 steps.
    fn run(&self) -> Vec<Tensor> {
        let (mut store, mut optimizer) = self.start();
        for step in 1..=5 {
            let grads = gradients(&store, step);
            self.step(&mut store, &mut *optimizer, &grads).unwrap();
        }
        all(&store, &*optimizer)
    }
}

/// Returns copies of parameters and state.
fn all(store: &Store, optimizer: &dyn Optimizer) -> Vec<Tensor> {
    let state = optimizer.state().into_iter().map(|(_, tensor)| tensor.copy());
    std::iter::once(store.flat().copy()).chain(state).collect()
}

fn bytes_are_equal(a: &[Tensor], b: &[Tensor]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.equal(b))
}

#[test]
fn names_are_unique_and_sorted() {
    assert!(REGISTRY.windows(2).all(|pair| pair[0].name < pair[1].name));
}

#[test]
fn fused_loop_and_tensor_operations_agree() {
    for table in tables() {
        for clip in [Clip::None, Clip::Norm(3.0), Clip::Value(0.5)] {
            for (kind, tolerance) in [(Kind::Double, 1e-13), (Kind::Float, 2e-6)] {
                let fused = Case { kind, clip, group_of: [0, 1, 0, 1], ..Case::new(&table) };
                let wide = Case { as_tensors: true, kind, clip, group_of: [0, 1, 0, 1], ..Case::new(&table) };
                for (a, b) in fused.run().iter().zip(wide.run()) {
                    let (distance, norm) = ((a - &b).norm().double_value(&[]), b.norm().double_value(&[]));
                    assert!(distance <= tolerance * norm, "{distance:e} of {norm:e} for {table}, {clip:?}, {kind:?}");
                }
            }
        }
    }
}

#[test]
fn a_restored_optimizer_continues_with_the_same_bits() {
    for table in tables() {
        let case = Case { group_of: [0, 1, 0, 1], ..Case::new(&table) };
        let (mut store, mut first) = case.start();
        for step in 1..=3 {
            let grads = gradients(&store, step);
            case.step(&mut store, &mut *first, &grads).unwrap();
        }
        let (mut other_store, mut second) = case.start();
        other_store.assign(store.flat()).unwrap();
        let tensors: Vec<(String, Tensor)> = first.state().iter().map(|(name, it)| (name.clone(), it.copy())).collect();
        let host_state = serde_json::from_str(&first.host_state().to_string()).unwrap();
        restore(&mut *second, &host_state, &tensors).unwrap();
        assert_eq!(first.effective_lr(), second.effective_lr(), "{table}");
        for step in 4..=6 {
            let grads = gradients(&store, step);
            case.step(&mut store, &mut *first, &grads).unwrap();
            case.step(&mut other_store, &mut *second, &grads).unwrap();
        }
        assert!(bytes_are_equal(&all(&store, &*first), &all(&other_store, &*second)), "{table}");
        assert_eq!(first.host_state(), second.host_state(), "{table}");
        assert!(restore(&mut *second, &serde_json::json!({}), &tensors).is_err(), "{table}");
        if !tensors.is_empty() {
            assert!(restore(&mut *second, &host_state, &tensors[1..]).is_err(), "{table}");
        }
    }
}

#[test]
fn maximizing_is_minimizing_with_the_opposite_gradient() {
    for table in tables() {
        let up = Case::new(&format!("{table}\nmaximize = true"));
        if build(&up.table).is_err() {
            continue;
        }
        let down = Case { sign: -1.0, ..Case::new(&table) };
        let ((mut a, mut maximizer), (mut b, mut minimizer)) = (up.start(), down.start());
        for step in 1..=3 {
            let grads = gradients(&a, step);
            let opposite: Vec<Tensor> = grads.iter().map(Tensor::neg).collect();
            up.step(&mut a, &mut *maximizer, &grads).unwrap();
            down.step(&mut b, &mut *minimizer, &opposite).unwrap();
        }
        assert!(bytes_are_equal(&all(&a, &*maximizer), &all(&b, &*minimizer)), "{table}");
    }
}

#[test]
fn result_is_independent_of_thread_count() {
    for table in tables().iter().filter(|table| !is_among(BY_THREADS, table)) {
        let threads = tch::get_num_threads();
        tch::set_num_threads(1);
        let one = Case::new(table).run();
        tch::set_num_threads(3);
        let three = Case::new(table).run();
        tch::set_num_threads(threads);
        assert!(bytes_are_equal(&one, &three), "{table}");
    }
}

#[test]
fn a_rate_of_zero_does_not_move_weights() {
    let before = Store::new(declaration(), Kind::Double, Device::Cpu, 1).unwrap();
    for table in tables().iter().filter(|table| !is_among(MOVES_AT_ZERO, table)) {
        assert!(Case { lr: 0.0, ..Case::new(table) }.run()[0].equal(before.flat()), "{table}");
    }
}

#[test]
fn a_parameter_without_a_gradient_does_not_move() {
    for table in tables() {
        for as_tensors in [false, true] {
            let case = Case { as_tensors, clip: Clip::Norm(1.0), lr: 0.1, ..Case::new(&table) };
            let (mut store, mut optimizer) = case.start();
            let before = store.flat().copy();
            for step in 1..=3 {
                let mut grads = gradients(&store, step);
                grads[1] = Tensor::new();
                case.step(&mut store, &mut *optimizer, &grads).unwrap();
            }
            let moved = no_grad(|| store.flat().ne_tensor(&before));
            let moved = |at: i64, len: i64| moved.narrow(0, at, len).any().int64_value(&[]) == 1;
            assert!(moved(0, 32_500) && !moved(32_500, 64) && moved(32_564, 8), "{table}");
        }
    }
}

/// Moments of inputs that are always zero would decay into subnormals, which slow processors down.
#[test]
fn state_is_never_subnormal() {
    for table in tables() {
        let declaration = with_first_of(&[4, 5]);
        let case = Case { kind: Kind::Float, lr: 0.0, declaration, ..Case::new(&table) };
        let (mut store, mut optimizer) = case.start();
        let first: Vec<Tensor> = gradients(&store, 1).iter().map(|grad| grad * 1e-15).collect();
        let zero: Vec<Tensor> = first.iter().map(Tensor::zeros_like).collect();
        for step in 1..=2000 {
            case.step(&mut store, &mut *optimizer, if step == 1 { &first } else { &zero }).unwrap();
        }
        for (name, tensor) in optimizer.state() {
            let tiny = tensor.abs().lt(f64::from(f32::MIN_POSITIVE)).logical_and(&tensor.ne(0.0));
            assert_eq!(tiny.any().int64_value(&[]), 0, "{name} of {table}");
        }
    }
}

fn is_among(list: &[(&str, &str)], table: &str) -> bool {
    list.iter().any(|(name, _)| table.starts_with(&format!("type = \"{name}\"")))
}

/// Mechanic's bases run on the sum of their updates instead of the parameters.
#[test]
fn bases_of_mechanic_do_not_depend_on_the_parameters() {
    for name in crate::optimizer::MECHANIC_BASES {
        let case = Case::new(&format!("type = \"{name}\""));
        let moved = |factor: f64| {
            let (mut store, mut optimizer) = case.start();
            let before = store.flat() * factor;
            store.assign(&before).unwrap();
            for step in 1..=5 {
                let grads = gradients(&store, step);
                case.step(&mut store, &mut *optimizer, &grads).unwrap();
            }
            store.flat() - before
        };
        let (here, there) = (moved(1.0), moved(-2.0));
        assert!((&here - there).norm().double_value(&[]) < 1e-12 * here.numel() as f64, "{name}");
        assert!(here.norm().double_value(&[]) > 1e-3, "{name}");
    }
    for (base, reason) in [
        ("{ type = \"adamw\" }", "uses the weights"),
        ("{ type = \"adam\", weight_decay = 0.1 }", "write it as `weight_decay`"),
        ("{ type = \"sgd\", maximize = true }", "write it as `maximize`"),
        ("{ type = \"mechanic\" }", "uses the weights"),
        ("{ lr = 1.0 }", "`base.type` is missing"),
        ("{ type = \"sgd\", lrr = 1.0 }", "unknown key `base.lrr`"),
    ] {
        let message = build(&format!("type = \"mechanic\"\nbase = {base}")).unwrap_err();
        assert!(message.contains(reason), "{message}");
    }
}
