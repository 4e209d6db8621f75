//! Training images, each shifted and mirrored anew whenever a step sees it.

use tch::{Kind, TchError, Tensor};

use crate::random::Stream;
use crate::spec::{Section, Unit};

/// What `[data] augment` asks for: torchvision's `RandomCrop(size, padding)` of an image's own size, then
/// `RandomHorizontalFlip(p)`. Both before normalization, on what is stored; outside of the image there are zeros.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Augment {
    /// An image is shifted by up to so many pixels, down or up and right or left.
    pub padding: usize,
    /// Probability that it is mirrored, 0 to 1.
    pub horizontal_flip: f64,
}

/// What becomes of one image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// Row and column of the stored image that come to the upper left.
    pub from: [i64; 2],
    /// Whether it is mirrored, left to right, after that.
    pub flip: bool,
}

impl Augment {
    /// Reads `{ padding, horizontal_flip }`.
    pub fn read(section: &mut Section<'_>) -> Augment {
        // Whether it is too large is for who knows the images.
        let padding = usize::try_from(section.or("padding", 0u64)).unwrap_or(usize::MAX);
        Augment { padding, horizontal_flip: section.or("horizontal_flip", Unit(0.0)).0 }
    }

    /// What becomes of each image of the batch of step `step` (from 0) under `seed`.
    pub fn changes(&self, seed: u64, step: u64, images: usize) -> Vec<Change> {
        let mut stream = Stream::new(seed, "augment", step);
        let shift = |stream: &mut Stream| stream.below(2 * self.padding as u64 + 1) as i64 - self.padding as i64;
        let mut change = || {
            let from = [shift(&mut stream), shift(&mut stream)];
            Change { from, flip: stream.uniform() < self.horizontal_flip }
        };
        (0..images).map(|_| change()).collect()
    }
}

impl Change {
    /// Writes the changed image to `out`. Both are `[channels, height, width]`.
    pub fn apply<V: Copy + Default>(self, image: &[V], [_, height, width]: [usize; 3], out: &mut [V]) {
        let [down, right] = self.from;
        for (at, out) in out.chunks_exact_mut(width).enumerate() {
            let (channel, row) = (at / height, (at % height) as i64 + down);
            out.fill(V::default());
            if (0..height as i64).contains(&row) {
                let stored = &image[(channel * height + row as usize) * width..][..width];
                let first = right.clamp(0, width as i64) as usize;
                let last = (width as i64 + right).clamp(0, width as i64) as usize;
                let to = (-right).clamp(0, width as i64) as usize;
                out[to..to + (last - first)].copy_from_slice(&stored[first..last]);
            }
            if self.flip {
                out.reverse();
            }
        }
    }
}

/// As [`Change::apply`], for rows `[images, channels · height · width]` of values as they are stored, by tensor
/// operations: where a device holds them.
pub fn apply_as_tensors(
    changes: &[Change],
    stored: &Tensor,
    [channels, height, width]: [usize; 3],
) -> Result<Tensor, TchError> {
    let [n, c, h, w] = [changes.len(), channels, height, width].map(|size| size as i64);
    let device = stored.device();
    let column = |of: fn(&Change) -> i64| -> Result<Tensor, TchError> {
        let values: Vec<i64> = changes.iter().map(of).collect();
        Tensor::f_from_slice(&values)?.f_view([n, 1, 1])?.f_to_device(device)
    };
    let count = |size: i64| Tensor::f_arange(size, (Kind::Int64, device));
    // Where each pixel comes from: mirroring counts columns from the right.
    let x = count(w)?.f_view([1, 1, w])?;
    let mirrored = x.f_neg()?.f_add_scalar(w - 1)?;
    let flip = column(|change| i64::from(change.flip))?.f_to_kind(Kind::Bool)?;
    let x = mirrored.f_where_self(&flip, &x)?.f_add(&column(|change| change.from[1])?)?;
    let y = count(h)?.f_view([1, h, 1])?.f_add(&column(|change| change.from[0])?)?;
    let inside = |at: &Tensor, size: i64| at.f_ge(0)?.f_logical_and(&at.f_lt(size)?);
    let inside = inside(&y, h)?.f_logical_and(&inside(&x, w)?)?.f_view([n, 1, h * w])?;
    let place = y.f_clamp(0, h - 1)?.f_mul_scalar(w)?.f_add(&x.f_clamp(0, w - 1)?)?.f_view([n, 1, h * w])?;
    let pixels = stored.f_view([n, c, h * w])?.f_gather(2, &place.f_expand([n, c, h * w], false)?, false)?;
    pixels.f_mul(&inside.f_to_kind(stored.kind())?)?.f_view([n, c * h * w])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `[1, 2, 3]`.
    const IMAGE: [u8; 6] = [1, 2, 3, 4, 5, 6];

    fn changed(from: [i64; 2], flip: bool) -> Vec<u8> {
        let mut out = vec![9; 6];
        Change { from, flip }.apply(&IMAGE, [1, 2, 3], &mut out);
        out
    }

    #[test]
    fn an_image_is_shifted_then_mirrored() {
        assert_eq!(changed([0, 0], false), IMAGE);
        assert_eq!(changed([0, 0], true), [3, 2, 1, 6, 5, 4]);
        assert_eq!(changed([1, 0], false), [4, 5, 6, 0, 0, 0]);
        assert_eq!(changed([0, -1], false), [0, 1, 2, 0, 4, 5]);
        assert_eq!(changed([-1, 2], false), [0, 0, 0, 3, 0, 0]);
        assert_eq!(changed([-1, 2], true), [0, 0, 0, 0, 0, 3]);
        assert_eq!(changed([0, 3], false), [0; 6]);
        assert_eq!(changed([5, -7], true), [0; 6]);
    }

    #[test]
    fn tensor_operations_change_the_same() {
        let size = [2, 5, 4];
        let augment = Augment { padding: 3, horizontal_flip: 0.5 };
        let changes = augment.changes(1, 7, 50);
        let stored: Vec<u8> = (0..50 * 40).map(|value| (value % 251 + 1) as u8).collect();
        let mut expected = vec![0; stored.len()];
        for ((image, out), change) in stored.chunks(40).zip(expected.chunks_mut(40)).zip(&changes) {
            change.apply(image, size, out);
        }
        let tensor = Tensor::from_slice(&stored).view([50, 40]);
        let found = apply_as_tensors(&changes, &tensor, size).unwrap();
        assert_eq!(found.kind(), Kind::Uint8);
        assert_eq!(Vec::<u8>::try_from(found.flatten(0, -1)).unwrap(), expected);
    }

    #[test]
    fn shifts_and_flips_are_uniform_and_follow_from_the_step() {
        let augment = Augment { padding: 2, horizontal_flip: 0.25 };
        let changes = augment.changes(1, 3, 50_000);
        assert_eq!(changes[..100], augment.changes(1, 3, 100));
        assert_ne!(changes[..100], augment.changes(1, 4, 100));
        assert_ne!(changes[..100], augment.changes(2, 3, 100));
        for axis in [0, 1] {
            for shift in -2..=2 {
                let count = changes.iter().filter(|change| change.from[axis] == shift).count();
                // Five sd of a binomial count around its mean.
                assert!(count.abs_diff(10_000) < 450, "{shift}: {count}");
            }
        }
        let flips = changes.iter().filter(|change| change.flip).count();
        assert!(flips.abs_diff(12_500) < 490, "{flips}");
        let never = Augment { padding: 0, horizontal_flip: 0.0 };
        assert!(never.changes(1, 1, 100).iter().all(|change| *change == Change { from: [0, 0], flip: false }));
    }
}
