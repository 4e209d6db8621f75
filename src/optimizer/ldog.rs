//! L-DoG, layerwise distance over gradients (Ivgi, Hinder and Carmon 2023, arXiv 2302.12022); the authors' `dog.LDoG`:
//! [`super::dog`] with the norms over each parameter tensor, which so has a rate of its own.
//!
//! Keys and defaults as DoG's. The effective rate of a group is the mean over its parameter tensors.

use super::dog::read;
use super::{Build, Method};
use crate::spec::{Entry, Section};

pub const ENTRY: Entry<Build> = Entry {
    name: "ldog",
    summary: "distance over gradients for each parameter tensor (Ivgi et al. 2023)",
    example: "type = \"ldog\"\nlr = 1.0\nreps_rel = 1e-6",
    build,
};

fn build(section: &mut Section<'_>) -> Option<Box<dyn Method>> {
    Some(read(section, true))
}
