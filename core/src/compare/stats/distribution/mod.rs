//! Distribution functions: normal, beta, Student's t and the noncentral t.
//!
//! Compared with mpmath at 30 and more digits, the largest relative error is 2e-13 for beta and 2e-11 for t (at a
//! million degrees of freedom), also in the tails. For the noncentral t, only the absolute error is bounded, by 1e-12.
//! The largest one found was 2e-15. Every function returns NaN where it is not defined.

mod beta;
mod noncentral;
mod normal;
mod student;

pub use beta::{beta_cdf, beta_quantile};
pub use noncentral::{noncentral_t_cdf, noncentral_t_sf};
pub use normal::{normal_cdf, normal_quantile};
pub use student::{t_cdf, t_quantile, t_sf};
