//! Families of tests: p-values that are corrected for each other by Holm's method.
//!
//! Holm's p-values decide. The intervals that are shown with them are 95 % for each pair alone. They show how large a
//! difference is, and do not decide. An interval can exclude 0 although the pair is not told apart.

use super::error::StatsError;

/// Returns the p-values adjusted by Holm's step-down method (1979), in the order given. If a difference is claimed for
/// each pair with an adjusted p-value of at most α, the probability of any false claim in the family is at most α.
///
/// With p₍₁₎ ≤ … ≤ p₍ₘ₎, the i-th adjusted value is max over j ≤ i of min(1, (m − j + 1) p₍ⱼ₎). `None` is a pair
/// without a p-value. It stays `None` and does not count in m. Returns an error if a p-value is NaN or outside [0, 1].
pub fn holm(p: &[Option<f64>]) -> Result<Vec<Option<f64>>, StatsError> {
    let mut order: Vec<(usize, f64)> = p.iter().enumerate().filter_map(|(index, p)| p.map(|p| (index, p))).collect();
    if order.iter().any(|(_, p)| !(0.0..=1.0).contains(p)) {
        return Err(StatsError::NotAProbability);
    }
    order.sort_by(|(_, first), (_, second)| first.total_cmp(second));
    let mut adjusted = vec![None; p.len()];
    let mut largest = 0.0_f64;
    for (rank, (index, p)) in order.iter().enumerate() {
        largest = largest.max((order.len() - rank) as f64 * p).min(1.0);
        adjusted[*index] = Some(largest);
    }
    Ok(adjusted)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn adjusted_values_keep_the_order_of_the_input() {
        // deepsig 1.2.8 gives [.04, .03, .003] for these.
        let adjusted: Vec<f64> = holm(&[Some(0.03), Some(0.001), Some(0.02)]).unwrap().into_iter().flatten().collect();
        assert_eq!(adjusted, [0.04, 0.003, 0.04]);
    }

    #[test]
    fn pair_without_p_does_not_count() {
        assert_eq!(holm(&[None, Some(0.02), None]), Ok(vec![None, Some(0.02), None]));
        assert_eq!(holm(&[]), Ok(vec![]));
    }

    #[test]
    fn wrong_p_is_an_error() {
        for p in [f64::NAN, -0.1, 1.1] {
            assert_eq!(holm(&[Some(0.1), Some(p)]), Err(StatsError::NotAProbability));
        }
    }

    proptest! {
        #[test]
        fn holm_is_monotone_and_between_p_and_bonferroni(p in proptest::collection::vec(0.0..=1.0_f64, 0..20)) {
            let adjusted = holm(&p.iter().copied().map(Some).collect::<Vec<_>>()).unwrap();
            let adjusted: Vec<f64> = adjusted.into_iter().flatten().collect();
            prop_assert_eq!(adjusted.len(), p.len());
            for (first, first_adjusted) in p.iter().zip(&adjusted) {
                let bonferroni = (first * p.len() as f64).min(1.0);
                prop_assert!(first <= first_adjusted && *first_adjusted <= bonferroni);
                for (second, second_adjusted) in p.iter().zip(&adjusted) {
                    prop_assert!(first > second || first_adjusted <= second_adjusted);
                }
            }
        }
    }
}
