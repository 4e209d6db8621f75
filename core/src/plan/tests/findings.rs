//! Errors, warnings and notes about specs that are nearly right, or that run but do not do what their author wants.

use super::{BODY, HEAD, errors, one, read};

/// Returns the warnings and notes of a spec.
fn warnings(text: &str) -> Vec<String> {
    let (_, found) = read(text, 0).unwrap_or_else(|found| panic!("{found}"));
    found.messages().map(str::to_owned).collect()
}

#[test]
fn a_warm_up_of_no_steps_is_left_out() {
    let describe = |head: &str, schedule: &str| {
        let plan = one(&format!("{head}\n{BODY}[schedule]\ntype = \"cosine\"\n{schedule}"));
        assert!(!plan.resolved["schedule"].as_table().unwrap().contains_key("warmup"));
        plan.groups.groups[0].rate.rule.describe()
    };
    for none in ["\"0 steps\"", "\"0 epochs\"", "\"0%\"", "{ for = \"0 steps\", start = 0.1 }"] {
        assert_eq!(describe("epochs = 10", &format!("warmup = {none}")), "cosine to 0");
        assert!(warnings(&format!("{HEAD}{BODY}[schedule]\ntype = \"cosine\"\nwarmup = {none}")).is_empty());
    }
    // A short trial of a long run.
    assert_eq!(describe("steps = 20", "warmup = \"2%\""), "cosine to 0");
    assert_eq!(describe("steps = 5", "warmup = \"5%\""), "cosine to 0");
    let found = warnings(&format!("steps = 5\n{BODY}[schedule]\ntype = \"cosine\"\nwarmup = \"5%\""));
    assert_eq!(found, ["`schedule.warmup` is less than half a step, so it is rounded to 0 steps"]);
    assert_eq!(errors(&format!("{HEAD}{BODY}[schedule]\ntype = \"cosine\"\nwarmup = \"-1 steps\"")).len(), 1);
}

#[test]
fn a_rate_of_0_for_the_rest_of_the_run_is_a_warning() {
    let found = |schedule: &str| warnings(&format!("epochs = 8\n{BODY}[schedule]\n{schedule}"));
    let half = found("type = \"cosine\"\nover = \"4 epochs\"");
    assert_eq!(half, ["the learning rate is 0 from step 1564 of 3128 on, so nothing more is learned"]);
    for zero in [
        "type = \"linear\"\nstart = 1\nend = 0\nover = \"50%\"",
        "type = \"polynomial\"\nover = \"4 epochs\"\nend = 0",
        "type = \"expression\"\nformula = \"if(epoch < 4, 1, 0)\"",
        "type = \"constant\"\nfactor = 0",
        "type = \"product\"\nparts = [{ type = \"cosine\", over = \"30%\" }, { type = \"constant\" }]",
        "type = \"cosine\"\nover = \"80%\"\ntick = \"epoch\"",
    ] {
        assert_eq!(found(zero).len(), 1, "{zero}");
    }
    for fine in [
        "type = \"cosine\"",
        "type = \"linear\"\nstart = 1\nend = 0",
        "type = \"cosine\"\nover = \"4 epochs\"\nend = 1e-9",
        "type = \"cosine\"\nover = \"4 epochs\"\nfloor = 0.1",
        "type = \"cosine_restarts\"\ncycles = 4",
        "type = \"wsd\"\ndecay = \"20%\"",
    ] {
        assert_eq!(found(fine), Vec::<String>::new(), "{fine}");
    }
    let group = "[[group]]\nname = \"bias\"\nparams = [\"*.bias\"]\nschedule = { type = \"cosine\", over = \"10%\" }\n";
    assert_eq!(warnings(&format!("epochs = 8\n{BODY}{group}")).len(), 1);
    // This group has a rate of 0 whatever the schedule is.
    let still = "[[group]]\nname = \"bias\"\nparams = [\"*.bias\"]\nlr_mult = 0\n";
    assert_eq!(warnings(&format!("epochs = 8\n{BODY}{still}")), Vec::<String>::new());
}

#[test]
fn a_pattern_without_a_match_is_an_error_only_if_no_pattern_matches() {
    let group = |params: &str| format!("{HEAD}{BODY}[[group]]\nname = \"plain\"\nparams = {params}\n");
    assert_eq!(warnings(&group("[\"*norm*\", \"*.bias\"]")), ["\"*norm*\" matches no parameter of the model"]);
    assert_eq!(one(&group("[\"*norm*\", \"*.bias\"]")).groups.group_of, [0, 1, 0, 1]);
    let none = ["\"*norm*\" matches no parameter of the model", "\"*.gamma\" matches no parameter of the model"];
    assert_eq!(errors(&group("[\"*norm*\", \"*.gamma\"]")), none);
    assert_eq!(errors(&group("[\"*.bias\", \"[\"]")).len(), 1);
}

#[test]
fn patterns_have_no_errors_of_their_own_if_the_model_is_wrong() {
    let group = "[[group]]\nname = \"bias\"\nparams = [\"*.bias\"]\n";
    let wrong = BODY.replacen("type = \"mlp\"", "type = \"mlp\"\nhidden = [-1]", 1);
    assert_ne!(wrong, BODY);
    assert_eq!(errors(&format!("{HEAD}{wrong}{group}")).len(), 1);
}

#[test]
fn more_threads_than_cores_are_a_warning() {
    let found = |threads: usize| warnings(&format!("threads = {threads}\n{HEAD}{BODY}"));
    assert_eq!(found(99), ["99 threads are more than the 4 cores of this machine"]);
    assert_eq!(found(4), Vec::<String>::new());
}

#[test]
fn the_default_batch_is_not_larger_than_the_data() {
    let points = |points: usize, batch: &str| {
        format!(
            "epochs = 2\n[data]\ntype = \"linear\"\npoints = {points}\n{batch}\n[model]\ntype = \"linear\"\n\
             [optimizer]\ntype = \"sgd\"\nlr = 0.1\n"
        )
    };
    let plan = one(&points(100, ""));
    assert_eq!((plan.data.batching.batch_size, plan.length.horizon.steps_per_epoch), (90, 1));
    assert_eq!(plan.resolved["data"]["batch_size"].as_integer(), Some(90));
    let note = "there are only 90 examples to train on, so `data.batch_size` is 90, not 128";
    assert_eq!(warnings(&points(100, "")), [note]);
    assert_eq!(warnings(&points(1000, "")), Vec::<String>::new());
    assert_eq!(errors(&points(100, "batch_size = 128")), ["a batch of 128 is more than the 90 examples to train on"]);
}

#[test]
fn units_and_percentages_are_named_in_errors() {
    let shown = |text: &str| read(text, 0).unwrap_err().to_string();
    for (text, line) in [
        (format!("{HEAD}{BODY}[target]\naccuracy = 95"), "write `accuracy = 0.95`"),
        (format!("{HEAD}{BODY}[target]\naccuracy = \"95%\""), "write `accuracy = 0.95`"),
        (format!("{HEAD}{BODY}[target]\nmetric = \"val_accuracy\"\nvalue = 95"), "write `value = 0.95`"),
        (format!("epochs = \"10 epochs\"\n{BODY}"), "write `epochs = 10`"),
        (format!("epochs = \"500 steps\"\n{BODY}"), "write `steps = 500`"),
        (format!("{HEAD}{}", BODY.replace("lr = 0.1", "lr = \"1e-3\"")), "write `lr = 0.001`"),
        (format!("{HEAD}{}", BODY.replace("validation = 10_000", "validation = \"10%\"")), "write `validation = 0.1`"),
        (format!("{HEAD}{BODY}[schedule]\ntype = \"cosine\"\nend = \"1%\""), "write `end = 0.01`"),
    ] {
        assert!(shown(&text).contains(line), "{}", shown(&text));
    }
}

/// Without its table, a spec has no task that a loss or a metric could fit.
#[test]
fn an_error_in_the_data_is_not_followed_by_errors_about_the_task() {
    let data = "[data]\ntype = \"csv\"\npath = \"no/such.csv\"\ntarget = \"y\"\n";
    let body = BODY.replace("[data]\ntype = \"mnist\"\nvalidation = 10_000\n", data);
    let number = "[loss]\ntype = \"mse\"\n[target]\nrmse = 1.5\n[early_stop]\npatience = \"3 epochs\"\n\
         monitor = \"val_rmse\"\n";
    let class = "[loss]\nlabel_smoothing = 0.1\n[target]\naccuracy = 0.9\n[early_stop]\npatience = \"3 epochs\"\n\
         monitor = \"train_accuracy\"\n";
    for rest in [number, class, &number.replace("rmse = 1.5", "metric = \"val_rmse\"\nvalue = 1.5")] {
        let found = errors(&format!("{HEAD}{body}{rest}"));
        assert!(found.len() == 1 && found[0].contains("no/such.csv"), "{rest}{found:?}");
    }
    // Errors that no task could mend are still found.
    assert_eq!(errors(&format!("{HEAD}{body}{}", number.replace("val_rmse", "val_rmsd"))).len(), 2);
    assert_eq!(errors(&format!("{HEAD}{BODY}{number}")).len(), 3);
}

#[test]
fn a_default_written_out_changes_nothing() {
    let group = |keys: &str| {
        let plan = one(&format!("{HEAD}{BODY}[[group]]\nname = \"bias\"\nparams = [\"*.bias\"]\n{keys}"));
        (plan.groups.groups[1].frozen, plan.resolved["group"].clone())
    };
    assert_eq!(group("lr_mult = 0\nfreeze = false"), group("lr_mult = 0"));
    assert_eq!(group("lr_mult = 2\nfreeze = false"), group("lr_mult = 2"));
    assert_eq!(group("freeze = true\nlr_mult = 1"), group("lr_mult = 0"));
}
