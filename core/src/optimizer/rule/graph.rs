//! A rule's update as a list of operations, for code that computes with whole tensors.
//!
//! [`Recorded`] is a [`Num`] that computes nothing and only records the operations on it. [`Graph`] is the record.

use std::collections::HashMap;
use std::ops::{Add, Div, Mul, Neg, Sub};
use std::rc::Rc;

use super::Num;

/// One operation of a graph. `V` is the type that refers to an operand.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Op<V> {
    /// The graph's input with this index.
    Input(usize),
    /// A number that all elements share.
    Constant(f64),
    Add(V, V),
    Sub(V, V),
    Mul(V, V),
    Div(V, V),
    Neg(V),
    /// a·b + c.
    MulAdd(V, V, V),
    Sqrt(V),
    Powf(V, V),
    Abs(V),
    Sign(V),
    Min(V, V),
    Max(V, V),
    /// The second operand where the first is above 0, else the third.
    SelectPositive(V, V, V),
}

impl<V> Op<V> {
    /// Returns the operation with each operand replaced by `to(operand)`.
    pub fn map<W>(&self, mut to: impl FnMut(&V) -> W) -> Op<W> {
        match self {
            Op::Input(index) => Op::Input(*index),
            Op::Constant(value) => Op::Constant(*value),
            Op::Add(a, b) => Op::Add(to(a), to(b)),
            Op::Sub(a, b) => Op::Sub(to(a), to(b)),
            Op::Mul(a, b) => Op::Mul(to(a), to(b)),
            Op::Div(a, b) => Op::Div(to(a), to(b)),
            Op::Neg(a) => Op::Neg(to(a)),
            Op::MulAdd(a, b, c) => Op::MulAdd(to(a), to(b), to(c)),
            Op::Sqrt(a) => Op::Sqrt(to(a)),
            Op::Powf(a, b) => Op::Powf(to(a), to(b)),
            Op::Abs(a) => Op::Abs(to(a)),
            Op::Sign(a) => Op::Sign(to(a)),
            Op::Min(a, b) => Op::Min(to(a), to(b)),
            Op::Max(a, b) => Op::Max(to(a), to(b)),
            Op::SelectPositive(a, b, c) => Op::SelectPositive(to(a), to(b), to(c)),
        }
    }
}

/// Operations in an order in which they can be computed.
#[derive(Clone, Debug, PartialEq)]
pub struct Graph {
    /// Operation number `i` makes value number `i` from values before it.
    pub ops: Vec<Op<usize>>,
    /// For each value, the number of the last operation that uses it. After that operation the value can be freed,
    /// unless it is an output. A value that no operation uses has its own number.
    pub last_use: Vec<usize>,
    /// The numbers of the values to return.
    pub outputs: Vec<usize>,
}

impl Graph {
    /// Makes the graph that computes `outputs`.
    pub fn of(outputs: impl IntoIterator<Item = Recorded>) -> Self {
        let mut graph = Graph { ops: Vec::new(), last_use: Vec::new(), outputs: Vec::new() };
        let mut numbers = HashMap::new();
        for output in outputs {
            let number = graph.visit(&output, &mut numbers);
            graph.outputs.push(number);
        }
        graph
    }

    fn visit(&mut self, value: &Recorded, numbers: &mut HashMap<*const Op<Recorded>, usize>) -> usize {
        let key = Rc::as_ptr(&value.0);
        if let Some(&number) = numbers.get(&key) {
            return number;
        }
        let op = value.0.map(|taken| self.visit(taken, numbers));
        let number = self.ops.len();
        op.map(|&taken| self.last_use[taken] = number);
        self.ops.push(op);
        self.last_use.push(number);
        numbers.insert(key, number);
        number
    }
}

/// A number that is known only by the operation that makes it.
#[derive(Clone, Debug)]
pub struct Recorded(Rc<Op<Recorded>>);

impl Recorded {
    /// Returns the graph's input number `index`.
    pub fn input(index: usize) -> Self {
        Self::op(Op::Input(index))
    }

    /// Not inlined, so that recording takes little code in each rule.
    #[inline(never)]
    fn op(op: Op<Recorded>) -> Self {
        Recorded(Rc::new(op))
    }
}

impl Add for Recorded {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self::op(Op::Add(self, other))
    }
}

impl Sub for Recorded {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self::op(Op::Sub(self, other))
    }
}

impl Mul for Recorded {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        Self::op(Op::Mul(self, other))
    }
}

impl Div for Recorded {
    type Output = Self;
    fn div(self, other: Self) -> Self {
        Self::op(Op::Div(self, other))
    }
}

impl Neg for Recorded {
    type Output = Self;
    fn neg(self) -> Self {
        Self::op(Op::Neg(self))
    }
}

impl Num for Recorded {
    fn of(value: f64) -> Self {
        Self::op(Op::Constant(value))
    }
    fn mul_add(self, a: Self, b: Self) -> Self {
        Self::op(Op::MulAdd(self, a, b))
    }
    fn sqrt(self) -> Self {
        Self::op(Op::Sqrt(self))
    }
    fn powf(self, exponent: Self) -> Self {
        Self::op(Op::Powf(self, exponent))
    }
    fn abs(self) -> Self {
        Self::op(Op::Abs(self))
    }
    fn sign(self) -> Self {
        Self::op(Op::Sign(self))
    }
    fn min(self, other: Self) -> Self {
        Self::op(Op::Min(self, other))
    }
    fn max(self, other: Self) -> Self {
        Self::op(Op::Max(self, other))
    }
    fn select_positive(self, yes: Self, no: Self) -> Self {
        Self::op(Op::SelectPositive(self, yes, no))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shared_value_is_computed_once_and_freed_after_its_last_use() {
        let (x, y) = (Recorded::input(0), Recorded::input(1));
        let product = x.clone() * y;
        let graph = Graph::of([product.clone() + product.clone(), x, product.sqrt()]);
        assert_eq!(graph.ops, [Op::Input(0), Op::Input(1), Op::Mul(0, 1), Op::Add(2, 2), Op::Sqrt(2)]);
        assert_eq!(graph.last_use, [2, 2, 4, 3, 4]);
        assert_eq!(graph.outputs, [3, 0, 4]);
    }
}
