//! The task of a user's own data: the one that the spec names, or the one that its targets suggest.

use super::Task;

crate::choice! {
    /// The task of a table or of arrays.
    pub enum TaskKind {
        Classification = "classification",
        Regression = "regression",
    }
}

/// Integers with more different values are taken for quantities.
const MAX_GUESSED_CLASSES: usize = 20;

/// Larger whole numbers may be equal only because `f64` rounds them.
const MOST_EXACT: f64 = (1u64 << 53) as f64;

impl TaskKind {
    /// Guesses the task of numeric targets. They are classes if they are integers with at most 20 different values, and if
    /// these repeat (at most three quarters as many different values as examples) or are 0, 1, 2, … without a gap.
    pub fn guess(targets: &[f64]) -> TaskKind {
        let mut distinct = targets.to_vec();
        distinct.sort_unstable_by(f64::total_cmp);
        distinct.dedup();
        let whole = distinct.iter().all(|value| value.fract() == 0.0 && value.abs() < MOST_EXACT);
        let counted = distinct.iter().enumerate().all(|(index, &value)| value == index as f64);
        let repeated = 4 * distinct.len() <= 3 * targets.len();
        match whole && distinct.len() <= MAX_GUESSED_CLASSES && (repeated || counted) {
            true => TaskKind::Classification,
            false => TaskKind::Regression,
        }
    }

    /// Returns the number of different targets and the largest one, if they look like the numbers of more classes than
    /// [`TaskKind::guess`] accepts. They must be whole numbers from 0 or 1. At least half of the numbers up to the
    /// largest must occur, each at least three times on average. Otherwise returns `None`.
    pub fn labels(targets: &[f64]) -> Option<(usize, f64)> {
        let mut distinct = targets.to_vec();
        distinct.sort_unstable_by(f64::total_cmp);
        distinct.dedup();
        let (first, last) = (*distinct.first()?, *distinct.last()?);
        let whole = distinct.iter().all(|value| value.fract() == 0.0);
        let dense = (first == 0.0 || first == 1.0) && last - first < 2.0 * distinct.len() as f64;
        let repeated = 3 * distinct.len() <= targets.len();
        (whole && dense && repeated && distinct.len() > MAX_GUESSED_CLASSES).then_some((distinct.len(), last))
    }

    /// Returns the kind of `task`.
    pub fn of(task: Task) -> TaskKind {
        match task {
            Task::Classification { .. } => TaskKind::Classification,
            Task::Regression { .. } => TaskKind::Regression,
        }
    }

    /// Returns a task of this kind with a usual size, for a preview without data.
    pub fn assumed(self) -> Task {
        match self {
            TaskKind::Classification => Task::Classification { classes: 10 },
            TaskKind::Regression => Task::Regression { outputs: 1 },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_that_repeat_or_count_from_zero_are_classes() {
        let guess = |targets: &[f64]| TaskKind::guess(targets).word();
        let count = |n: u32| (0..n).map(f64::from).collect::<Vec<_>>();
        assert_eq!(guess(&[3.0, 8.0, 3.0]), "classification");
        assert_eq!(guess(&[1.0, 2.0, 2.0, 1.0]), "classification");
        assert_eq!(guess(&count(20)), "classification");
        assert_eq!(guess(&count(21)), "regression");
        assert_eq!(guess(&[0.5, 1.0, 1.0]), "regression");
        // Prices of five houses.
        assert_eq!(guess(&[250_000.0, 310_000.0, 180_000.0, 420_000.0, 255_000.0]), "regression");
    }
}
