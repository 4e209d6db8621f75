//! Exact conversion between named tensors and a safetensors file.

use safetensors::SafeTensorError;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use tch::{Device, Kind, TchError, Tensor, no_grad};

use crate::libtorch::memory;

/// Tensors that cannot be written as safetensors, or a file that is not valid safetensors.
#[derive(Debug, thiserror::Error)]
pub enum TensorsError {
    #[error("{0}")]
    Format(#[from] SafeTensorError),
    #[error("`{name}`: tensors of type {kind} cannot be stored")]
    Kind { name: String, kind: String },
    #[error("libtorch: {}", crate::libtorch::message(.0))]
    Torch(#[from] TchError),
}

/// The supported types, by libtorch's name and by safetensors'.
const KINDS: [(Kind, Dtype); 8] = [
    (Kind::Float, Dtype::F32),
    (Kind::Double, Dtype::F64),
    (Kind::Half, Dtype::F16),
    (Kind::BFloat16, Dtype::BF16),
    (Kind::Int64, Dtype::I64),
    (Kind::Int, Dtype::I32),
    (Kind::Uint8, Dtype::U8),
    (Kind::Bool, Dtype::BOOL),
];

/// Returns the content of a safetensors file with `tensors`. Equal tensors give equal bytes.
pub fn to_bytes(tensors: &[(String, Tensor)]) -> Result<Vec<u8>, TensorsError> {
    let mut stored = Vec::with_capacity(tensors.len());
    for (name, tensor) in tensors {
        let tensor = no_grad(|| tensor.f_detach()?.f_to_device(Device::Cpu)?.f_contiguous())?;
        let kind = tensor.kind();
        let dtype = KINDS.iter().find(|it| it.0 == kind).map(|it| it.1);
        let dtype = dtype.ok_or_else(|| TensorsError::Kind { name: name.clone(), kind: format!("{kind:?}") })?;
        let shape: Vec<usize> = tensor.size().iter().map(|&size| size as usize).collect();
        stored.push((name.as_str(), dtype, shape, tensor));
    }
    let view = |dtype: &Dtype, shape: &[usize], tensor| TensorView::new(*dtype, shape.to_vec(), memory(tensor));
    let views = stored.iter().map(|(name, dtype, shape, tensor)| Ok((*name, view(dtype, shape, tensor)?)));
    let views: Vec<_> = views.collect::<Result<_, SafeTensorError>>()?;
    // PyTorch's own writer adds this entry. A map with more entries would have no stable order.
    let metadata = Some([("format".to_owned(), "pt".to_owned())].into());
    Ok(safetensors::serialize(views, metadata)?)
}

/// Returns the tensors in the content of a safetensors file, with their names.
pub fn from_bytes(bytes: &[u8]) -> Result<Vec<(String, Tensor)>, TensorsError> {
    let stored = SafeTensors::deserialize(bytes)?;
    let mut tensors = Vec::new();
    for (name, view) in stored.tensors() {
        let dtype = view.dtype();
        let kind = KINDS.iter().find(|it| it.1 == dtype).map(|it| it.0);
        let kind = kind.ok_or_else(|| TensorsError::Kind { name: name.clone(), kind: format!("{dtype:?}") })?;
        let shape: Vec<i64> = view.shape().iter().map(|&size| size as i64).collect();
        tensors.push((name, Tensor::f_from_data_size(view.data(), &shape, kind)?));
    }
    Ok(tensors)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_is_restored_exactly() {
        let odd = Tensor::from_slice(&[0.1, -0.0, f64::NAN, f64::INFINITY, 5e-324, 1e300]);
        let mut tensors = vec![
            ("scalar".to_owned(), Tensor::from(2.5)),
            ("nothing".to_owned(), Tensor::zeros([0, 3], (Kind::Float, Device::Cpu))),
        ];
        for (kind, _) in KINDS {
            tensors.push((
                format!("kinds/{kind:?}"),
                odd.nan_to_num(1.0, 2.0, 3.0).clamp(0.0, 200.0).to_kind(kind).view([2, 3]),
            ));
        }
        tensors.push(("odd".to_owned(), odd.shallow_clone()));
        // A transposed view is stored in the order of its own elements.
        tensors.push(("turned".to_owned(), odd.view([2, 3]).tr()));
        let bytes = to_bytes(&tensors).unwrap();
        assert_eq!(bytes, to_bytes(&tensors).unwrap());
        let back = from_bytes(&bytes).unwrap();
        assert_eq!(back.len(), tensors.len());
        for (name, tensor) in &tensors {
            let (_, other) = back.iter().find(|(other, _)| other == name).unwrap();
            assert_eq!((tensor.size(), tensor.kind()), (other.size(), other.kind()), "{name}");
        }
        assert_eq!(to_bytes(&back).unwrap(), bytes);
    }
}
