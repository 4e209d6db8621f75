//! The rules of a run, evaluated step by step as in training.

use std::cell::RefCell;

use crate::metric::PartMetric;
use crate::plan::{BASE, Group, HyperSource, Rate};
use crate::record::Curve;
use crate::schedule::{Clock, Observation};
use crate::spec::Horizon;

/// One quantity of one group.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    pub group: String,
    /// `lr`, or the name of a hyper-parameter, as in the columns of `epochs.csv`.
    pub quantity: &'static str,
    /// The value that the rule's factor multiplies.
    pub base: f64,
    /// A description of the rule.
    pub rule: String,
    pub metric_driven: bool,
}

impl Series {
    /// Returns the name of the column: `lr` or `lr.<group>`. With the name of a run, it is `lr.<run>` or
    /// `lr.<run>.<group>`.
    pub fn column(&self, run: Option<&str>) -> String {
        let group = (self.group != BASE).then_some(self.group.as_str());
        [Some(self.quantity), run, group].into_iter().flatten().collect::<Vec<_>>().join(".")
    }
}

/// A change of a rule's factor after an evaluation.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The index of the series.
    pub series: usize,
    /// The first step with the new value.
    pub step: u64,
    pub reason: String,
}

/// Metrics that a rule cannot use.
#[derive(Debug, PartialEq, thiserror::Error)]
#[error("{0}")]
pub struct MetricsError(String);

impl MetricsError {
    /// Creates the error that the schedule of `group` watches `metric`, which `curve` does not have.
    fn no_column(curve: &Curve, metric: PartMetric, group: &str) -> Self {
        let names = curve.columns.join(", ");
        let what = format!("the schedule of group `{group}` watches `{metric}`, which is not a column here");
        MetricsError(format!("{}:1: {what}; the columns are: {names}", curve.file))
    }
}

/// An evaluation of the rules of a run, step by step.
#[derive(Debug)]
pub struct Trace<'m> {
    rates: Vec<Rate>,
    /// The rules' states at step 0.
    states: Vec<serde_json::Value>,
    series: Vec<Series>,
    horizon: Horizon,
    metrics: Option<&'m Curve>,
    /// The last epoch that the rules have observed.
    epoch: u64,
    changes: Vec<Change>,
    /// The error for the first metric that a rule asked for and the file does not have.
    lacking: Option<MetricsError>,
    /// The values of the series at the last step.
    values: Vec<f64>,
}

impl<'m> Trace<'m> {
    /// Creates a trace at step 0. Metric-driven rules observe each epoch that has a row in `metrics`. Without
    /// `metrics`, they stay constant. Returns an error if a rule asks for a metric that has no column.
    pub fn new(groups: Vec<Group>, horizon: Horizon, metrics: Option<&'m Curve>) -> Result<Self, MetricsError> {
        let rates: Vec<Rate> = groups.into_iter().map(|group| group.rate).collect();
        let series = series(&rates);
        let states = rates.iter().map(Rate::save).collect();
        let (changes, values) = (Vec::new(), Vec::new());
        let mut trace = Trace { rates, states, series, horizon, metrics, epoch: 0, changes, lacking: None, values };
        trace.rehearse()?;
        Ok(trace)
    }

    /// Returns the series: the learning rate of each group, the base group first, and then each scheduled
    /// hyper-parameter of each group, in the same order.
    pub fn series(&self) -> impl Iterator<Item = &Series> {
        self.series.iter()
    }

    pub fn horizon(&self) -> Horizon {
        self.horizon
    }

    /// Returns the changes so far.
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// Returns the value of each series at `step`, which counts from 0. Between two calls, `step` must not decrease.
    pub fn at(&mut self, step: u64) -> &[f64] {
        self.observe_up_to(step);
        let clock = self.clock(step);
        self.values.clear();
        self.values.extend(self.rates.iter().map(|rate| rate.lr(clock)));
        let scheduled = self.rates.first().map_or(0, |rate| rate.hyper.len());
        for at in 0..scheduled {
            self.values.extend(self.rates.iter().map(|rate| rate.hyper[at].value(clock, &*rate.rule)));
        }
        &self.values
    }

    /// Returns the value of one series at the step of the last call of [`Trace::at`]. NaN if there was none.
    pub fn value(&self, series: usize) -> f64 {
        self.values.get(series).copied().unwrap_or(f64::NAN)
    }

    fn clock(&self, step: u64) -> Clock {
        let Horizon { total_steps, steps_per_epoch } = self.horizon;
        Clock { step, total_steps, steps_per_epoch }
    }

    /// Lets the rules observe all epochs that end before `step`.
    fn observe_up_to(&mut self, step: u64) {
        let Some(metrics) = self.metrics else { return };
        while let Some(epoch) = metrics.after(self.epoch) {
            let end = epoch.saturating_mul(self.horizon.steps_per_epoch);
            if end > step {
                break;
            }
            self.epoch = epoch;
            self.observe(metrics, epoch, end);
        }
    }

    fn observe(&mut self, metrics: &Curve, epoch: u64, step: u64) {
        let clock = self.clock(step);
        for rate in &mut self.rates {
            // Only the metrics that a rule asks for need a column.
            let lacking = RefCell::new(None);
            let group = rate.name.clone();
            let metric = |metric: PartMetric| {
                if !metrics.has(metric) {
                    lacking.replace(Some(MetricsError::no_column(metrics, metric, &group)));
                }
                metrics.get(epoch, metric)
            };
            let changes = rate.observe(&Observation { epoch, clock, metric: &metric, scale: 1.0 });
            self.lacking = self.lacking.take().or(lacking.into_inner());
            for change in changes {
                let is_of = |series: &Series| series.group == group && series.quantity == change.quantity;
                let series = self.series.iter().position(is_of);
                self.changes.extend(series.map(|series| Change { series, step, reason: change.reason }));
            }
        }
    }

    /// Goes back to step 0.
    pub fn restart(&mut self) -> Result<(), MetricsError> {
        for (rate, state) in self.rates.iter_mut().zip(&self.states) {
            rate.load(state).map_err(|error| MetricsError(error.to_string()))?;
        }
        self.epoch = 0;
        self.changes.clear();
        Ok(())
    }

    /// Observes every epoch once, so that a file which cannot be used is an error before anything is printed.
    fn rehearse(&mut self) -> Result<(), MetricsError> {
        self.observe_up_to(self.horizon.total_steps.saturating_sub(1));
        match self.lacking.take() {
            Some(error) => Err(error),
            None => self.restart(),
        }
    }
}

/// Returns the series of `rates`, quantity by quantity.
fn series(rates: &[Rate]) -> Vec<Series> {
    let mut all: Vec<Series> = Vec::new();
    for Rate { name, base_lr, rule, .. } in rates {
        let (group, rule, metric_driven) = (name.clone(), rule.describe(), rule.is_metric_driven());
        all.push(Series { group, quantity: "lr", base: *base_lr, rule, metric_driven });
    }
    for at in 0..rates.first().map_or(0, |rate| rate.hyper.len()) {
        for Rate { name, hyper, .. } in rates {
            let it = &hyper[at];
            let metric_driven = matches!(&it.source, HyperSource::Rule(rule) if rule.is_metric_driven());
            let (group, quantity, base) = (name.clone(), it.hyper.name, it.hyper.value);
            let rule = it.describe().unwrap_or_else(|| "constant".to_owned());
            all.push(Series { group, quantity, base, rule, metric_driven });
        }
    }
    all
}
