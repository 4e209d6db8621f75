//! What formulas mean, and what is said of texts that are none.

use super::grammar::{Formula, NAMES};

/// With T = 100, base = 0.5, epoch = 2.5, step = 25, t = 20.
fn value(text: &str) -> f64 {
    let numbers = NAMES.map(|name| match name {
        "T" => 100.0,
        "base" => 0.5,
        "epoch" => 2.5,
        "step" => 25.0,
        _ => 20.0,
    });
    Formula::read(text).unwrap_or_else(|wrong| panic!("{text}: {wrong:?}")).value(&numbers)
}

#[test]
fn formulas_mean_what_they_say() {
    for (text, expected) in [
        ("1", 1.0),
        ("1e-3", 1e-3),
        ("2.5E+1", 25.0),
        (".5", 0.5),
        ("1 / 2", 0.5),
        ("2 + 3 * 4", 14.0),
        ("8 / 2 * 4", 16.0),
        ("8 * 2 / 4 * 3", 12.0),
        ("10 - 3 - 2", 5.0),
        ("10 - 3 + 2", 9.0),
        ("2 ^ 3 * 2", 16.0),
        ("7 % 4", 3.0),
        ("-2 + 3", 1.0),
        ("3 * -2", -6.0),
        ("-(2 ^ 2)", -4.0),
        ("(-2) ^ 2", 4.0),
        ("2 ^ -1", 0.5),
        ("t / T", 0.2),
        ("step", 25.0),
        ("epoch", 2.5),
        ("1e-3 / base", 2e-3),
        ("0.5 * (1 + cos(pi * t / T))", 0.5 * (1.0 + (std::f64::consts::PI * 20.0 / 100.0).cos())),
        ("sqrt(16) + abs(-3) + floor(1.9) + ceil(0.1) + round(2.5)", 11.0),
        ("exp(0) + ln(1) + log2(8) + log10(100)", 6.0),
        ("sin(0) + tan(0) + tanh(0)", 0.0),
        ("min(2, 3) + max(2, t)", 22.0),
        ("min(t, 5) * 2", 10.0),
        ("t < 30", 1.0),
        ("t >= 30", 0.0),
        ("(t == 20) + (t != 20) * 10", 1.0),
        ("1 < 2 && 2 < 3 || 3 < 2", 1.0),
        ("t < 30 && epoch > 2", 1.0),
        ("t > 30 || epoch > 3", 0.0),
        ("if(t < 10, 1, 0.1)", 0.1),
        ("if(t < 30, 1, 0.1)", 1.0),
        ("if(t < 10, 1, if(t < 25, 0.5, 0.1)) * 2", 1.0),
        ("2 * if(t<30, t/T, 1) + 1", 1.4),
        ("if(t > 10, 1, ln(-1))", 1.0),
        ("if(epoch < 2, 1, max(0.1, 1 - epoch / 10))", 0.75),
    ] {
        assert_eq!(value(text), expected, "{text}");
    }
    assert!(value("if(t < 30, ln(-1), 1)").is_nan());
}

#[test]
fn what_is_no_formula_is_said() {
    for (text, what) in [
        ("", "it is empty"),
        ("  ", "it is empty"),
        ("lr * 2", "`lr` is no name here"),
        ("stepp / 2", "`stepp` is no name here"),
        ("cosine(t)", "`cosine` is no name here"),
        ("cos", "`cos` is no name here"),
        ("cos()", "something is missing"),
        ("cos(1, 2)", "`cos` takes 1, not 2"),
        ("if(t, 1)", "`if` takes 3, not 2"),
        ("(1 + 2", "a `(` is not closed"),
        ("1 + 2)", "there is a `)` too many"),
        ("1, 2", "there is a `,` outside of a function"),
        ("1 2", "between `1` and `2` an operator is missing"),
        ("2 t", "between `2` and `t` an operator is missing"),
        ("2(3)", "between `2` and `(3)` an operator is missing"),
        ("t ** 2", "`**` is no operator here"),
        ("t = 2", "`=` means nothing here"),
        ("a ? b : c", "`?` means nothing here"),
        ("1 ? 2", "`?` means nothing here"),
        ("1 < 2 < 3", "`a < b < c` compares a truth with a number"),
        ("0.5 if t < 3 else 1", "`if` is no name here"),
        ("-t ^ 2", "`-a ^ b` can be read in two ways"),
        ("1e999", "`1e999` is no number"),
        ("1.2.3", "between `1.2` and `0.3` an operator is missing"),
        ("π", "`π` means nothing here"),
    ] {
        assert_eq!(Formula::read(text).map_err(|wrong| wrong.what).unwrap_err(), what, "{text}");
    }
    assert_eq!(Formula::read("stepp / 2").unwrap_err().right, "did you mean `step`?");
    for text in ["1 +", "* 2", "1 + * 2", "min(,)", "if(,,)", "()"] {
        assert!(Formula::read(text).is_err(), "{text}");
    }
    let nested = |depth| format!("{}1{}", "(".repeat(depth), ")".repeat(depth));
    for (text, what) in [
        (nested(400), "it is nested too deeply"),
        (nested(100_000), "it is too long"),
        ("1 + ".repeat(500) + "1", "it is too long"),
    ] {
        assert_eq!(Formula::read(&text).unwrap_err().what, what);
    }
    assert!(Formula::read(&("1 + ".repeat(499) + "1")).is_ok());
}
