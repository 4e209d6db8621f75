//! What every rule must do, by looping over the registry; and what reading a schedule says.

use std::path::Path;

use proptest::prelude::*;

use super::{Clock, Context, Observation, REGISTRY, Rule, build};
use crate::spec::{Horizon, Log, Section, Spec};

const METRICS: [&str; 4] = ["val_loss", "val_accuracy", "train_loss", "train_accuracy"];
pub const HUNDRED_EPOCHS: Horizon = Horizon { total_steps: 1000, steps_per_epoch: 10 };

/// What came of a spec: the rule, the resolved spec, and everything that was found.
struct Read {
    rule: Option<Box<dyn Rule>>,
    resolved: String,
    /// `Err` where a person would see an error; the text either way.
    found: Result<String, String>,
}

fn read(text: &str, horizon: Horizon) -> Read {
    let spec = Spec::parse(Path::new("test.toml"), text, &[]).unwrap_or_else(|found| panic!("{found}\n{text}"));
    let log = Log::default();
    let mut root = Section::root(&spec.table, &log);
    let metrics = METRICS.map(str::to_owned);
    let rule = build(&mut root, "schedule", &Context::new(horizon, 0.1, &metrics));
    let resolved = toml::to_string(&root.finish()).unwrap();
    let shown = |found: crate::spec::Findings| found.to_string();
    Read { rule, resolved, found: log.finish(&spec.texts).map(shown).map_err(shown) }
}

pub fn rule(text: &str, horizon: Horizon) -> Box<dyn Rule> {
    let Read { rule, found, .. } = read(text, horizon);
    assert!(found.is_ok(), "{}", found.unwrap_err());
    rule.unwrap()
}

pub fn error(text: &str) -> String {
    let Read { rule, found, .. } = read(text, HUNDRED_EPOCHS);
    assert!(rule.is_none() || found.is_err());
    found.expect_err(text)
}

/// The steps from `from` on of a run that is evaluated after each epoch, by the bits of their factors. What an
/// evaluation shows is a function of its epoch.
fn run(rule: &mut dyn Rule, from: u64, to: u64, horizon: Horizon, metric: &dyn Fn(u64) -> f64) -> Vec<u64> {
    let Horizon { total_steps, steps_per_epoch } = horizon;
    let clock = |step| Clock { step, total_steps, steps_per_epoch };
    let mut factors = Vec::new();
    for step in from..to {
        let factor = rule.factor(clock(step));
        assert!(factor.is_finite() && factor >= 0.0, "factor {factor} at step {step} of {horizon:?}: {rule:?}");
        factors.push(factor.to_bits());
        if (step + 1) % steps_per_epoch == 0 {
            let epoch = (step + 1) / steps_per_epoch;
            let seen = |_: &str| Some(metric(epoch));
            let before = rule.factor(clock(step + 1));
            let reason = rule.observe(&Observation { epoch, clock: clock(step + 1), metric: &seen, scale: 1.0 });
            let changed = rule.factor(clock(step + 1)) != before;
            assert_eq!(reason.is_some(), changed, "step {step}: {reason:?}");
        }
    }
    factors
}

/// A metric that falls, with noise and now and then no number at all.
fn metric(seed: u64) -> impl Fn(u64) -> f64 {
    move |epoch| match crate::random::Stream::new(seed, "metric", epoch).uniform() {
        noise if noise < 0.05 => f64::NAN,
        noise => 1.0 / (1.0 + 0.1 * epoch as f64) + 0.3 * noise,
    }
}

fn table(entry_example: &str) -> String {
    format!("[schedule]\n{entry_example}\n")
}

#[test]
fn names_are_unique_and_sorted() {
    assert!(REGISTRY.windows(2).all(|pair| pair[0].name < pair[1].name));
}

#[test]
fn each_builds_from_its_example() {
    for entry in REGISTRY {
        let Read { rule, found, .. } = read(&table(entry.example), HUNDRED_EPOCHS);
        assert_eq!(found, Ok(String::new()), "{}", entry.name);
        assert!(!rule.unwrap().describe().is_empty());
    }
}

#[test]
fn each_refuses_an_unknown_key_and_shows_where_it_stands() {
    for entry in REGISTRY {
        let message = error(&table(&format!("{}\nfactr = 0.3", entry.example)));
        assert!(message.contains("unknown key `schedule.factr`"), "{message}");
        assert!(message.contains("factr = 0.3") && message.contains("^^^^^"), "{message}");
    }
}

#[test]
fn the_resolved_schedule_read_again_is_the_same() {
    let arrays = "schedule = [{ type = \"linear\", start = 0.1, end = 1, for = \"10%\" }, { type = \"plateau\", \
                  convention = \"keras\", for = \"50 epochs\" }, { type = \"step\", every = \"5 epochs\" }]";
    let texts = REGISTRY.iter().map(|entry| table(entry.example)).chain([arrays.into(), String::new()]);
    for text in texts {
        let first = read(&text, HUNDRED_EPOCHS);
        let again = read(&first.resolved, HUNDRED_EPOCHS);
        assert_eq!(again.found, first.found);
        assert_eq!(again.resolved, first.resolved);
        assert_eq!(format!("{:?}", again.rule), format!("{:?}", first.rule));
    }
}

/// A rule's keys in an inline table, without its braces.
fn any_leaf() -> impl Strategy<Value = String> {
    let tick = || prop_oneof![Just(""), Just(", tick = \"epoch\"")];
    let end = || prop_oneof![Just("0.0"), Just("0.05"), Just("{ lr = 0.002 }")];
    let clocked = prop_oneof![
        (0.3..1.0, 20..40u64, 20..40u64).prop_map(|(factor, every, first)| format!(
            "type = \"step\", factor = {factor:?}, every = \"{every}%\", first = \"{first}%\""
        )),
        (0.1..1.0, 0.1..1.0, prop_oneof![Just("at"), Just("after"), Just("before")]).prop_map(
            |(a, b, boundary): (f64, f64, _)| format!(
                "type = \"multistep\", milestones = [\"25%\", \"60%\"], factor = [{a:?}, {b:?}], boundary = \"{boundary}\""
            )
        ),
        (0.0..1.0, 0.0..2.0, prop_oneof![Just("held"), Just("linear"), Just("cosine")]).prop_map(
            |(a, b, how): (f64, f64, _)| format!(
                "type = \"piecewise\", boundaries = [\"25%\", \"60%\"], values = [{a:?}, {b:?}, {{ lr = 0.01 }}], \
                 interpolation = \"{how}\""
            )
        ),
        (0.01..1.0, 0.01..1.0)
            .prop_map(|(start, end): (f64, f64)| format!("type = \"linear\", start = {start:?}, end = {end:?}")),
        (0.9..1.0, 1..5u64, any::<bool>(), prop_oneof![Just(""), Just(", end = 0.01")]).prop_map(
            |(factor, every, staircase, end)| format!(
                "type = \"exponential\", factor = {factor:?}, every = \"{every} steps\", staircase = {staircase}{end}"
            )
        ),
        (0.1..2.0, 0.5..2.0, any::<bool>()).prop_map(|(rate, power, staircase): (f64, f64, _)| format!(
            "type = \"inverse_time\", rate = {rate:?}, every = \"10%\", power = {power:?}, staircase = {staircase}"
        )),
        (end(), 0.5..3.0, any::<bool>(), 0.5..2.0, 30..100u64).prop_map(|(end, power, cycle, k, over)| format!(
            "type = \"polynomial\", end = {end}, power = {power:?}, cycle = {cycle}, k_decay = {k:?}, over = \"{over}%\""
        )),
        (end(), 0.5..3.0, 0.5..2.0, 30..100u64, prop_oneof![Just("hold"), Just("rise")]).prop_map(
            |(end, exponent, k, over, past)| format!(
                "type = \"cosine\", end = {end}, exponent = {exponent:?}, k_decay = {k:?}, over = \"{over}%\", \
                 past_end = \"{past}\""
            )
        ),
        (end(), 20..60u64, 1.0..3.0, 0.5..1.0, prop_oneof![Just("peak"), Just("amplitude")]).prop_map(
            |(end, period, mult, decay, of)| format!(
                "type = \"cosine_restarts\", end = {end}, period = \"{period}%\", period_mult = {mult:?}, decay = {decay:?}, \
                 decay_of = \"{of}\""
            )
        ),
        (1..7u64, 1.0..2.0)
            .prop_map(|(cycles, mult)| format!("type = \"cosine_restarts\", cycles = {cycles}, period_mult = {mult:?}")),
        (0.0..1.0, 10..40u64, 10..40u64, prop_oneof![
            Just("triangular\""),
            Just("triangular2\""),
            Just("exp_range\", gamma = 0.999")
        ])
        .prop_map(|(low, up, down, mode): (f64, _, _, _)| format!(
            "type = \"cyclic\", low = {low:?}, up = \"{up}%\", down = \"{down}%\", mode = \"{mode}"
        )),
        (10..100u64).prop_map(|scale| format!("type = \"inverse_sqrt\", timescale = \"{scale}%\"")),
        (10..90u64, prop_oneof![Just(""), Just(", d_model = 64")])
            .prop_map(|(peak, width)| format!("type = \"noam\", peak = \"{peak}%\"{width}")),
        (
            10..90u64,
            prop_oneof![Just("1-sqrt"), Just("linear"), Just("cosine"), Just("exponential"), Just("power")],
            end()
        )
            .prop_map(|(decay, shape, end)| format!(
                "type = \"wsd\", decay = \"{decay}%\", shape = \"{shape}\", end = {end}"
            )),
        (end(), -7.0..0.0, 0.5..4.0)
            .prop_map(|(end, lb, ub): (_, f64, f64)| format!("type = \"tanh\", end = {end}, lb = {lb:?}, ub = {ub:?}")),
        end().prop_map(|end| format!("type = \"rex\", end = {end}")),
        prop_oneof![
            Just("0.5 * (1 + cos(pi * t / T))"),
            Just("if(epoch < 3, 1, max(0.1, 1 - epoch / 100)) * base * 10"),
            Just("1 / sqrt(1 + step)"),
        ]
        .prop_map(|formula| format!("type = \"expression\", formula = \"{formula}\"")),
    ];
    // Patience and cooldowns are multiples of `every`.
    let watched = || {
        let nan = prop_oneof![Just("bad"), Just("ignore"), Just("reduce")];
        (1..3usize, 1..3u64, nan).prop_map(|(window, every, nan)| {
            (every, format!("window = {window}, every = \"{every} epochs\", nan = \"{nan}\""))
        })
    };
    let driven = prop_oneof![
        (0.1..0.9, 0..3u64, 0..3u64, prop_oneof![Just("torch"), Just("keras"), Just("optax")], watched()).prop_map(
            |(factor, patience, cooldown, convention, (every, watched))| format!(
                "type = \"plateau\", factor = {factor:?}, patience = \"{} epochs\", cooldown = \"{} epochs\", \
                 min_lr = 1e-4, convention = \"{convention}\", {watched}",
                patience * every,
                cooldown * every
            )
        ),
        (1.1..2.0, 0..3u64, watched()).prop_map(|(factor, patience, (every, watched))| format!(
            "type = \"plateau\", factor = {factor:?}, patience = \"{} epochs\", max_lr = 0.3, {watched}",
            patience * every
        )),
        (0.5..0.95, 0..3u64, 0..3u64, 1..4u64, watched()).prop_map(
            |(factor, patience, cooldown, reset, (every, watched))| format!(
                "type = \"greedy\", factor = {factor:?}, patience = \"{} epochs\", cooldown = \"{} epochs\", \
                 raise_cooldown = \"{every} epochs\", min_lr = 0.05, max_lr = 0.3, reset = {reset}, {watched}",
                patience * every,
                cooldown * every
            )
        ),
    ];
    // In epochs, a phase of the runs below would be too short for it.
    let one_cycle =
        (0.2..0.45, any::<bool>(), prop_oneof![Just("cos"), Just("linear")], prop_oneof![Just("last"), Just("after")])
            .prop_map(|(start, three, anneal, reach)| {
                format!(
                    "type = \"one_cycle\", pct_start = {start:?}, three_phase = {three}, anneal = \"{anneal}\", \
                 reach = \"{reach}\""
                )
            });
    let constant = (0.1..2.0).prop_map(|factor: f64| format!("type = \"constant\", factor = {factor:?}"));
    prop_oneof![8 => (clocked, tick()).prop_map(|(rule, tick)| format!("{rule}{tick}")), 2 => driven, 1 => constant, 1 => one_cycle]
}

/// `rule` with modifiers, or without.
fn modified(rule: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    let table = (
        0.0..0.5,
        prop_oneof![Just("linear"), Just("cosine"), Just("1-sqrt"), Just("constant")],
        prop_oneof![Just("last"), Just("after")],
        prop_oneof![Just("within"), Just("after"), Just("beneath")],
        prop_oneof![Just("rule"), Just("base")],
    );
    let warmup = prop_oneof![
        3 => Just(String::new()),
        1 => Just(", warmup = \"10%\"".to_owned()),
        1 => table.prop_map(|(start, shape, reach, clock, to): (f64, _, _, _, _)| format!(
            ", warmup = {{ for = \"10%\", start = {start:?}, shape = \"{shape}\", reach = \"{reach}\", \
             clock = \"{clock}\", to = \"{to}\" }}"
        )),
    ];
    let limits = prop_oneof![
        4 => Just(""),
        1 => Just(", floor = 0.02"),
        1 => Just(", ceiling = 0.9"),
        1 => Just(", floor = { lr = 0.01 }, ceiling = 0.5")
    ];
    (rule, warmup, limits).prop_map(|(rule, warmup, limits)| format!("{rule}{warmup}{limits}"))
}

/// Any rule, sequences of products of sequences too: the keys of an inline table, without its braces.
fn any_rule() -> impl Strategy<Value = String> {
    modified(any_leaf()).prop_recursive(2, 12, 3, |part| {
        let from = prop_oneof![Just(""), Just(", from = \"base\""), Just(", from = \"current\"")];
        let sequence = prop::collection::vec((part.clone(), 25..=35u64, from), 1..=3).prop_map(|parts| {
            let last = parts.len() - 1;
            let part = |(index, (part, percent, from)): (usize, (String, u64, &str))| {
                let from = if index == 0 { "" } else { from };
                let length = if index == last { String::new() } else { format!(", for = \"{percent}%\"") };
                format!("{{ {part}{length}{from} }}")
            };
            let parts: Vec<String> = parts.into_iter().enumerate().map(part).collect();
            format!("type = \"sequence\", parts = [{}]", parts.join(", "))
        });
        let product = prop::collection::vec(part, 1..=3).prop_map(|parts| {
            let parts: Vec<String> = parts.into_iter().map(|part| format!("{{ {part} }}")).collect();
            format!("type = \"product\", parts = [{}]", parts.join(", "))
        });
        modified(prop_oneof![sequence, product])
    })
}

const LONG: Horizon = Horizon { total_steps: 640, steps_per_epoch: 10 };

/// The rule of an inline table without its braces.
fn inline(table: &str) -> Box<dyn Rule> {
    rule(&format!("schedule = {{ {table} }}"), LONG)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_factor_is_finite_and_not_below_0(epochs in 10..60u64, steps_per_epoch in 2..40u64, extra in 0..10u64) {
        let horizon = Horizon { total_steps: epochs * steps_per_epoch + extra, steps_per_epoch };
        for entry in REGISTRY {
            let Some(mut rule) = read(&table(entry.example), horizon).rule else {
                // Milestones and cycles longer than a short run are errors in some rules, and said so.
                continue;
            };
            run(&mut *rule, 0, horizon.total_steps + 100, horizon, &metric(epochs));
        }
    }

    #[test]
    fn a_run_that_is_cut_and_goes_on_gives_the_same_bits(table in any_rule(), cut in 0..640u64, seed in 0..9u64) {
        let mut whole = inline(&table);
        let metric = metric(seed);
        let mut expected = run(&mut *whole, 0, cut, LONG, &metric);
        let saved = serde_json::to_string(&whole.save()).unwrap();
        expected.extend(run(&mut *whole, cut, 640, LONG, &metric));

        let mut first = inline(&table);
        let mut factors = run(&mut *first, 0, cut, LONG, &metric);
        let mut second = inline(&table);
        second.load(&serde_json::from_str(&saved).unwrap()).unwrap();
        factors.extend(run(&mut *second, cut, 640, LONG, &metric));
        prop_assert_eq!(factors, expected);
        prop_assert_eq!(second.save(), whole.save());
    }

    #[test]
    fn a_sequence_of_one_and_a_product_of_one_are_that_one(table in any_rule(), seed in 0..9u64) {
        let mut alone = inline(&table);
        let mut sequence = rule(&format!("schedule = [{{ {table} }}]"), LONG);
        let mut product = inline(&format!("type = \"product\", parts = [{{ {table} }}]"));
        let metric = metric(seed);
        let factors = |rule: &mut dyn Rule| run(rule, 0, 640, LONG, &metric);
        let expected = factors(&mut *alone);
        prop_assert_eq!(factors(&mut *sequence), expected.clone());
        prop_assert_eq!(factors(&mut *product), expected);
        prop_assert_eq!(sequence.describe(), alone.describe());
        prop_assert_eq!(sequence.is_metric_driven(), alone.is_metric_driven());
    }

    #[test]
    fn a_product_commutes(a in any_rule(), b in any_rule(), seed in 0..9u64) {
        let metric = metric(seed);
        let factors = |a: &str, b: &str| {
            let mut product = inline(&format!("type = \"product\", parts = [{{ {a} }}, {{ {b} }}]"));
            run(&mut *product, 0, 640, LONG, &metric)
        };
        prop_assert_eq!(factors(&a, &b), factors(&b, &a));
    }

    #[test]
    fn floor_and_ceiling_hold(table in any_leaf(), floor in 0.0..0.5, span in 0.0..0.5, seed in 0..9u64) {
        let (ceiling, metric) = (floor + span, metric(seed));
        let mut rule = inline(&format!("{table}, warmup = \"10%\", floor = {floor:?}, ceiling = {ceiling:?}"));
        for bits in run(&mut *rule, 0, 700, LONG, &metric) {
            prop_assert!((floor..=ceiling).contains(&f64::from_bits(bits)));
        }
    }

    #[test]
    fn a_warm_up_is_a_line_before_the_rule(table in any_leaf(), start in 0.0..1.0, seed in 0..9u64) {
        let warmup = format!("warmup = {{ for = \"64 steps\", start = {start:?}, reach = \"after\", clock = \"after\", to = \"base\", tick = \"step\" }}");
        let mut warmed = inline(&format!("{table}, {warmup}"));
        let line = format!("type = \"linear\", start = {start:?}, end = 1, for = \"64 steps\"");
        let mut sequence = rule(&format!("schedule = [{{ {line} }}, {{ {table} }}]"), LONG);
        let metric = metric(seed);
        prop_assert_eq!(run(&mut *warmed, 0, 700, LONG, &metric), run(&mut *sequence, 0, 700, LONG, &metric));
    }

    #[test]
    fn a_state_that_is_cut_off_or_foreign_changes_nothing(table in any_rule(), other in any_rule(), seed in 0..9u64) {
        let mut rule = inline(&table);
        run(&mut *rule, 0, 320, LONG, &metric(seed));
        let saved = rule.save();
        let text = saved.to_string();
        for end in 0..text.len() {
            if let Ok(cut) = serde_json::from_str::<serde_json::Value>(&text[..end]) {
                prop_assert!(rule.load(&cut).is_err() || cut == saved, "{}", cut);
            }
        }
        for wrong in without_a_piece(&saved) {
            prop_assert!(rule.load(&wrong).is_err(), "{}", wrong);
            prop_assert_eq!(rule.save(), saved.clone());
        }
        let mut foreign = inline(&other);
        let before = foreign.save();
        if shape(&before) != shape(&saved) {
            prop_assert!(foreign.load(&saved).is_err(), "{} into {}", saved, before);
            prop_assert_eq!(foreign.save(), before);
        }
    }
}

#[test]
fn a_percentage_is_of_the_whole_with_a_warm_up_and_without() {
    for keys in [
        "type = \"step\", every = LENGTH",
        "type = \"multistep\", milestones = [LENGTH]",
        "type = \"piecewise\", boundaries = [LENGTH], values = [1, 0.5]",
        "type = \"linear\", start = 1, end = 0, over = LENGTH",
        "type = \"exponential\", factor = 0.5, every = LENGTH",
        "type = \"inverse_time\", rate = 0.5, every = LENGTH",
        "type = \"inverse_sqrt\", timescale = LENGTH",
        "type = \"polynomial\", over = LENGTH",
        "type = \"cosine\", over = LENGTH",
        "type = \"cosine_restarts\", period = LENGTH",
        "type = \"cyclic\", low = 0, up = LENGTH",
        "type = \"one_cycle\", over = LENGTH",
        "type = \"noam\", peak = LENGTH",
        "type = \"wsd\", decay = LENGTH",
        "type = \"tanh\", over = LENGTH",
        "type = \"rex\", over = LENGTH",
    ] {
        for (percent, steps) in [("", ""), (", warmup = \"20%\"", ", warmup = \"128 steps\"")] {
            let metric = metric(1);
            let factors = |keys: String| run(&mut *inline(&keys), 0, 640, LONG, &metric);
            let in_percent = factors(keys.replace("LENGTH", "\"50%\"") + percent);
            assert_eq!(in_percent, factors(keys.replace("LENGTH", "\"320 steps\"") + steps), "{keys}{percent}");
        }
    }
}

/// `state` with one key or one element less, in every way.
fn without_a_piece(state: &serde_json::Value) -> Vec<serde_json::Value> {
    use serde_json::Value;
    match state {
        Value::Object(map) => map
            .iter()
            .flat_map(|(key, value)| {
                let mut less = map.clone();
                less.shift_remove(key);
                let deeper = without_a_piece(value).into_iter().map(move |value| {
                    let mut changed = map.clone();
                    changed.insert(key.clone(), value);
                    Value::Object(changed)
                });
                deeper.chain([Value::Object(less)])
            })
            .collect(),
        Value::Array(items) => (0..items.len())
            .flat_map(|at| {
                let mut less = items.clone();
                less.remove(at);
                let deeper = without_a_piece(&items[at]).into_iter().map(move |value| {
                    let mut changed = items.clone();
                    changed[at] = value;
                    Value::Array(changed)
                });
                deeper.chain([Value::Array(less)])
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// Which rules have a state, and how they are nested.
fn shape(state: &serde_json::Value) -> String {
    match (state.get("rule"), state.get("parts").and_then(|parts| parts.as_array())) {
        (Some(name), Some(parts)) => format!("{name}{:?}", parts.iter().map(shape).collect::<Vec<_>>()),
        (Some(name), None) => name.to_string(),
        _ => "none".to_owned(),
    }
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let mut missing: Vec<String> = Vec::new();
    let mut wrong = |table: &str, parts: &[&str]| {
        let message = error(&format!("[schedule]\n{table}\n"));
        let absent = parts.iter().filter(|part| !message.contains(**part));
        missing.extend(absent.map(|part| format!("{part:?} is not in\n{message}")));
    };
    wrong("type = \"stepp\"", &["unknown schedule \"stepp\"", "did you mean \"step\"?", "test.toml:2"]);
    wrong("type = \"CosineAnnealingLR\"", &["unknown schedule \"CosineAnnealingLR\"", "it is `cosine` here"]);
    wrong("type = \"constant\"\nfor = \"2 epochs\"", &["`for` says how long a part of a sequence lasts"]);
    wrong("type = \"cosine\"\nover = \"15.5 steps\"", &["steps are whole"]);
    wrong("type = \"cosine\"\nover = \"150%\"", &["expected at most \"100%\""]);
    wrong("type = \"cosine\"\nover = \"5 minutes\"", &["time on the clock goes with [limit] time"]);
    let odd = "type = \"plateau\"\nevery = \"3 epochs\"\npatience = \"4 epochs\"";
    wrong(odd, &["`schedule.patience` is no multiple of `every`", "the metric is judged every 3 epochs"]);
    wrong("type = \"step\"", &["`schedule.every` is missing", "add `every`: a duration such as"]);
    wrong("type = \"step\"\nevery = 10", &["write \"10 epochs\" or \"10 steps\""]);
    wrong("type = \"step\"\nevery = \"0 epochs\"", &["`schedule.every` comes to 0 steps", "an epoch has 10 steps"]);
    wrong("type = \"step\"\nevery = \"0.01%\"", &["comes to 0 steps", "there are 1000 steps"]);
    wrong("type = \"step\"\nevery = \"1 epochs\"\nfirst = \"0 steps\"", &["`schedule.first` comes to 0 steps"]);
    wrong("type = \"step\"\nevery = \"1 epochs\"\nfactor = 0", &["expected a finite number above 0"]);
    wrong("type = \"step\"\nevery = \"1 steps\"\nfactor = 10", &["grows beyond any number", "factor = 10"]);
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
    wrong("type = \"plateau\"\nfactor = 1", &["a plateau changes the learning rate"]);
    wrong("type = \"plateau\"\nfactor = 2", &["`schedule.max_lr` is missing"]);
    wrong("type = \"plateau\"\nmax_lr = 2", &["`max_lr` goes with a factor above 1"]);
    wrong("type = \"greedy\"\nthreshold_abs = 0.1", &["`threshold` is absolute already"]);
    wrong("type = \"plateau\"\nevery = \"0 epochs\"", &["the metric would never be judged"]);
    wrong("type = \"greedy\"\nfactor = 1", &["expected a number above 0 and below 1"]);
    wrong("type = \"greedy\"\nmin_lr = 2", &["`min_lr` is above `max_lr`", "expected at most 1"]);
    wrong("type = \"multistep\"", &["`schedule.milestones` is missing"]);
    wrong("type = \"multistep\"\nmilestones = []", &["`schedule.milestones` is empty"]);
    wrong("type = \"multistep\"\nmilestones = [30, 60]", &["write \"30 epochs\" or \"30 steps\""]);
    // PyTorch starts on the wrong level or counts twice; here neither can be written.
    wrong("type = \"multistep\"\nmilestones = [\"0 steps\"]", &["comes to 0 steps"]);
    let twice = "type = \"multistep\"\nmilestones = [\"10 epochs\", \"100 steps\"]";
    wrong(
        twice,
        &["`schedule.milestones` must ascend", "\"100 steps\" (step 100) is not after \"10 epochs\" (step 100)"],
    );
    let factors = "type = \"multistep\"\nmilestones = [\"30%\", \"60%\"]\nfactor = [0.1]";
    wrong(factors, &["1 factor and 2 milestones", "one factor for each milestone, or one number for all"]);
    wrong("type = \"piecewise\"", &["`schedule.boundaries` is missing", "`schedule.values` is missing"]);
    let values = "type = \"piecewise\"\nboundaries = [\"30%\"]\nvalues = [1, { lr = 0.01 }, 2]";
    wrong(values, &["3 values and 1 boundary", "one value more than boundaries"]);
    let values = "type = \"piecewise\"\nboundaries = [\"30%\"]\nvalues = [1, { rate = 0.01 }]";
    wrong(values, &["an absolute value such as { lr = 0.1 }"]);
    let joined = "type = \"piecewise\"\nboundaries = [\"30%\"]\nvalues = [1, 0]\ninterpolation = \"linear\"\nboundary = \"after\"";
    wrong(joined, &["there is no side of a boundary"]);
    wrong("type = \"cosine\"\nover = \"0 epochs\"", &["`schedule.over` comes to 0 steps"]);
    wrong("type = \"cosine_restarts\"", &["`schedule.period` is missing", "or `cycles`"]);
    wrong("type = \"cosine_restarts\"\ncycles = 2000", &["the cycles are shorter than a step"]);
    wrong("type = \"cosine_restarts\"\ncycles = 2\nperiod_mult = 0.5", &["expected a finite number, 1 or above"]);
    wrong("type = \"cosine_restarts\"\ncycles = 2\ndecay = 1.5", &["expected at most 1"]);
    wrong("type = \"cyclic\"\nup = \"2 epochs\"", &["`schedule.low` is missing"]);
    wrong("type = \"cyclic\"\nlow = 2\nup = \"2 epochs\"", &["`low` is above `high`"]);
    wrong("type = \"cyclic\"\nlow = 0\nup = \"2 epochs\"\ngamma = 0.9", &["goes with `mode = \"exp_range\"`"]);
    wrong("type = \"one_cycle\"\npct_start = 0.001", &["leaves no time to rise or to fall"]);
    wrong("type = \"one_cycle\"\ndiv_factor = 0.5", &["`div_factor` divides", "expected 1 or above"]);
    wrong("type = \"one_cycle\"\nthree_phase = true\npct_start = 0.6", &["the second phase ends before it begins"]);
    wrong("type = \"one_cycle\"\npct_final = 0.6", &["goes with `three_phase = true`"]);
    wrong("type = \"one_cycle\"\ncycle_momentum = true", &["there is no momentum to cycle"]);
    wrong("type = \"one_cycle\"\nmax_momentum = 0.9", &["goes with `cycle_momentum = true`"]);
    wrong("type = \"wsd\"\ndecay = \"101 epochs\"", &["`schedule.decay` is longer than the whole"]);
    wrong("type = \"wsd\"\ndecay = \"20%\"\nstable = \"50%\"\nover = \"80%\"", &["both `over` and `stable` are given"]);
    wrong("type = \"tanh\"\nlb = 3", &["`lb` is not below `ub`"]);
    wrong("type = \"expression\"\nformula = \"abs(1 / (t - 500))\"", &["gives inf at step 500", "at every step"]);
    wrong("type = \"expression\"\nformula = \"1 - t\"", &["gives -1 at step 2"]);
    wrong("type = \"expression\"\nformula = \"1 - tt\"", &["`tt` is no name here", "did you mean `t`?"]);
    wrong("type = \"product\"", &["`schedule.parts` is missing"]);
    wrong("type = \"product\"\nparts = []", &["`schedule.parts` has no parts"]);
    wrong(
        "type = \"product\"\nparts = [{ type = \"rex\", for = \"2 epochs\" }]",
        &["`for` says how long a part of a sequence lasts"],
    );
    wrong("type = \"rex\"\nwarmup = 5", &["write \"5 epochs\" or \"5 steps\""]);
    wrong("type = \"rex\"\nwarmup = \"100 epochs\"", &["`schedule.warmup` is as long as all there is to train"]);
    wrong("type = \"rex\"\nwarmup = { start = 0.1 }", &["`schedule.warmup.for` is missing"]);
    wrong(
        "type = \"rex\"\nwarmup = { for = \"5%\", strat = 1 }",
        &["unknown key `schedule.warmup.strat`", "did you mean `start`?"],
    );
    let exponential = "type = \"rex\"\nwarmup = { for = \"5%\", shape = \"exponential\" }";
    wrong(exponential, &["an exponential warm-up cannot start at 0"]);
    let early = "type = \"multistep\"\nmilestones = [\"5 epochs\"]\nwarmup = \"10 epochs\"";
    wrong(early, &["lies in the warm-up", "step 50; the warm-up takes 100 steps", "`clock = \"after\"`"]);
    wrong("type = \"rex\"\nfloor = -1", &["`schedule.floor` does not take `-1`"]);
    wrong("type = \"rex\"\nfloor = { lr = 0.05 }\nceiling = 0.1", &["the floor is above the ceiling"]);
    wrong(
        "type = \"cyclic\"\nlow = 0\nup = \"5%\"\nconvention = \"keras\"",
        &["keras has no `cyclic` of its own", "expected \"torch\""],
    );
    wrong(
        "type = \"product\"\nparts = [{ type = \"rex\" }]\nconvention = \"keras\"",
        &["keras has no `product` of its own", "expected \"torch\""],
    );
    wrong("type = \"cosine\"\nconvention = \"pytorch\"", &["did you mean \"torch\"?"]);
    wrong("type = \"plateau\"\nthreshold = 1", &["threshold_mode = \"abs\""]);
    assert!(missing.is_empty(), "{}", missing.join("\n\n"));
    let message = error("schedule = \"constant\"");
    assert!(message.contains("write `schedule = { type = \"constant\" }`"), "{message}");
    assert!(error("schedule = 3").contains("`schedule` is a table, not `3`"));
    assert!(error("schedule = []").contains("`schedule` has no parts"));
}

#[test]
fn a_run_without_metrics_has_no_plateau() {
    let spec = Spec::parse(Path::new("test.toml"), "schedule = { type = \"plateau\" }", &[]).unwrap();
    let log = Log::default();
    let mut root = Section::root(&spec.table, &log);
    let rule = build(&mut root, "schedule", &Context::new(HUNDRED_EPOCHS, 0.1, &[]));
    assert!(rule.is_none());
    assert!(log.finish(&spec.texts).unwrap_err().to_string().contains("this run has no metric to monitor"));
}

#[test]
fn what_will_not_be_seen_is_a_warning() {
    for (table, warning) in [
        ("type = \"step\"\nevery = \"100 epochs\"", "`schedule.every`: the first drop comes after the last step"),
        ("type = \"step\"\nevery = \"10 epochs\"\nfirst = \"2000 steps\"", "`schedule.first`: the first drop comes"),
        ("type = \"linear\"\nstart = 1\nend = 0\nover = \"101 epochs\"", "`schedule.over`: the line ends after"),
        (
            "type = \"exponential\"\nfactor = 0.5\nevery = \"100 epochs\"\nstaircase = true",
            "`schedule.every`: the first drop comes after the last step",
        ),
        ("type = \"plateau\"\npatience = \"98 epochs\"", "`schedule.patience` is too long for a change to come"),
        (
            "type = \"multistep\"\nmilestones = [\"30 epochs\", \"100 epochs\"]",
            "`schedule.milestones`: \"100 epochs\" comes after the last step",
        ),
        (
            "type = \"piecewise\"\nboundaries = [\"101 epochs\"]\nvalues = [1, 2]",
            "`schedule.boundaries`: \"101 epochs\" comes after the last step",
        ),
        ("type = \"cosine\"\nover = \"101 epochs\"", "`schedule.over`: the cosine ends after the last step"),
        (
            "type = \"cosine\"\nover = \"100 epochs\"\nwarmup = { for = \"5 epochs\", clock = \"after\" }",
            "`schedule.over`: the cosine ends after the last step",
        ),
        // PyTorch's `eta_min` raises a group that is below it, and nobody is told.
        ("type = \"cosine\"\nend = { lr = 0.2 }", "`schedule.end` is above what the rule begins from, and raises it"),
        ("type = \"cosine_restarts\"\nperiod = \"101 epochs\"", "`schedule.period`: the first cycle ends after"),
        ("type = \"cyclic\"\nlow = 0\nup = \"51 epochs\"", "`schedule.up`: the first cycle ends after the last step"),
        ("type = \"cosine_restarts\"\nperiod = \"10 epochs\"\nperiod_mult = 2", "cycle 4 ends at 37.5% of it"),
        ("type = \"cyclic\"\nlow = 0\nup = \"6 epochs\"", "`schedule.up`: the last cycle does not complete"),
        ("type = \"greedy\"\npatience = \"99 epochs\"", "`schedule.patience` is too long for a change to come"),
        (
            "type = \"cosine_restarts\"\nperiod = \"20 epochs\"\ncycles = 7",
            "`schedule.cycles`: not all cycles come in this run",
        ),
        (
            "type = \"multistep\"\nmilestones = [\"50 epochs\", \"999 steps\"]\nconvention = \"keras\"",
            "`schedule.milestones`: \"999 steps\" comes after the last step",
        ),
        (
            "type = \"multistep\"\nmilestones = [\"995 steps\"]\ntick = \"epoch\"",
            "`schedule.milestones`: \"995 steps\" comes after the last step",
        ),
        ("type = \"plateau\"\nmin_lr = 0.1", "the rate begins at or below `min_lr`"),
        ("type = \"rex\"\nfloor = { lr = 0.2 }", "`schedule.floor` is above what the rule begins from"),
        (
            "type = \"sequence\"\nparts = [{ type = \"plateau\", for = \"50%\" }, { type = \"cosine\", end = { lr = 0.01 } }]",
            "an absolute height in a part that goes on from the one before",
        ),
        ("type = \"one_cycle\"\nover = \"101 epochs\"", "`schedule.over`: the cycle ends after the last step"),
        ("type = \"noam\"\npeak = \"101 epochs\"", "`schedule.peak`: the peak comes after the last step"),
        (
            "type = \"greedy\"\nconvention = \"transformers\"\nmin_lr = 0.1",
            "the learning rate begins outside of `min_lr`",
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
