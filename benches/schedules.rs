//! What a step pays for its schedule: the rates of 8 groups, each under rules nested three deep.
//!
//! Run: `cargo bench --bench schedules`

use std::path::Path;

use criterion::{Criterion, criterion_group, criterion_main};
use lr_run::metric::{Metric, Part};
use lr_run::schedule::{Clock, Context, Rule, build};
use lr_run::spec::{Horizon, Log, Section, Spec};

/// Warm-up, then a cosine, times a plateau; and what people put beside it. No two are of one kind.
const GROUPS: [&str; 8] = [
    "{ type = 'product', parts = [{ type = 'cosine', warmup = '5 epochs' }, { type = 'plateau' }], floor = { lr = 1e-5 } }",
    "{ type = 'product', parts = [{ type = 'wsd', decay = '20%', warmup = '5%' }, { type = 'greedy' }] }",
    "{ type = 'sequence', parts = [{ type = 'linear', start = 0, end = 1, for = '5%' }, { type = 'plateau', for = '60%' }, \
       { type = 'cosine' }] }",
    "{ type = 'product', parts = [{ type = 'cosine_restarts', period = '10 epochs', period_mult = 2 }, \
       { type = 'multistep', milestones = ['30 epochs', '60 epochs'] }] }",
    "{ type = 'one_cycle', floor = 1e-4, ceiling = 0.9 }",
    "{ type = 'product', parts = [{ type = 'sequence', parts = [{ type = 'constant', for = '50%' }, { type = 'rex' }] }, \
       { type = 'plateau' }] }",
    "{ type = 'sequence', parts = [{ type = 'exponential', factor = 0.9, every = '1 epochs', for = '50%' }, \
       { type = 'cyclic', low = 0.1, up = '2 epochs', from = 'current' }] }",
    "{ type = 'tanh', warmup = { for = '5 epochs', shape = 'cosine' }, floor = 0.01 }",
];

const TOTAL: u64 = 39_100;
const PER_EPOCH: u64 = 391;

fn rule(table: &str) -> Box<dyn Rule> {
    let spec = Spec::parse(Path::new("bench.toml"), &format!("schedule = {table}"), &[]).unwrap();
    let log = Log::default();
    let mut root = Section::root(&spec.table, &log);
    let metrics = [Part::Val.of(Metric::LOSS)];
    let horizon = Horizon { total_steps: TOTAL, steps_per_epoch: PER_EPOCH };
    let rule = build(&mut root, "schedule", &Context::new(horizon, 0.1, &metrics));
    root.finish();
    log.finish(&spec.texts).unwrap();
    rule.unwrap()
}

fn rates(c: &mut Criterion) {
    let rules = GROUPS.map(rule);
    let mut step = 0;
    let mut lr = [0.0; GROUPS.len()];
    c.bench_function("the rates of 8 groups", |bench| {
        bench.iter(|| {
            // A step that the compiler cannot foresee, and that visits all of the run.
            step = (step + 7_919) % TOTAL;
            let clock = Clock { step, total_steps: TOTAL, steps_per_epoch: PER_EPOCH };
            for (lr, rule) in lr.iter_mut().zip(&rules) {
                *lr = 0.1 * rule.factor(clock);
            }
            lr
        });
    });
}

criterion_group!(benches, rates);
criterion_main!(benches);
