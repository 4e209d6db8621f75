//! A picture in SVG, drawn with positions in pixels. Text stays text in the reader's own sans-serif font.

use plotters::backend::{DrawingBackend, SVGBackend};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, IntoFont, IntoTextStyle, RGBColor, ShapeStyle};

/// A picture that cannot be drawn.
pub type DrawError = Box<dyn std::error::Error>;

/// Dark enough for paper, and distinguishable for most people (Okabe and Ito 2008).
pub const COLOURS: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(0, 0, 0),
];

/// The shape of a mark. There is one for each colour, so that a print without colours can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    Circle,
    Square,
    Triangle,
    Diamond,
    TriangleDown,
    Cross,
    Plus,
}

impl Mark {
    pub const ALL: [Mark; COLOURS.len()] =
        [Mark::Circle, Mark::Square, Mark::Triangle, Mark::Diamond, Mark::TriangleDown, Mark::Cross, Mark::Plus];
}

/// The pen of a line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stroke {
    pub colour: RGBColor,
    /// In pixels.
    pub width: f64,
    /// From 0, invisible, to 1.
    pub opacity: f64,
}

impl Stroke {
    /// Returns an opaque stroke.
    pub fn new(colour: RGBColor, width: f64) -> Stroke {
        Stroke { colour, width, opacity: 1.0 }
    }
}

/// The side of a text at its position. Vertically, its middle is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    Left,
    Centre,
    Right,
}

/// The look of a text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Letters {
    /// The height of a line in pixels.
    pub size: f64,
    pub colour: RGBColor,
    pub anchor: Anchor,
    pub bold: bool,
}

impl Letters {
    /// Returns letters of a usual weight.
    pub fn new(size: f64, colour: RGBColor, anchor: Anchor) -> Letters {
        Letters { size, colour, anchor, bold: false }
    }
}

/// The units of the file in a pixel. Whole pixels would make steps in flat lines, and plotters has no fractions.
const UNITS: f64 = 10.0;

/// The distance from a line, in pixels, that nobody sees.
const HARDLY: f64 = 0.06;

/// The size that plotters divides a font size by.
const PLOTTERS_EM: f64 = 1.24;

/// The width of a letter divided by its height, in a wide font such as DejaVu Sans.
const LETTER: f64 = 0.6;

/// A picture that is being drawn.
pub struct Sheet<'a> {
    backend: SVGBackend<'a>,
}

impl Sheet<'_> {
    /// Returns what `draw` draws on a white sheet of `size` pixels, as SVG. Viewers and screen readers show the `title`.
    pub fn draw(
        title: &str,
        size: (f64, f64),
        draw: impl FnOnce(&mut Sheet<'_>) -> Result<(), DrawError>,
    ) -> Result<String, DrawError> {
        let (width, height) = (size.0.ceil() as u32, size.1.ceil() as u32);
        let (wide, high) = (width * UNITS as u32, height * UNITS as u32);
        let mut text = String::new();
        let mut sheet = Sheet { backend: SVGBackend::with_string(&mut text, (wide, high)) };
        sheet.area(
            &[(0.0, 0.0), (size.0, 0.0), (size.0, size.1), (0.0, size.1)],
            Stroke::new(RGBColor(255, 255, 255), 0.0),
        )?;
        draw(&mut sheet)?;
        sheet.backend.present()?;
        drop(sheet);
        // The head of plotters has the size in its units.
        let body = text.split_once('\n').map_or("", |(_, body)| body);
        let title = plain(title).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let head = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {wide} {high}\" role=\"img\">\n<title>{title}</title>\n"
        );
        Ok(head + body)
    }

    /// Draws a line through `points`.
    pub fn line(&mut self, points: &[(f64, f64)], stroke: Stroke) -> Result<(), DrawError> {
        let points = corners(points);
        if points.len() > 1 {
            self.backend.draw_path(points, &pen(stroke))?;
        }
        Ok(())
    }

    /// Fills the area within `points` with the colour of `stroke`.
    pub fn area(&mut self, points: &[(f64, f64)], stroke: Stroke) -> Result<(), DrawError> {
        Ok(self.backend.fill_polygon(corners(points), &pen(stroke).filled())?)
    }

    /// Draws a filled circle.
    pub fn dot(&mut self, at: (f64, f64), radius: f64, stroke: Stroke) -> Result<(), DrawError> {
        Ok(self.backend.draw_circle(unit(at), (radius * UNITS).round() as u32, &pen(stroke).filled(), true)?)
    }

    /// Draws a circle.
    pub fn ring(&mut self, at: (f64, f64), radius: f64, stroke: Stroke) -> Result<(), DrawError> {
        Ok(self.backend.draw_circle(unit(at), (radius * UNITS).round() as u32, &pen(stroke), false)?)
    }

    /// Draws a mark with about the area of a circle of `radius`.
    pub fn mark(&mut self, mark: Mark, at: (f64, f64), radius: f64, colour: RGBColor) -> Result<(), DrawError> {
        let r = radius;
        let (x, y) = at;
        let stroke = Stroke::new(colour, 0.6 * r);
        let around = |corners: &[(f64, f64)]| corners.iter().map(|it| (x + r * it.0, y + r * it.1)).collect::<Vec<_>>();
        match mark {
            Mark::Circle => self.dot(at, r, stroke),
            Mark::Square => self.area(&around(&[(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)]), stroke),
            Mark::Triangle => self.area(&around(&[(0.0, -1.25), (1.15, 0.8), (-1.15, 0.8)]), stroke),
            Mark::TriangleDown => self.area(&around(&[(0.0, 1.25), (1.15, -0.8), (-1.15, -0.8)]), stroke),
            Mark::Diamond => self.area(&around(&[(0.0, -1.3), (1.1, 0.0), (0.0, 1.3), (-1.1, 0.0)]), stroke),
            Mark::Cross => {
                self.line(&around(&[(-1.0, -1.0), (1.0, 1.0)]), stroke)?;
                self.line(&around(&[(-1.0, 1.0), (1.0, -1.0)]), stroke)
            }
            Mark::Plus => {
                self.line(&around(&[(-1.25, 0.0), (1.25, 0.0)]), stroke)?;
                self.line(&around(&[(0.0, -1.25), (0.0, 1.25)]), stroke)
            }
        }
    }

    /// Writes a line of text.
    pub fn text(&mut self, text: &str, at: (f64, f64), letters: Letters) -> Result<(), DrawError> {
        let side = match letters.anchor {
            Anchor::Left => HPos::Left,
            Anchor::Centre => HPos::Center,
            Anchor::Right => HPos::Right,
        };
        let mut font = ("sans-serif", letters.size * UNITS * PLOTTERS_EM).into_font();
        if letters.bold {
            font = font.style(plotters::style::FontStyle::Bold);
        }
        let style = font.into_text_style(&(0, 0)).color(&letters.colour).pos(Pos::new(side, VPos::Center));
        Ok(self.backend.draw_text(&plain(text), &style, unit(at))?)
    }
}

/// Returns an estimate of the width of a text in pixels. It is rather too wide than too narrow.
pub fn text_width(text: &str, size: f64) -> f64 {
    // Letters of East Asia, and pictures, are as wide as they are high.
    let letter = |it: char| if it >= '\u{1100}' && !('\u{2000}'..'\u{2e00}').contains(&it) { 1.0 } else { LETTER };
    size * text.chars().map(letter).sum::<f64>()
}

/// Returns `text` without characters that XML forbids or that are not visible.
fn plain(text: &str) -> String {
    let visible = |it: char| match it {
        '\t' | '\n' | '\r' => ' ',
        // Not in XML; and marks that reverse the text after them.
        '\u{fffe}' | '\u{ffff}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
        it if it.is_control() => '\u{fffd}',
        it => it,
    };
    text.chars().map(visible).collect()
}

fn pen(stroke: Stroke) -> ShapeStyle {
    let width = (stroke.width * UNITS).round() as u32;
    stroke.colour.mix(stroke.opacity).stroke_width(width)
}

fn unit(at: (f64, f64)) -> (i32, i32) {
    ((at.0 * UNITS).round() as i32, (at.1 * UNITS).round() as i32)
}

/// Returns the corners of a line in the units of the file. A point that is hardly off the line of its neighbours is left out
/// (Douglas and Peucker 1973).
fn corners(points: &[(f64, f64)]) -> Vec<(i32, i32)> {
    let mut kept = vec![false; points.len()];
    kept.first_mut().into_iter().for_each(|it| *it = true);
    kept.last_mut().into_iter().for_each(|it| *it = true);
    let mut open = vec![(0, points.len().saturating_sub(1))];
    while let Some((from, to)) = open.pop() {
        let off = |at: usize| distance(points[at], points[from], points[to]);
        let Some(furthest) = (from + 1..to).max_by(|&a, &b| off(a).total_cmp(&off(b))) else { continue };
        if off(furthest) > HARDLY {
            kept[furthest] = true;
            open.extend([(from, furthest), (furthest, to)]);
        }
    }
    let mut corners: Vec<(i32, i32)> =
        points.iter().zip(kept).filter(|it| it.1).map(|(point, _)| unit(*point)).collect();
    corners.dedup();
    corners
}

/// Returns the distance of a point from the segment between two others.
fn distance(point: (f64, f64), from: (f64, f64), to: (f64, f64)) -> f64 {
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let along = (point.0 - from.0) * dx + (point.1 - from.1) * dy;
    let t = (along / (dx * dx + dy * dy)).clamp(0.0, 1.0);
    let t = if t.is_nan() { 0.0 } else { t };
    (point.0 - from.0 - t * dx).hypot(point.1 - from.1 - t * dy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_that_change_nothing_are_left_out() {
        let line = [(0.0, 1.0), (1.0, 1.02), (1.01, 1.0), (2.0, 1.0), (2.0, 0.0), (2.0, 2.0), (3.0, 3.0), (4.0, 4.0)];
        assert_eq!(corners(&line), [(0, 10), (20, 10), (20, 0), (20, 20), (40, 40)]);
        assert_eq!(corners(&[(1.0, 1.0), (1.0, 1.0)]), [(10, 10)]);
        assert_eq!(corners(&[]), []);
    }

    #[test]
    fn text_has_no_character_that_xml_forbids() {
        assert_eq!(plain("a\u{0}b\u{1b}[31m\tc\u{ffff}\n"), "a\u{fffd}b\u{fffd}[31m c\u{fffd} ");
    }
}
