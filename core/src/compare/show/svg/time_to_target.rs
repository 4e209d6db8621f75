//! The epochs that each seed needed to reach the target.

use super::key::Key;
use super::page::{INK, PALE, page};
use super::rows::{Column, Rows, colour, seeds};
use crate::compare::report::{ProblemReport, StrategyReport};
use crate::plot::{Anchor, Axis, DrawError, Letters, Mark, NUMBERS, Ruler, Stroke};

/// The width of the column for runs that missed the target.
const MISSED: f64 = 78.0;

/// Returns the picture. `None` without a target.
pub fn time_to_target(problem: &ProblemReport, key: &Key) -> Result<Option<String>, DrawError> {
    if problem.strategies.iter().all(|it| it.summary.missed.is_none()) {
        return Ok(None);
    }
    let times = |it: &StrategyReport| -> Vec<f64> {
        it.runs.iter().filter_map(|run| run.reached).map(|it| it.epoch as f64).collect()
    };
    let last = problem.strategies.iter().flat_map(times).fold(1.0, f64::max);
    let mut x = Ruler::epochs(last as u64, "epochs to the target");
    x.axis = Axis { low: 0.0, high: 1.03 * last, log: false };
    let missed = |it: &StrategyReport| it.runs.len() - times(it).len();
    let has_missed = problem.strategies.iter().any(|it| missed(it) > 0);
    let median = |it: &StrategyReport| match it.summary.epochs_to_target {
        Some(epochs) => format!("{epochs}"),
        None => "missed".to_owned(),
    };
    let columns = vec![Column { head: "median".to_owned(), cells: problem.strategies.iter().map(median).collect() }];
    let rows = Rows { key, x, columns, beyond: if has_missed { MISSED } else { 0.0 } };
    let mut notes = vec!["Circle: a seed. Bar: the median, in which a missed target takes forever.".to_owned()];
    if has_missed {
        notes[0] += " Cross: seeds that missed the target.";
    }
    notes.extend(key.note());
    let picture = page(&problem.title, rows.height(), &notes, |sheet, top| {
        rows.draw(sheet, top, |sheet, panel, at, y| {
            let (strategy, look) = (&problem.strategies[at], &key.looks[at]);
            seeds(sheet, panel, times(strategy), y, look)?;
            if let Some(median) = strategy.summary.epochs_to_target {
                let x = panel.at(median, 0.0).0;
                sheet.line(&[(x, y - 8.0), (x, y + 8.0)], Stroke::new(colour(look), 3.0))?;
            }
            if at == 0 && has_missed {
                let letters = Letters::new(NUMBERS, PALE, Anchor::Left);
                sheet.text("missed", (panel.right() + 10.0, panel.top - 10.0), letters)?;
            }
            let missed = missed(strategy);
            if missed > 0 {
                let x = panel.right() + 15.0;
                sheet.mark(Mark::Cross, (x, y), 3.6, colour(look))?;
                let text = format!("{missed} of {}", strategy.runs.len());
                sheet.text(&text, (x + 10.0, y), Letters::new(NUMBERS, INK, Anchor::Left))?;
            }
            Ok(())
        })
    });
    picture.map(Some)
}
