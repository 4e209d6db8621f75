//! The measure of every seed, its mean, and the 95 % interval of the mean, for each strategy.

use super::key::Key;
use super::page::page;
use super::rows::{Column, Rows, arrow, colour, seeds};
use super::{words, zoom};
use crate::compare::report::{ProblemReport, StrategyReport};
use crate::plot::{Axis, DrawError, Ruler, Stroke};

/// How much longer than the range of the better half the whole range has to be, for numbers to be outside of the axis.
const FAR: f64 = 20.0;

/// Returns the picture. `None` if no run has a number.
pub fn intervals(problem: &ProblemReport, key: &Key) -> Result<Option<String>, DrawError> {
    let measure = problem.measure;
    let Some(axis) = axis(problem) else { return Ok(None) };
    let is_percent = words::is_percent(measure);
    let column = |head: &str, cell: &dyn Fn(&StrategyReport) -> String| Column {
        head: head.to_owned(),
        cells: problem.strategies.iter().map(cell).collect(),
    };
    let failed = |it: &StrategyReport| it.runs.iter().filter(|run| run.value.is_none()).count();
    let mut columns = vec![column("mean", &|it| match (it.summary.mean, it.summary.half_width) {
        (Some(mean), Some(half)) => format!("{} ± {}", measure.shown(mean), measure.spread(half)),
        (Some(mean), None) => measure.shown(mean),
        (None, _) => format!("{} of {} failed", failed(it), it.runs.len()),
    })];
    if problem.strategies.iter().any(|it| !it.letters.is_empty()) {
        columns.push(column("group", &|it| it.letters.clone()));
    }
    let rows = Rows { key, x: Ruler::new(axis, &words::measure(measure), 6, is_percent), columns, beyond: 0.0 };
    let has_interval = problem.strategies.iter().any(|it| it.summary.half_width.is_some());
    let mut notes = vec!["Circle: a seed. Bar: the mean.".to_owned()];
    if has_interval {
        notes[0] += " Line, and ± in the column: 95 % interval of the mean.";
    }
    if problem.strategies.iter().any(|it| !it.letters.is_empty()) {
        notes.push("Strategies that share a letter cannot be told apart.".to_owned());
    }
    let numbers = || problem.strategies.iter().flat_map(|it| &it.runs).filter_map(|run| run.value);
    let outside = numbers().filter(|it| !axis.has(*it)).count();
    if outside > 0 {
        notes.push(format!("Triangles: {} outside of the axis.", words::counted(outside, "seed")));
    }
    notes.extend(key.note());
    let picture = page(&problem.title, rows.height(), &notes, |sheet, top| {
        rows.draw(sheet, top, |sheet, panel, at, y| {
            let (strategy, look) = (&problem.strategies[at], &key.looks[at]);
            let own = colour(look);
            let x = |value: f64| panel.at(value, 0.0).0;
            if let (Some(mean), Some(half)) = (strategy.summary.mean, strategy.summary.half_width) {
                let ends = [mean - half, mean + half];
                if ends[1] >= axis.low && ends[0] <= axis.high {
                    sheet.line(&[(x(ends[0]), y), (x(ends[1]), y)], Stroke::new(own, 1.4))?;
                }
                for end in ends.into_iter().filter(|it| axis.has(*it)) {
                    sheet.line(&[(x(end), y - 5.0), (x(end), y + 5.0)], Stroke::new(own, 1.4))?;
                }
            }
            let values = || strategy.runs.iter().filter_map(|run| run.value);
            seeds(sheet, panel, values().filter(|it| axis.has(*it)).collect(), y, look)?;
            if let Some(value) = values().find(|it| !axis.has(*it)) {
                arrow(sheet, panel, value < axis.low, y, own)?;
            }
            match strategy.summary.mean.filter(|it| axis.has(*it)) {
                Some(mean) => sheet.line(&[(x(mean), y - 8.0), (x(mean), y + 8.0)], Stroke::new(own, 3.0)),
                None => Ok(()),
            }
        })
    });
    picture.map(Some)
}

/// Returns the axis: that of the seeds and intervals, but without numbers far behind the better half of all.
fn axis(problem: &ProblemReport) -> Option<Axis> {
    let mode = problem.measure.better();
    let seeds: Vec<f64> = problem.strategies.iter().flat_map(|it| &it.runs).filter_map(|run| run.value).collect();
    let (low, high) = zoom::near_best(seeds, FAR, mode)?;
    // An interval of few seeds can be very long. It may double the axis, and is cut at its end.
    let room = if high > low { (high - low) / 2.0 } else { f64::INFINITY };
    let ends = |it: &StrategyReport| {
        let (mean, half) = (it.summary.mean?, it.summary.half_width?);
        ((low..=high).contains(&mean)).then_some((mean - half, mean + half))
    };
    let ends: Vec<(f64, f64)> = problem.strategies.iter().filter_map(ends).collect();
    let low = ends.iter().map(|it| it.0.max(low - room)).fold(low, f64::min);
    let high = ends.iter().map(|it| it.1.min(high + room)).fold(high, f64::max);
    Some(match high > low {
        true => Axis::around(low, high, 6),
        false => Axis::new([low].into_iter(), false, 6),
    })
}
