//! The options of every optimizer: values that are refused, and values that follow a schedule.

use super::*;

#[test]
fn each_refuses_an_unknown_key_and_shows_it() {
    for entry in REGISTRY {
        let message = build(&format!("{}\nbetaz = [0.9, 0.99]", entry.example)).unwrap_err();
        assert!(message.contains("unknown key `betaz`") && message.contains("betaz = [0.9, 0.99]"), "{message}");
    }
}

#[test]
fn impossible_options_are_refused_with_the_reason() {
    for (table, reason) in REFUSED {
        let message = build(table).unwrap_err();
        assert!(message.contains(reason), "{message}");
    }
}

#[test]
fn a_scheduled_value_acts_as_in_the_table() {
    for table in tables() {
        let method = build(&table).unwrap();
        for hyper in method.hypers() {
            // Rules keep different state with and without momentum.
            if hyper.value == 0.0 && hyper.name == "momentum" {
                continue;
            }
            for value in [hyper.value, 0.75] {
                let written = match hyper.key() {
                    "betas" => {
                        // A beta that must not change is not among them, and has its default.
                        let listed = |name: &str| method.hypers().into_iter().find(|it| it.name == name);
                        let names = ["beta1", "beta2", "beta3"].into_iter();
                        let names = names.take(if listed("beta3").is_some() { 3 } else { 2 });
                        let of = |name: &str| listed(name).map_or(0.9, |it| it.value);
                        let betas: Vec<f64> =
                            names.map(|name| if name == hyper.name { value } else { of(name) }).collect();
                        format!("betas = {betas:?}")
                    }
                    key => format!("{key} = {value}"),
                };
                let of_key = format!("{} =", hyper.key());
                let others: Vec<&str> = table.lines().filter(|line| !line.starts_with(&of_key)).collect();
                let changed = format!("{}\n{written}", others.join("\n"));
                // Nesterov's momentum cannot have dampening.
                if build(&changed).is_err() {
                    continue;
                }
                for as_tensors in [false, true] {
                    let group_of = [0, 1, 0, 1];
                    let of_table = Case { as_tensors, group_of, ..Case::new(&changed) }.run();
                    let values = vec![vec![(hyper.name, value)]; 2];
                    let given = Case { as_tensors, group_of, hyper: values, ..Case::new(&table) }.run();
                    assert!(bytes_are_equal(&of_table, &given), "{} = {value} over {table}", hyper.name);
                }
            }
        }
    }
}

#[test]
fn every_optimizer_can_schedule_weight_decay_and_names_are_unique() {
    for table in tables() {
        let names: Vec<&str> = build(&table).unwrap().hypers().iter().map(|hyper| hyper.name).collect();
        assert_eq!(names.last(), Some(&"weight_decay"), "{table}");
        assert!(names.iter().enumerate().all(|(at, name)| !names[..at].contains(name)), "{names:?}");
    }
}

#[test]
fn a_value_for_an_unknown_hyper_parameter_is_an_error() {
    let case = Case { hyper: vec![vec![("beta1", 0.9)]], ..Case::new("type = \"sgd\"") };
    let (mut store, mut optimizer) = case.start();
    let grads = gradients(&store, 1);
    assert!(case.step(&mut store, &mut *optimizer, &grads).unwrap_err().to_string().contains("`beta1`"));
}

#[test]
fn options_of_lbfgs_and_mechanic_are_refused_with_the_reason() {
    let mechanic = "type = \"mechanic\"\nbase = { type = \"sgd\" }";
    for (table, reason) in [
        ("type = \"lbfgs\"\ndecoupled_weight_decay = true".to_owned(), "that decoupled decay is not part of"),
        ("type = \"lbfgs\"\nline_search_fn = \"wolfe\"".to_owned(), "\"strong_wolfe\""),
        (format!("{mechanic}\ndecoupled_weight_decay = true"), "decoupled decay is not part of that sum"),
        (format!("{mechanic}\nbetas = []"), "at least one"),
    ] {
        let message = build(&table).unwrap_err();
        assert!(message.contains(reason), "{message}");
    }
}
