//! Parameter groups: the options that they share, and those that each has itself.

use super::*;

#[test]
fn a_step_does_not_depend_on_groups_with_equal_options() {
    for table in tables().iter().filter(|table| !is_among(BY_GROUP, table)) {
        let one = Case::new(table).run();
        let many = Case { group_of: [0, 1, 2, 1], ..Case::new(table) }.run();
        assert!(bytes_are_equal(&one, &many), "{table}");
    }
}

#[test]
fn options_of_what_is_found_for_all_groups_are_the_same_in_all() {
    for (name, option, refused) in [
        ("dadapt_adam", "d0 = 1e-3", true),
        ("dadapt_adam", "weight_decay = 0.1", false),
        ("dadapt_sgd", "growth_rate = 1.1", true),
        ("dadapt_sgd", "momentum = 0.9", false),
        ("dog", "reps_rel = 1e-3", false),
        ("dowg", "eps = 1e-3", true),
        ("prodigy", "d_coef = 0.5", true),
        ("prodigy", "eps = 1e-3", false),
        ("sps_max", "f_star = 0.1", true),
        ("sps_max", "c = 0.7", false),
        ("alig", "eps = 1.0", true),
        ("momo", "lower_bound = 0.5", true),
        ("momo_adam", "adapt_lower_bound = true", true),
        ("momo_adam", "eps = 1e-3", false),
        ("l4", "gamma = 0.5", true),
        ("armijo", "c = 0.3", true),
    ] {
        let table = format!("type = \"{name}\"");
        let (store, _) = Case::new(&table).start();
        let groups = [table.clone(), format!("{table}\n{option}")].map(|table| build(&table).unwrap());
        let segments = Segments::new(store.declaration(), &[0, 1, 0, 1]);
        let started = start(&groups, segments, Clip::None, &store);
        assert_eq!(
            started.is_err_and(|error| error.to_string().contains("for all groups")),
            refused,
            "{name}: {option}"
        );
    }
    assert!(build("type = \"prodigy\"\ngrowth_rate = 0.9").unwrap_err().contains("cannot shrink"));
    assert!(build("type = \"dadapt_sgd\"\ndecoupled_weight_decay = true").unwrap_err().contains("forget"));
}

/// This works in PyTorch, where each parameter has its own state.
#[test]
fn a_group_may_have_no_momentum() {
    for table in ["type = \"sgd\"\ndampening = 0.5", "type = \"rmsprop\"", "type = \"rmsprop\"\ncentered = true"] {
        let run = |momenta: &[f64], group_of: [usize; 4]| {
            let groups: Vec<_> =
                momenta.iter().map(|momentum| build(&format!("{table}\nmomentum = {momentum:?}")).unwrap()).collect();
            let mut store = Store::new(declaration(), Kind::Float, Device::Cpu, 1).unwrap();
            let segments = Segments::new(store.declaration(), &group_of);
            let mut optimizer = start(&groups, segments, Clip::None, &store).unwrap();
            for step in 1..=5 {
                let grads = gradients(&store, step);
                let (loss, lr, mut batch) = (Tensor::from(1.0), [0.01; 2], Bowl::around(&store, &grads, 1.0));
                let lr = &lr[..momenta.len()];
                let mut step =
                    Step { store: &mut store, grads: &grads, lr, hyper: &[], loss: &loss, batch: &mut batch };
                optimizer.step(&mut step).unwrap();
            }
            store
        };
        let alone = [0.9, 0.0].map(|momentum| run(&[momentum], [0; 4]));
        for momenta in [[0.9, 0.0], [0.0, 0.9]] {
            let both = run(&momenta, [0, 1, 0, 1]);
            for param in 0..4 {
                let expected = &alone[usize::from(momenta[param % 2] == 0.0)];
                assert!(both.get(param).equal(expected.get(param)), "{table}: {momenta:?}, {param}");
            }
        }
    }
}

/// A step with a frozen parameter gives the same parameters and state as a step of the model without it. Some rules add
/// over all parameters in one sum, and the last digits of such a sum depend on its length.
#[test]
fn a_frozen_parameter_does_not_exist_for_an_optimizer() {
    let without_b = |tensors: Vec<Tensor>| tensors.into_iter().enumerate().filter(|it| it.0 != 1).map(|it| it.1);
    let mut smaller = Declaration::default();
    for param in declaration().params().iter().filter(|param| param.name != "b") {
        smaller.add(param.name.clone(), &param.shape, param.init);
    }
    for table in tables() {
        for as_tensors in [false, true] {
            // If the gradient is clipped, the line search of L-BFGS depends on rounding. Even without clipping,
            // rounding changes its last digits.
            let is_lbfgs = table.contains("lbfgs");
            let (clip, limit) = if is_lbfgs { (Clip::None, 1e-8) } else { (Clip::Norm(1.0), 1e-12) };
            let frozen =
                Case { as_tensors, clip, lr: 0.1, group_of: [0, 1, 0, 0], frozen: Some(1), ..Case::new(&table) };
            let absent = Case { as_tensors, clip, lr: 0.1, declaration: smaller.clone(), ..Case::new(&table) };
            let ((mut store, mut optimizer), (mut other, mut of_other)) = (frozen.start(), absent.start());
            let start = store.get(1).copy();
            for step in 1..=5 {
                let mut grads = gradients(&store, step);
                grads[1] = Tensor::new();
                let others: Vec<Tensor> = without_b(grads.iter().map(Tensor::shallow_clone).collect()).collect();
                frozen.step(&mut store, &mut *optimizer, &grads).unwrap();
                absent.step(&mut other, &mut *of_other, &others).unwrap();
            }
            assert!(store.get(1).equal(&start), "{table}");
            let views = |store: &Store| store.views().iter().map(|view| view.detach()).collect::<Vec<_>>();
            let of_b = |(name, _): &(String, Tensor)| name.ends_with("/b");
            let state = |optimizer: &dyn Optimizer| optimizer.state().into_iter().filter(|it| !of_b(it)).map(|it| it.1);
            let (mut with, mut without): (Vec<_>, _) = (without_b(views(&store)).collect(), views(&other));
            // At the minimum of a parabola, rounding decides which changes enter the history of L-BFGS.
            if !is_lbfgs {
                with.extend(state(&*optimizer));
                without.extend(state(&*of_other));
            }
            for (ours, theirs) in with.iter().zip(&without) {
                let apart = (ours - theirs).abs().max().double_value(&[]);
                assert!(apart <= limit * (1.0 + theirs.abs().max().double_value(&[])), "{table}: {apart:e}");
            }
        }
    }
}
