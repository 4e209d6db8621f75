"""Golden cases from SciPy and statsmodels."""

import itertools
import math
from collections.abc import Iterator

import numpy as np
from scipy import special, stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import TTestIndPower, TTestPower
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW, ttost_paired

from make.statistics.trace import Cases, Columns, cases, samples

# The method of an exact permutation test, with all 2**n signs.
EVERY_SIGN = stats.PermutationMethod(n_resamples=np.inf)


def columns(names: str, rows: list[tuple]) -> Columns:
    """Returns columns with these names from rows."""
    return dict(zip(names.split(), map(list, zip(*rows))))


def normal() -> Columns:
    """Probabilities below x, and their inverse."""
    rows = [(x, stats.norm.cdf(x)) for x in [-37.0, -20.0, -8.0, -3.3, -1.96, -1.0, -1e-3, 0.0, 0.5, 1.0, 2.5, 6.0]]
    rows += [(stats.norm.ppf(p), p) for p in [1e-300, 1e-12, 1e-3, 0.025, 0.1, 0.49, 0.6, 0.975, 0.9999]]
    return columns("x cdf", rows)


def beta() -> Columns:
    """The regularized incomplete beta function, from tail to tail."""
    shapes = [0.5, 1.0, 2.5, 10.0, 100.0, 5000.0, 1e6]
    tails = [1e-12, 1e-4, 0.025, 0.5, 0.975]
    rows = []
    for a, b, p in itertools.product(shapes, shapes, tails):
        x = special.betaincinv(a, b, p)
        # The function depends on the distance of x from 1. Near 1, a double has too few digits for this distance.
        if 1e-290 < x < 1 - 1e-6:
            rows.append((x, a, b, special.betainc(a, b, x)))
    return columns("x a b cdf", rows)


def student() -> Columns:
    """The tail above t, and the t above which a tail lies. No |t| except 0 is far below 0.001, where SciPy loses
    digits: its t.sf(1e-8, 1) is 0.49999999526, and the exact value is ½ - 1e-8/π = 0.49999999682."""
    rows = []
    for df in [1, 1.5, 2, 3, 4, 5.37, 9, 19, 49, 199, 9999.5, 1e6]:
        for t in [-30.0, -2.5, -1e-3, 0.0, 1e-3, 0.1, 0.5, 1, 2, 2.776, 4, 8, 20, 100, 1e4]:
            rows.append((df, t, stats.t.sf(t, df)))
        for tail in [1e-12, 1e-6, 1e-3, 0.005, 0.025, 0.3, 0.45]:
            rows.append((df, stats.t.isf(tail, df), tail))
    return columns("df t sf", rows)


def noncentral_t() -> Columns:
    """The distribution function of the noncentral t. SciPy returns NaN for some values that are almost 0."""
    grid = itertools.product(
        [1, 2, 2.6, 4, 9, 30, 200], [-2.0, -0.3, 0.0, 0.5, 1.3, 3.2, 8.0, 30.0], [-3.0, 0.0, 0.4, 2.3, 9.0]
    )
    return columns("df delta t cdf", [(df, delta, t, special.nctdtr(df, delta, t)) for df, delta, t in grid])


def describe() -> Columns:
    """Mean, standard deviation, median and quantiles of a sample."""
    rows = []
    for values in samples("describe", [2, 3, 5, 8, 10, 33]):
        low, high = np.quantile(values, [0.1, 0.75])
        rows.append((values, np.mean(values), np.std(values, ddof=1), np.median(values), low, high))
    return columns("values mean sd median quantile_10 quantile_75", rows)


PAIRS = list(
    zip(samples("first", [2, 3, 3, 4, 5, 7, 10, 30]), samples("second", [2, 3, 3, 4, 5, 7, 10, 30], 0.012, 0.893))
)
PAIRS += [([1e-9, 2e-9, 4e-9], [5.0, 5.5, 7.0]), ([0.95, 0.951, 0.952, 0.9505], [0.1, 0.1012, 0.1018, 0.1004])]


def paired() -> Columns:
    """Student's t test of pairs, and their correlation. At n = 2, SciPy has a p-value, which lr-run does not show."""
    rows = []
    for first, second in PAIRS:
        test = stats.ttest_rel(first, second)
        interval, narrow = test.confidence_interval(0.95), test.confidence_interval(0.9)
        r = stats.pearsonr(first, second).statistic if len(first) > 2 else None
        mean = np.mean(np.subtract(first, second))
        rows.append((first, second, mean, test.df, test.pvalue, *interval, *narrow, r))
    return columns("first second mean df p low high low_90 high_90 correlation", rows)


def welch() -> Columns:
    """Welch's t test. The interval is from statsmodels."""
    firsts = samples("welch first", [2, 3, 3, 5, 10, 10, 4, 30])
    seconds = samples("welch second", [2, 3, 8, 5, 9, 3, 20, 30], 0.05, 0.88)
    rows = []
    for first, second in zip(firsts, seconds):
        test = stats.ttest_ind(first, second, equal_var=False)
        means = CompareMeans(DescrStatsW(first), DescrStatsW(second))
        interval = means.tconfint_diff(0.05, usevar="unequal")
        rows.append((first, second, np.mean(first) - np.mean(second), test.df, test.pvalue, *interval))
    return columns("first second mean df p low high", rows)


def equivalence() -> Columns:
    """Two one-sided t tests of pairs against a margin."""
    rows = []
    for (first, second), margin in itertools.product(PAIRS[1:8], [0.001, 0.01, 0.05]):
        rows.append((first, second, margin, ttost_paired(np.array(first), np.array(second), -margin, margin)[0]))
    return columns("first second margin p", rows)


def holm() -> Columns:
    """p-values adjusted by Holm's method."""
    random = np.random.default_rng(3)
    families = [[0.03, 0.001, 0.02], [0.5], [0.01, 0.01, 0.01], [1.0, 0.0, 0.3, 0.04], [0.9, 0.8, 0.7]]
    families += [[round(float(p), 9) for p in random.random(size) ** 4] for size in [10, 45, 120]]
    return columns("p adjusted", [(family, multipletests(family, method="holm")[1]) for family in families])


def wins() -> Columns:
    """The exact binomial test against one half, with the interval of Clopper and Pearson."""
    rows = []
    for n in [1, 2, 3, 5, 6, 10, 13, 29, 100, 2000]:
        for k in sorted({0, 1, n // 3, n // 2, n - 1, n}):
            test = stats.binomtest(k, n)
            interval, wide = test.proportion_ci(0.95, "exact"), test.proportion_ci(0.99, "exact")
            rows.append((k, n - k, test.pvalue, interval.low, interval.high, wide.low, wide.high))
    return columns("wins losses p low high low_99 high_99", rows)


def signed_rank() -> Columns:
    """Wilcoxon's test. Without ties it is the exact distribution, with ties it tries all signs, and for large samples
    it is the approximation with corrections."""
    rows = []
    for values in samples("signed rank", [1, 2, 3, 5, 6, 8, 10, 20, 25, 50], 1.0, 0.4):
        rows.append((values, stats.wilcoxon(values, method="exact").pvalue))
    for values in samples("ties", [4, 7, 10, 13], 1.5, 0.8):
        tied = [float(round(value)) for value in values]
        rest = [value for value in tied if value != 0]
        rows.append((tied, stats.wilcoxon(rest, method=EVERY_SIGN).pvalue))
    for values in samples("large", [60, 200], 1.0, 0.25):
        rows.append((values, stats.wilcoxon(values, correction=True, method="approx").pvalue))
        tied = [round(value, 1) for value in values]
        rows.append((tied, stats.wilcoxon(tied, correction=True, method="approx").pvalue))
    return columns("differences p", rows)


def rank_sum() -> Columns:
    """Mann and Whitney's test: the exact distribution without ties, all divisions with ties, and the approximation."""
    rows = []
    shifted = [(2, 2), (3, 3), (3, 5), (5, 5), (10, 7), (25, 25)]
    random = np.random.default_rng(7)
    for sizes in shifted:
        first, second = ([float(value) for value in random.normal(at, 1, size)] for at, size in zip((0, 0.8), sizes))
        rows.append((first, second, stats.mannwhitneyu(first, second, method="exact").pvalue))
    every_division = stats.PermutationMethod(n_resamples=10**6)
    for sizes in [(3, 3), (4, 6), (8, 8)]:
        first, second = (
            [float(round(value)) for value in random.normal(at, 1.5, size)] for at, size in zip((0, 1), sizes)
        )
        rows.append((first, second, stats.mannwhitneyu(first, second, method=every_division).pvalue))
    for sizes in [(40, 60), (200, 30)]:
        first, second = (
            [round(float(value), 1) for value in random.normal(at, 1, size)] for at, size in zip((0, 0.3), sizes)
        )
        rows.append((first, second, stats.mannwhitneyu(first, second, method="asymptotic").pvalue))
    return columns("first second p", rows)


GOALS = [(0.05, 0.8), (0.01, 0.9), (0.05 / 10, 0.8)]
EFFECTS = [0.05, 0.2, 0.35, 0.5, 0.8, 1.0, 1.5, 2.0, 3.0]


def paired_power() -> Columns:
    """The power of a paired t test, and the number of pairs that a goal needs (not rounded). statsmodels returns NaN
    for some powers above 0.999."""
    power = TTestPower()
    rows = []
    for effect, (alpha, goal) in itertools.product(EFFECTS, GOALS):
        needed = power.solve_power(effect_size=effect, alpha=alpha, power=goal)
        found = [power.power(effect, n, alpha) for n in (3, 5, 10)]
        rows.append((effect, alpha, goal, *found, needed))
    return columns("effect alpha goal power_3 power_5 power_10 n", rows)


def welch_power() -> Columns:
    """The same for two samples. With equal standard deviations, it is statsmodels' test with one variance. Otherwise it
    is the formula with SciPy's noncentral t and Satterthwaite's degrees of freedom."""
    equal = TTestIndPower()
    rows = []
    for effect, (alpha, goal) in itertools.product(EFFECTS, GOALS):
        needed = equal.solve_power(effect_size=effect, alpha=alpha, power=goal)
        rows.append((effect, 1.0, 1.0, alpha, goal, *[equal.power(effect, n, alpha) for n in (3, 5, 10)], needed))
    for first, second in [(1.0, 3.0), (0.2, 1.1), (0.0, 1.0)]:
        rows.append((1.0, first, second, 0.05, 0.8, *[unequal(1.0, first, second, 0.05, n) for n in (3, 5, 10)], None))
    return columns("difference first second alpha goal power_3 power_5 power_10 n", rows)


def unequal(difference: float, first: float, second: float, alpha: float, n: int) -> float:
    """Returns the power of Welch's test for two standard deviations."""
    a, b = first**2 / n, second**2 / n
    df = (a + b) ** 2 / ((a**2 + b**2) / (n - 1))
    critical, delta = stats.t.isf(alpha / 2, df), difference / math.sqrt(a + b)
    return 1 - special.nctdtr(df, delta, critical) + special.nctdtr(df, delta, -critical)


def traces() -> Iterator[Cases]:
    """Yields every file."""
    distributions = (normal, beta, student, noncentral_t)
    tests = (describe, paired, welch, equivalence, holm, wins, signed_rank, rank_sum, paired_power, welch_power)
    return cases("statsmodels", *distributions, *tests)
