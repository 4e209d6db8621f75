//! The meaning of formulas, and the errors of texts that are not formulas.

use super::grammar::{Formula, NAMES};

/// Returns the value of the formula `text` with T = 100, base = 0.5, epoch = 2.5, step = 25, t = 20.
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
fn formulas_have_the_usual_meaning() {
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
fn other_texts_are_errors() {
    for (text, what) in [
        ("", "it is empty"),
        ("  ", "it is empty"),
        ("lr * 2", "`lr` is not a known name"),
        ("stepp / 2", "`stepp` is not a known name"),
        ("cosine(t)", "`cosine` is not a known name"),
        ("cos", "`cos` is not a known name"),
        ("cos()", "an operand is missing"),
        ("cos(1, 2)", "`cos` takes 1 argument, not 2"),
        ("if(t, 1)", "`if` takes 3 arguments, not 2"),
        ("(1 + 2", "a `(` is not closed"),
        ("1 + 2)", "there is one `)` too many"),
        ("1, 2", "there is a `,` outside of a function"),
        ("2 * (1, 2)", "there is a `,` outside of a function"),
        ("1 2", "an operator is missing between `1` and `2`"),
        ("2 t", "an operator is missing between `2` and `t`"),
        ("2(3)", "an operator is missing between `2` and `(3)`"),
        ("t ** 2", "`**` is not an operator"),
        ("t = 2", "`=` has no meaning in a formula"),
        ("a ? b : c", "`?` has no meaning in a formula"),
        ("1 ? 2", "`?` has no meaning in a formula"),
        ("1 < 2 < 3", "`a < b < c` would compare true or false with a number"),
        ("0.5 if t < 3 else 1", "`if` is not a known name"),
        ("-t ^ 2", "`-a ^ b` is ambiguous"),
        ("1e999", "`1e999` is not a number"),
        ("1.2.3", "an operator is missing between `1.2` and `0.3`"),
        ("π", "`π` has no meaning in a formula"),
    ] {
        assert_eq!(Formula::read(text).map_err(|wrong| wrong.message).unwrap_err(), what, "{text}");
    }
    assert_eq!(Formula::read("stepp / 2").unwrap_err().help, "did you mean `step`?");
    for text in ["1 +", "* 2", "1 + * 2", "min(,)", "if(,,)", "()"] {
        assert!(Formula::read(text).is_err(), "{text}");
    }
    let nested = |depth| format!("{}1{}", "(".repeat(depth), ")".repeat(depth));
    for (text, what) in [
        (nested(400), "it is nested too deeply"),
        (nested(100_000), "it is too long"),
        ("1 + ".repeat(500) + "1", "it is too long"),
    ] {
        assert_eq!(Formula::read(&text).unwrap_err().message, what);
    }
    assert!(Formula::read(&("1 + ".repeat(499) + "1")).is_ok());
}
