//! Properties that hold for any input: inverses, symmetries, and that nothing panics.

use proptest::prelude::*;

use super::super::*;

/// Any number, also NaN, infinities, the largest and the smallest ones.
fn any_number() -> impl Strategy<Value = f64> {
    prop_oneof![
        3 => -1.0..1.0_f64,
        1 => any::<f64>(),
        1 => prop::sample::select(vec![0.0, 1.0, f64::NAN, f64::INFINITY, -f64::INFINITY, f64::MAX, f64::MIN_POSITIVE]),
    ]
}

fn any_numbers() -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec(any_number(), 0..12)
}

fn is_probability(p: Option<f64>) -> bool {
    p.is_none_or(|p| (0.0..=1.0).contains(&p))
}

proptest! {
    #[test]
    fn quantiles_are_inverses(
        x in -8.0..0.0_f64,
        df in 0.5..500.0_f64,
        (a, b) in (0.3..300.0_f64, 0.3..300.0_f64),
        y in 0.001..0.999_f64,
    ) {
        prop_assert!((normal_quantile(normal_cdf(x)) - x).abs() < 1e-12);
        let t = t_quantile(t_cdf(x, df), df);
        // Next to 0, t² loses digits: the probability has digits only for 1 − t²/df.
        prop_assert!((t - x).abs() < 1e-11 * x.abs().max(1e-3), "{t} {x} {df}");
        let p = beta_cdf(y, a, b);
        if p > 1e-300 && p < 0.99 {
            prop_assert!((beta_quantile(p, a, b) - y).abs() < 1e-11);
        }
    }

    #[test]
    fn probabilities_rise(t in -20.0..20.0_f64, step in 0.0..1.0_f64, df in 1.0..50.0_f64, delta in -10.0..10.0_f64) {
        prop_assert!(t_cdf(t + step, df) >= t_cdf(t, df));
        prop_assert!(noncentral_t_cdf(t + step, df, delta) >= noncentral_t_cdf(t, df, delta) - 1e-14);
        prop_assert!(noncentral_t_cdf(t, df, delta + step) <= noncentral_t_cdf(t, df, delta) + 1e-14);
    }

    #[test]
    fn swapped_samples_have_the_opposite_difference(
        pairs in prop::collection::vec((0.0..1.0_f64, 0.0..1.0_f64), 3..10),
    ) {
        let (first, second): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
        for test in [paired, welch] {
            let (one, other) = (test(&first, &second).unwrap(), test(&second, &first).unwrap());
            prop_assert_eq!((one.mean, one.p, one.df), (-other.mean, other.p, other.df));
            let (interval, opposite) = (one.interval.unwrap(), other.interval.unwrap());
            prop_assert_eq!((interval.low, interval.high), (-opposite.high, -opposite.low));
            // The interval excludes 0 exactly if the p-value is below 0.05.
            let p = one.p.unwrap();
            prop_assert!((p - 0.05).abs() < 1e-9 || (p < 0.05) != interval.contains(0.0));
        }
    }

    #[test]
    fn intervals_widen_with_their_level(wins in 0..40_u64, losses in 0..40_u64) {
        let wins = Wins { wins, ties: 0, losses };
        if let (Some(share), Some(narrow), Some(wide)) = (wins.share(), wins.interval(0.9), wins.interval(0.99)) {
            prop_assert!(narrow.contains(share) && wide.contains(narrow.low) && wide.contains(narrow.high));
        }
    }

    #[test]
    fn distributions_never_panic(x in any_number(), a in any_number(), b in any_number()) {
        for p in [beta_cdf(x, a, b), t_cdf(x, a), t_sf(x, a), normal_cdf(x)] {
            prop_assert!(p.is_nan() || (0.0..=1.0).contains(&p));
        }
        beta_quantile(x, a, b);
        t_quantile(x, a);
        normal_quantile(x);
    }

    #[test]
    fn nothing_panics(first in any_numbers(), second in any_numbers(), x in any_number(), y in any_number()) {
        for values in [&first, &second] {
            prop_assert!(sd(values).is_none() || mean(values).is_some());
            quantile(values, x);
            gap(values);
            Wins::of(values);
            prop_assert!(is_probability(signed_rank_p(values)));
        }
        prop_assert!(is_probability(rank_sum(&first, &second).map(|it| it.p)));
        for difference in [paired(&first, &second), welch(&first, &second)].into_iter().flatten() {
            prop_assert!(difference.mean.is_finite() && is_probability(difference.p));
            prop_assert!(is_probability(difference.equivalence_p(x)));
            let goal = Goal { alpha: x, power: y };
            difference.interval_at(x);
            difference.more_seeds(goal);
            decide(&difference, Some(x), Some(y), 0.05);
        }
        prop_assert!(correlation(&first, &second).is_none_or(|r| (-1.0..=1.0).contains(&r)));
        let p: Vec<Option<f64>> = first.iter().copied().map(Some).collect();
        prop_assert!(holm(&p).is_err() || first.iter().all(|p| (0.0..=1.0).contains(p)));
        let points: Vec<(f64, f64)> = first.iter().copied().zip(second.iter().copied()).collect();
        prop_assert!(area_under_curve(&points).is_err() || points.len() >= 2);
        if let Ok(profile) = Profile::of(&[first.clone(), second.clone()]) {
            prop_assert!(is_probability(profile.share(0, x)));
            prop_assert!(profile.score(0, y).is_none_or(|score| (0.0..1.0 + 1e-12).contains(&score)));
        }
    }
}
