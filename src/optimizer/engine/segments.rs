//! Parameter groups laid over the flat store.

use std::ops::Range;

use crate::params::Declaration;

/// A run of elements in the flat store that an update treats alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Elements of the flat store.
    pub range: Range<usize>,
    /// The parameter they are.
    pub param: usize,
    /// Its group; 0 is the base group.
    pub group: usize,
    /// Which of several runs trained as one batched model; 0 while there is one.
    pub lane: usize,
}

/// The whole store, segment by segment, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segments {
    segments: Vec<Segment>,
}

impl Segments {
    /// One segment a parameter; `group_of[i]` is the group of parameter `i`.
    pub fn new(declaration: &Declaration, group_of: &[usize]) -> Self {
        let segment = |(param, (declared, &group)): (usize, (&crate::params::Param, &usize))| Segment {
            range: declared.offset..declared.offset + declared.len,
            param,
            group,
            lane: 0,
        };
        Segments { segments: declaration.params().iter().zip(group_of).enumerate().map(segment).collect() }
    }

    /// The segments in order.
    pub fn iter(&self) -> impl Iterator<Item = &Segment> {
        self.segments.iter()
    }

    /// The segments in order.
    pub fn as_slice(&self) -> &[Segment] {
        &self.segments
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.segments.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.segments.is_empty()
    }
}
