//! The rules of a run, walked over its steps as training walks them.

use std::cell::RefCell;

use super::metrics::{Metrics, MetricsError};
use crate::plan::{BASE, Group};
use crate::schedule::{Clock, Observation};
use crate::spec::Horizon;

/// What of a group follows a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantity {
    /// The learning rate.
    Lr,
}

impl Quantity {
    /// As the column of `epochs.csv` is called.
    pub fn name(self) -> &'static str {
        match self {
            Quantity::Lr => "lr",
        }
    }

    /// Its value for the step that `clock` shows.
    fn of(self, group: &Group, clock: Clock) -> f64 {
        match self {
            Quantity::Lr => group.base_lr * group.rule.factor(clock),
        }
    }
}

/// One quantity of one group.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    pub group: String,
    pub quantity: Quantity,
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
        [Some(self.quantity.name()), run, group].into_iter().flatten().collect::<Vec<_>>().join(".")
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

/// A walk over the steps of a run.
#[derive(Debug)]
pub struct Trace<'m> {
    groups: Vec<Group>,
    /// The rules' states at step 0.
    states: Vec<serde_json::Value>,
    /// The series, and the index of the group of each.
    series: Vec<(usize, Series)>,
    horizon: Horizon,
    metrics: Option<&'m Metrics>,
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
    pub fn new(groups: Vec<Group>, horizon: Horizon, metrics: Option<&'m Metrics>) -> Result<Self, MetricsError> {
        let series = groups.iter().enumerate().map(|(at, group)| {
            let (name, rule) = (group.name.clone(), group.rule.describe());
            let metric_driven = group.rule.is_metric_driven();
            (at, Series { group: name, quantity: Quantity::Lr, base: group.base_lr, rule, metric_driven })
        });
        let series = series.collect();
        let states = groups.iter().map(|group| group.rule.save()).collect();
        let (changes, values) = (Vec::new(), Vec::new());
        let mut trace = Trace { groups, states, series, horizon, metrics, epoch: 0, changes, lacking: None, values };
        trace.rehearse()?;
        Ok(trace)
    }

    /// The series, the base group's first.
    pub fn series(&self) -> impl Iterator<Item = &Series> {
        self.series.iter().map(|(_, series)| series)
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
        self.values.extend(self.series.iter().map(|(at, series)| series.quantity.of(&self.groups[*at], clock)));
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

    fn observe(&mut self, metrics: &Metrics, epoch: u64, step: u64) {
        let clock = self.clock(step);
        for (at, group) in self.groups.iter_mut().enumerate() {
            // What a rule goes by is what it asks for.
            let lacking = RefCell::new(None);
            let metric = |name: &str| {
                if !metrics.has(name) {
                    lacking.replace(Some(metrics.lacks(name, &group.name)));
                }
                metrics.get(epoch, name)
            };
            let reason = group.rule.observe(&Observation { epoch, clock, metric: &metric, scale: 1.0 });
            self.lacking = self.lacking.take().or(lacking.into_inner());
            if let Some(reason) = reason {
                let changed = self.series.iter().enumerate().filter(|(_, (group, _))| *group == at);
                self.changes.extend(changed.map(|(series, _)| Change { series, step, reason: reason.clone() }));
            }
        }
    }

    /// Goes back to step 0.
    pub fn restart(&mut self) -> Result<(), MetricsError> {
        for (group, state) in self.groups.iter_mut().zip(&self.states) {
            group.rule.load(state).map_err(|error| MetricsError(error.to_string()))?;
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
