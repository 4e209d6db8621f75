//! What is kept of a series when all its steps have gone by.

use super::moves::{Move, Moves};
use super::trace::{Series, Trace};
use crate::spec::Horizon;

/// A curve keeps this many spans at most.
const SPANS: u64 = 2048;

/// A run of more steps is looked at every few steps: seeing it must not take longer than a person waits.
const MOST_LOOKS: u64 = 10_000_000;

/// A value, and the step that has it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct At {
    pub step: u64,
    pub value: f64,
}

/// Some steps of a curve: what a picture needs in order to lose no extreme and no jump.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Span {
    pub first: At,
    pub last: At,
    pub min: At,
    pub max: At,
}

impl Span {
    fn new(at: At) -> Self {
        Span { first: at, last: at, min: at, max: at }
    }

    fn add(&mut self, at: At) {
        self.last = at;
        if at.value < self.min.value {
            self.min = at;
        }
        if at.value > self.max.value {
            self.max = at;
        }
    }

    fn join(&mut self, next: &Span) {
        let last = next.last;
        self.add(next.min);
        self.add(next.max);
        self.last = last;
    }
}

/// A series over a whole run.
#[derive(Clone, Debug)]
pub struct Curve {
    pub series: Series,
    pub horizon: Horizon,
    /// One after another, each of the same number of steps, give or take one.
    pub spans: Vec<Span>,
    pub moves: Vec<Move>,
    /// Moves beyond those in `moves`.
    pub more_moves: u64,
    /// Steps from one look to the next: 1, unless the run is very long.
    pub stride: u64,
    /// Two curves with the same number have the same values.
    pub fingerprint: u64,
}

impl Curve {
    /// First and last value, smallest and largest, and where.
    pub fn whole(&self) -> Option<Span> {
        self.between(0, self.horizon.total_steps)
    }

    /// The same of steps `from` up to, but not including, `to`; with a little of what is beside them, where the run
    /// has more steps than the curve has spans.
    pub fn between(&self, from: u64, to: u64) -> Option<Span> {
        let begin = self.spans.partition_point(|it| it.last.step < from);
        let end = self.spans.partition_point(|it| it.first.step < to).max(begin + 1);
        let (first, others) = self.spans.get(begin..end.min(self.spans.len()))?.split_first()?;
        let mut all = *first;
        others.iter().for_each(|it| all.join(it));
        Some(all)
    }

    /// `step` in epochs.
    pub fn epochs(&self, step: u64) -> f64 {
        step as f64 / self.horizon.steps_per_epoch as f64
    }

    /// Whether `other` has the same values at the same steps.
    pub fn is_same(&self, other: &Curve) -> bool {
        self.fingerprint == other.fingerprint
            && self.horizon == other.horizon
            && self.series.quantity == other.series.quantity
            && self.spans == other.spans
    }
}

/// Walks `trace` to its end.
pub fn curves(trace: &mut Trace<'_>) -> Vec<Curve> {
    let horizon = trace.horizon();
    let last = horizon.total_steps.saturating_sub(1);
    let stride = horizon.total_steps.div_ceil(MOST_LOOKS).max(1);
    let empty = |series: &Series| {
        let (spans, moves) = (Vec::new(), Vec::new());
        let series = series.clone();
        Curve { series, horizon, spans, moves, more_moves: 0, stride, fingerprint: 0xcbf2_9ce4_8422_2325 }
    };
    let mut curves: Vec<Curve> = trace.series().map(empty).collect();
    let mut moves: Vec<Moves> = curves.iter().map(|_| Moves::default()).collect();
    let width = horizon.total_steps as f64 / SPANS.min(horizon.total_steps).max(1) as f64;
    let (mut step, mut told) = (0, 0);
    loop {
        trace.at(step);
        let changes = trace.changes().get(told..).unwrap_or_default().to_vec();
        told += changes.len();
        for (index, (curve, moves)) in curves.iter_mut().zip(&mut moves).enumerate() {
            let value = trace.value(index);
            let at = At { step, value };
            match curve.spans.last_mut() {
                Some(span) if (span.first.step as f64 / width) as u64 == (step as f64 / width) as u64 => {
                    span.add(at);
                }
                _ => curve.spans.push(Span::new(at)),
            }
            // FNV-1a, word by word.
            curve.fingerprint = (curve.fingerprint ^ value.to_bits()).wrapping_mul(0x0100_0000_01b3);
            let reason = changes.iter().find(|change| change.series == index).map(|change| change.reason.clone());
            moves.push(step, value, reason);
        }
        if step >= last {
            break;
        }
        step = step.saturating_add(stride).min(last);
    }
    for (curve, mut moves) in curves.iter_mut().zip(moves) {
        moves.finish();
        (curve.moves, curve.more_moves) = (moves.list, moves.more);
    }
    curves
}
