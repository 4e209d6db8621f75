"""Golden cases of performance profiles by AlgoPerf's definitions. AlgoPerf's package needs all its workloads, so this
is our own transcription of its scoring code (scoring/performance_profile.py and scoring/score_submissions.py)."""

from collections.abc import Iterator

import numpy as np

from make.statistics.trace import Cases, Columns, cases

TAUS = [1.0, 1.1, 1.5, 2.0, 3.0, 4.0, 10.0]


def ratios(times: np.ndarray) -> np.ndarray:
    """Returns the times [problem, strategy] relative to the fastest one. If no strategy reached the target, all are
    NaN, and `rho` counts none of them."""
    with np.errstate(invalid="ignore"):
        return times / times.min(axis=1, keepdims=True)


def rho(times: np.ndarray, tau: float) -> np.ndarray:
    """Returns the share of problems on which the ratio of each strategy is at most `tau`."""
    return (ratios(times) <= tau).sum(axis=0) / len(times)


def score(times: np.ndarray) -> np.ndarray:
    """Returns the integral over tau from 1 to 4, on 100 points, divided by 3."""
    points = np.linspace(1.0, 4.0, num=100)
    profile = np.stack([rho(times, tau) for tau in points], axis=1)
    return np.trapezoid(profile, x=points) / (points.max() - points.min())


def performance_profile() -> Columns:
    """Random times, of which some are infinite (missed targets), and ratios that are exactly at points of the
    integral."""
    random = np.random.default_rng(8)
    tables = [np.array([[1.0, 2.0, 4.0, 3.0], [2.0, 1.0, np.inf, np.inf], [np.inf] * 4])]
    for problems, strategies in [(1, 2), (8, 5), (30, 16)]:
        times = np.exp(random.normal(5, 0.7, (problems, strategies)))
        tables.append(np.where(random.random(times.shape) < 0.15, np.inf, times))
    shares = [[rho(times, tau) for tau in TAUS] for times in tables]
    return {"times": tables, "taus": [TAUS] * len(tables), "shares": shares, "scores": [score(it) for it in tables]}


def traces() -> Iterator[Cases]:
    """Yields every file."""
    return cases("article", performance_profile)
