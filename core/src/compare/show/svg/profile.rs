//! Performance profiles (Dolan and Moré 2002): the share of problems that a strategy solves within a ratio to the fastest.

use super::ends::{self, End};
use super::key::{GREY, Key};
use super::page::{MARGIN, WIDTH, page};
use crate::compare::report::{Profile, ProfileLine};
use crate::plot::{Axis, DrawError, Panel, Ruler, Stroke};

const HEIGHT: f64 = 300.0;
/// The space above and below the panel, with its titles.
const ABOVE: f64 = 28.0;
const BELOW: f64 = 52.0;

/// The widths of the first and the last line. Where several lie on one another, all can be seen.
const WIDTHS: (f64, f64) = (4.0, 1.6);

/// Returns the picture.
pub fn profile(profile: &Profile) -> Result<String, DrawError> {
    let labels: Vec<&str> = profile.strategies.iter().map(|it| it.label.as_str()).collect();
    let key = Key::new(&labels);
    let x = Axis { low: 1.0, high: profile.r_max, log: false };
    let y = Axis { low: 0.0, high: 1.0, log: false };
    let share = |it: &ProfileLine| it.corners.iter().rev().find(|it| it.0 <= profile.r_max).map_or(0.0, |it| it.1);
    let lines: Vec<_> = profile.strategies.iter().zip(&key.looks).collect();
    let ends: Vec<End<'_>> = lines
        .iter()
        .filter(|(_, look)| look.mark.is_some())
        .map(|(line, look)| {
            let score = line.score.map(|it| format!(" ({it:.2})")).unwrap_or_default();
            End { look, name: format!("{}{score}", look.name), height: Some(share(line)), is_last: true }
        })
        .collect();
    let mut notes = vec![format!(
        "{} problems. Beyond {} times the fastest, and for a missed target, a problem is not solved. In brackets: AlgoPerf's \
         score.",
        profile.problems.len(),
        profile.r_max
    )];
    notes.extend(key.note());
    let x = Ruler::new(x, "epochs to the target, divided by those of the fastest strategy", 6, false);
    let y = Ruler::new(y, "problems solved", 5, true);
    let left = MARGIN + y.width() + 8.0;
    let width = WIDTH - MARGIN - left - ends::width(&ends);
    page("Performance profiles", ABOVE + HEIGHT + BELOW, &notes, |sheet, top| {
        let panel = Panel { left, top: top + ABOVE, width, height: HEIGHT, x, y };
        panel.axes(sheet)?;
        for (line, _) in lines.iter().filter(|(_, look)| look.mark.is_none()) {
            panel.line(sheet, &steps(line, profile.r_max), Stroke::new(GREY, 0.9))?;
        }
        let coloured: Vec<_> = lines.iter().filter(|(_, look)| look.mark.is_some()).collect();
        for (at, (line, look)) in coloured.iter().enumerate() {
            let part = at as f64 / (coloured.len().max(2) - 1) as f64;
            let stroke = Stroke::new(look.colour, WIDTHS.0 + part * (WIDTHS.1 - WIDTHS.0));
            panel.line(sheet, &steps(line, profile.r_max), stroke)?;
        }
        for (line, look) in coloured {
            for (ratio, share) in line.corners.iter().filter(|it| it.0 <= profile.r_max) {
                if let Some(mark) = look.mark {
                    sheet.mark(mark, panel.at(*ratio, *share), 4.0, look.colour)?;
                }
            }
        }
        ends::draw(sheet, &panel, &ends)
    })
}

/// Returns the corners of a step function from 1 to `end`.
fn steps(line: &ProfileLine, end: f64) -> Vec<(f64, f64)> {
    let mut points = vec![(1.0, 0.0)];
    let mut height = 0.0;
    for (ratio, share) in line.corners.iter().filter(|it| it.0 <= end) {
        points.extend([(*ratio, height), (*ratio, *share)]);
        height = *share;
    }
    points.push((end, height));
    points
}
