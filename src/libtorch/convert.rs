//! A plan's device and number types as libtorch knows them.

use tch::Kind;

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
