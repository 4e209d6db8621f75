//! The golden cases in `tests/golden/statistics/`. The scripts that make them describe each column.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

use super::super::*;
use super::assert_near;

/// A file of golden cases: columns with one entry per case.
struct Cases {
    name: &'static str,
    columns: BTreeMap<String, Value>,
}

/// One case of a file.
#[derive(Clone, Copy)]
struct Case<'a> {
    cases: &'a Cases,
    index: usize,
}

impl Cases {
    fn read(name: &'static str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/statistics");
        let text = fs::read_to_string(folder.join(format!("{name}.json"))).unwrap();
        Cases { name, columns: serde_json::from_str(&text).unwrap() }
    }

    fn iter(&self) -> impl Iterator<Item = Case<'_>> {
        let rows = self.columns.values().filter_map(Value::as_array).map(Vec::len).max().unwrap();
        assert!(rows > 0);
        (0..rows).map(|index| Case { cases: self, index })
    }
}

impl<'a> Case<'a> {
    fn get(self, column: &str) -> &'a Value {
        &self.cases.columns.get(column).unwrap_or_else(|| panic!("{} has no {column}", self.cases.name))[self.index]
    }

    fn number(self, column: &str) -> f64 {
        self.get(column).as_f64().unwrap_or_else(|| panic!("{column} of {} is no number", self.index))
    }

    fn list(self, column: &str) -> Vec<f64> {
        serde_json::from_value(self.get(column).clone()).unwrap()
    }

    #[track_caller]
    fn check(self, column: &str, value: f64) {
        assert_near(value, self.number(column), &format!("{} {} of case {}", self.cases.name, column, self.index));
    }

    #[track_caller]
    fn check_interval(self, suffix: &str, interval: Option<Interval>) {
        let interval = interval.unwrap();
        self.check(&format!("low{suffix}"), interval.low);
        self.check(&format!("high{suffix}"), interval.high);
    }
}

/// Panics unless `value` is `expected` to nine digits, however small it is.
#[track_caller]
fn assert_digits(value: f64, expected: f64, what: &str) {
    assert!((value - expected).abs() <= 1e-9 * expected.abs(), "{what}: {value:e}, not {expected:e}");
}

#[test]
fn normal_agrees_in_the_tails() {
    for case in Cases::read("statsmodels_normal").iter() {
        let (x, cdf) = (case.number("x"), case.number("cdf"));
        assert_digits(normal_cdf(x), cdf, "cdf");
        // A probability close to 1 has few digits for its distance from 1.
        if x < 2.0 {
            assert_near(normal_quantile(cdf), x, "quantile");
        }
    }
}

#[test]
fn beta_agrees_in_the_tails() {
    for case in Cases::read("statsmodels_beta").iter() {
        let [x, a, b, cdf] = ["x", "a", "b", "cdf"].map(|column| case.number(column));
        assert_digits(beta_cdf(x, a, b), cdf, &format!("cdf of {x} {a} {b}"));
        assert_digits(beta_quantile(cdf, a, b), x, &format!("quantile of {cdf} {a} {b}"));
    }
}

#[test]
fn student_agrees_in_the_tails() {
    for case in Cases::read("statsmodels_student").iter() {
        let [df, t, sf] = ["df", "t", "sf"].map(|column| case.number(column));
        assert_digits(t_sf(t, df), sf, &format!("sf of {t} {df}"));
        assert_digits(t_cdf(-t, df), sf, "cdf");
        // A probability next to ½ has no digits for a small t, and a probability of 0 has no quantile.
        if sf > 0.0 && sf < 0.499 {
            assert_digits(-t_quantile(sf, df), t, &format!("quantile of {sf} {df}"));
        }
    }
}

#[test]
fn noncentral_t_agrees() {
    let cases = Cases::read("statsmodels_noncentral_t");
    for case in cases.iter() {
        let [df, delta, t] = ["df", "delta", "t"].map(|column| case.number(column));
        let (lower, upper) = (noncentral_t_cdf(t, df, delta), noncentral_t_sf(t, df, delta));
        // SciPy has no result where the probability is almost 0.
        let expected = case.get("cdf").as_f64().unwrap_or(0.0);
        assert_near(lower, expected, "cdf");
        assert_near(upper, 1.0 - expected, "sf");
    }
    assert!(cases.iter().filter(|case| case.get("cdf").is_null()).count() <= 3);
}

#[test]
fn describe_agrees() {
    for case in Cases::read("statsmodels_describe").iter() {
        let values = case.list("values");
        case.check("mean", mean(&values).unwrap());
        case.check("sd", sd(&values).unwrap());
        case.check("median", median(&values).unwrap());
        case.check("quantile_10", quantile(&values, 0.1).unwrap());
        case.check("quantile_75", quantile(&values, 0.75).unwrap());
    }
}

/// Checks `difference` against the columns that both tests have.
fn check_difference(case: Case<'_>, difference: &Difference) {
    case.check("mean", difference.mean);
    case.check("df", difference.df.unwrap());
    case.check_interval("", difference.interval);
    let fewest = difference.n[0].min(difference.n[1]);
    match difference.p {
        Some(p) => case.check("p", p),
        None => assert_eq!(fewest, 2),
    }
}

#[test]
fn paired_test_and_correlation_agree() {
    for case in Cases::read("statsmodels_paired").iter() {
        let (first, second) = (case.list("first"), case.list("second"));
        let difference = paired(&first, &second).unwrap();
        check_difference(case, &difference);
        case.check_interval("_90", difference.interval_at(0.9));
        match correlation(&first, &second) {
            Some(r) => case.check("correlation", r),
            None => assert!(case.get("correlation").is_null()),
        }
    }
}

#[test]
fn welch_agrees() {
    for case in Cases::read("statsmodels_welch").iter() {
        check_difference(case, &welch(&case.list("first"), &case.list("second")).unwrap());
    }
}

#[test]
fn equivalence_agrees() {
    for case in Cases::read("statsmodels_equivalence").iter() {
        let difference = paired(&case.list("first"), &case.list("second")).unwrap();
        case.check("p", difference.equivalence_p(case.number("margin")).unwrap());
    }
}

#[test]
fn holm_agrees() {
    for case in Cases::read("statsmodels_holm").iter() {
        let p: Vec<_> = case.list("p").into_iter().map(Some).collect();
        let adjusted: Vec<f64> = holm(&p).unwrap().into_iter().flatten().collect();
        for (adjusted, expected) in adjusted.iter().zip(case.list("adjusted")) {
            assert_near(*adjusted, expected, "adjusted");
        }
        assert_eq!(adjusted.len(), p.len());
    }
}

#[test]
fn sign_test_and_clopper_pearson_agree() {
    for case in Cases::read("statsmodels_wins").iter() {
        let [wins, losses] = ["wins", "losses"].map(|column| case.get(column).as_u64().unwrap());
        let wins = Wins { wins, ties: 0, losses };
        assert_digits(wins.p().unwrap(), case.number("p"), "p");
        case.check_interval("", wins.interval(0.95));
        case.check_interval("_99", wins.interval(0.99));
    }
}

#[test]
fn signed_rank_agrees() {
    for case in Cases::read("statsmodels_signed_rank").iter() {
        case.check("p", signed_rank_p(&case.list("differences")).unwrap());
    }
}

#[test]
fn rank_sum_agrees() {
    for case in Cases::read("statsmodels_rank_sum").iter() {
        case.check("p", rank_sum(&case.list("first"), &case.list("second")).unwrap().p);
    }
}

/// Checks a power. statsmodels has no result where a tail is almost 0.
#[track_caller]
fn check_power(case: Case<'_>, n: u64, power: Option<f64>) {
    let power = power.unwrap();
    match case.get(&format!("power_{n}")).as_f64() {
        Some(expected) => assert_near(power, expected, &format!("power of {n} in case {}", case.index)),
        None => assert!(n == 10 && power > 0.999 && power <= 1.0),
    }
}

/// Checks that `needed` is the column `n`, rounded up. Fewer than three seeds are not enough for us.
fn check_seeds(case: Case<'_>, needed: Option<u64>) {
    if let Some(n) = case.get("n").as_f64() {
        assert_eq!(needed, Some((n.ceil() as u64).max(3)), "case {}", case.index);
    }
}

#[test]
fn power_of_pairs_agrees() {
    for case in Cases::read("statsmodels_paired_power").iter() {
        let [effect, alpha, power] = ["effect", "alpha", "goal"].map(|column| case.number(column));
        for n in [3, 5, 10] {
            check_power(case, n, paired_power(n, effect, 1.0, alpha));
        }
        check_seeds(case, seeds_for_paired(effect, 1.0, Goal { alpha, power }));
    }
}

#[test]
fn power_of_two_samples_agrees() {
    for case in Cases::read("statsmodels_welch_power").iter() {
        let sds = [case.number("first"), case.number("second")];
        let [difference, alpha, power] = ["difference", "alpha", "goal"].map(|column| case.number(column));
        for n in [3, 5, 10] {
            check_power(case, n, welch_power(n, difference, sds, alpha));
        }
        check_seeds(case, seeds_for_welch(difference, sds, Goal { alpha, power }));
    }
}

#[test]
fn profiles_and_scores_agree() {
    for case in Cases::read("article_performance_profile").iter() {
        let times: Vec<Vec<Option<f64>>> = serde_json::from_value(case.get("times").clone()).unwrap();
        let missed = |time: Option<f64>| time.unwrap_or(f64::INFINITY);
        let times: Vec<Vec<f64>> = times.into_iter().map(|row| row.into_iter().map(missed).collect()).collect();
        let shares: Vec<Vec<f64>> = serde_json::from_value(case.get("shares").clone()).unwrap();
        let profile = Profile::of(&times).unwrap();
        for (tau, shares) in case.list("taus").into_iter().zip(shares) {
            for (strategy, share) in shares.into_iter().enumerate() {
                assert_near(profile.share(strategy, tau).unwrap(), share, "share");
            }
        }
        let scores = case.list("scores");
        assert_eq!(scores.len(), profile.strategies());
        for (strategy, score) in scores.into_iter().enumerate() {
            assert_near(profile.score(strategy, R_MAX).unwrap(), score, "score");
        }
    }
}
