//! The time to gather, convert and normalize a batch of the size of MNIST. For comparison, a training step of the network
//! 784-128-10 takes about a millisecond. Run with `cargo bench --bench batches`.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use lr_run::batches::Batches;
use lr_run::dataset::{Affine, Inputs, Part, Shuffle, Targets};
use tch::{Device, Kind};

fn batches(criterion: &mut Criterion) {
    tch::set_num_threads(1);
    let (len, features) = (60_000, 784);
    let inputs = Inputs::Bytes((0..len * features).map(|i| (i * 7 % 256) as u8).collect());
    let part = Part { inputs, targets: Targets::Classes(vec![1; len]), len };
    let affine = Affine { mean: vec![0.0], sd: vec![255.0] };
    let batches = Batches::new(part, affine, &[1, 28, 28], 10, Kind::Float, Device::Cpu).unwrap();
    let rows: Vec<u32> = (0..len as u32).collect();
    let order = Shuffle::EveryEpoch.order(&rows, 1, 1);
    let mut next = order.chunks_exact(128).cycle();
    criterion.bench_function("gather 128 of 60,000 images", |bencher| {
        bencher.iter(|| black_box(batches.gather(next.next().unwrap()).unwrap()));
    });
    criterion.bench_function("shuffle 60,000", |bencher| {
        bencher.iter(|| black_box(Shuffle::EveryEpoch.order(&rows, 1, 1)));
    });
}

criterion_group!(benches, batches);
criterion_main!(benches);
