//! A quantity over the steps of a run, thinned for a chart.

use crate::spec::Horizon;

/// The most spans that are kept.
const SPANS: u64 = 2048;

/// The most samples. A longer run is sampled every few steps, so that a person does not wait.
const MOST_SAMPLES: u64 = 10_000_000;

/// A value and its step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct At {
    pub step: u64,
    pub value: f64,
}

/// A summary of neighbouring steps, from which a chart can be drawn without losing an extreme or a jump.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Span {
    pub first: At,
    pub last: At,
    pub min: At,
    pub max: At,
}

impl Span {
    fn new(at: At) -> Self {
        Span { first: at, last: at, min: at, max: at }
    }

    fn add(&mut self, at: At) {
        self.last = at;
        if at.value < self.min.value {
            self.min = at;
        }
        if at.value > self.max.value {
            self.max = at;
        }
    }

    fn join(&mut self, next: &Span) {
        let last = next.last;
        self.add(next.min);
        self.add(next.max);
        self.last = last;
    }
}

/// The values of a quantity in every step of a run, summed up in at most 2048 spans.
#[derive(Clone, Debug, PartialEq)]
pub struct Samples {
    pub horizon: Horizon,
    /// In ascending order. All have the same number of steps, give or take one.
    pub spans: Vec<Span>,
    /// The steps from one sample to the next: 1, unless the run is very long.
    pub stride: u64,
}

impl Samples {
    /// Returns an empty list for a run as long as `horizon`.
    pub fn new(horizon: Horizon) -> Self {
        Samples { horizon, spans: Vec::new(), stride: horizon.total_steps.div_ceil(MOST_SAMPLES).max(1) }
    }

    /// Adds the value of a step. Steps must be added in ascending order.
    pub fn push(&mut self, step: u64, value: f64) {
        let total = self.horizon.total_steps;
        let width = total as f64 / SPANS.min(total).max(1) as f64;
        let span_of = |step: u64| (step as f64 / width) as u64;
        let at = At { step, value };
        match self.spans.last_mut() {
            Some(span) if span_of(span.first.step) == span_of(step) => span.add(at),
            _ => self.spans.push(Span::new(at)),
        }
    }

    /// Returns one span of the whole run. `None` if there are no values.
    pub fn whole(&self) -> Option<Span> {
        self.between(0, self.horizon.total_steps)
    }

    /// Returns one span of the steps from `from` up to, but not including, `to`. If the run has more steps than spans,
    /// the result includes some neighbouring steps. If these steps have no values, the result is the next span. `None`
    /// if no span follows.
    pub fn between(&self, from: u64, to: u64) -> Option<Span> {
        let begin = self.spans.partition_point(|it| it.last.step < from);
        let end = self.spans.partition_point(|it| it.first.step < to).max(begin + 1);
        let (first, others) = self.spans.get(begin..end.min(self.spans.len()))?.split_first()?;
        let mut all = *first;
        others.iter().for_each(|it| all.join(it));
        Some(all)
    }

    /// Converts `step` into epochs.
    pub fn epochs(&self, step: u64) -> f64 {
        step as f64 / self.horizon.steps_per_epoch as f64
    }
}

/// A line of a chart with its name.
pub struct Line<'a> {
    pub name: String,
    /// The index of its colour. Lines of the same run and group have the same index in every chart.
    pub colour: usize,
    pub samples: &'a Samples,
}
