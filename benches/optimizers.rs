//! The cost of a step of each optimizer, compared with an in-place pass over as many streams of memory.
//!
//! Run: `cargo bench --bench optimizers`. `scripts/bench_optimizers.py` runs the same in turns with PyTorch.

#![allow(clippy::print_stdout, reason = "the figures are its output")]

use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use criterion::{BenchmarkId, Criterion};
use lr_run::engine::{Batch, Error, Optimizer, Segments, Step, start};
use lr_run::libtorch::{Pieces, elements, elements_mut};
use lr_run::optimizer::{Clip, REGISTRY};
use lr_run::params::{Declaration, Init};
use lr_run::spec::{Log, Section, Spec, lookup};
use lr_run::store::Store;
use tch::{Device, Kind, Tensor};

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    match arguments.iter().position(|it| it == "--measure") {
        Some(at) => measure(&arguments[at + 1..]),
        None => {
            let mut criterion = Criterion::default().configure_from_args();
            every_optimizer(&mut criterion);
            criterion.final_summary();
        }
    }
}

/// Measures every optimizer on a small model: 100,000 parameters in 8 tensors, on one thread.
fn every_optimizer(criterion: &mut Criterion) {
    tch::set_num_threads(1);
    let mut group = criterion.benchmark_group("step of 100,000 parameters");
    for entry in REGISTRY {
        let mut bench = Bench::new(&[&format!("type = \"{}\"", entry.name)], 100_000, 8);
        group.bench_function(BenchmarkId::from_parameter(entry.name), |bencher| bencher.iter(|| bench.step()));
    }
    group.finish();
}

/// Runs `--measure TABLE PARAMETERS TENSORS THREADS STEPS WARMUP`: prints the seconds of each step, and of a pass over the
/// same streams after each, as JSON.
fn measure(arguments: &[String]) {
    let [table, parameters, tensors, threads, steps, warm_up] = arguments else { panic!("six arguments") };
    let [parameters, tensors, threads, steps, warm_up] =
        [parameters, tensors, threads, steps, warm_up].map(|number| number.parse::<usize>().expect("a number"));
    tch::set_num_threads(threads as i32);
    let mut bench = Bench::new(&table.split(';').collect::<Vec<_>>(), parameters, tensors);
    let mut streams = Streams::new(parameters, bench.slots());
    let (mut of_steps, mut of_passes) = (Vec::new(), Vec::new());
    for step in 0..warm_up + steps {
        let begun = Instant::now();
        bench.step();
        let of_step = begun.elapsed().as_secs_f64();
        let begun = Instant::now();
        streams.pass();
        let of_pass = begun.elapsed().as_secs_f64();
        if step >= warm_up {
            of_steps.push(of_step);
            of_passes.push(of_pass);
        }
    }
    println!("{}", serde_json::json!({ "step": of_steps, "pass": of_passes, "slots": bench.slots() }));
}

/// An optimizer on parameters whose gradients are given.
struct Bench {
    store: Store,
    optimizer: Box<dyn Optimizer>,
    grads: Vec<Tensor>,
    loss: Tensor,
}

/// A loss of 1 that has the same gradients everywhere.
struct Plane;

impl Batch for Plane {
    fn loss(&mut self, _: &Store) -> Result<f64, Error> {
        Ok(1.0)
    }
    fn gradients(&mut self, store: &Store) -> Result<(f64, Vec<Tensor>), Error> {
        Ok((1.0, store.views().iter().map(Tensor::zeros_like).collect()))
    }
    fn hessian_vector(&mut self, store: &Store, _: &[Tensor]) -> Result<Vec<Tensor>, Error> {
        Ok(store.views().iter().map(Tensor::zeros_like).collect())
    }
}

impl Bench {
    fn new(table: &[&str], parameters: usize, tensors: usize) -> Self {
        let spec = Spec::parse(Path::new("bench.toml"), &table.join("\n"), &[]).unwrap();
        let log = Log::default();
        let mut section = Section::root(&spec.table, &log);
        let groups = [(lookup(REGISTRY, "optimizer", &mut section).unwrap().build)(&mut section).unwrap()];
        section.finish();
        log.finish(&spec.texts).unwrap();
        let mut declaration = Declaration::default();
        for tensor in 0..tensors {
            let shape = [parameters / tensors / 100, 100];
            declaration.add(format!("{tensor}.weight"), &shape, Init::Constant(0.5));
        }
        let store = Store::new(declaration, Kind::Float, Device::Cpu, 1).unwrap();
        let segments = Segments::new(store.declaration(), &vec![0; tensors]);
        let optimizer = start(&groups, segments, Clip::None, &store).unwrap();
        // Half of a network's gradients stay zero for long: those of inputs that are always zero, and of inactive units.
        let gradient = |view: &Tensor| {
            let gradient = Tensor::randn(view.size(), (Kind::Float, Device::Cpu)) * 0.01;
            let _ = gradient.narrow(1, 0, 50).zero_();
            gradient
        };
        let grads = store.views().iter().map(gradient).collect();
        Bench { store, optimizer, grads, loss: Tensor::from(1.0) }
    }

    fn step(&mut self) {
        let Bench { store, optimizer, grads, loss } = self;
        let mut step = Step { store, grads, lr: &[1e-3], hyper: &[], loss, batch: &mut Plane };
        optimizer.step(&mut step).unwrap();
    }

    /// Returns the number of state elements for each parameter.
    fn slots(&self) -> usize {
        let numbers: usize = self.optimizer.state().iter().map(|(_, tensor)| tensor.numel()).sum();
        numbers / self.store.declaration().len()
    }
}

/// Elements that a thread walks at a time.
const PIECE: usize = 16 * 1024;

/// Elements of one stream that are walked before those of the next. Longer lines make the pass over many streams slower,
/// by up to a quarter with 256, and so the comparison easier.
const LINE: usize = 64;

/// The memory that a step walks: parameters and state are read and written, and gradients are read.
struct Streams {
    written: Vec<Tensor>,
    read: Tensor,
    pieces: Pieces,
}

impl Streams {
    fn new(parameters: usize, slots: usize) -> Self {
        let full = || Tensor::full([parameters as i64], 0.5, (Kind::Float, Device::Cpu));
        let pieces = (0..parameters).step_by(PIECE).map(|start| start..parameters.min(start + PIECE));
        Streams { written: (0..=slots).map(|_| full()).collect(), read: full(), pieces: Pieces::new(pieces.collect()) }
    }

    fn pass(&mut self) {
        let read = elements::<f32>(&self.read);
        let mut written: Vec<&mut [f32]> = self.written.iter_mut().map(elements_mut::<f32>).collect();
        self.pieces.each(&mut written, &mut [], 256 * 1024, &|piece, rows, _| {
            let read = &read[piece * PIECE..];
            for start in (0..rows[0].len()).step_by(LINE) {
                for row in &mut *rows {
                    let end = row.len().min(start + LINE);
                    row[start..end].iter_mut().zip(&read[start..end]).for_each(|(x, g)| *x += 0.5 * g);
                }
            }
        });
        black_box(&self.written);
    }
}
