//! The values of a series over a whole run.

use super::moves::{Move, Moves};
use super::trace::{Series, Trace};
use crate::plot::Samples;

/// A series with its values at every step of a run.
#[derive(Clone, Debug)]
pub struct Trajectory {
    pub series: Series,
    pub samples: Samples,
    pub moves: Vec<Move>,
    /// The number of moves after those in `moves`.
    pub more_moves: u64,
    /// A hash of the values at all steps that were evaluated.
    pub fingerprint: u64,
}

/// The start value of an FNV-1a hash.
const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0100_0000_01b3;

impl Trajectory {
    /// Returns whether `other` is the same quantity and has the same values at the same steps.
    pub fn is_same(&self, other: &Trajectory) -> bool {
        self.fingerprint == other.fingerprint
            && self.series.quantity == other.series.quantity
            && self.samples == other.samples
    }
}

/// Walks `trace` to its end and returns the trajectory of each of its series.
pub fn trajectories(trace: &mut Trace<'_>) -> Vec<Trajectory> {
    let horizon = trace.horizon();
    let last = horizon.total_steps.saturating_sub(1);
    let empty = |series: &Series| {
        let series = series.clone();
        let samples = Samples::new(horizon);
        Trajectory { series, samples, moves: Vec::new(), more_moves: 0, fingerprint: FNV_OFFSET }
    };
    let mut all: Vec<Trajectory> = trace.series().map(empty).collect();
    let mut moves: Vec<Moves> = all.iter().map(|_| Moves::default()).collect();
    let stride = Samples::new(horizon).stride;
    let mut step = 0;
    let mut changes_seen = 0;
    loop {
        trace.at(step);
        let changes = trace.changes().get(changes_seen..).unwrap_or_default().to_vec();
        changes_seen += changes.len();
        for (index, (trajectory, moves)) in all.iter_mut().zip(&mut moves).enumerate() {
            let value = trace.value(index);
            trajectory.samples.push(step, value);
            trajectory.fingerprint = (trajectory.fingerprint ^ value.to_bits()).wrapping_mul(FNV_PRIME);
            let reason = changes.iter().find(|change| change.series == index).map(|change| change.reason.clone());
            moves.push(step, value, reason);
        }
        if step >= last {
            break;
        }
        step = step.saturating_add(stride).min(last);
    }
    for (trajectory, mut moves) in all.iter_mut().zip(moves) {
        moves.finish();
        (trajectory.moves, trajectory.more_moves) = (moves.list, moves.more);
    }
    all
}
