//! A plan's device and number types as libtorch knows them, and copies of tensors on that device.

use tch::{Kind, TchError, Tensor};

use crate::plan::{Device, Dtype};

/// Returns libtorch's name of `device`.
pub fn device(device: Device) -> tch::Device {
    match device {
        Device::Cpu => tch::Device::Cpu,
        Device::Cuda(number) => tch::Device::Cuda(number),
    }
}

/// Returns libtorch's name of `dtype`.
pub fn kind(dtype: Dtype) -> Kind {
    match dtype {
        Dtype::Float32 => Kind::Float,
        Dtype::Float64 => Kind::Double,
    }
}

/// Copies `host`, a tensor in the CPU's memory, to `device`. Does not wait for what a GPU is computing. For the CPU,
/// returns `host` itself.
pub fn upload(host: &Tensor, device: tch::Device) -> Result<Tensor, TchError> {
    if device == tch::Device::Cpu {
        return Ok(host.shallow_clone());
    }
    // A blocking copy would wait for all work before it. CUDA reads memory that is not pinned before the call returns,
    // so `host` may be freed at once.
    host.f_to_device_(device, host.kind(), true, false)
}
