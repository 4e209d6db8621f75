//! The numbers that an update rule computes with. The same code computes with f32 and f64 in the fused CPU loop, and
//! with whole tensors on a GPU.

use std::ops::{Add, Div, Mul, Neg, Sub};

/// A number. It has no comparison, so a rule cannot have an `if` on it. A rule uses [`Num::min`], [`Num::max`] and
/// [`Num::select_positive`] instead, which whole tensors have, too.
pub trait Num:
    Clone + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Div<Output = Self> + Neg<Output = Self>
{
    /// Makes a number that all elements share.
    fn of(value: f64) -> Self;
    /// Returns self·a + b, rounded once, as PyTorch's own `add_(x, alpha=…)` and `lerp_` round on the CPU.
    fn mul_add(self, a: Self, b: Self) -> Self;
    /// Returns √self.
    fn sqrt(self) -> Self;
    /// Returns self^exponent, for self ≥ 0.
    fn powf(self, exponent: Self) -> Self;
    /// Returns |self|.
    fn abs(self) -> Self;
    /// Returns −1, 0 or 1.
    fn sign(self) -> Self;
    /// Returns the smaller of the two.
    fn min(self, other: Self) -> Self;
    /// Returns the larger of the two.
    fn max(self, other: Self) -> Self;
    /// Returns `yes` where `self` is above 0, else `no`.
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
