//! Parameters as a safetensors file, by PyTorch's names. `safetensors.torch.load_file` reads such a file, and a run can
//! start from a state dict that `safetensors.torch.save_file` wrote.

use std::path::{Path, PathBuf};

use tch::{Kind, TchError, Tensor};

use super::tensors::{self, TensorsError};
use crate::params::Declaration;
use crate::record::atomic_write;
use crate::store::{Store, by_name};

/// A file of weights that cannot be written or used.
#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    #[error("cannot read {}: {source}", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("{0}")]
    Write(std::io::Error),
    #[error("{} is not a safetensors file: {source}", path.display())]
    Format { path: PathBuf, source: TensorsError },
    #[error("the weights in {} do not fit the model: {problems}", path.display())]
    Misfit { path: PathBuf, problems: String },
    #[error("libtorch: {}", crate::libtorch::message(.0))]
    Torch(#[from] TchError),
}

/// Writes the parameters and buffers in `all`, laid out by `declaration`, to `path`. The file is complete or absent.
pub fn save_weights(path: &Path, declaration: &Declaration, all: &Tensor) -> Result<(), WeightsError> {
    let format = |source| WeightsError::Format { path: path.to_owned(), source };
    let file = tensors::to_bytes(&by_name(declaration, "", all)?).map_err(format)?;
    atomic_write(path, &file).map(drop).map_err(WeightsError::Write)
}

/// Replaces the values in `store` by those in the file at `path`. The file must have every parameter and buffer in its
/// shape, and no other tensor except PyTorch's `num_batches_tracked`. f32 and f64 are converted to the store's type.
pub fn load_weights(path: &Path, store: &mut Store) -> Result<(), WeightsError> {
    let file = std::fs::read(path).map_err(|source| WeightsError::Read { path: path.to_owned(), source })?;
    let format = |source| WeightsError::Format { path: path.to_owned(), source };
    let tensors = tensors::from_bytes(&file).map_err(format)?;
    let mut problems = Vec::new();
    let mut values = Vec::new();
    for (param, _) in store.declaration().stored() {
        let shape: Vec<i64> = param.shape.iter().map(|&size| size as i64).collect();
        match tensors.iter().find(|(name, _)| *name == param.name) {
            None => problems.push(format!("`{}` is missing", param.name)),
            Some((_, tensor)) if tensor.size() != shape => {
                problems.push(format!("`{}` has shape {:?}, not {shape:?}", param.name, tensor.size()));
            }
            Some((_, tensor)) => match tensor.kind() {
                Kind::Float | Kind::Double => values.push(tensor.f_to_kind(store.all().kind())?.f_reshape([-1])?),
                other => problems.push(format!("`{}` has type {other:?}, not Float or Double", param.name)),
            },
        }
    }
    let mut unknown: Vec<&str> = tensors.iter().map(|(name, _)| name.as_str()).collect();
    unknown.retain(|name| store.declaration().stored().all(|(param, _)| param.name != *name));
    unknown.retain(|name| !name.ends_with(".num_batches_tracked"));
    unknown.sort_unstable();
    problems.extend(unknown.iter().map(|name| format!("the model has no `{name}`")));
    if !problems.is_empty() {
        return Err(WeightsError::Misfit { path: path.to_owned(), problems: problems.join("; ") });
    }
    Ok(store.assign_all(&Tensor::f_cat(&values, 0)?.f_to_device(store.all().device())?)?)
}

#[cfg(test)]
mod tests {
    use tch::Device;

    use super::*;
    use crate::params::Init;

    fn store(kind: Kind, seed: u64) -> Store {
        let mut declaration = Declaration::default();
        declaration.add("layers.0.weight", &[3, 2], Init::Normal { sd: 1.0 });
        declaration.add("layers.0.bias", &[3], Init::Normal { sd: 1.0 });
        Store::new(declaration, kind, Device::Cpu, seed).unwrap()
    }

    #[test]
    fn saved_weights_are_restored_exactly() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("weights.safetensors");
        for kind in [Kind::Float, Kind::Double] {
            let (old, mut new) = (store(kind, 1), store(kind, 2));
            assert!(!old.flat().equal(new.flat()));
            save_weights(&path, old.declaration(), old.flat()).unwrap();
            load_weights(&path, &mut new).unwrap();
            assert!(old.flat().equal(new.flat()));
        }
    }

    #[test]
    fn weights_that_do_not_fit_change_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("weights.safetensors");
        let mut other = Declaration::default();
        other.add("layers.0.weight", &[2, 3], Init::Constant(1.0));
        other.add("head.weight", &[1], Init::Constant(1.0));
        save_weights(&path, &other, &Tensor::ones([7], (Kind::Float, Device::Cpu))).unwrap();
        let mut store = store(Kind::Float, 1);
        let before = store.flat().copy();
        let error = load_weights(&path, &mut store).unwrap_err().to_string();
        for part in ["shape [2, 3], not [3, 2]", "`layers.0.bias` is missing", "no `head.weight`"] {
            assert!(error.contains(part), "{error}");
        }
        std::fs::write(&path, b"not a safetensors file").unwrap();
        assert!(load_weights(&path, &mut store).is_err());
        assert!(before.equal(store.flat()));
    }
}
