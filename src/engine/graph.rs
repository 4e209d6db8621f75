//! A rule's recorded operations, computed with whole tensors.

use tch::{TchError, Tensor};

use crate::optimizer::{Graph, Op};

/// Computes the outputs of `graph` from its inputs. Scalars are tensors without dimensions, which take the type and
/// device of the tensor that they are combined with.
pub fn evaluate(graph: &Graph, inputs: Vec<Tensor>) -> Result<Vec<Tensor>, TchError> {
    let mut values: Vec<Option<Tensor>> = Vec::with_capacity(graph.ops.len());
    for (number, op) in graph.ops.iter().enumerate() {
        let value = apply(op, |&taken| values[taken].as_ref().expect("a value lives until its last use"), &inputs)?;
        values.push(Some(value));
        // Frees values that no later operation uses.
        op.map(|&taken| {
            if graph.last_use[taken] == number && !graph.outputs.contains(&taken) {
                values[taken] = None;
            }
        });
    }
    let output = |&number: &usize| values[number].as_ref().expect("outputs are not freed").shallow_clone();
    Ok(graph.outputs.iter().map(output).collect())
}

fn apply<'a>(op: &Op<usize>, of: impl Fn(&usize) -> &'a Tensor, inputs: &[Tensor]) -> Result<Tensor, TchError> {
    match op {
        Op::Input(index) => Ok(inputs[*index].shallow_clone()),
        Op::Constant(value) => Ok(Tensor::from(*value)),
        Op::Add(a, b) => of(a).f_add(of(b)),
        Op::Sub(a, b) => of(a).f_sub(of(b)),
        Op::Mul(a, b) => of(a).f_mul(of(b)),
        Op::Div(a, b) => of(a).f_div(of(b)),
        Op::Neg(a) => of(a).f_neg(),
        Op::MulAdd(a, b, c) => of(a).f_mul(of(b))?.f_add(of(c)),
        Op::Sqrt(a) => of(a).f_sqrt(),
        Op::Powf(a, b) => of(a).f_pow(of(b)),
        Op::Abs(a) => of(a).f_abs(),
        Op::Sign(a) => of(a).f_sign(),
        Op::Min(a, b) => of(a).f_minimum(of(b)),
        Op::Max(a, b) => of(a).f_maximum(of(b)),
        Op::SelectPositive(a, yes, no) => of(yes).f_where_self(&of(a).f_gt(0.0)?, of(no)),
    }
}
