//! The measure over a number of the spec, such as the learning rate.

use super::ends::{self, End};
use super::key::{Key, Look};
use super::page::{INK, MARGIN, PALE, WIDTH, page};
use super::{words, zoom};
use crate::compare::report::{ProblemReport, Sensitivity, SensitivityCurve};
use crate::metric::Mode;
use crate::plot::{
    Anchor, Axis, DrawError, Letters, Mark, NUMBERS, Panel, RGBColor, Ruler, Sheet, Stroke, TITLE, text_width,
};
use crate::record::number::rate;

/// The height of the panel, and of the row of a band below it.
const HEIGHT: f64 = 300.0;
const BAND: f64 = 16.0;
/// The space above the panel, with its title and the default.
const ABOVE: f64 = 50.0;
/// The space below the panel, with the numbers and the title of its axis.
const BELOW: f64 = 52.0;
/// How much longer than the range of the better half the whole range has to be, for numbers to be outside of the axis. A
/// percentage is always within it.
const FAR: f64 = 20.0;
/// The colour of runs that diverged.
const ALARM: RGBColor = RGBColor(180, 0, 0);

/// Returns the picture. `None` if no strategies differ by the number alone.
pub fn sensitivity(problem: &ProblemReport) -> Result<Option<String>, DrawError> {
    let Some(sensitivity) = &problem.sensitivity else { return Ok(None) };
    let curves = ranked(problem, sensitivity);
    let key = Key::new(&curves.iter().map(|it| it.label.as_str()).collect::<Vec<_>>());
    let measure = problem.measure;
    let Some(y_axis) = y_axis(problem, &curves) else { return Ok(None) };
    // The title of the axis is above the default.
    let y = Ruler::new(y_axis, "", 6, words::is_percent(measure));
    let x = Ruler::new(x_axis(&curves), &sensitivity.key, 10, false);
    let coloured: Vec<(&SensitivityCurve, &Look)> =
        curves.iter().copied().zip(&key.looks).filter(|(_, look)| look.mark.is_some()).collect();
    let ends: Vec<End<'_>> = match curves.len() {
        1 => Vec::new(),
        _ => coloured.iter().map(|(curve, look)| end(curve, look, &y_axis)).collect(),
    };
    let left = MARGIN + y.width() + 8.0;
    let width = WIDTH - MARGIN - left - ends::width(&ends).max(8.0);
    let bands = BAND * coloured.len() as f64;
    let height = ABOVE + HEIGHT + BELOW + bands + 10.0;
    let notes = notes(problem, sensitivity, &curves, &key, &y_axis);
    let picture = page(&problem.title, height, &notes, |sheet, top| {
        let panel = Panel { left, top: top + ABOVE, width, height: HEIGHT, x, y };
        if let [curve] = curves.as_slice() {
            let (from, to) = (panel.at(curve.band.0, 0.0).0, panel.at(curve.band.1, 0.0).0);
            let corners = [(from, panel.top), (to, panel.top), (to, panel.bottom()), (from, panel.bottom())];
            sheet.area(&corners, Stroke { opacity: 0.12, ..Stroke::new(key.looks[0].colour, 0.0) })?;
        }
        panel.axes(sheet)?;
        let title = Letters::new(TITLE, INK, Anchor::Left);
        sheet.text(&words::measure(measure), (left, panel.top - 29.0), title)?;
        defaults(sheet, &panel, &curves)?;
        for (curve, look) in curves.iter().zip(&key.looks).rev() {
            line(sheet, &panel, problem, curve, look)?;
        }
        failures(sheet, &panel, problem, &curves)?;
        ends::draw(sheet, &panel, &ends)?;
        let rows = panel.bottom() + BELOW;
        for (at, (curve, look)) in coloured.iter().enumerate() {
            band(sheet, &panel, curve, look, rows + BAND * (at as f64 + 0.5))?;
        }
        Ok(())
    });
    picture.map(Some)
}

/// Returns the name of a curve, next to its last value.
fn end<'a>(curve: &SensitivityCurve, look: &'a Look, axis: &Axis) -> End<'a> {
    let last = curve.points.iter().rev().find_map(|it| it.mean).filter(|it| axis.has(*it));
    let is_last = curve.points.last().is_some_and(|it| it.mean.is_some());
    End { look, name: look.name.clone(), height: last.map(|it| axis.place(it)), is_last }
}

/// Returns the curves, that with the best value first.
fn ranked<'a>(problem: &ProblemReport, sensitivity: &'a Sensitivity) -> Vec<&'a SensitivityCurve> {
    let best = |it: &SensitivityCurve| it.points.iter().find(|point| point.value == it.best)?.mean;
    let mut curves: Vec<&SensitivityCurve> = sensitivity.curves.iter().collect();
    let mode = problem.measure.better();
    curves.sort_by(|a, b| crate::compare::assess::better(mode, best(a), best(b)));
    curves
}

fn seeds<'a>(problem: &'a ProblemReport, curve: &'a SensitivityCurve) -> impl Iterator<Item = (f64, f64)> + 'a {
    let of = |point: &'a crate::compare::report::SensitivityPoint| {
        let runs = &problem.strategies[point.strategy].runs;
        runs.iter().filter_map(|run| Some((point.value, run.value?)))
    };
    curve.points.iter().flat_map(of)
}

fn y_axis(problem: &ProblemReport, curves: &[&SensitivityCurve]) -> Option<Axis> {
    let longer = if words::is_percent(problem.measure) { f64::INFINITY } else { FAR };
    let values = curves.iter().flat_map(|curve| seeds(problem, curve)).map(|it| it.1).collect();
    let (low, high) = zoom::near_best(values, longer, problem.measure.better())?;
    Some(match high > low {
        true => Axis::around(low, high, 6),
        false => Axis::new([low].into_iter(), false, 6),
    })
}

/// Returns the axis of the number: logarithmic if every value is above 0. It is a little longer than the values.
fn x_axis(curves: &[&SensitivityCurve]) -> Axis {
    let values = || curves.iter().flat_map(|it| &it.points).map(|it| it.value);
    let (low, high) = (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max));
    match low > 0.0 {
        true => {
            let space = (high / low).powf(0.04);
            Axis { low: low / space, high: high * space, log: true }
        }
        false => {
            let space = (high - low) * 0.04;
            Axis { low: low - space, high: high + space, log: false }
        }
    }
}

/// Draws the seeds, the intervals and the means of a curve. The line has a gap where a run failed.
fn line(
    sheet: &mut Sheet<'_>,
    panel: &Panel,
    problem: &ProblemReport,
    curve: &SensitivityCurve,
    look: &Look,
) -> Result<(), DrawError> {
    let own = look.colour;
    if look.mark.is_some() {
        for (x, y) in seeds(problem, curve).filter(|it| panel.y.axis.has(it.1)) {
            sheet.dot(panel.at(x, y), 2.0, Stroke { opacity: 0.35, ..Stroke::new(own, 0.0) })?;
        }
    }
    let means: Vec<Option<(f64, f64)>> = curve.points.iter().map(|it| Some((it.value, it.mean?))).collect();
    let width = if look.mark.is_some() { 1.8 } else { 0.9 };
    for part in means.split(Option::is_none) {
        panel.line(sheet, &part.iter().copied().flatten().collect::<Vec<_>>(), Stroke::new(own, width))?;
    }
    let Some(mark) = look.mark else { return Ok(()) };
    for (point, (x, mean)) in curve.points.iter().zip(&means).filter_map(|(point, mean)| Some((point, (*mean)?))) {
        if let Some(half) = problem.strategies[point.strategy].summary.half_width {
            let (low, high) = (panel.at(x, mean - half), panel.at(x, mean + half));
            sheet.line(&[low, high], Stroke::new(own, 1.0))?;
        }
        if panel.y.axis.has(mean) {
            sheet.mark(mark, panel.at(x, mean), 3.8, own)?;
        }
    }
    Ok(())
}

/// Marks the values at which runs diverged, or missed the target, at the worse end of the measure.
fn failures(
    sheet: &mut Sheet<'_>,
    panel: &Panel,
    problem: &ProblemReport,
    curves: &[&SensitivityCurve],
) -> Result<(), DrawError> {
    let mut values: Vec<(f64, usize, usize)> = Vec::new();
    for point in curves.iter().flat_map(|it| &it.points) {
        let runs = &problem.strategies[point.strategy].runs;
        let failed = runs.iter().filter(|run| run.value.is_none()).count();
        match values.iter_mut().find(|it| it.0 == point.value) {
            Some(known) => *known = (known.0, known.1 + failed, known.2 + runs.len()),
            None => values.push((point.value, failed, runs.len())),
        }
    }
    let is_low = problem.measure.better() == Mode::Max;
    let (y, by) = if is_low { (panel.bottom() - 9.0, -14.0) } else { (panel.top + 9.0, 14.0) };
    for (value, failed, all) in values.into_iter().filter(|it| it.1 > 0) {
        let x = panel.at(value, 0.0).0;
        sheet.mark(Mark::Cross, (x, y), 4.5, ALARM)?;
        sheet.text(&format!("{failed} of {all}"), (x, y + by), Letters::new(NUMBERS, ALARM, Anchor::Centre))?;
    }
    Ok(())
}

/// Marks the default of the number, if it was tried.
fn defaults(sheet: &mut Sheet<'_>, panel: &Panel, curves: &[&SensitivityCurve]) -> Result<(), DrawError> {
    let mut values: Vec<f64> = curves.iter().filter_map(|it| it.at_default).map(|it| it.0).collect();
    values.sort_by(f64::total_cmp);
    values.dedup();
    // The text stays above the panel, away from the numbers of the value axis.
    let mut free = panel.left;
    for value in values {
        let x = panel.at(value, 0.0).0;
        let (mut y, dash) = (panel.top, 4.0);
        while y < panel.bottom() {
            sheet.line(&[(x, y), (x, (y + dash).min(panel.bottom()))], Stroke::new(PALE, 1.0))?;
            y += 2.0 * dash;
        }
        let text = format!("default {}", rate(value));
        let width = text_width(&text, NUMBERS);
        let left = (x - width / 2.0).min(WIDTH - MARGIN - width).max(free);
        sheet.text(&text, (left, panel.top - 9.0), Letters::new(NUMBERS, PALE, Anchor::Left))?;
        free = left + width + 8.0;
    }
    Ok(())
}

/// Draws the values that are not told apart from the best one as a bar.
fn band(sheet: &mut Sheet<'_>, panel: &Panel, curve: &SensitivityCurve, look: &Look, y: f64) -> Result<(), DrawError> {
    let x = |value: f64| panel.at(value, 0.0).0;
    let (from, to) = (x(curve.band.0) - 3.0, x(curve.band.1) + 3.0);
    let bar = [(from, y - 4.0), (to, y - 4.0), (to, y + 4.0), (from, y + 4.0)];
    sheet.area(&bar, Stroke { opacity: 0.3, ..Stroke::new(look.colour, 0.0) })?;
    if let Some(mark) = look.mark {
        sheet.mark(mark, (x(curve.best), y), 3.8, look.colour)?;
    }
    let text = match curve.band.0 == curve.band.1 {
        true => format!("best {}", rate(curve.best)),
        false => format!("best {}, {:.1} decades not told apart", rate(curve.best), curve.band_decades),
    };
    let room = text_width(&text, NUMBERS) + 8.0;
    let fits = |end: f64| end + room <= WIDTH - MARGIN;
    let mark = (x(curve.best) - 6.0, x(curve.best) + 6.0);
    // A bar that leaves no room next to it is below the text.
    let (at, anchor) = if fits(to) {
        (to + 6.0, Anchor::Left)
    } else if from - room >= MARGIN {
        (from - 6.0, Anchor::Right)
    } else if fits(mark.1) {
        (mark.1 + 6.0, Anchor::Left)
    } else {
        (mark.0 - 6.0, Anchor::Right)
    };
    sheet.text(&text, (at, y), Letters::new(NUMBERS, INK, anchor))
}

fn notes(
    problem: &ProblemReport,
    sensitivity: &Sensitivity,
    curves: &[&SensitivityCurve],
    key: &Key,
    axis: &Axis,
) -> Vec<String> {
    let mut notes = vec![format!(
        "Line: mean of the seeds, with its 95 % interval. Dots: seeds. Shaded: values of {} that are not told apart from the \
         best.",
        sensitivity.key
    )];
    let values = || curves.iter().flat_map(|curve| seeds(problem, curve)).map(|it| it.1);
    let failed = |it: &SensitivityCurve| it.points.iter().any(|point| point.mean.is_none());
    if curves.iter().any(|it| failed(it)) {
        notes.push("Cross: runs that failed. The line has a gap there.".to_owned());
    }
    let outside = values().filter(|it| !axis.has(*it)).count();
    if outside > 0 {
        notes.push(format!("Outside of the axis: {}.", words::counted(outside, "seed")));
    }
    notes.extend(key.note().map(|it| it.replace("strategies", "curves")));
    notes
}
