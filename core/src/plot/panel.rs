//! A rectangle of a picture with two axes, and lines within it.

use plotters::style::RGBColor;

use super::axis::Axis;
use super::sheet::{Anchor, DrawError, Letters, Sheet, Stroke, text_width};
use crate::record::number::rate;

/// The size of the numbers of an axis, and of its title.
pub const NUMBERS: f64 = 12.0;
pub const TITLE: f64 = 13.0;

const INK: RGBColor = RGBColor(0, 0, 0);
const GRID: RGBColor = RGBColor(225, 225, 225);
const FRAME: RGBColor = RGBColor(110, 110, 110);

/// An axis with its numbers and its title.
#[derive(Clone, Debug, PartialEq)]
pub struct Ruler {
    pub axis: Axis,
    /// Empty if the axis has none.
    pub title: String,
    /// The positions of the grid.
    pub ticks: Vec<f64>,
    /// A text for each tick. Empty for an axis without numbers.
    pub labels: Vec<String>,
}

impl Ruler {
    /// Returns an axis with about `most` numbers. Percentages are written with their sign.
    pub fn new(axis: Axis, title: &str, most: usize, is_percent: bool) -> Ruler {
        let ticks = axis.ticks(most);
        let labels = labels(&ticks, axis.log, is_percent);
        Ruler { axis, title: title.to_owned(), ticks, labels }
    }

    /// Returns an axis of epochs, whose numbers are whole.
    pub fn epochs(last: u64, title: &str) -> Ruler {
        let axis = Axis { low: 0.0, high: last.max(1) as f64, log: false };
        let mut ruler = Ruler::new(axis, title, 10, false);
        ruler.ticks.retain(|it| it.fract() == 0.0);
        ruler.labels = labels(&ruler.ticks, false, false);
        ruler
    }

    /// Returns the same axis without a title and numbers, for a panel above another one.
    pub fn without_text(&self) -> Ruler {
        Ruler { title: String::new(), labels: Vec::new(), ..self.clone() }
    }

    /// Returns the width of the widest number in pixels.
    pub fn width(&self) -> f64 {
        self.labels.iter().map(|it| text_width(it, NUMBERS)).fold(0.0, f64::max)
    }
}

/// Returns the texts of `ticks`. On a linear axis, all have as many decimals.
fn labels(ticks: &[f64], log: bool, is_percent: bool) -> Vec<String> {
    let scale = if is_percent { 100.0 } else { 1.0 };
    let sign = if is_percent { " %" } else { "" };
    let short: Vec<String> = ticks.iter().map(|it| rate(scale * it)).collect();
    let decimals = |text: &String| text.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    let most = short.iter().map(decimals).max().unwrap_or(0);
    let is_short = ticks.iter().all(|it| *it == 0.0 || (1e-4..1e6).contains(&(scale * it).abs()));
    let text = |(tick, short): (&f64, &String)| match is_short && !log {
        true => format!("{:.most$}{sign}", scale * tick),
        false => format!("{short}{sign}"),
    };
    ticks.iter().zip(&short).map(text).collect()
}

/// A rectangle with axes. Its position and size are in pixels.
#[derive(Clone, Debug, PartialEq)]
pub struct Panel {
    pub left: f64,
    pub top: f64,
    pub width: f64,
    pub height: f64,
    pub x: Ruler,
    pub y: Ruler,
}

impl Panel {
    /// Returns the position of a value. One outside of the axes is at their end.
    pub fn at(&self, x: f64, y: f64) -> (f64, f64) {
        self.spot(self.x.axis.place(x), self.y.axis.place(y))
    }

    /// Returns the position of two fractions of the axes.
    fn spot(&self, x: f64, y: f64) -> (f64, f64) {
        (self.left + x * self.width, self.bottom() - y * self.height)
    }

    /// Returns the right end.
    pub fn right(&self) -> f64 {
        self.left + self.width
    }

    /// Returns the lower end.
    pub fn bottom(&self) -> f64 {
        self.top + self.height
    }

    /// Draws the grid, the axes, their numbers and their titles. The title of the value axis is above it, where it has room.
    pub fn axes(&self, sheet: &mut Sheet<'_>) -> Result<(), DrawError> {
        let grid = Stroke::new(GRID, 0.8);
        let frame = Stroke::new(FRAME, 1.0);
        for tick in &self.x.ticks {
            let x = self.at(*tick, 0.0).0;
            sheet.line(&[(x, self.top), (x, self.bottom())], grid)?;
            sheet.line(&[(x, self.bottom()), (x, self.bottom() + 4.0)], frame)?;
        }
        for tick in &self.y.ticks {
            let y = self.at(0.0, *tick).1;
            sheet.line(&[(self.left, y), (self.right(), y)], grid)?;
            if !self.y.labels.is_empty() {
                sheet.line(&[(self.left - 4.0, y), (self.left, y)], frame)?;
            }
        }
        sheet.line(&[(self.left, self.top), (self.left, self.bottom()), (self.right(), self.bottom())], frame)?;
        let mut end = f64::NEG_INFINITY;
        for (tick, label) in self.x.ticks.iter().zip(&self.x.labels) {
            let x = self.at(*tick, 0.0).0;
            let half = text_width(label, NUMBERS) / 2.0;
            // Numbers do not touch each other.
            if x - half > end {
                sheet.text(label, (x, self.bottom() + 14.0), Letters::new(NUMBERS, INK, Anchor::Centre))?;
                end = x + half + 4.0;
            }
        }
        for (tick, label) in self.y.ticks.iter().zip(&self.y.labels) {
            let y = self.at(0.0, *tick).1;
            sheet.text(label, (self.left - 8.0, y), Letters::new(NUMBERS, INK, Anchor::Right))?;
        }
        let title = Letters::new(TITLE, INK, Anchor::Centre);
        if !self.x.title.is_empty() {
            sheet.text(&self.x.title, (self.left + self.width / 2.0, self.bottom() + 34.0), title)?;
        }
        if !self.y.title.is_empty() {
            sheet.text(&self.y.title, (self.left, self.top - 11.0), Letters { anchor: Anchor::Left, ..title })?;
        }
        Ok(())
    }

    /// Draws a line through `points`, as far as it is within the value axis. A point alone is a dot.
    pub fn line(&self, sheet: &mut Sheet<'_>, points: &[(f64, f64)], stroke: Stroke) -> Result<(), DrawError> {
        if let [(x, y)] = points {
            return if self.y.axis.has(*y) { sheet.dot(self.at(*x, *y), 1.2 * stroke.width, stroke) } else { Ok(()) };
        }
        for piece in pieces(&self.fractions(points)) {
            let piece: Vec<(f64, f64)> = piece.into_iter().map(|(x, y)| self.spot(x, y)).collect();
            sheet.line(&piece, stroke)?;
        }
        Ok(())
    }

    /// Fills the area between two lines over the same positions, as far as it is within the value axis.
    pub fn band(
        &self,
        sheet: &mut Sheet<'_>,
        low: &[(f64, f64)],
        high: &[(f64, f64)],
        stroke: Stroke,
    ) -> Result<(), DrawError> {
        if low.len() < 2 {
            return Ok(());
        }
        let mut around = bounded(&self.fractions(low));
        around.extend(bounded(&self.fractions(high)).into_iter().rev());
        let around: Vec<(f64, f64)> = around.into_iter().map(|(x, y)| self.spot(x, y)).collect();
        sheet.area(&around, stroke)
    }

    fn fractions(&self, points: &[(f64, f64)]) -> Vec<(f64, f64)> {
        points.iter().map(|(x, y)| (self.x.axis.fraction(*x), self.y.axis.fraction(*y))).collect()
    }
}

/// Returns the point of a segment at the share `t` of its length.
fn along(a: (f64, f64), b: (f64, f64), t: f64) -> (f64, f64) {
    (a.0 + t * (b.0 - a.0), a.1 + t * (b.1 - a.1))
}

/// Returns the parts of a line with heights from 0 to 1.
fn pieces(points: &[(f64, f64)]) -> Vec<Vec<(f64, f64)>> {
    let mut pieces: Vec<Vec<(f64, f64)>> = Vec::new();
    for pair in points.windows(2) {
        let (a, b) = (pair[0], pair[1]);
        let rise = b.1 - a.1;
        let (from, to) = match rise == 0.0 {
            true if (0.0..=1.0).contains(&a.1) => (0.0, 1.0),
            true => continue,
            false => {
                let (floor, ceiling) = (-a.1 / rise, (1.0 - a.1) / rise);
                (floor.min(ceiling).max(0.0), floor.max(ceiling).min(1.0))
            }
        };
        if from >= to {
            continue;
        }
        let (start, end) =
            (if from == 0.0 { a } else { along(a, b, from) }, if to == 1.0 { b } else { along(a, b, to) });
        match pieces.last_mut() {
            Some(piece) if piece.last() == Some(&start) => piece.push(end),
            _ => pieces.push(vec![start, end]),
        }
    }
    pieces
}

/// Returns a line whose heights are moved into 0 to 1. It has a point wherever the line crosses an end.
fn bounded(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut all = Vec::with_capacity(points.len());
    for (at, &b) in points.iter().enumerate() {
        if let Some(&a) = at.checked_sub(1).and_then(|before| points.get(before)) {
            let mut crossings: Vec<f64> =
                [0.0, 1.0].into_iter().map(|end| (end - a.1) / (b.1 - a.1)).filter(|t| *t > 0.0 && *t < 1.0).collect();
            crossings.sort_by(f64::total_cmp);
            all.extend(crossings.into_iter().map(|t| along(a, b, t)));
        }
        all.push(b);
    }
    all.into_iter().map(|(x, y)| (x, y.clamp(0.0, 1.0))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_where_the_axis_ends() {
        let line = [(0.0, -1.0), (1.0, 1.0), (2.0, 0.5), (3.0, -0.5), (4.0, -0.5), (5.0, 1.5)];
        assert_eq!(
            pieces(&line),
            [vec![(0.5, 0.0), (1.0, 1.0), (2.0, 0.5), (2.5, 0.0)], vec![(4.25, 0.0), (4.75, 1.0)]]
        );
        assert_eq!(bounded(&line[..3]), [(0.0, 0.0), (0.5, 0.0), (1.0, 1.0), (2.0, 0.5)]);
        assert!(pieces(&[(0.0, 2.0), (1.0, 2.0)]).is_empty());
    }

    #[test]
    fn numbers_of_an_axis_have_the_same_decimals() {
        assert_eq!(labels(&[0.9, 0.905, 0.91], false, true), ["90.0 %", "90.5 %", "91.0 %"]);
        assert_eq!(labels(&[0.0, 0.5, 1.0], false, false), ["0.0", "0.5", "1.0"]);
        assert_eq!(labels(&[1e-5, 1e-3, 0.1], true, false), ["1e-5", "0.001", "0.1"]);
        assert_eq!(Ruler::epochs(3, "epoch").labels, ["0", "1", "2", "3"]);
    }
}
