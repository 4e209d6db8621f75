//! Hyper-parameters that may follow a schedule.

use std::fmt;

/// A hyper-parameter that may follow a schedule. `V` is its value, or a mutable reference to the value in a rule.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hyper<V = f64> {
    /// PyTorch's key. The members of `betas` have the names `beta1`, `beta2` and, if there are three, `beta3`.
    pub name: &'static str,
    pub range: Range,
    pub value: V,
}

/// The values that a hyper-parameter can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Range {
    /// [0, 1): a momentum, a β.
    BelowOne,
    /// [0, 1].
    Unit,
    /// [0, ∞).
    NonNegative,
}

impl<V> Hyper<V> {
    /// Makes a hyper-parameter in [0, 1).
    pub fn below_one(name: &'static str, value: V) -> Self {
        Hyper { name, range: Range::BelowOne, value }
    }

    /// Makes a hyper-parameter in [0, 1].
    pub fn unit(name: &'static str, value: V) -> Self {
        Hyper { name, range: Range::Unit, value }
    }

    /// Makes a hyper-parameter in [0, ∞).
    pub fn non_negative(name: &'static str, value: V) -> Self {
        Hyper { name, range: Range::NonNegative, value }
    }
}

impl Hyper {
    /// Returns the key of `[optimizer]` that sets the hyper-parameter.
    pub fn key(&self) -> &'static str {
        if matches!(self.name, "beta1" | "beta2" | "beta3") { "betas" } else { self.name }
    }
}

impl Range {
    /// Returns true if `value` is in the range. NaN never is.
    pub fn contains(self, value: f64) -> bool {
        match self {
            Range::BelowOne => (0.0..1.0).contains(&value),
            Range::Unit => (0.0..=1.0).contains(&value),
            Range::NonNegative => value >= 0.0 && value.is_finite(),
        }
    }
}

/// Formats the range to follow the word "expected": `a number from 0 up to, but not including, 1`.
impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Range::BelowOne => "a number from 0 up to, but not including, 1",
            Range::Unit => "a number from 0 to 1",
            Range::NonNegative => "a finite number, 0 or above",
        })
    }
}
