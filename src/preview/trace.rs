//! The rules of a run, walked over its steps as training walks them.

use std::cell::RefCell;

use crate::metric::PartMetric;
use crate::plan::{BASE, Group};
use crate::record::{Curve, Event};
use crate::schedule::{Clock, Observation};
use crate::spec::Horizon;
use crate::train::{Follows, Rate};

/// One quantity of one group.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    pub group: String,
    /// `lr`, or the hyper-parameter, as the columns of `epochs.csv` are called.
    pub quantity: &'static str,
    /// What the rule's factor multiplies.
    pub base: f64,
    /// The rule in words.
    pub rule: String,
    pub metric_driven: bool,
}

impl Series {
    /// The column of this series: `lr`, `lr.<group>`; with the name of a run, `lr.<run>`, `lr.<run>.<group>`.
    pub fn column(&self, run: Option<&str>) -> String {
        let group = (self.group != BASE).then_some(self.group.as_str());
        [Some(self.quantity), run, group].into_iter().flatten().collect::<Vec<_>>().join(".")
    }
}

/// That a rule changed its factor by what an evaluation showed.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Which of the series.
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
    /// The schedule of `group` watches `metric`, which `curve` does not have.
    fn no_column(curve: &Curve, metric: PartMetric, group: &str) -> Self {
        let names = curve.columns.join(", ");
        let what = format!("the schedule of group `{group}` watches `{metric}`, which is not a column here");
        MetricsError(format!("{}:1: {what}; the columns are: {names}", curve.file))
    }
}

/// A walk over the steps of a run.
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
    /// That a rule asked for a metric that the file does not have.
    lacking: Option<MetricsError>,
    values: Vec<f64>,
}

impl<'m> Trace<'m> {
    /// Begins at step 0. With `metrics` metric-driven rules observe each epoch that has a row there; one that goes by a
    /// metric of no column is an error. Without, they stay where they are.
    pub fn new(groups: Vec<Group>, horizon: Horizon, metrics: Option<&'m Curve>) -> Result<Self, MetricsError> {
        let rate = |Group { name, base_lr, rule, hyper, .. }: Group| Rate { name, base_lr, rule, hyper };
        let rates: Vec<Rate> = groups.into_iter().map(rate).collect();
        let series = series(&rates);
        let states = rates.iter().map(Rate::save).collect();
        let (changes, values) = (Vec::new(), Vec::new());
        let mut trace = Trace { rates, states, series, horizon, metrics, epoch: 0, changes, lacking: None, values };
        trace.rehearse()?;
        Ok(trace)
    }

    /// The series: the groups' learning rates, the base group's first, then each hyper-parameter likewise.
    pub fn series(&self) -> impl Iterator<Item = &Series> {
        self.series.iter()
    }

    pub fn horizon(&self) -> Horizon {
        self.horizon
    }

    /// What evaluations have changed so far.
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// The value of each series for `step`, from 0. Steps are asked for in order.
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

    /// The value of one series at the step that was asked for last.
    pub fn value(&self, series: usize) -> f64 {
        self.values.get(series).copied().unwrap_or(f64::NAN)
    }

    fn clock(&self, step: u64) -> Clock {
        let Horizon { total_steps, steps_per_epoch } = self.horizon;
        Clock { step, total_steps, steps_per_epoch }
    }

    /// Shows the rules the evaluations of all epochs that are over before `step`.
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
            // What a rule goes by is what it asks for.
            let (lacking, group) = (RefCell::new(None), rate.name.clone());
            let metric = |metric: PartMetric| {
                if !metrics.has(metric) {
                    lacking.replace(Some(MetricsError::no_column(metrics, metric, &group)));
                }
                metrics.get(epoch, metric)
            };
            let events = rate.observe(&Observation { epoch, clock, metric: &metric, scale: 1.0 });
            self.lacking = self.lacking.take().or(lacking.into_inner());
            for event in events {
                let Event::RateChanged(change) = event else { continue };
                let of = |series: &Series| series.group == change.group && series.quantity == change.quantity;
                let series = self.series.iter().position(of);
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

    /// Walks to the end once, so that a file which cannot be used is known before anything is shown.
    fn rehearse(&mut self) -> Result<(), MetricsError> {
        self.observe_up_to(self.horizon.total_steps.saturating_sub(1));
        match self.lacking.take() {
            Some(error) => Err(error),
            None => self.restart(),
        }
    }
}

/// What `rates` give at a step, quantity by quantity.
fn series(rates: &[Rate]) -> Vec<Series> {
    let mut all: Vec<Series> = Vec::new();
    for Rate { name, base_lr, rule, .. } in rates {
        let (group, rule, metric_driven) = (name.clone(), rule.describe(), rule.is_metric_driven());
        all.push(Series { group, quantity: "lr", base: *base_lr, rule, metric_driven });
    }
    for at in 0..rates.first().map_or(0, |rate| rate.hyper.len()) {
        for Rate { name, hyper, .. } in rates {
            let it = &hyper[at];
            let metric_driven = matches!(&it.follows, Follows::Rule(rule) if rule.is_metric_driven());
            let (group, quantity, base) = (name.clone(), it.hyper.name, it.hyper.value);
            let rule = it.describe().unwrap_or_else(|| "constant".to_owned());
            all.push(Series { group, quantity, base, rule, metric_driven });
        }
    }
    all
}
