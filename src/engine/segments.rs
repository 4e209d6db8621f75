//! The parts of the flat store, with their parameters and groups.

use std::ops::Range;

use crate::params::{Declaration, Param};

/// A run of elements in the flat store that an update treats alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// The elements' range in the flat store.
    pub range: Range<usize>,
    /// The number of the parameter that they belong to.
    pub param: usize,
    /// The number of its group. 0 is the base group.
    pub group: usize,
}

/// The whole store, segment by segment, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segments {
    segments: Vec<Segment>,
}

impl Segments {
    /// Makes one segment per parameter. `group_of[i]` is the group of parameter `i`.
    pub fn new(declaration: &Declaration, group_of: &[usize]) -> Self {
        let segment = |(param, (declared, &group)): (usize, (&Param, &usize))| Segment {
            range: declared.offset..declared.offset + declared.len,
            param,
            group,
        };
        Segments { segments: declaration.params().iter().zip(group_of).enumerate().map(segment).collect() }
    }

    /// Iterates over the segments in order.
    pub fn iter(&self) -> impl Iterator<Item = &Segment> {
        self.segments.iter()
    }

    /// Returns the segments in order.
    pub fn as_slice(&self) -> &[Segment] {
        &self.segments
    }

    /// Returns the number of segments.
    pub fn len(&self) -> usize {
        self.segments.len()
    }

    /// Returns true if there is no segment.
    pub fn is_empty(&self) -> bool {
        self.segments.is_empty()
    }
}
