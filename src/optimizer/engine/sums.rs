//! Sums over flat rows by tensor operations, for methods that do not walk elements.

use tch::{Kind, TchError, Tensor};

/// Elements that are summed in one go. How libtorch sums more than twice as many depends on the number of threads.
const ROW: i64 = 16 * 1024;

/// ⟨a, b⟩ of two flat tensors, an f64 scalar (a tensor, so that a GPU need not wait). It does not depend on the number of
/// threads.
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
