//! Random schedules, as a spec writes them.

use proptest::prelude::*;

use crate::schedule::REGISTRY;

/// Returns the example of a rule as the keys of an inline table, without braces. Options that every rule has are left
/// out, because the tests add their own.
fn inline_example(example: &str) -> String {
    let mut keys: toml::Table = example.parse().unwrap();
    keys.retain(|key, _| !matches!(key, "warmup" | "floor" | "ceiling"));
    let keys: Vec<String> = keys.iter().map(|(key, value)| format!("{key} = {value}")).collect();
    keys.join(", ")
}

/// Returns a random rule that has no parts: the example of any rule in the registry, or one with random options. The
/// result is the keys of an inline table, without braces.
pub fn any_leaf() -> impl Strategy<Value = String> {
    let examples: Vec<String> = REGISTRY.iter().map(|entry| inline_example(entry.example)).collect();
    let examples: Vec<String> = examples.into_iter().filter(|example| !example.contains("parts = ")).collect();
    prop_oneof![1 => prop::sample::select(examples), 4 => any_options()]
}

/// Returns a random rule with random options.
fn any_options() -> impl Strategy<Value = String> {
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
        // In a sequence within a sequence there are only about 40 steps. The first cycle must be longer than a step.
        (1..5u64, 1.0..2.0)
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
    let monitored = || {
        let nan = prop_oneof![Just("bad"), Just("ignore"), Just("reduce")];
        (1..3usize, 1..3u64, nan).prop_map(|(window, every, nan)| {
            (every, format!("window = {window}, every = \"{every} epochs\", nan = \"{nan}\""))
        })
    };
    let driven = prop_oneof![
        (0.1..0.9, 0..3u64, 0..3u64, prop_oneof![Just("torch"), Just("keras"), Just("optax")], monitored()).prop_map(
            |(factor, patience, cooldown, convention, (every, monitored))| format!(
                "type = \"plateau\", factor = {factor:?}, patience = \"{} epochs\", cooldown = \"{} epochs\", \
                 min_lr = 1e-4, convention = \"{convention}\", {monitored}",
                patience * every,
                cooldown * every
            )
        ),
        (1.1..2.0, 0..3u64, monitored()).prop_map(|(factor, patience, (every, monitored))| format!(
            "type = \"plateau\", factor = {factor:?}, patience = \"{} epochs\", max_lr = 0.3, {monitored}",
            patience * every
        )),
        (0.5..0.95, 0..3u64, 0..3u64, 1..4u64, monitored()).prop_map(
            |(factor, patience, cooldown, reset, (every, monitored))| format!(
                "type = \"greedy\", factor = {factor:?}, patience = \"{} epochs\", cooldown = \"{} epochs\", \
                 raise_cooldown = \"{every} epochs\", min_lr = 0.05, max_lr = 0.3, reset = {reset}, {monitored}",
                patience * every,
                cooldown * every
            )
        ),
    ];
    // Without `tick`: in epochs, a phase is too short for it.
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

/// Returns `rule` with a random warm-up and random limits, or without.
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

/// Returns any rule, also sequences of products of sequences: the keys of an inline table, without braces.
pub fn any_rule() -> impl Strategy<Value = String> {
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
