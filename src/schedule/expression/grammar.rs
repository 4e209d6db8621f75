//! What a formula may say. exmex reads it; what exmex has no word for is written in its terms first.

use std::fmt::{self, Debug};

use exmex::{BinOp, Express, FlatEx, MakeOperators, Operator};

use crate::spec::nearest;

/// The names that stand for numbers.
pub const NAMES: [&str; 5] = ["t", "T", "step", "epoch", "base"];

/// The functions, and how many numbers they take.
const FUNCTIONS: [(&str, usize); 16] = [
    ("abs", 1),
    ("ceil", 1),
    ("cos", 1),
    ("exp", 1),
    ("floor", 1),
    ("if", 3),
    ("ln", 1),
    ("log10", 1),
    ("log2", 1),
    ("max", 2),
    ("min", 2),
    ("round", 1),
    ("sin", 1),
    ("sqrt", 1),
    ("tan", 1),
    ("tanh", 1),
];

/// A formula, ready to be computed.
pub struct Formula {
    expression: FlatEx<f64, Operators>,
    /// For each of its variables the place in [`NAMES`].
    uses: Vec<usize>,
}

/// Why a text is no formula, and what would be right.
#[derive(Debug, PartialEq)]
pub struct Wrong {
    pub what: String,
    pub right: String,
}

fn wrong<T>(what: impl Into<String>, right: impl Into<String>) -> Result<T, Wrong> {
    Err(Wrong { what: what.into(), right: right.into() })
}

impl Formula {
    /// Reads `text`.
    pub fn read(text: &str) -> Result<Formula, Wrong> {
        let written = rewritten(&tokens(text)?)?;
        let expression = FlatEx::<f64, Operators>::parse(&written);
        let expression = match expression {
            Ok(expression) => expression,
            Err(error) => return wrong(error.to_string(), "expected for example \"0.5 * (1 + cos(pi * t / T))\""),
        };
        let uses = expression.var_names().iter().map(|name| {
            let known = NAMES.iter().position(|known| known == name);
            known.ok_or_else(|| unknown(name))
        });
        let uses = uses.collect::<Result<_, _>>()?;
        Ok(Formula { expression, uses })
    }

    /// Its value where the names stand for `numbers`.
    pub fn value(&self, numbers: &[f64; NAMES.len()]) -> f64 {
        let mut values = [0.0; NAMES.len()];
        for (value, &place) in values.iter_mut().zip(&self.uses) {
            *value = numbers[place];
        }
        // It has as many variables as `uses`, so this cannot fail; NaN would be noticed.
        self.expression.eval(&values[..self.uses.len()]).unwrap_or(f64::NAN)
    }
}

impl Debug for Formula {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expression.unparse())
    }
}

fn unknown(name: &str) -> Wrong {
    let what = format!("`{name}` is no name here");
    match name {
        "lr" => return Wrong { what, right: "the group's base rate is `base`".into() },
        "if" | "else" => return Wrong { what, right: "write `if(condition, then, else)`".into() },
        _ if FUNCTIONS.iter().any(|(known, _)| *known == name) => {
            return Wrong { what, right: format!("it is a function: write `{name}(…)`") };
        }
        _ => {}
    }
    let functions = FUNCTIONS.iter().map(|(name, _)| *name);
    let right = match nearest(name, NAMES.into_iter().chain(["pi"]).chain(functions)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("known are {}, pi and the functions", NAMES.join(", ")),
    };
    Wrong { what, right }
}

/// The pieces of a formula.
#[derive(Clone, Debug, PartialEq)]
enum Token<'a> {
    Number(f64),
    Name(&'a str),
    Operator(&'a str),
    Open,
    Close,
    Comma,
}

const OPERATORS: [&str; 14] = ["<=", ">=", "==", "!=", "&&", "||", "<", ">", "+", "-", "*", "/", "^", "%"];

fn tokens(text: &str) -> Result<Vec<Token<'_>>, Wrong> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, length) = match first {
            '(' => (Token::Open, 1),
            ')' => (Token::Close, 1),
            ',' => (Token::Comma, 1),
            '0'..='9' | '.' => {
                let length = number(rest);
                match rest[..length].parse::<f64>() {
                    Ok(number) if number.is_finite() => (Token::Number(number), length),
                    _ => return wrong(format!("`{}` is no number", &rest[..length]), "for example 0.5 or 1e-3"),
                }
            }
            'a'..='z' | 'A'..='Z' | '_' => {
                let plain = |c: char| !(c.is_ascii_alphanumeric() || c == '_');
                let length = rest.find(plain).unwrap_or(rest.len());
                (Token::Name(&rest[..length]), length)
            }
            _ => match OPERATORS.into_iter().find(|operator| rest.starts_with(operator)) {
                Some("*") if rest.starts_with("**") => {
                    return wrong("`**` is no operator here", "a power is written `^`");
                }
                Some(operator) => (Token::Operator(operator), operator.len()),
                None => {
                    return wrong(
                        format!("`{first}` means nothing here"),
                        format!("operators are {}", OPERATORS.join(" ")),
                    );
                }
            },
        };
        tokens.push(token);
        rest = rest[length..].trim_start();
    }
    match tokens.len() {
        0 => wrong("it is empty", "for example \"1 - t / T\""),
        length if length > LONGEST => {
            wrong("it is too long", format!("expected at most {LONGEST} numbers, names and signs, not {length}"))
        }
        _ => Ok(tokens),
    }
}

/// The length of the number that `text` begins with.
fn number(text: &str) -> usize {
    let digits = |from: usize| from + text[from..].bytes().take_while(u8::is_ascii_digit).count();
    let mut end = digits(0);
    if text[end..].starts_with('.') {
        end = digits(end + 1);
    }
    if text[end..].starts_with(['e', 'E']) {
        let sign = usize::from(text[end + 1..].starts_with(['+', '-']));
        let exponent = digits(end + 1 + sign);
        if exponent > end + 1 + sign {
            end = exponent;
        }
    }
    end
}

/// The formula in exmex's terms: numbers as Rust writes them in full, functions of two numbers between their numbers, and
/// `if(c, a, b)` as `((a) ? (c) : (b))`.
fn rewritten(tokens: &[Token<'_>]) -> Result<String, Wrong> {
    let mut at = 0;
    let written = list(tokens, &mut at, 0)?;
    match (written.as_slice(), tokens.get(at)) {
        ([one], None) => Ok(one.clone()),
        (_, Some(Token::Close)) => wrong("there is a `)` too many", "each closes a `(`"),
        _ => wrong("there is a `,` outside of a function", "only arguments are separated by commas"),
    }
}

/// Deeper nesting than this is no formula, but an attack on the stack.
const DEPTH: usize = 64;

/// More tokens than this are no formula, but an attack on the clock: a formula is computed at every step.
const LONGEST: usize = 1000;

/// Expressions separated by commas, up to a closing parenthesis or the end.
fn list(tokens: &[Token<'_>], at: &mut usize, depth: usize) -> Result<Vec<String>, Wrong> {
    if depth > DEPTH {
        return wrong("it is nested too deeply", format!("expected at most {DEPTH} parentheses in each other"));
    }
    let mut written = vec![String::new()];
    // Whether a minus sign stands before what comes next, and belongs to it alone.
    let mut signed = false;
    let mut operand_before = false;
    // Whether a comparison has been made that another would be made with.
    let mut compared = false;
    while let Some(token) = tokens.get(*at) {
        *at += 1;
        let last = written.len() - 1;
        let operand = match token {
            Token::Close => {
                *at -= 1;
                break;
            }
            Token::Comma => {
                (signed, operand_before, compared) = (false, false, false);
                written.push(String::new());
                continue;
            }
            Token::Operator(operator) => {
                if matches!(*operator, "-" | "+") && !operand_before {
                    signed |= *operator == "-";
                } else {
                    signed = false;
                }
                let comparison = matches!(*operator, "<" | ">" | "<=" | ">=" | "==" | "!=");
                if comparison && compared {
                    return wrong("`a < b < c` compares a truth with a number", "write `a < b && b < c`");
                }
                compared = comparison || (compared && !matches!(*operator, "&&" | "||"));
                operand_before = false;
                written[last] += &format!(" {operator} ");
                continue;
            }
            // In full: exmex knows no exponents.
            Token::Number(number) => number.to_string(),
            Token::Open => format!("({})", inside(tokens, at, depth, "parentheses", 1)?[0]),
            Token::Name(name) if tokens.get(*at) == Some(&Token::Open) => {
                *at += 1;
                let Some((_, count)) = FUNCTIONS.iter().find(|(known, _)| known == name) else {
                    return Err(unknown(name));
                };
                let arguments = inside(tokens, at, depth, name, *count)?;
                match arguments.as_slice() {
                    [condition, then, other] => format!("((({then}) ? ({condition})) : ({other}))"),
                    [a, b] => format!("(({a}) {name} ({b}))"),
                    arguments => format!("{name}({})", arguments.join(", ")),
                }
            }
            Token::Name("pi") => "pi".to_owned(),
            Token::Name(name) if NAMES.contains(name) => (*name).to_owned(),
            Token::Name(name) => return Err(unknown(name)),
        };
        if operand_before {
            return wrong(
                format!("between `{}` and `{operand}` an operator is missing", written[last].trim()),
                "for example `*`",
            );
        }
        // exmex, unlike mathematics, takes -x^2 for (-x)^2.
        if signed && tokens.get(*at) == Some(&Token::Operator("^")) {
            return wrong("`-a ^ b` can be read in two ways", "write `-(a ^ b)` or `(-a) ^ b`");
        }
        (signed, operand_before) = (false, true);
        written[last] += &operand;
    }
    match written.iter().any(|one| one.trim().is_empty()) {
        true => wrong("something is missing", "expected a number, a name or a formula in each place"),
        false => Ok(written),
    }
}

/// What stands in the parentheses that have just been opened: `count` expressions.
fn inside(tokens: &[Token<'_>], at: &mut usize, depth: usize, name: &str, count: usize) -> Result<Vec<String>, Wrong> {
    let written = list(tokens, at, depth + 1)?;
    if tokens.get(*at) != Some(&Token::Close) {
        return wrong("a `(` is not closed", "add `)`");
    }
    *at += 1;
    match written.len() == count {
        true => Ok(written),
        false => wrong(format!("`{name}` takes {count}, not {}", written.len()), "arguments are separated by commas"),
    }
}

/// What `a ? c` gives where `c` is false, for `: b` to notice. A NaN of its own, so that another NaN is not taken for it.
const NEITHER: u64 = 0x7ff8_0000_0000_ab1e;

/// The operators of a formula. Equal priorities go from left to right.
#[derive(Clone, Debug)]
pub struct Operators;

impl MakeOperators<f64> for Operators {
    fn make<'a>() -> Vec<Operator<'a, f64>> {
        fn binary(apply: fn(f64, f64) -> f64, prio: i64) -> BinOp<f64> {
            BinOp { apply, prio, is_commutative: false }
        }
        fn truth(is: bool) -> f64 {
            f64::from(u8::from(is))
        }
        vec![
            Operator::make_bin("?", binary(|a, c| if c != 0.0 { a } else { f64::from_bits(NEITHER) }, 0)),
            Operator::make_bin(":", binary(|a, b| if a.to_bits() == NEITHER { b } else { a }, 0)),
            Operator::make_bin("||", binary(|a, b| truth(a != 0.0 || b != 0.0), 1)),
            Operator::make_bin("&&", binary(|a, b| truth(a != 0.0 && b != 0.0), 2)),
            Operator::make_bin("==", binary(|a, b| truth(a == b), 3)),
            Operator::make_bin("!=", binary(|a, b| truth(a != b), 3)),
            Operator::make_bin("<=", binary(|a, b| truth(a <= b), 4)),
            Operator::make_bin(">=", binary(|a, b| truth(a >= b), 4)),
            Operator::make_bin("<", binary(|a, b| truth(a < b), 4)),
            Operator::make_bin(">", binary(|a, b| truth(a > b), 4)),
            Operator::make_bin_unary("+", binary(|a, b| a + b, 5), |a| a),
            Operator::make_bin_unary("-", binary(|a, b| a - b, 5), |a| -a),
            Operator::make_bin("*", binary(|a, b| a * b, 6)),
            Operator::make_bin("/", binary(|a, b| a / b, 6)),
            Operator::make_bin("%", binary(|a, b| a % b, 6)),
            Operator::make_bin("^", binary(f64::powf, 7)),
            Operator::make_bin("min", binary(f64::min, 0)),
            Operator::make_bin("max", binary(f64::max, 0)),
            Operator::make_unary("abs", f64::abs),
            Operator::make_unary("ceil", f64::ceil),
            Operator::make_unary("cos", f64::cos),
            Operator::make_unary("exp", f64::exp),
            Operator::make_unary("floor", f64::floor),
            Operator::make_unary("ln", f64::ln),
            Operator::make_unary("log10", f64::log10),
            Operator::make_unary("log2", f64::log2),
            Operator::make_unary("round", f64::round_ties_even),
            Operator::make_unary("sin", f64::sin),
            Operator::make_unary("sqrt", f64::sqrt),
            Operator::make_unary("tan", f64::tan),
            Operator::make_unary("tanh", f64::tanh),
            Operator::make_constant("pi", std::f64::consts::PI),
        ]
    }
}
