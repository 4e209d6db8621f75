//! The language of formulas. They are rewritten into the language of the crate exmex, which evaluates them.

use std::fmt::{self, Debug};

use exmex::{BinOp, Express, FlatEx, MakeOperators, Operator};

use crate::schedule::words;
use crate::spec::nearest;

/// The names of the variables.
pub const NAMES: [&str; 5] = ["t", "T", "step", "epoch", "base"];

/// The functions, with their numbers of arguments.
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

/// A parsed formula.
pub struct Formula {
    expression: FlatEx<f64, Operators>,
    /// The index in [`NAMES`] of each variable of `expression`.
    uses: Vec<usize>,
}

/// The reason why a text is not a formula.
#[derive(Debug, PartialEq)]
pub struct FormulaError {
    pub message: String,
    pub help: String,
}

/// Returns a [`FormulaError`] with this message and help.
fn fail<T>(message: impl Into<String>, help: impl Into<String>) -> Result<T, FormulaError> {
    Err(FormulaError { message: message.into(), help: help.into() })
}

impl Formula {
    /// Parses `text`.
    pub fn read(text: &str) -> Result<Formula, FormulaError> {
        let written = rewritten(&tokens(text)?)?;
        let expression = FlatEx::<f64, Operators>::parse(&written);
        let expression = match expression {
            Ok(expression) => expression,
            Err(error) => return fail(error.to_string(), "expected for example \"0.5 * (1 + cos(pi * t / T))\""),
        };
        let uses = expression.var_names().iter().map(|name| {
            let known = NAMES.iter().position(|known| known == name);
            known.ok_or_else(|| unknown(name))
        });
        let uses = uses.collect::<Result<_, _>>()?;
        Ok(Formula { expression, uses })
    }

    /// Returns the value of the formula, with `numbers` as the values of [`NAMES`].
    pub fn value(&self, numbers: &[f64; NAMES.len()]) -> f64 {
        let mut values = [0.0; NAMES.len()];
        for (value, &place) in values.iter_mut().zip(&self.uses) {
            *value = numbers[place];
        }
        // The expression has as many variables as `uses`, so this cannot fail. If it did, NaN would be noticed.
        self.expression.eval(&values[..self.uses.len()]).unwrap_or(f64::NAN)
    }
}

impl Debug for Formula {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expression.unparse())
    }
}

/// Returns the error for an unknown name, with the nearest known one.
fn unknown(name: &str) -> FormulaError {
    let message = format!("`{name}` is not a known name");
    match name {
        "lr" => return FormulaError { message, help: "the base rate of the group is called `base`".into() },
        "if" | "else" => return FormulaError { message, help: "write `if(condition, then, else)`".into() },
        _ if FUNCTIONS.iter().any(|(known, _)| *known == name) => {
            return FormulaError { message, help: format!("it is a function: write `{name}(…)`") };
        }
        _ => {}
    }
    let functions = FUNCTIONS.iter().map(|(name, _)| *name);
    let help = match nearest(name, NAMES.into_iter().chain(["pi"]).chain(functions)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("known names: {}, pi and the functions", NAMES.join(", ")),
    };
    FormulaError { message, help }
}

/// A token of a formula.
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

fn tokens(text: &str) -> Result<Vec<Token<'_>>, FormulaError> {
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
                    _ => return fail(format!("`{}` is not a number", &rest[..length]), "for example 0.5 or 1e-3"),
                }
            }
            'a'..='z' | 'A'..='Z' | '_' => {
                let plain = |c: char| !(c.is_ascii_alphanumeric() || c == '_');
                let length = rest.find(plain).unwrap_or(rest.len());
                (Token::Name(&rest[..length]), length)
            }
            _ => match OPERATORS.into_iter().find(|operator| rest.starts_with(operator)) {
                Some("*") if rest.starts_with("**") => {
                    return fail("`**` is not an operator", "write a power as `^`");
                }
                Some(operator) => (Token::Operator(operator), operator.len()),
                None => {
                    return fail(
                        format!("`{first}` has no meaning in a formula"),
                        format!("the operators are {}", OPERATORS.join(" ")),
                    );
                }
            },
        };
        tokens.push(token);
        rest = rest[length..].trim_start();
    }
    match tokens.len() {
        0 => fail("it is empty", "for example \"1 - t / T\""),
        length if length > MAX_TOKENS => {
            fail("it is too long", format!("expected at most {MAX_TOKENS} numbers, names and signs, not {length}"))
        }
        _ => Ok(tokens),
    }
}

/// Returns the length of the number at the beginning of `text`.
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

/// Rewrites a formula into the language of exmex. Numbers have no exponents there, functions of two arguments are
/// operators between their arguments, and `if(c, a, b)` is `((a) ? (c) : (b))`.
fn rewritten(tokens: &[Token<'_>]) -> Result<String, FormulaError> {
    let mut at = 0;
    let written = list(tokens, &mut at, 0)?;
    match (written.as_slice(), tokens.get(at)) {
        ([one], None) => Ok(one.clone()),
        (_, Some(Token::Close)) => fail("there is one `)` too many", "each `)` closes a `(`"),
        _ => fail("there is a `,` outside of a function", "only arguments are separated by commas"),
    }
}

/// The deepest nesting that is allowed. A limit protects the stack.
const MAX_DEPTH: usize = 64;

/// The largest number of tokens. A formula is computed at every step, so a long one would cost time.
const MAX_TOKENS: usize = 1000;

/// Rewrites expressions separated by commas, up to a closing parenthesis or the end.
fn list(tokens: &[Token<'_>], at: &mut usize, depth: usize) -> Result<Vec<String>, FormulaError> {
    if depth > MAX_DEPTH {
        return fail("it is nested too deeply", format!("expected at most {MAX_DEPTH} nested parentheses"));
    }
    let mut written = vec![String::new()];
    // True if the next operand has a minus sign before it.
    let mut signed = false;
    let mut operand_before = false;
    // True if another comparison would compare the result of a comparison.
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
                    return fail("`a < b < c` would compare true or false with a number", "write `a < b && b < c`");
                }
                compared = comparison || (compared && !matches!(*operator, "&&" | "||"));
                operand_before = false;
                written[last] += &format!(" {operator} ");
                continue;
            }
            // Written without an exponent, because exmex does not read exponents.
            Token::Number(number) => number.to_string(),
            Token::Open => format!("({})", inside(tokens, at, depth, None, 1)?[0]),
            Token::Name(name) if tokens.get(*at) == Some(&Token::Open) => {
                *at += 1;
                let Some((_, count)) = FUNCTIONS.iter().find(|(known, _)| known == name) else {
                    return Err(unknown(name));
                };
                let arguments = inside(tokens, at, depth, Some(name), *count)?;
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
            return fail(
                format!("an operator is missing between `{}` and `{operand}`", written[last].trim()),
                "for example `*`",
            );
        }
        // exmex reads -x^2 as (-x)^2, unlike mathematics.
        if signed && tokens.get(*at) == Some(&Token::Operator("^")) {
            return fail("`-a ^ b` is ambiguous", "write `-(a ^ b)` or `(-a) ^ b`");
        }
        (signed, operand_before) = (false, true);
        written[last] += &operand;
    }
    match written.iter().any(|one| one.trim().is_empty()) {
        true => fail("an operand is missing", "expected a number, a name or a formula"),
        false => Ok(written),
    }
}

/// Rewrites the content of parentheses that have just been opened: `count` expressions. They are the arguments of the
/// function `name`, or `None` for parentheses around an expression.
fn inside(
    tokens: &[Token<'_>],
    at: &mut usize,
    depth: usize,
    name: Option<&str>,
    count: usize,
) -> Result<Vec<String>, FormulaError> {
    let written = list(tokens, at, depth + 1)?;
    if tokens.get(*at) != Some(&Token::Close) {
        return fail("a `(` is not closed", "add `)`");
    }
    *at += 1;
    let found = written.len();
    match name {
        _ if found == count => Ok(written),
        Some(name) => {
            let expected = words::count(count as u64, "argument");
            fail(format!("`{name}` takes {expected}, not {found}"), "separate arguments by commas")
        }
        None => fail("there is a `,` outside of a function", "only arguments are separated by commas"),
    }
}

/// The value of `a ? c` for a false `c`, by which `: b` recognizes it: a NaN with a payload of its own.
const CONDITION_FALSE: u64 = 0x7ff8_0000_0000_ab1e;

/// The operators of a formula. Operators of equal priority are applied from left to right.
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
            Operator::make_bin("?", binary(|a, c| if c != 0.0 { a } else { f64::from_bits(CONDITION_FALSE) }, 0)),
            Operator::make_bin(":", binary(|a, b| if a.to_bits() == CONDITION_FALSE { b } else { a }, 0)),
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
