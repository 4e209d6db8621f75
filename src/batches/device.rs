//! Examples in a GPU's memory, from which batches are made by tensor operations.

use tch::{Device, Kind, TchError, Tensor};

use super::Batch;
use super::host::OnHost;
use crate::dataset::{Inputs, Targets, Transform};
use crate::libtorch::upload;

/// A part of the data in a GPU's memory.
#[derive(Debug)]
pub struct OnDevice {
    /// Inputs as stored, `[examples, features]`.
    x: Tensor,
    /// Class numbers `[examples]`, or values `[examples, outputs]`.
    y: Tensor,
    mean: Tensor,
    sd: Tensor,
}

impl OnDevice {
    /// Copies the examples of `host` to `device`.
    pub fn new(host: &OnHost, device: Device) -> Result<Self, TchError> {
        let x = match &host.part.inputs {
            Inputs::Bytes(bytes) => Tensor::f_from_slice(bytes)?,
            Inputs::Floats(floats) => Tensor::f_from_slice(floats)?,
        };
        let y = match &host.part.targets {
            Targets::Classes(classes) => Tensor::f_from_slice(classes)?,
            Targets::Values(values) => {
                Tensor::f_from_slice(values)?.f_to_kind(host.kind)?.f_view([-1, host.outputs as i64])?
            }
        };
        let row = |values: &[f32]| Tensor::f_from_slice(values)?.f_to_kind(host.kind)?.f_to_device(device);
        Ok(OnDevice {
            x: x.f_view([-1, host.input.iter().product::<i64>()])?.f_to_device(device)?,
            y: y.f_to_device(device)?,
            mean: row(&host.affine.mean)?,
            sd: row(&host.affine.sd)?,
        })
    }

    /// Gathers a batch on the device, in the shape and type that `host` has for batches.
    pub fn gather(
        &self,
        host: &OnHost,
        rows: &[u32],
        transforms: Option<(&[Transform], [usize; 3])>,
    ) -> Result<Batch, TchError> {
        let shape = host.shape(rows.len());
        let rows: Vec<i64> = rows.iter().map(|&row| i64::from(row)).collect();
        let rows = upload(&Tensor::f_from_slice(&rows)?, self.x.device())?;
        let mut x = self.x.f_index_select(0, &rows)?;
        if let Some((transforms, image)) = transforms {
            x = transform(transforms, &x, image)?;
        }
        let x = x.f_to_kind(host.kind)?.f_sub(&self.mean)?.f_div(&self.sd)?;
        Ok(Batch { x: x.f_view(shape.as_slice())?, y: self.y.f_index_select(0, &rows)? })
    }
}

/// Transforms the images `stored`, `[images, channels · height · width]`. The result is the same as that of
/// [`Transform::apply`] on each image.
fn transform(
    transforms: &[Transform],
    stored: &Tensor,
    [channels, height, width]: [usize; 3],
) -> Result<Tensor, TchError> {
    let [n, c, h, w] = [transforms.len(), channels, height, width].map(|size| size as i64);
    let device = stored.device();
    let column = |of: fn(&Transform) -> i64| -> Result<Tensor, TchError> {
        let values: Vec<i64> = transforms.iter().map(of).collect();
        upload(&Tensor::f_from_slice(&values)?.f_view([n, 1, 1])?, device)
    };
    let count = |size: i64| Tensor::f_arange(size, (Kind::Int64, device));
    // The stored column and row of each pixel. A flip counts columns from the right.
    let x = count(w)?.f_view([1, 1, w])?;
    let flipped = x.f_neg()?.f_add_scalar(w - 1)?;
    let flip = column(|it| i64::from(it.flip))?.f_to_kind(Kind::Bool)?;
    let x = flipped.f_where_self(&flip, &x)?.f_add(&column(|it| it.from[1])?)?;
    let y = count(h)?.f_view([1, h, 1])?.f_add(&column(|it| it.from[0])?)?;
    let inside = |at: &Tensor, size: i64| at.f_ge(0)?.f_logical_and(&at.f_lt(size)?);
    let inside = inside(&y, h)?.f_logical_and(&inside(&x, w)?)?.f_view([n, 1, h * w])?;
    let place = y.f_clamp(0, h - 1)?.f_mul_scalar(w)?.f_add(&x.f_clamp(0, w - 1)?)?.f_view([n, 1, h * w])?;
    let pixels = stored.f_view([n, c, h * w])?.f_gather(2, &place.f_expand([n, c, h * w], false)?, false)?;
    pixels.f_mul(&inside.f_to_kind(stored.kind())?)?.f_view([n, c * h * w])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::Augment;

    #[test]
    fn tensor_operations_transform_images_as_plain_code_does() {
        let size = [2, 5, 4];
        let augment = Augment { padding: 3, horizontal_flip: 0.5 };
        let transforms = augment.transforms(1, 7, 50);
        let stored: Vec<u8> = (0..50 * 40).map(|value| (value % 251 + 1) as u8).collect();
        let mut expected = vec![0; stored.len()];
        for ((image, out), transform) in stored.chunks(40).zip(expected.chunks_mut(40)).zip(&transforms) {
            transform.apply(image, size, out);
        }
        let tensor = Tensor::from_slice(&stored).view([50, 40]);
        let found = transform(&transforms, &tensor, size).unwrap();
        assert_eq!(found.kind(), Kind::Uint8);
        assert_eq!(Vec::<u8>::try_from(found.flatten(0, -1)).unwrap(), expected);
    }
}
