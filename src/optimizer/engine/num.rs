//! The numbers that an update rule is written over: one text serves f32 and f64 in the fused CPU loop, and whole
//! tensors on a GPU.

use std::ops::{Add, Div, Mul, Neg, Sub};

use tch::Tensor;

/// A number, or a tensor of them. No comparison and no `if`: a rule decides with [`Num::min`], [`Num::max`] and
/// [`Num::select_positive`], which every back end has.
pub trait Num:
    Clone + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Div<Output = Self> + Neg<Output = Self>
{
    /// A number that all elements share.
    fn of(value: f64) -> Self;
    /// self·a + b, rounded once, as PyTorch's own `add_(x, alpha=…)` and `lerp_` round on the CPU.
    fn mul_add(self, a: Self, b: Self) -> Self;
    /// √x.
    fn sqrt(self) -> Self;
    /// x^exponent, for x ≥ 0.
    fn powf(self, exponent: Self) -> Self;
    /// |x|.
    fn abs(self) -> Self;
    /// −1, 0 or 1.
    fn sign(self) -> Self;
    /// The smaller.
    fn min(self, other: Self) -> Self;
    /// The larger.
    fn max(self, other: Self) -> Self;
    /// `yes` where `self` is above 0, else `no`.
    fn select_positive(self, yes: Self, no: Self) -> Self;
}

macro_rules! float {
    ($float:ty) => {
        impl Num for $float {
            #[inline(always)]
            fn of(value: f64) -> Self {
                value as $float
            }
            #[inline(always)]
            fn powf(self, exponent: Self) -> Self {
                self.powf(exponent)
            }
            #[inline(always)]
            fn mul_add(self, a: Self, b: Self) -> Self {
                self.mul_add(a, b)
            }
            #[inline(always)]
            fn sqrt(self) -> Self {
                self.sqrt()
            }
            #[inline(always)]
            fn abs(self) -> Self {
                self.abs()
            }
            #[inline(always)]
            fn sign(self) -> Self {
                if self > 0.0 {
                    1.0
                } else if self < 0.0 {
                    -1.0
                } else {
                    0.0
                }
            }
            #[inline(always)]
            fn min(self, other: Self) -> Self {
                if self < other { self } else { other }
            }
            #[inline(always)]
            fn max(self, other: Self) -> Self {
                if self > other { self } else { other }
            }
            #[inline(always)]
            fn select_positive(self, yes: Self, no: Self) -> Self {
                if self > 0.0 { yes } else { no }
            }
        }
    };
}

float!(f32);
float!(f64);

/// A tensor as a [`Num`]: every operation makes a new one.
#[derive(Debug)]
pub struct Wide(pub Tensor);

impl Clone for Wide {
    fn clone(&self) -> Self {
        Wide(self.0.shallow_clone())
    }
}

macro_rules! wide {
    ($trait:ident, $method:ident) => {
        impl $trait for Wide {
            type Output = Wide;
            fn $method(self, other: Wide) -> Wide {
                Wide((&self.0).$method(&other.0))
            }
        }
    };
}

wide!(Add, add);
wide!(Sub, sub);
wide!(Mul, mul);
wide!(Div, div);

impl Neg for Wide {
    type Output = Wide;
    fn neg(self) -> Wide {
        Wide(self.0.neg())
    }
}

impl Num for Wide {
    fn of(value: f64) -> Self {
        // Of no dimension: on whichever device it meets a tensor, in that one's kind.
        Wide(Tensor::from(value))
    }
    fn powf(self, exponent: Self) -> Self {
        Wide(self.0.pow(&exponent.0))
    }
    fn mul_add(self, a: Self, b: Self) -> Self {
        self * a + b
    }
    fn sqrt(self) -> Self {
        Wide(self.0.sqrt())
    }
    fn abs(self) -> Self {
        Wide(self.0.abs())
    }
    fn sign(self) -> Self {
        Wide(self.0.sign())
    }
    fn min(self, other: Self) -> Self {
        Wide(self.0.minimum(&other.0))
    }
    fn max(self, other: Self) -> Self {
        Wide(self.0.maximum(&other.0))
    }
    fn select_positive(self, yes: Self, no: Self) -> Self {
        Wide(yes.0.where_self(&self.0.gt(0.0), &no.0))
    }
}
