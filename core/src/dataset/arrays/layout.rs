//! The axes of images.

use super::Named;
use super::order;

crate::choice! {
    /// The place of the channels (red, green, blue) among the axes of an image.
    pub enum Layout {
        /// `[n, channels, height, width]`, as in PyTorch.
        ChannelsFirst = "channels_first",
        /// `[n, height, width, channels]`, as in Keras and in image files.
        ChannelsLast = "channels_last",
    }
}

impl Layout {
    /// Returns the layout that images of the shape `[a, b, c]` seem to have. Channels come last if there are 1, 3 or 4 along
    /// the last axis, and more along the others.
    pub fn guess(image: [usize; 3]) -> Layout {
        let [a, b, c] = image;
        match matches!(c, 1 | 3 | 4) && a > 4 && b > 4 {
            true => Layout::ChannelsLast,
            false => Layout::ChannelsFirst,
        }
    }
}

/// Moves the last axis of `[n, height, width, channels]` before the height.
pub fn channels_first(x: &mut Named) {
    if let [n, height, width, channels] = x.array.shape[..] {
        if channels > 1 {
            let strides = [height * width * channels, 1, width * channels, channels];
            let shape = [n, channels, height, width];
            x.array.bytes = order::in_c_order(&x.array.bytes, x.array.dtype.size(), &shape, &strides);
        }
        x.array.shape = vec![n, channels, height, width];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_with_few_channels_at_the_end_have_them_last() {
        for image in [[32, 32, 4], [28, 28, 1], [224, 200, 3]] {
            assert_eq!(Layout::guess(image), Layout::ChannelsLast, "{image:?}");
        }
        for image in [[3, 32, 32], [1, 28, 28], [3, 32, 3], [32, 32, 32], [4, 4, 4], [64, 7, 7]] {
            assert_eq!(Layout::guess(image), Layout::ChannelsFirst, "{image:?}");
        }
    }
}
