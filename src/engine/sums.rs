//! Sums over flat rows by tensor operations, for rules that are not elementwise.

use tch::{Kind, TchError, Tensor};

/// The number of elements that are summed together. With more than twice as many, the order in which libtorch adds them
/// depends on the number of threads.
const ROW: i64 = 16 * 1024;

/// Returns ⟨a, b⟩ of two flat tensors as an f64 scalar tensor, so that the CPU need not wait for a GPU. The result does
/// not depend on the number of threads.
pub fn dot(a: &Tensor, b: &Tensor) -> Result<Tensor, TchError> {
    let product = a.f_mul(b)?;
    let rows = product.numel() as i64 / ROW;
    let rest = product.f_slice(0, rows * ROW, None, 1)?.f_sum(Kind::Double)?;
    if rows == 0 {
        return Ok(rest);
    }
    let rows = product.f_slice(0, None, rows * ROW, 1)?.f_view([rows, ROW])?;
    rows.f_sum_dim_intlist(1, false, Kind::Double)?.f_sum(Kind::Double)?.f_add(&rest)
}
