//! Fashion-MNIST: 60,000 training and 10,000 test images of clothes, in MNIST's format (Xiao, Rasul and Vollgraf 2017).
//!
//! The default of `normalize` is "unit".
//!
//! | key | default | |
//! |---|---|---|
//! | `dir` | | a folder with your own IDX files instead, as for `mnist` |

use super::image_set::ImageSet;
use super::source::{Archive, File, Package, Source};
use super::{Build, Context, Dataset};
use crate::spec::{Entry, Section};

pub const ENTRY: Entry<Build> = Entry {
    name: "fashion_mnist",
    summary: "images of clothes in MNIST's format, 60,000 + 10,000",
    example: "type = \"fashion_mnist\"",
    build,
};

fn build(section: &mut Section<'_>, context: &Context<'_>) -> Option<Box<dyn Dataset>> {
    Some(Box::new(ImageSet::read(section, context, &SOURCE)))
}

/// The published files: images, then labels, of the training part, then of the test part. Debian's package has them with
/// another compression.
pub const SOURCE: Source = Source {
    set: "fashion_mnist",
    files: &[
        File {
            name: "train-images-idx3-ubyte",
            bytes: 47_040_016,
            sha256: "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        },
        File {
            name: "train-labels-idx1-ubyte",
            bytes: 60_008,
            sha256: "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        },
        File {
            name: "t10k-images-idx3-ubyte",
            bytes: 7_840_016,
            sha256: "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        },
        File {
            name: "t10k-labels-idx1-ubyte",
            bytes: 10_008,
            sha256: "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        },
    ],
    // The authors' own host. It has no HTTPS, which is acceptable because the hashes of the files are checked.
    hosts: &["http://fashion-mnist.s3-website.eu-central-1.amazonaws.com"],
    packages: &[Package {
        command: &["apt-get", "download", "dataset-fashion-mnist"],
        archive: Archive::Deb,
        folder: "usr/share/datasets/fashion-mnist",
    }],
};
