//! Half cosine waves with warm restarts, SGDR (Loshchilov and Hutter 2017, arXiv 1608.03983).
//!
//! Cycle i (from 0) lasts period·period_multⁱ. With x from 0 to 1 within the cycle and aᵢ = decayⁱ:
//! - `decay_of = "peak"`: factor(t) = end + (aᵢ − end)·½(1 + cos(π·x^k));
//! - `decay_of = "amplitude"`: factor(t) = end + (1 − end)·aᵢ·½(1 + cos(π·x^k)).
//!
//! | key | default | keras | timm | |
//! |---|---|---|---|---|
//! | `period` | such that `cycles` cycles fill the whole length; required without `cycles` | | | the length of the first cycle |
//! | `cycles` | no limit | | 1 | the number of cycles; afterwards `end` is held |
//! | `period_mult` | 1 | 2 | | the ratio of the lengths of successive cycles, at least 1 |
//! | `decay` | 1 | | | the ratio of the heights of successive cycles, above 0 and at most 1 |
//! | `decay_of` | `"peak"` | `"amplitude"` | | what `decay` multiplies: the height above 0 (`"peak"`) or above `end` (`"amplitude"`) |
//! | `end` | 0 | | | the lowest factor, or a rate `{ lr = … }` |
//! | `k_decay` | 1 | | | k, as in `cosine` |
//! | `tick` | `"step"` | | | how often the factor may change |
//!
//! The tick at which a cycle would reach `end` is already the peak of the next cycle. So the factor equals `end` only
//! after the last cycle.
//!
//! Elsewhere: PyTorch's `CosineAnnealingWarmRestarts` (`T_0`, `T_mult`), Keras's `CosineDecayRestarts`
//! (`first_decay_steps`, `t_mul`, `m_mul`), timm's `CosineLRScheduler` with cycles (`t_initial`, `cycle_mul`,
//! `cycle_decay`, `cycle_limit`), transformers's `cosine_with_restarts` (`num_cycles`).
//!
//! Differences: the start of each cycle is a sum of lengths here. PyTorch's `step(epoch)` and timm compute it with a
//! logarithm, which puts the boundary one tick too early or too late in some cycles (in PyTorch with T_mult = 3 at
//! epoch 121·T_0).

use super::convention::Convention::{self, Keras, Optax, Timm, Torch, Transformers};
use super::cosine::wave;
use super::length::Length;
use super::level::Level;
use super::tick::Tick;
use super::{Build, Clock, Context, Rule, words};
use crate::choice;
use crate::spec::{Count, Diagnostic, Entry, Field, Positive, Section, Value};

pub const ENTRY: Entry<Build> = Entry {
    name: "cosine_restarts",
    summary: "half cosine waves with restarts (SGDR)",
    example: "type = \"cosine_restarts\"\ncycles = 4\nperiod_mult = 2.0\ndecay = 0.8",
    build,
};

choice! {
    /// The height that `decay` multiplies.
    pub enum DecayOf {
        Peak = "peak",
        Amplitude = "amplitude",
    }
}

/// The largest number of cycles of growing length: their starts are kept in a table.
const MAX_CYCLES: usize = 100_000;

/// A number of at least 1.
#[derive(Clone, Copy, Debug)]
struct AtLeastOne(f64);

impl Field for AtLeastOne {
    fn expects() -> String {
        "a finite number, 1 or above".into()
    }
    fn read(value: &Value) -> Result<Self, Option<String>> {
        let number = f64::read(value)?;
        if number >= 1.0 { Ok(AtLeastOne(number)) } else { Err(None) }
    }
    fn to_toml(&self) -> toml::Value {
        toml::Value::Float(self.0)
    }
}

fn build(section: &mut Section<'_>, context: &Context<'_>) -> Option<Box<dyn Rule>> {
    let convention = Convention::among(section, context, &[Torch, Keras, Optax, Timm, Transformers]);
    let period = Length::optional(section, "period", context);
    let cycles = match convention {
        Some(Timm) => Some(section.or("cycles", Count(1)).0),
        _ => section.optional::<Count>("cycles").map(|cycles| cycles.0),
    };
    let multiplier = section.or("period_mult", AtLeastOne(if convention == Some(Keras) { 2.0 } else { 1.0 })).0;
    let decay = section.or("decay", Positive(1.0)).0;
    let default = if convention == Some(Keras) { DecayOf::Amplitude } else { DecayOf::Peak };
    let decay_of = section.or("decay_of", default);
    let end = Level::end(section, Level::Factor(0.0), context);
    let k_decay = section.or("k_decay", Positive(1.0)).0;
    let tick = Tick::read(section);
    if decay > 1.0 {
        section.error("decay", "each cycle would be higher than the one before", "expected at most 1");
    }
    let total = context.horizon.total_steps;
    let (steps, written) = match (period?, cycles) {
        (Some(period), _) => (period.f64(), Some(period)),
        // Checked first, because the next arm sums over the cycles.
        (None, Some(cycles)) if cycles as u64 > total => (0.0, None),
        (None, Some(cycles)) => {
            // The cycles fill the whole length: period·(1 + m + m² + …) = total.
            let sum: f64 = (0..cycles).map(|cycle| multiplier.powf(cycle as f64)).sum();
            (total as f64 / sum, None)
        }
        (None, None) => {
            section.missing("period", "how long the first cycle lasts, or `cycles`: how many fill the run");
            return None;
        }
    };
    if steps < 1.0 || !steps.is_finite() {
        section.error(
            "cycles",
            "the cycles are shorter than a step",
            format!("there are {}", words::count(total, "step")),
        );
        return None;
    }
    if let Some(period) = written {
        period.warn_beyond(total, section, "period", "the first cycle ends");
    }
    let share = match (written, cycles) {
        (None, Some(cycles)) => (total, cycles as u64),
        _ => (written.map_or(1, |period| period.steps), 1),
    };
    let cycles = cycles.map_or(u64::MAX, |cycles| cycles as u64);
    let starts = starts(steps, multiplier, total);
    if starts.len() > MAX_CYCLES {
        let label = format!("expected at most {MAX_CYCLES} cycles: use a longer `period`, or a `period_mult` of 1");
        section.error("period_mult", "there are too many cycles of growing length", label);
        return None;
    }
    let rule = CosineRestarts { starts, share, written, cycles, multiplier, decay, decay_of, end, k_decay, tick };
    rule.warn_of_a_cut(section, total);
    Some(Box::new(rule))
}

/// Returns the start of each cycle that begins within `total` steps, and of the next one. Stops after `MAX_CYCLES + 1`
/// of them. Returns none if all cycles have the same length, because no table is needed then.
fn starts(period: f64, multiplier: f64, total: u64) -> Vec<f64> {
    if multiplier == 1.0 {
        return Vec::new();
    }
    let cycles =
        std::iter::successors(Some((0.0, period)), |&(start, length)| Some((start + length, length * multiplier)));
    let mut within = true;
    let starts =
        cycles.map(|(start, _)| start).take_while(|&start| std::mem::replace(&mut within, start <= total as f64));
    starts.take(MAX_CYCLES + 1).collect()
}

#[derive(Debug)]
struct CosineRestarts {
    /// The start of each cycle in steps, not always whole. Empty if all cycles have the same length.
    starts: Vec<f64>,
    /// The length of cycles of equal length, as a ratio: a number of steps, and the number of cycles in them.
    share: (u64, u64),
    written: Option<Length>,
    cycles: u64,
    multiplier: f64,
    decay: f64,
    decay_of: DecayOf,
    end: f64,
    k_decay: f64,
    tick: Tick,
}

impl CosineRestarts {
    /// Warns if a run of `total` steps ends inside a cycle. The rate can be high there.
    fn warn_of_a_cut(&self, section: &Section<'_>, total: u64) {
        let (cycle, x) = self.cycle(total);
        let asked = self.written.is_some() && self.cycles != u64::MAX;
        if asked && cycle < self.cycles {
            let message = format!("`{}`: not all cycles fit into this run", section.dotted("cycles"));
            let label = format!("the run ends in cycle {} or at its start", cycle + 1);
            section.log().push(Diagnostic::warning(message).at(section.place_of("cycles")).label(label));
        } else if (1..self.cycles).contains(&cycle) && x > 1e-9 && x < 1.0 - 1e-9 {
            let message = format!("`{}`: the last cycle is not completed", section.dotted("period"));
            let label = format!("cycle {} ends after {}% of it", cycle + 1, words::number(100.0 * x));
            let found = Diagnostic::warning(message).at(section.place_of("period")).label(label);
            section
                .log()
                .push(found.help(format!("`cycles = {cycle}` without `period` fills the run with whole cycles")));
        }
    }

    /// Returns the cycle that contains `t`, and the share of it that has passed.
    fn cycle(&self, t: u64) -> (u64, f64) {
        if self.multiplier == 1.0 {
            // In integers, so that a third of a run is exact.
            let (elapsed, whole) = (u128::from(t) * u128::from(self.share.1), u128::from(self.share.0));
            return ((elapsed / whole) as u64, (elapsed % whole) as f64 / whole as f64);
        }
        let t = t as f64;
        // The last start is beyond the run. Later times belong to the cycle before it.
        let cycle = self.starts.partition_point(|&start| start <= t).clamp(1, self.starts.len() - 1) - 1;
        let (start, next) = (self.starts[cycle], self.starts[cycle + 1]);
        (cycle as u64, ((t - start) / (next - start)).min(1.0))
    }
}

impl Rule for CosineRestarts {
    fn factor(&self, clock: Clock) -> f64 {
        let (cycle, x) = self.cycle(self.tick.step(clock));
        if cycle >= self.cycles {
            return self.end;
        }
        let peak = if self.decay == 1.0 { 1.0 } else { self.decay.powf(cycle as f64) };
        let height = wave(x, self.k_decay, 0.5);
        match self.decay_of {
            DecayOf::Peak => self.end + (peak - self.end) * height,
            DecayOf::Amplitude => self.end + (1.0 - self.end) * peak * height,
        }
    }

    fn describe(&self) -> String {
        let mut words = match self.written {
            Some(period) => format!("cosine, restarts every {}", words::interval(period.written)),
            None => format!("{} of cosine", words::count(self.cycles, "cycle")),
        };
        if self.multiplier != 1.0 {
            words += &format!(", each ×{} as long", words::number(self.multiplier));
        }
        if self.decay != 1.0 {
            words += &format!(", ×{} as high", words::number(self.decay));
        }
        words
    }
}
