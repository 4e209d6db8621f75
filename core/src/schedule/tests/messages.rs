//! The errors, warnings and descriptions of schedules.

use super::{HUNDRED_EPOCHS, Read, error, read, rule};
use crate::schedule::{Clock, Context, build};
use crate::spec::{Horizon, Log, Section, Spec};
use std::path::Path;

#[test]
fn errors_name_the_problem_and_its_place() {
    let mut missing: Vec<String> = Vec::new();
    let mut wrong = |table: &str, parts: &[&str]| {
        let message = error(&format!("[schedule]\n{table}\n"));
        let absent = parts.iter().filter(|part| !message.contains(**part));
        missing.extend(absent.map(|part| format!("{part:?} is not in\n{message}")));
    };
    wrong("type = \"stepp\"", &["unknown schedule \"stepp\"", "did you mean \"step\"?", "test.toml:2"]);
    wrong("type = \"CosineAnnealingLR\"", &["unknown schedule \"CosineAnnealingLR\"", "here it is called `cosine`"]);
    wrong("type = \"constant\"\nfor = \"2 epochs\"", &["`for` is the length of a part of a sequence"]);
    wrong("type = \"cosine\"\nover = \"15.5 steps\"", &["expected a whole number of steps"]);
    wrong("type = \"cosine\"\nover = \"150%\"", &["expected at most \"100%\""]);
    wrong("type = \"cosine\"\nover = \"5 minutes\"", &["a limit in wall time is set by [limit] time"]);
    let odd = "type = \"plateau\"\nevery = \"3 epochs\"\npatience = \"4 epochs\"";
    wrong(odd, &["`schedule.patience` is not a multiple of `every`", "the metric is judged every 3 epochs"]);
    wrong("type = \"step\"", &["`schedule.every` is missing", "add `every`: a duration such as"]);
    wrong("type = \"step\"\nevery = 10", &["write \"10 epochs\" or \"10 steps\""]);
    wrong("type = \"step\"\nevery = \"0 epochs\"", &["`schedule.every` is 0 steps long", "an epoch has 10 steps"]);
    wrong("type = \"step\"\nevery = \"0.01%\"", &["is 0 steps long", "the schedule has 1000 steps"]);
    wrong("type = \"step\"\nevery = \"1 epochs\"\nfirst = \"0 steps\"", &["`schedule.first` is 0 steps long"]);
    wrong("type = \"step\"\nevery = \"1 epochs\"\nfactor = 0", &["expected a finite number above 0"]);
    wrong(
        "type = \"step\"\nevery = \"1 steps\"\nfactor = 10",
        &["becomes infinite before the last step", "factor = 10"],
    );
    wrong(
        "type = \"constant\"\nfactor = nan",
        &["expected a factor, 0 or above, or an absolute value such as { lr = 0.1 }"],
    );
    wrong("type = \"linear\"", &["`schedule.start` is missing", "`schedule.end` is missing"]);
    wrong("type = \"linear\"\nstart = 0\nend = 0", &["a line from 0 to 0 trains nothing"]);
    wrong(
        "type = \"exponential\"\nfactor = 0.5\nevery = \"1 epochs\"\ntick = \"epochs\"",
        &["did you mean \"epoch\"?"],
    );
    wrong("type = \"plateau\"\nmonitor = \"val_los\"", &["no metric \"val_los\"", "did you mean \"val_loss\"?"]);
    wrong("type = \"plateau\"\npatience = \"50 steps\"", &["whole epochs such as \"5 epochs\""]);
    wrong("type = \"plateau\"\nfactor = 1", &["a plateau must change the learning rate"]);
    wrong("type = \"plateau\"\nfactor = 2", &["`schedule.max_lr` is missing"]);
    wrong("type = \"plateau\"\nmax_lr = 2", &["`max_lr` needs a factor above 1"]);
    wrong("type = \"greedy\"\nthreshold_abs = 0.1", &["`threshold` is absolute already"]);
    wrong("type = \"plateau\"\nevery = \"0 epochs\"", &["the metric would never be judged"]);
    wrong("type = \"greedy\"\nfactor = 1", &["expected a number above 0 and below 1"]);
    wrong("type = \"greedy\"\nmin_lr = 2", &["`min_lr` is above `max_lr`", "expected at most 1"]);
    wrong("type = \"multistep\"", &["`schedule.milestones` is missing"]);
    wrong("type = \"multistep\"\nmilestones = []", &["`schedule.milestones` is empty"]);
    wrong("type = \"multistep\"\nmilestones = [30, 60]", &["write \"30 epochs\" or \"30 steps\""]);
    // PyTorch accepts both: it starts at the wrong level, or counts a milestone twice.
    wrong("type = \"multistep\"\nmilestones = [\"0 steps\"]", &["is 0 steps long"]);
    let twice = "type = \"multistep\"\nmilestones = [\"10 epochs\", \"100 steps\"]";
    wrong(
        twice,
        &[
            "`schedule.milestones` must be in ascending order",
            "\"100 steps\" (step 100) is not after \"10 epochs\" (step 100)",
        ],
    );
    let factors = "type = \"multistep\"\nmilestones = [\"30%\", \"60%\"]\nfactor = [0.1]";
    wrong(factors, &["1 factor and 2 milestones", "one factor for each milestone, or one number for all"]);
    wrong("type = \"piecewise\"", &["`schedule.boundaries` is missing", "`schedule.values` is missing"]);
    let values = "type = \"piecewise\"\nboundaries = [\"30%\"]\nvalues = [1, { lr = 0.01 }, 2]";
    wrong(values, &["3 values and 1 boundary", "one more value than boundaries"]);
    let values = "type = \"piecewise\"\nboundaries = [\"30%\"]\nvalues = [1, { rate = 0.01 }]";
    wrong(values, &["an absolute value such as { lr = 0.1 }"]);
    let joined = "type = \"piecewise\"\nboundaries = [\"30%\"]\nvalues = [1, 0]\ninterpolation = \"linear\"\nboundary = \"after\"";
    wrong(joined, &["`boundary` has no effect on joined points"]);
    wrong("type = \"cosine\"\nover = \"0 epochs\"", &["`schedule.over` is 0 steps long"]);
    wrong("type = \"cosine_restarts\"", &["`schedule.period` is missing", "or `cycles`"]);
    wrong("type = \"cosine_restarts\"\ncycles = 2000", &["the cycles are shorter than a step"]);
    wrong("type = \"cosine_restarts\"\ncycles = 9223372036854775807", &["the cycles are shorter than a step"]);
    wrong("type = \"cosine_restarts\"\ncycles = 2\nperiod_mult = 0.5", &["expected a finite number, 1 or above"]);
    wrong("type = \"cosine_restarts\"\ncycles = 2\ndecay = 1.5", &["expected at most 1"]);
    wrong("type = \"cyclic\"\nup = \"2 epochs\"", &["`schedule.low` is missing"]);
    wrong("type = \"cyclic\"\nlow = 2\nup = \"2 epochs\"", &["`low` is above `high`"]);
    wrong("type = \"cyclic\"\nlow = 0\nup = \"2 epochs\"\ngamma = 0.9", &["needs `mode = \"exp_range\"`"]);
    wrong("type = \"one_cycle\"\npct_start = 0.001", &["leaves no time for the rise or for the fall"]);
    wrong("type = \"one_cycle\"\ndiv_factor = 0.5", &["`div_factor` cannot be below 1", "expected 1 or above"]);
    wrong("type = \"one_cycle\"\nthree_phase = true\npct_start = 0.6", &["the second phase must end after"]);
    wrong("type = \"one_cycle\"\nthree_phase = true\npct_final = 1", &["before the end of the cycle"]);
    wrong("type = \"wsd\"\ndecay = \"20%\"\nratio = 1", &["the last value of the exponential must be below its first"]);
    wrong("type = \"one_cycle\"\npct_final = 0.6", &["needs `three_phase = true`"]);
    wrong("type = \"one_cycle\"\ncycle_momentum = true", &["there is no momentum to cycle"]);
    wrong("type = \"one_cycle\"\nmax_momentum = 0.9", &["needs `cycle_momentum = true`"]);
    wrong("type = \"wsd\"\ndecay = \"101 epochs\"", &["`schedule.decay` is longer than the whole schedule"]);
    wrong("type = \"wsd\"\ndecay = \"20%\"\nstable = \"50%\"\nover = \"80%\"", &["both `over` and `stable` are given"]);
    wrong("type = \"tanh\"\nlb = 3", &["`lb` is not below `ub`"]);
    wrong("type = \"expression\"\nformula = \"abs(1 / (t - 500))\"", &["gives inf at step 500", "at every step"]);
    wrong("type = \"expression\"\nformula = \"1 - t\"", &["gives -1 at step 2"]);
    wrong("type = \"expression\"\nformula = \"1 - tt\"", &["`tt` is not a known name", "did you mean `t`?"]);
    wrong("type = \"product\"", &["`schedule.parts` is missing"]);
    wrong("type = \"product\"\nparts = []", &["`schedule.parts` has no parts"]);
    wrong(
        "type = \"product\"\nparts = [{ type = \"rex\", for = \"2 epochs\" }]",
        &["`for` is the length of a part of a sequence"],
    );
    wrong("type = \"rex\"\nwarmup = 5", &["write \"5 epochs\" or \"5 steps\""]);
    wrong("type = \"rex\"\nwarmup = \"100 epochs\"", &["`schedule.warmup` is not shorter than the whole schedule"]);
    wrong("type = \"rex\"\nwarmup = { start = 0.1 }", &["`schedule.warmup.for` is missing"]);
    wrong(
        "type = \"rex\"\nwarmup = { for = \"5%\", strat = 1 }",
        &["unknown key `schedule.warmup.strat`", "did you mean `start`?"],
    );
    let exponential = "type = \"rex\"\nwarmup = { for = \"5%\", shape = \"exponential\" }";
    wrong(exponential, &["an exponential warm-up cannot start at 0"]);
    let early = "type = \"multistep\"\nmilestones = [\"5 epochs\"]\nwarmup = \"10 epochs\"";
    wrong(early, &["is within the warm-up", "step 50; the warm-up has 100 steps", "`clock = \"after\"`"]);
    wrong("type = \"rex\"\nfloor = -1", &["`schedule.floor` cannot be `-1`"]);
    wrong("type = \"rex\"\nfloor = { lr = 0.05 }\nceiling = 0.1", &["the floor is above the ceiling"]);
    wrong(
        "type = \"cyclic\"\nlow = 0\nup = \"5%\"\nconvention = \"keras\"",
        &["keras has no schedule like `cyclic`", "expected \"torch\""],
    );
    wrong(
        "type = \"product\"\nparts = [{ type = \"rex\" }]\nconvention = \"keras\"",
        &["keras has no schedule like `product`", "expected \"torch\""],
    );
    wrong("type = \"cosine\"\nconvention = \"pytorch\"", &["did you mean \"torch\"?"]);
    wrong("type = \"plateau\"\nthreshold = 1", &["threshold_mode = \"abs\""]);
    assert!(missing.is_empty(), "{}", missing.join("\n\n"));
    let message = error("schedule = \"constant\"");
    assert!(message.contains("write `schedule = { type = \"constant\" }`"), "{message}");
    assert!(error("schedule = 3").contains("`schedule` must be a table, not `3`"));
    assert!(error("schedule = []").contains("`schedule` has no parts"));
}

#[test]
fn a_plateau_needs_a_metric() {
    let spec = Spec::parse(Path::new("test.toml"), "schedule = { type = \"plateau\" }", &[]).unwrap();
    let log = Log::default();
    let mut root = Section::root(&spec.table, &log);
    let rule = build(&mut root, "schedule", &Context::new(HUNDRED_EPOCHS, 0.1, &[]));
    assert!(rule.is_none());
    assert!(log.finish(&spec.texts).unwrap_err().to_string().contains("this run has no metric to monitor"));
}

#[test]
fn what_has_no_effect_in_the_run_is_a_warning() {
    for (table, warning) in [
        ("type = \"step\"\nevery = \"100 epochs\"", "`schedule.every`: the first drop is after the last step"),
        ("type = \"step\"\nevery = \"10 epochs\"\nfirst = \"2000 steps\"", "`schedule.first`: the first drop is"),
        ("type = \"linear\"\nstart = 1\nend = 0\nover = \"101 epochs\"", "`schedule.over`: the line ends after"),
        (
            "type = \"exponential\"\nfactor = 0.5\nevery = \"100 epochs\"\nstaircase = true",
            "`schedule.every`: the first drop is after the last step",
        ),
        ("type = \"plateau\"\npatience = \"98 epochs\"", "`schedule.patience` is too long for any change in this run"),
        (
            "type = \"multistep\"\nmilestones = [\"30 epochs\", \"100 epochs\"]",
            "`schedule.milestones`: \"100 epochs\" is after the last step",
        ),
        (
            "type = \"piecewise\"\nboundaries = [\"101 epochs\"]\nvalues = [1, 2]",
            "`schedule.boundaries`: \"101 epochs\" is after the last step",
        ),
        ("type = \"cosine\"\nover = \"101 epochs\"", "`schedule.over`: the cosine ends after the last step"),
        (
            "type = \"cosine\"\nover = \"100 epochs\"\nwarmup = { for = \"5 epochs\", clock = \"after\" }",
            "`schedule.over`: the cosine ends after the last step",
        ),
        // PyTorch's `eta_min` silently raises a group whose rate is lower.
        ("type = \"cosine\"\nend = { lr = 0.2 }", "`schedule.end` is above the base lr, so the rule raises it"),
        ("type = \"cosine_restarts\"\nperiod = \"101 epochs\"", "`schedule.period`: the first cycle ends after"),
        ("type = \"cyclic\"\nlow = 0\nup = \"51 epochs\"", "`schedule.up`: the first cycle ends after the last step"),
        ("type = \"cosine_restarts\"\nperiod = \"10 epochs\"\nperiod_mult = 2", "cycle 4 ends after 37.5% of it"),
        ("type = \"cyclic\"\nlow = 0\nup = \"6 epochs\"", "`schedule.up`: the last cycle is not completed"),
        ("type = \"greedy\"\npatience = \"99 epochs\"", "`schedule.patience` is too long for any change in this run"),
        (
            "type = \"cosine_restarts\"\nperiod = \"20 epochs\"\ncycles = 7",
            "`schedule.cycles`: not all cycles fit into this run",
        ),
        (
            "type = \"multistep\"\nmilestones = [\"50 epochs\", \"999 steps\"]\nconvention = \"keras\"",
            "`schedule.milestones`: \"999 steps\" is after the last step",
        ),
        (
            "type = \"multistep\"\nmilestones = [\"995 steps\"]\ntick = \"epoch\"",
            "`schedule.milestones`: \"995 steps\" is after the last step",
        ),
        ("type = \"plateau\"\nmin_lr = 0.1", "the rate starts at or below `min_lr`"),
        ("type = \"rex\"\nfloor = { lr = 0.2 }", "`schedule.floor` is above the base lr"),
        (
            "type = \"sequence\"\nparts = [{ type = \"plateau\", for = \"50%\" }, { type = \"cosine\", end = { lr = 0.01 } }]",
            "an absolute rate in a part that continues from the one before",
        ),
        ("type = \"one_cycle\"\nover = \"101 epochs\"", "`schedule.over`: the cycle ends after the last step"),
        ("type = \"noam\"\npeak = \"101 epochs\"", "`schedule.peak`: the peak is after the last step"),
        (
            "type = \"greedy\"\nconvention = \"transformers\"\nmin_lr = 0.1",
            "the learning rate starts outside of `min_lr`",
        ),
    ] {
        let Read { rule, found, .. } = read(&format!("[schedule]\n{table}"), HUNDRED_EPOCHS);
        assert!(rule.is_some());
        let warnings = found.unwrap();
        assert!(warnings.contains(warning), "{warnings}");
    }
    for table in ["type = \"step\"\nevery = \"999 steps\"", "type = \"plateau\"\npatience = \"97 epochs\""] {
        assert_eq!(read(&format!("[schedule]\n{table}"), HUNDRED_EPOCHS).found, Ok(String::new()), "{table}");
    }
}

/// Absurd numbers are read as quickly as others, without a panic.
#[test]
fn huge_numbers_neither_panic_nor_take_long() {
    let huge = Horizon { total_steps: 1 << 40, steps_per_epoch: 10 };
    for (table, horizon) in [
        ("type = \"cyclic\"\nlow = 0\nup = \"9223372036854775808 steps\"", HUNDRED_EPOCHS),
        ("type = \"cosine_restarts\"\nperiod = \"1 steps\"\nperiod_mult = 1.0000001", HUNDRED_EPOCHS),
        ("type = \"cosine_restarts\"\nperiod = \"1 steps\"\nperiod_mult = 1.5", huge),
        ("type = \"cosine_restarts\"\ncycles = 9223372036854775807", huge),
        ("type = \"cosine_restarts\"\nperiod = \"1 steps\"\nperiod_mult = 1e300", huge),
    ] {
        if let Some(rule) = read(&format!("[schedule]\n{table}"), horizon).rule {
            for step in [0, 1, horizon.total_steps - 1, horizon.total_steps, u64::MAX] {
                let factor = rule.factor(Clock { step, total_steps: horizon.total_steps, steps_per_epoch: 10 });
                assert!(factor.is_finite() && factor >= 0.0, "{factor} at {step}: {table}");
            }
        }
    }
    let many = read("[schedule]\ntype = \"cosine_restarts\"\nperiod = \"1 steps\"\nperiod_mult = 1.0000001", huge);
    assert!(many.found.unwrap_err().contains("there are too many cycles of growing length"));
}

#[test]
fn descriptions_are_short() {
    for (table, words) in [
        ("type = \"constant\"", "constant"),
        ("type = \"constant\"\nfactor = 0.5", "constant ×0.5"),
        ("type = \"step\"\nevery = \"10 epochs\"", "×0.1 every 10 epochs"),
        ("type = \"step\"\nevery = \"10 epochs\"\nfirst = \"1 epochs\"", "×0.1 at epoch 1, then every 10 epochs"),
        ("type = \"linear\"\nstart = 1\nend = 0.1", "linear from 1 to 0.1"),
        ("type = \"linear\"\nstart = 1\nend = 0.1\nover = \"500 steps\"", "linear from 1 to 0.1 over 500 steps"),
        ("type = \"exponential\"\nfactor = 0.95\nevery = \"1 epochs\"", "exponential, ×0.95 every epoch"),
        ("type = \"plateau\"\npatience = \"5 epochs\"", "plateau on val_loss: ×0.1 after 6 epochs"),
        ("type = \"multistep\"\nmilestones = [\"30 epochs\", \"60%\"]", "×0.1 at epoch 30, 60%"),
        ("type = \"multistep\"\nmilestones = [\"30%\", \"60%\"]\nfactor = [0.1, 0.5]", "×0.1 at 30%, ×0.5 at 60%"),
        (
            "type = \"piecewise\"\nboundaries = [\"5 epochs\"]\nvalues = [0.1, 1]\ninterpolation = \"linear\"",
            "on lines through 0.1, 1 at epoch 5",
        ),
        ("type = \"inverse_time\"\nrate = 2\nevery = \"1 epochs\"", "1/(1 + 2·t), t in units of epoch"),
        ("type = \"polynomial\"\npower = 2", "polynomial of power 2 to 0"),
        ("type = \"cosine\"\nend = 0.01\nover = \"50 epochs\"", "cosine to 0.01 over 50 epochs"),
        (
            "type = \"cosine_restarts\"\nperiod = \"10 epochs\"\nperiod_mult = 2\ndecay = 0.5",
            "cosine, restarts every 10 epochs, each ×2 as long, ×0.5 as high",
        ),
        ("type = \"cosine_restarts\"\ncycles = 3", "3 cycles of cosine"),
        ("type = \"cyclic\"\nlow = 0.1\nup = \"2 epochs\"", "triangular between 0.1 and 1, up 2 epochs, down 2 epochs"),
        ("type = \"one_cycle\"", "one cycle 0.04 → 1 → 0.000004"),
        ("type = \"inverse_sqrt\"\ntimescale = \"5 epochs\"", "1/√(1 + t), t in units of 5 epochs"),
        ("type = \"noam\"\npeak = \"10%\"", "noam, peak after 10%"),
        ("type = \"wsd\"\ndecay = \"20%\"", "stable, then 1-sqrt to 0 in the last 20%"),
        ("type = \"tanh\"", "tanh to 0"),
        ("type = \"rex\"\nwarmup = \"5 epochs\"", "warm-up for 5 epochs, then REX to 0"),
        ("type = \"rex\"\nfloor = 0.01\nceiling = { lr = 0.05 }", "REX to 0, at least 0.01, at most 0.5"),
        ("type = \"expression\"\nformula = \"1 - t/T\"", "1 - t/T"),
        (
            "type = \"product\"\nparts = [{ type = \"cosine\" }, { type = \"constant\", factor = 0.5 }]",
            "(cosine to 0) × (constant ×0.5)",
        ),
        (
            "type = \"greedy\"\nfactor = 0.9\npatience = \"2 epochs\"",
            "greedy on val_loss: ×0.9 or its inverse after 3 epochs",
        ),
        (
            "type = \"plateau\"\npatience = \"5 epochs\"\nconvention = \"keras\"",
            "plateau on val_loss: ×0.1 after 5 epochs",
        ),
    ] {
        assert_eq!(rule(&format!("[schedule]\n{table}"), HUNDRED_EPOCHS).describe(), words);
    }
}
