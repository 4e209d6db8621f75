//! The points of lines over epochs, and fewer of them for long runs.

/// Returns the points of each run of values without a gap.
pub fn parts(epochs: &[f64], values: &[Option<f64>]) -> Vec<Vec<(f64, f64)>> {
    let points: Vec<Option<(f64, f64)>> =
        epochs.iter().zip(values).map(|(epoch, value)| Some((*epoch, (*value)?))).collect();
    points.split(Option::is_none).filter(|it| !it.is_empty()).map(|it| it.iter().copied().flatten().collect()).collect()
}

/// Returns about `most` of `points`. Of neighbours, the first, the last, the lowest and the highest are kept.
pub fn thinned(points: &[(f64, f64)], most: usize) -> Vec<(f64, f64)> {
    if points.len() <= most {
        return points.to_vec();
    }
    let by = (4 * points.len()).div_ceil(most);
    let mut kept = Vec::new();
    for chunk in points.chunks(by) {
        let extreme = |sign: f64| (0..chunk.len()).min_by(|&a, &b| (sign * chunk[a].1).total_cmp(&(sign * chunk[b].1)));
        let mut own = [Some(0), extreme(1.0), extreme(-1.0), Some(chunk.len() - 1)];
        own.sort_unstable();
        kept.extend(own.into_iter().flatten().map(|at| chunk[at]));
    }
    kept.dedup();
    kept
}

/// Returns at most `most` of `points`, evenly spaced, with the last one.
pub fn every(points: &[(f64, f64)], most: usize) -> Vec<(f64, f64)> {
    let by = points.len().div_ceil(most.max(1)).max(1);
    let mut kept: Vec<(f64, f64)> = points.iter().copied().step_by(by).collect();
    kept.extend(points.last().filter(|_| !(points.len() - 1).is_multiple_of(by)));
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thinned_lines_keep_their_extremes() {
        let points: Vec<(f64, f64)> = (0..1000).map(|it| (f64::from(it), f64::from(it % 7))).collect();
        let mut spiked = points.clone();
        spiked[501].1 = 99.0;
        let thin = thinned(&spiked, 100);
        assert!(thin.len() <= 104 && thin.contains(&(501.0, 99.0)) && thin.last() == Some(&points[999]));
        assert!(thin.windows(2).all(|it| it[0].0 < it[1].0));
        assert_eq!(every(&points[..10], 4), [points[0], points[3], points[6], points[9]]);
    }

    #[test]
    fn gaps_split_lines() {
        let parts = parts(&[0.0, 1.0, 2.0, 3.0], &[Some(1.0), None, Some(2.0), Some(3.0)]);
        assert_eq!(parts, [vec![(0.0, 1.0)], vec![(2.0, 2.0), (3.0, 3.0)]]);
    }
}
