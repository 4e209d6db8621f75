//! Wilcoxon's signed-rank test (1945).
//!
//! Differences of 0 are left out, as in SciPy's default, and equal distances from 0 share their mean rank. Up to
//! [`EXACT`] differences, the distribution is exact, with ties too: it is that of all 2ⁿ signs given the ranks. (With
//! ties, SciPy's is exact only up to 13 differences.) Above [`EXACT`], it is the normal approximation, with corrections
//! for ties and for continuity.

use super::distribution::normal_cdf;

/// The largest number of differences for which the distribution is exact.
pub const EXACT: usize = 50;

/// Returns the two-sided p-value of the hypothesis that the differences are symmetric around 0. `None` if a difference
/// is NaN or all are 0. Infinite differences have the highest ranks.
///
/// Distances are tied if they are equal to the last bit, so that 0.3 − 0.2 and 0.2 − 0.1 are not.
pub fn signed_rank_p(differences: &[f64]) -> Option<f64> {
    if differences.iter().any(|difference| difference.is_nan()) {
        return None;
    }
    let mut signed: Vec<f64> = differences.iter().copied().filter(|difference| *difference != 0.0).collect();
    if signed.is_empty() {
        return None;
    }
    signed.sort_by(|first, second| first.abs().total_cmp(&second.abs()));
    let ties: Vec<&[f64]> = signed.chunk_by(|first, second| first.abs() == second.abs()).collect();
    // Ranks are doubled, so that the mean of two is an integer.
    let mut doubled: Vec<usize> = Vec::with_capacity(signed.len());
    for group in &ties {
        let rank = 2 * doubled.len() + group.len() + 1;
        doubled.extend(group.iter().map(|_| rank));
    }
    let total: usize = doubled.iter().sum();
    let positive: usize = signed.iter().zip(&doubled).filter(|(value, _)| **value > 0.0).map(|(_, rank)| rank).sum();
    let smaller = positive.min(total - positive);
    let sizes: Vec<f64> = ties.iter().map(|group| group.len() as f64).collect();
    let p = if doubled.len() <= EXACT { exact(&doubled, smaller) } else { approximate(&sizes, total, smaller) };
    Some(p.min(1.0))
}

/// Returns 2 P(W ≤ `smaller`), where each of the ranks is in the sum W with probability ½. Up to 50 ranks every count
/// is below 2⁵³ and exact.
fn exact(ranks: &[usize], smaller: usize) -> f64 {
    let mut counts = vec![0.0_f64; smaller + 1];
    counts[0] = 1.0;
    for &rank in ranks {
        for sum in (rank..=smaller).rev() {
            counts[sum] += counts[sum - rank];
        }
    }
    let all = 2.0_f64.powi(ranks.len() as i32);
    2.0 * counts.iter().sum::<f64>() / all
}

/// Returns the p-value of the normal approximation. `sizes` are the sizes of the groups of equal ranks: 1 for a rank
/// without ties. `total` and `smaller` are doubled sums of ranks.
fn approximate(sizes: &[f64], total: usize, smaller: usize) -> f64 {
    let n: f64 = sizes.iter().sum();
    let ties: f64 = sizes.iter().map(|size| size.powi(3) - size).sum();
    let sd = ((n * (n + 1.0) * (2.0 * n + 1.0) - ties / 2.0) / 24.0).sqrt();
    let distance = 0.5 * (0.5 * total as f64 - smaller as f64);
    // The correction for continuity is half a rank. Without a distance there is none.
    let corrected = if distance > 0.0 { distance - 0.5 } else { 0.0 };
    2.0 * normal_cdf(-corrected / sd)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_wins_of_five_are_not_significant() {
        assert_eq!(signed_rank_p(&[0.1, 0.3, 0.2, 0.5, 0.4]), Some(0.0625));
    }

    #[test]
    fn ties_and_zeros() {
        // Ranks 1.5, 1.5, 3: of 8 signs, only the smallest and the largest sum are as extreme.
        assert_eq!(signed_rank_p(&[1.0, 1.0, 2.0, 0.0]), Some(0.25));
        assert_eq!(signed_rank_p(&[1.0, -1.0, 0.0]), Some(1.0));
    }

    #[test]
    fn zeros_and_nan_have_no_p() {
        assert_eq!(
            (signed_rank_p(&[]), signed_rank_p(&[0.0, -0.0]), signed_rank_p(&[1.0, f64::NAN])),
            (None, None, None)
        );
        assert_eq!(signed_rank_p(&[f64::INFINITY, 1.0, -f64::INFINITY]), Some(1.0));
    }

    #[test]
    fn approximation_is_close_to_the_exact_distribution() {
        let differences: Vec<f64> = (1..=50).map(|i| f64::from(if i % 3 == 0 { -i } else { i })).collect();
        let ranks: Vec<usize> = (1..=50).map(|rank| 2 * rank).collect();
        let smaller = 2 * (1..=50).filter(|i| i % 3 == 0).sum::<usize>();
        let near = approximate(&[1.0; 50], 50 * 51, smaller);
        assert_eq!(signed_rank_p(&differences), Some(exact(&ranks, smaller)));
        assert!((near / exact(&ranks, smaller) - 1.0).abs() < 0.05);
    }
}
