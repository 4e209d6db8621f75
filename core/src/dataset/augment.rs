//! Random shifts and flips of training images.

use crate::random::Stream;
use crate::spec::{Section, Unit};

/// The `[data] augment` table: torchvision's `RandomCrop(size, padding)` to the image's own size, then
/// `RandomHorizontalFlip(p)`. Both apply to the stored values, before normalization. The padding is 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Augment {
    /// The largest shift in pixels, in each of the four directions.
    pub padding: usize,
    /// The probability of a flip, from 0 to 1.
    pub horizontal_flip: f64,
}

/// The shift and flip of one image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transform {
    /// Row and column in the stored image of the pixel that becomes the upper left one. Either may lie outside.
    pub from: [i64; 2],
    /// True if left and right are swapped after the shift.
    pub flip: bool,
}

impl Augment {
    /// Reads `{ padding, horizontal_flip }`. The caller checks `padding` against the size of the images.
    pub fn read(section: &mut Section<'_>) -> Augment {
        let padding = usize::try_from(section.or("padding", 0u64)).unwrap_or(usize::MAX);
        Augment { padding, horizontal_flip: section.or("horizontal_flip", Unit(0.0)).0 }
    }

    /// Returns the transforms of the `images` images in the batch of step `step` (from 0) under `seed`.
    pub fn transforms(&self, seed: u64, step: u64, images: usize) -> Vec<Transform> {
        let mut stream = Stream::new(seed, "augment", step);
        let shift = |stream: &mut Stream| stream.below(2 * self.padding as u64 + 1) as i64 - self.padding as i64;
        let mut transform = || {
            let from = [shift(&mut stream), shift(&mut stream)];
            Transform { from, flip: stream.uniform() < self.horizontal_flip }
        };
        (0..images).map(|_| transform()).collect()
    }
}

impl Transform {
    /// Writes the transformed image to `out`. Both images are `[channels, height, width]`.
    pub fn apply<V: Copy + Default>(self, image: &[V], [_, height, width]: [usize; 3], out: &mut [V]) {
        let [down, right] = self.from;
        for (at, out) in out.chunks_exact_mut(width).enumerate() {
            let channel = at / height;
            let row = (at % height) as i64 + down;
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Shape `[1, 2, 3]`.
    const IMAGE: [u8; 6] = [1, 2, 3, 4, 5, 6];

    fn transformed(from: [i64; 2], flip: bool) -> Vec<u8> {
        let mut out = vec![9; 6];
        Transform { from, flip }.apply(&IMAGE, [1, 2, 3], &mut out);
        out
    }

    #[test]
    fn an_image_is_shifted_then_flipped() {
        assert_eq!(transformed([0, 0], false), IMAGE);
        assert_eq!(transformed([0, 0], true), [3, 2, 1, 6, 5, 4]);
        assert_eq!(transformed([1, 0], false), [4, 5, 6, 0, 0, 0]);
        assert_eq!(transformed([0, -1], false), [0, 1, 2, 0, 4, 5]);
        assert_eq!(transformed([-1, 2], false), [0, 0, 0, 3, 0, 0]);
        assert_eq!(transformed([-1, 2], true), [0, 0, 0, 0, 0, 3]);
        assert_eq!(transformed([0, 3], false), [0; 6]);
        assert_eq!(transformed([5, -7], true), [0; 6]);
    }

    #[test]
    fn shifts_and_flips_are_uniform_and_follow_from_the_step() {
        let augment = Augment { padding: 2, horizontal_flip: 0.25 };
        let transforms = augment.transforms(1, 3, 50_000);
        assert_eq!(transforms[..100], augment.transforms(1, 3, 100));
        assert_ne!(transforms[..100], augment.transforms(1, 4, 100));
        assert_ne!(transforms[..100], augment.transforms(2, 3, 100));
        for axis in [0, 1] {
            for shift in -2..=2 {
                let count = transforms.iter().filter(|it| it.from[axis] == shift).count();
                // Five standard deviations of a binomial count around its mean.
                assert!(count.abs_diff(10_000) < 450, "{shift}: {count}");
            }
        }
        let flips = transforms.iter().filter(|it| it.flip).count();
        assert!(flips.abs_diff(12_500) < 490, "{flips}");
        let never = Augment { padding: 0, horizontal_flip: 0.0 };
        assert!(never.transforms(1, 1, 100).iter().all(|it| *it == Transform { from: [0, 0], flip: false }));
    }
}
