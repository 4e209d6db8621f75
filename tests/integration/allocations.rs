//! A step of an elementwise optimizer allocates no memory.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::path::Path;

use lr_run::engine::{Batch, Error, Segments, Step, start};
use lr_run::optimizer::{Clip, REGISTRY};
use lr_run::params::{Declaration, Init};
use lr_run::spec::{Log, Section, Spec, lookup};
use lr_run::store::Store;
use tch::{Device, Kind, Tensor};

/// The system's allocator, with a count of the allocations of each thread.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: every call goes to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

struct NoBatch;

impl Batch for NoBatch {
    fn loss(&mut self, _: &Store) -> Result<f64, Error> {
        unreachable!()
    }
    fn gradients(&mut self, _: &Store) -> Result<(f64, Vec<Tensor>), Error> {
        unreachable!()
    }
    fn hessian_vector(&mut self, _: &Store, _: &[Tensor]) -> Result<Vec<Tensor>, Error> {
        unreachable!()
    }
}

#[test]
fn elementwise_step_allocates_nothing() {
    for name in
        ["adabelief", "adagrad", "adam", "adamw", "adan", "lion", "nadam", "rmsprop", "schedule_free_adamw", "sgd"]
    {
        let table = format!("type = \"{name}\"\nweight_decay = 0.01");
        let spec = Spec::parse(Path::new("test.toml"), &table, &[]).unwrap();
        let log = Log::default();
        let mut section = Section::root(&spec.table, &log);
        let groups = [(lookup(REGISTRY, "optimizer", &mut section).unwrap().build)(&mut section).unwrap()];
        let mut declaration = Declaration::default();
        declaration.add("weight", &[300, 200], Init::Normal { sd: 1.0 });
        declaration.add("bias", &[300], Init::Constant(0.0));
        let mut store = Store::new(declaration, Kind::Float, Device::Cpu, 1).unwrap();
        let segments = Segments::new(store.declaration(), &[0, 0]);
        let mut optimizer = start(&groups, segments, Clip::None, &store).unwrap();
        let grads: Vec<Tensor> = store.views().iter().map(Tensor::rand_like).collect();
        let loss = Tensor::from(1.0);
        let mut counts = [0; 3];
        for count in &mut counts {
            let before = ALLOCATIONS.get();
            let (store, batch) = (&mut store, &mut NoBatch);
            optimizer.step(&mut Step { store, grads: &grads, lr: &[1e-3], hyper: &[], loss: &loss, batch }).unwrap();
            *count = ALLOCATIONS.get() - before;
        }
        // The first step allocates buffers that the others use again.
        assert_eq!(counts[1..], [0, 0], "{name}");
    }
}
