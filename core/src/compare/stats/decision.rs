//! The decision about a pair of strategies.

use super::difference::Difference;

/// The decision about the first of two strategies, compared with the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The first strategy is better.
    Better,
    /// The first strategy is worse.
    Worse,
    /// The difference is too small to matter. Only a margin makes this decision possible.
    Equivalent,
    /// There are too few seeds for this spread. This does not mean that the strategies are equal.
    NotToldApart,
}

impl Decision {
    /// Returns whether one strategy is better than the other.
    pub fn is_told_apart(self) -> bool {
        matches!(self, Decision::Better | Decision::Worse)
    }
}

/// Decides about a pair. A `difference` above 0 means that the first strategy is better. For a loss or an error, where
/// less is better, exchange the two. `adjusted_p` is Holm's p-value in the family of all pairs shown. `margin` is the
/// largest difference, in either direction, that does not matter.
///
/// The first rule that applies decides:
/// 1. [`Equivalent`](Decision::Equivalent), if the interval at level 1 − 2α lies within ±`margin` (TOST at α). This
///    rule is the first, because a difference can be significant and still too small to matter. TOST is not adjusted
///    for the number of pairs.
/// 2. [`Better`](Decision::Better) or [`Worse`](Decision::Worse), if `adjusted_p` is at most `alpha`.
/// 3. [`NotToldApart`](Decision::NotToldApart). Below three seeds there is no p-value, and no other decision.
pub fn decide(difference: &Difference, adjusted_p: Option<f64>, margin: Option<f64>, alpha: f64) -> Decision {
    let equivalence = margin.and_then(|margin| difference.equivalence_p(margin));
    if equivalence.is_some_and(|p| p <= alpha) {
        return Decision::Equivalent;
    }
    if !adjusted_p.is_some_and(|p| p <= alpha) {
        return Decision::NotToldApart;
    }
    if difference.mean > 0.0 {
        Decision::Better
    } else if difference.mean < 0.0 {
        Decision::Worse
    } else {
        Decision::NotToldApart
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::stats::paired;

    fn decided(differences: &[f64], margin: Option<f64>) -> Decision {
        let difference = paired(differences, &vec![0.0; differences.len()]).unwrap();
        decide(&difference, difference.p, margin, 0.05)
    }

    #[test]
    fn each_decision() {
        assert_eq!(decided(&[1.0, 1.1, 1.2], None), Decision::Better);
        assert_eq!(decided(&[-1.0, -1.1, -1.2], Some(0.5)), Decision::Worse);
        assert_eq!(decided(&[-0.1, 0.1, 0.05], None), Decision::NotToldApart);
        assert_eq!(decided(&[-0.1, 0.1, 0.05], Some(0.5)), Decision::Equivalent);
        assert_eq!(decided(&[-0.1, 0.1, 0.05], Some(0.1)), Decision::NotToldApart);
    }

    #[test]
    fn significant_difference_that_does_not_matter_is_equivalent() {
        assert_eq!(decided(&[0.01, 0.011, 0.012], None), Decision::Better);
        assert_eq!(decided(&[0.01, 0.011, 0.012], Some(0.1)), Decision::Equivalent);
    }

    #[test]
    fn equivalence_is_the_interval_inside_the_margin() {
        let difference = paired(&[0.1, -0.2, 0.3, 0.15], &[0.0; 4]).unwrap();
        let interval = difference.interval_at(0.9).unwrap();
        let reach = interval.high.max(-interval.low);
        assert_eq!(decide(&difference, None, Some(reach * 1.000001), 0.05), Decision::Equivalent);
        assert_eq!(decide(&difference, None, Some(reach * 0.999999), 0.05), Decision::NotToldApart);
    }

    #[test]
    fn two_seeds_decide_nothing() {
        assert_eq!(decided(&[5.0, 5.0], Some(10.0)), Decision::NotToldApart);
        assert_eq!(decided(&[5.0, 5.1], None), Decision::NotToldApart);
        assert_eq!(decided(&[0.0; 3], None), Decision::NotToldApart);
        assert_eq!(decided(&[0.0; 3], Some(0.1)), Decision::Equivalent);
    }
}
