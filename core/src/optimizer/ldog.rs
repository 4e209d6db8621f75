//! L-DoG, layerwise distance over gradients (Ivgi, Hinder and Carmon 2023, arXiv 2302.12022), is [`super::dog`] with
//! norms over each parameter tensor, so that each tensor has its own rate. It is the authors' `dog.LDoG`.
//!
//! Keys and defaults are DoG's. The effective rate of a group is the mean over its parameter tensors.

use super::dog::read;
use super::{Build, OptimizerConfig};
use crate::spec::{Entry, Section};

pub const ENTRY: Entry<Build> = Entry {
    name: "ldog",
    summary: "DoG with a rate for each parameter tensor (Ivgi et al. 2023)",
    example: "type = \"ldog\"\nlr = 1.0\nreps_rel = 1e-6",
    build,
};

fn build(section: &mut Section<'_>) -> Option<Box<dyn OptimizerConfig>> {
    Some(read(section, true))
}
