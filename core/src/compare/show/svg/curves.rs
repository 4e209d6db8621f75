//! The compared metric over the epochs, a loss, and the learning rates, one below the other.

use super::ends::{self, End};
use super::key::{GREY, Key, Look, shortened};
use super::page::{MARGIN, WIDTH, page};
use super::points::{every, parts, thinned};
use super::{words, zoom};
use crate::compare::curves::{Lines, Quantity, QuantityKind};
use crate::compare::report::{ProblemReport, StrategyReport};
use crate::metric::{Metric, Mode, Part, PartMetric};
use crate::plot::{Axis, DrawError, Panel, Ruler, Sheet, Stroke, TITLE, lies_low};

/// The heights of the panels of the compared metric, the loss and a learning rate.
const COMPARED: f64 = 250.0;
const LOSS: f64 = 130.0;
const RATE: f64 = 90.0;
/// The space above a panel, with its title.
const ABOVE: f64 = 32.0;
/// The space below the last panel, with the epochs.
const BELOW: f64 = 52.0;
/// The most panels of learning rates and other hyper-parameters.
const RATES: usize = 4;
/// How much longer than the range of the better half of last values the whole range has to be, for runs to be far behind.
const FAR: f64 = 30.0;
/// The ratio of two rates that needs a logarithmic axis.
const APART: f64 = 20.0;
/// The most points of all means of a panel together, and of all seeds. A point has about ten characters.
const POINTS: usize = 8_000;
/// The most points of a line, which has fewer pixels.
const LINE: usize = 500;
/// The most strategies that a note names.
const NAMED: usize = 5;
/// The marks along a line.
const MARKS: usize = 6;

/// A quantity with its axis.
struct Drawn<'a> {
    quantity: &'a Quantity,
    title: String,
    height: f64,
    axis: Axis,
    /// True if each run has a line.
    has_runs: bool,
}

/// Returns the picture. `None` if no run has an epoch with a number.
pub fn curves(problem: &ProblemReport, key: &Key) -> Result<Option<String>, DrawError> {
    let curves = &problem.curves;
    let compared = curves.quantities.first().filter(|it| it.kind != QuantityKind::Rate);
    let (Some(last), Some(compared)) = (curves.epochs.last(), compared) else { return Ok(None) };
    let epochs: Vec<f64> = curves.epochs.iter().map(|it| *it as f64).collect();
    let mut notes = vec![meaning(compared)];
    notes.extend(key.note());
    let loss = curves.quantities.iter().find(|it| it.name == loss_of(&compared.name));
    let mut drawn: Vec<Drawn<'_>> = Vec::new();
    for (quantity, height) in [(Some(compared), COMPARED), (loss, LOSS)] {
        let Some(quantity) = quantity else { continue };
        let Some(axis) = axis(quantity, &epochs, steps(height)) else { continue };
        notes.extend(outside(quantity, &epochs, axis));
        let has_runs = drawn.is_empty();
        drawn.push(Drawn { quantity, title: words::column(&quantity.name), height, axis, has_runs });
    }
    if drawn.is_empty() {
        return Ok(None);
    }
    let rates = rates(&curves.quantities);
    if rates.len() > RATES {
        let others: Vec<&str> = rates[RATES..].iter().map(|it| it.title.as_str()).collect();
        notes.push(format!("Not drawn: {}.", others.join(", ")));
    }
    for rate in rates.into_iter().take(RATES) {
        notes.extend(outside(rate.quantity, &epochs, rate.axis));
        drawn.push(rate);
    }
    notes.extend(diverged(problem, key));
    let rulers: Vec<Ruler> = drawn.iter().map(ruler).collect();
    let numbers = rulers.iter().map(Ruler::width).fold(0.0, f64::max);
    let ends = ends_of(compared, key, &drawn[0].axis);
    let left = MARGIN + numbers + 8.0;
    let width = WIDTH - MARGIN - left - ends::width(&ends).max(8.0);
    let epoch = Ruler::epochs(*last, "epoch");
    let height = drawn.iter().map(|it| ABOVE + it.height).sum::<f64>() + BELOW;
    let last_panel = drawn.len() - 1;
    let picture = page(&problem.title, height, &notes, |sheet, mut top| {
        for (at, (it, y)) in drawn.iter().zip(rulers).enumerate() {
            top += ABOVE;
            let x = if at == last_panel { epoch.clone() } else { epoch.without_text() };
            let panel = Panel { left, top, width, height: it.height, x, y };
            panel.axes(sheet)?;
            draw(sheet, &panel, it, key, &epochs)?;
            if at == 0 {
                ends::draw(sheet, &panel, &ends)?;
            }
            top += it.height;
        }
        Ok(())
    });
    picture.map(Some)
}

/// Returns what the lines mean.
fn meaning(compared: &Quantity) -> String {
    let has = |has: &dyn Fn(&Lines) -> bool| compared.strategies.iter().any(has);
    let mut text = "Line: mean of the seeds.".to_owned();
    if !has(&|it| it.runs.len() > 1) {
        text = "Line: the run of each strategy.".to_owned();
    }
    if has(&|it| it.low.iter().any(Option::is_some)) {
        text += " Band: 95 % interval of the mean.";
    }
    if has(&|it| it.runs.len() > 1) {
        text += " Thin lines: seeds.";
    }
    text
}

/// Returns the loss that is drawn below the metric called `compared`: that of the same part or, below a loss and an RMSE,
/// whose loss says the same, that of training.
fn loss_of(compared: &str) -> String {
    let part = match compared.parse::<PartMetric>() {
        Ok(PartMetric { part, metric }) if metric != Metric::LOSS && metric != Metric::RMSE => part,
        _ => Part::Train,
    };
    part.of(Metric::LOSS).to_string()
}

fn mode(quantity: &Quantity) -> Mode {
    quantity.name.parse::<PartMetric>().map_or(Mode::Min, |it| it.metric.better)
}

/// Returns the axis of a metric, without the first epochs and without runs that end far behind, if they would squeeze the
/// others. The other runs end within it.
fn axis(quantity: &Quantity, epochs: &[f64], steps: usize) -> Option<Axis> {
    let mode = mode(quantity);
    let runs = || quantity.strategies.iter().flat_map(|it| &it.runs);
    let last = |run: &Vec<Option<f64>>| run.iter().copied().flatten().last();
    let (low, high) = zoom::near_best(runs().filter_map(last).collect(), FAR, mode)?;
    let is_near = |value: f64| (low..=high).contains(&value);
    let near = || runs().filter(|run| last(run).is_some_and(is_near));
    let values = |from: f64| -> Vec<f64> {
        let of = |run: &Vec<Option<f64>>| {
            let trained = epochs.iter().zip(run).filter(|(epoch, _)| **epoch >= from);
            trained.filter_map(|it| *it.1).collect::<Vec<f64>>()
        };
        near().flat_map(of).collect()
    };
    let trained = values(1.0);
    let values = if trained.is_empty() { values(0.0) } else { trained };
    // A loss that falls by orders of magnitude keeps its start: its axis is logarithmic.
    let highest = values.iter().copied().fold(0.0, f64::max);
    if !quantity.is_percent && values.iter().all(|it| *it > 0.0) && lies_low(values.iter().copied(), highest) {
        return Some(Axis::new(values.into_iter(), true, steps));
    }
    let lasts: Vec<f64> = near().filter_map(last).collect();
    let (low, high) = zoom::without_tail(values, epochs.iter().filter(|it| **it >= 1.0).count(), &lasts, mode)?;
    Some(around(low, high, steps))
}

/// Returns a linear axis from `low` to `high`, with round ends.
fn around(low: f64, high: f64, steps: usize) -> Axis {
    match high > low {
        true => Axis::around(low, high, steps),
        false => Axis::new([low].into_iter(), false, steps),
    }
}

/// Returns about how many numbers a value axis of `height` pixels has.
fn steps(height: f64) -> usize {
    (height / 40.0).ceil() as usize
}

/// Says how many values are outside of an axis.
fn outside(quantity: &Quantity, epochs: &[f64], axis: Axis) -> Option<String> {
    let runs = || quantity.strategies.iter().flat_map(|it| &it.runs);
    let values =
        || runs().flat_map(|run| epochs.iter().zip(run).filter_map(|(epoch, value)| Some((*epoch, (*value)?))));
    let out = |is_out: &dyn Fn(f64) -> bool| -> Option<String> {
        let out: Vec<f64> = values().filter(|it| is_out(axis.fraction(it.1))).map(|it| it.0).collect();
        let first = out.iter().copied().reduce(f64::min)?;
        let last = out.iter().copied().reduce(f64::max)?;
        let when = if first == last { format!("epoch {first}") } else { format!("epochs {first} to {last}") };
        Some(format!("{} of {} values, in {when}", out.len(), values().count()))
    };
    let sides = [("below", out(&|it| it < -1e-9)), ("above", out(&|it| it > 1.0 + 1e-9))];
    let sides: Vec<String> = sides.into_iter().filter_map(|(side, out)| Some(format!("{side} it {}", out?))).collect();
    let name = words::column(&quantity.name);
    (!sides.is_empty()).then(|| format!("Outside of the axis of {name}: {}.", sides.join(", ")))
}

/// Says which strategies have runs that diverged.
fn diverged(problem: &ProblemReport, key: &Key) -> Option<String> {
    let of = |(strategy, look): (&StrategyReport, &Look)| {
        let (diverged, seeds) = (strategy.summary.diverged, strategy.summary.seeds);
        (diverged > 0).then(|| format!("{} ({diverged} of {seeds})", look.name))
    };
    let all: Vec<String> = problem.strategies.iter().zip(&key.looks).filter_map(of).collect();
    let named = all.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    let more = all.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more strategies") } else { String::new() };
    (!all.is_empty()).then(|| format!("Runs diverged: {named}{more}. A mean ends where the first of its runs does."))
}

/// Returns the hyper-parameters, each with those whose lines are the same.
fn rates(quantities: &[Quantity]) -> Vec<Drawn<'_>> {
    let mut all: Vec<Drawn<'_>> = Vec::new();
    for quantity in quantities.iter().filter(|it| it.kind == QuantityKind::Rate) {
        let title = words::column(&quantity.name);
        if let Some(same) = all.iter_mut().find(|it| it.quantity.strategies == quantity.strategies) {
            same.title += &format!(", {title}");
            continue;
        }
        let values = || quantity.strategies.iter().flat_map(|it| &it.runs).flatten().copied().flatten();
        let highest = values().fold(0.0, f64::max);
        let runs = || quantity.strategies.iter().flat_map(|it| &it.runs);
        let peak = |run: &Vec<Option<f64>>| run.iter().copied().flatten().fold(0.0, f64::max);
        // The rule of previews. Besides, rates that begin decades apart cannot be told apart on a linear axis.
        let log = runs().any(|run| lies_low(run.iter().copied().flatten(), highest))
            || runs().map(peak).any(|it| it > 0.0 && it <= highest / APART);
        let axis = match log {
            // A line that ends at nearly 0 would squeeze all others: the lowest 5 % of each may be below the axis.
            true => Axis::new(runs().flat_map(|run| most_of(run)).chain([highest]), true, steps(RATE)),
            false => Axis::new(values(), false, steps(RATE)),
        };
        let has_runs = quantity.strategies.iter().any(|it| schedule(it).is_none());
        all.push(Drawn { quantity, title, height: RATE, axis, has_runs });
    }
    all
}

/// Returns the values of a run above 0 without the lowest 5 %.
fn most_of(run: &[Option<f64>]) -> impl Iterator<Item = f64> + Clone {
    let mut values: Vec<f64> = run.iter().copied().flatten().filter(|it| *it > 0.0).collect();
    values.sort_by(f64::total_cmp);
    let few = values.len().div_ceil(20).min(values.len().saturating_sub(1));
    values.into_iter().skip(few)
}

/// Returns the values of a hyper-parameter that all runs of a strategy share, as far as the longest goes. `None` if the
/// runs differ.
fn schedule(lines: &Lines) -> Option<Vec<Option<f64>>> {
    let length = lines.mean.len();
    (0..length)
        .map(|at| {
            let mut values = lines.runs.iter().filter_map(|run| run[at]);
            let first = values.next();
            values.all(|it| Some(it) == first).then_some(first)
        })
        .collect()
}

fn ruler(it: &Drawn<'_>) -> Ruler {
    let title = format!("{}{}", it.title, if it.axis.log { " (logarithmic)" } else { "" });
    let most = (WIDTH / (0.6 * TITLE)) as usize - 20;
    let title = shortened(&title, most);
    Ruler::new(it.axis, &title, steps(it.height), it.quantity.is_percent)
}

/// Returns the names of the coloured strategies, at the ends of their means.
fn ends_of<'a>(compared: &Quantity, key: &'a Key, axis: &Axis) -> Vec<End<'a>> {
    let looks = compared.strategies.iter().zip(&key.looks).filter(|(_, look)| look.mark.is_some());
    let side = if mode(compared) == Mode::Max { "below" } else { "above" };
    let end = |(lines, look): (&Lines, &'a Look)| {
        let last = lines.mean.iter().rev().find_map(|it| *it);
        let inside = last.filter(|it| axis.has(*it));
        let is_last = lines.mean.last().is_some_and(Option::is_some);
        let name =
            if last.is_some() && inside.is_none() { format!("{} ({side})", look.name) } else { look.name.clone() };
        End { look, name, height: inside.map(|it| axis.place(it)), is_last }
    };
    looks.map(end).collect()
}

/// Draws the lines of a quantity: those in grey first, then bands, seeds and means, the best mean on top.
fn draw(sheet: &mut Sheet<'_>, panel: &Panel, it: &Drawn<'_>, key: &Key, epochs: &[f64]) -> Result<(), DrawError> {
    let is_rate = it.quantity.kind == QuantityKind::Rate;
    let all: Vec<(&Lines, &Look)> = it.quantity.strategies.iter().zip(&key.looks).collect();
    let (coloured, grey): (Vec<_>, Vec<_>) = all.into_iter().partition(|(_, look)| look.mark.is_some());
    let seeds: usize = coloured.iter().map(|it| it.0.runs.len()).sum();
    let most = |lines: usize| (POINTS / lines.max(1)).clamp(8, LINE);
    let (of_mean, of_seed) = (most(grey.len() + 3 * coloured.len()), most(seeds));
    let mean = |lines: &Lines| {
        if is_rate { schedule(lines).unwrap_or_else(|| lines.mean.clone()) } else { lines.mean.clone() }
    };
    let line = |sheet: &mut Sheet<'_>, values: &[Option<f64>], most: usize, stroke: Stroke| -> Result<(), DrawError> {
        for part in parts(epochs, values) {
            panel.line(sheet, &thinned(&part, most), stroke)?;
        }
        Ok(())
    };
    for (lines, _) in &grey {
        line(sheet, &mean(lines), of_mean, Stroke { opacity: 0.7, ..Stroke::new(GREY, 0.9) })?;
    }
    for (lines, look) in coloured.iter().rev().filter(|_| !is_rate) {
        let (low, high) = (parts(epochs, &lines.low), parts(epochs, &lines.high));
        for (low, high) in low.iter().zip(&high) {
            let stroke = Stroke { opacity: 0.18, ..Stroke::new(look.colour, 0.0) };
            panel.band(sheet, &every(low, of_mean), &every(high, of_mean), stroke)?;
        }
    }
    for (lines, look) in coloured.iter().rev().filter(|(lines, _)| it.has_runs && lines.runs.len() > 1) {
        if is_rate && schedule(lines).is_some() {
            continue;
        }
        for run in &lines.runs {
            line(sheet, run, of_seed, Stroke { opacity: 0.3, ..Stroke::new(look.colour, 0.7) })?;
        }
    }
    for (lines, look) in coloured.iter().rev() {
        line(sheet, &mean(lines), of_mean, Stroke::new(look.colour, 1.8))?;
    }
    for (at, (lines, look)) in coloured.iter().enumerate().rev() {
        let from = (at as f64 + 0.5) / coloured.len() as f64;
        marks(sheet, panel, look, epochs, &mean(lines), from)?;
    }
    Ok(())
}

/// Draws the marks of a line. They are evenly spaced, and begin at a share `from` of that space, so that those of several
/// lines are at different epochs.
fn marks(
    sheet: &mut Sheet<'_>,
    panel: &Panel,
    look: &Look,
    epochs: &[f64],
    values: &[Option<f64>],
    from: f64,
) -> Result<(), DrawError> {
    let Some(mark) = look.mark else { return Ok(()) };
    let at = |number: usize| {
        let epoch = (number as f64 + from) / MARKS as f64 * panel.x.axis.high;
        epochs.partition_point(|it| *it < epoch).min(epochs.len() - 1)
    };
    let mut places: Vec<usize> = (0..MARKS).map(at).collect();
    places.dedup();
    for at in places {
        if let Some(value) = values[at].filter(|it| panel.y.axis.has(*it)) {
            sheet.mark(mark, panel.at(epochs[at], value), 3.2, look.colour)?;
        }
    }
    Ok(())
}
