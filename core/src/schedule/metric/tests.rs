//! The judgement of a metric, and its intended difference from PyTorch. The golden traces hold the decisions of the
//! frameworks.

use super::*;
use crate::metric::{Metric, Part};

/// Computes PyTorch's `is_better` (torch 2.11, `ReduceLROnPlateau`, mode "min", threshold mode "rel").
fn pytorch(value: f64, best: f64, threshold: f64) -> bool {
    value < best * (1.0 - threshold)
}

#[test]
fn a_negative_metric_that_gets_worse_is_not_better_unlike_in_pytorch() {
    let ours = Improvement { mode: Mode::Min, threshold: 0.1, threshold_mode: ThresholdMode::Rel, threshold_abs: 0.0 };
    // -0.95 is worse than -1, and -1.05 is not better by a tenth. PyTorch's bar is at -0.9.
    for (value, in_pytorch, here) in [(-0.95, true, false), (-1.05, true, false), (-1.15, true, true)] {
        assert_eq!(pytorch(value, -1.0, 0.1), in_pytorch, "{value}");
        assert_eq!(ours.is_better(value, -1.0), here, "{value}");
    }
    let ours = Improvement { mode: Mode::Max, ..ours };
    assert!(!ours.is_better(-1.05, -1.0) && !ours.is_better(-0.95, -1.0) && ours.is_better(-0.85, -1.0));
}

#[test]
fn for_positive_metrics_the_bar_equals_pytorchs_to_the_bit() {
    let ours =
        Improvement { mode: Mode::Min, threshold: 0.0152, threshold_mode: ThresholdMode::Rel, threshold_abs: 0.0 };
    let mut random = crate::random::Stream::new(1, "plateau", 0);
    for _ in 0..10_000 {
        let best = random.uniform();
        let bar = best * (1.0 - 0.0152);
        for value in [bar.next_down(), bar, bar.next_up()] {
            assert_eq!(ours.is_better(value, best), pytorch(value, best, 0.0152), "{value} {best}");
        }
    }
}

#[test]
fn the_mean_of_the_window_is_judged_every_few_epochs() {
    let improvement =
        Improvement { mode: Mode::Min, threshold: 0.0, threshold_mode: ThresholdMode::Abs, threshold_abs: 0.0 };
    let metric =
        MonitoredMetric { monitor: Part::Val.of(Metric::LOSS), improvement, every: 2, window: 3, nan: Nan::Bad };
    let mut seen = History::default();
    let mut judge = |epoch, value| {
        let clock = super::super::Clock { step: epoch, total_steps: 100, steps_per_epoch: 1 };
        metric.judge(&mut seen, &Observation { epoch, clock, metric: &|_| Some(value), scale: 1.0 })
    };
    let verdicts =
        [8.0, 4.0, 3.0, 2.0, 9.0, f64::NAN, 4.0, 0.5].into_iter().zip(1..).map(|(value, epoch)| judge(epoch, value));
    let verdicts: Vec<Option<Verdict>> = verdicts.collect();
    assert_eq!(verdicts[..5], [None, Some(Verdict::Better(6.0)), None, Some(Verdict::Better(3.0)), None]);
    assert!(matches!(verdicts[5], Some(Verdict::Bad(value)) if value.is_nan()));
    assert_eq!(verdicts[6..], [None, Some(Verdict::Bad(4.5))]);
}

#[test]
fn the_policy_decides_about_values_that_are_not_finite() {
    let improvement =
        Improvement { mode: Mode::Min, threshold: 0.0, threshold_mode: ThresholdMode::Abs, threshold_abs: 0.0 };
    for (nan, bad, reduce) in [(Nan::Bad, true, false), (Nan::Ignore, false, false), (Nan::Reduce, false, true)] {
        let metric = MonitoredMetric { monitor: Part::Val.of(Metric::LOSS), improvement, every: 1, window: 1, nan };
        let mut seen = History::default();
        let clock = super::super::Clock { step: 1, total_steps: 100, steps_per_epoch: 1 };
        let verdict =
            metric.judge(&mut seen, &Observation { epoch: 1, clock, metric: &|_| Some(f64::INFINITY), scale: 1.0 });
        assert_eq!(verdict == Some(Verdict::Bad(f64::INFINITY)), bad);
        assert_eq!(verdict == Some(Verdict::Reduce(f64::INFINITY)), reduce);
        assert_eq!(seen.best, None);
    }
}
