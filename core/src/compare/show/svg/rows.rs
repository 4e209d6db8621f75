//! A row for each strategy, with numbers as dots on one axis.

use super::key::{Key, Look};
use super::page::{INK, MARGIN, PALE, WIDTH};
use crate::plot::{Anchor, DrawError, Letters, NUMBERS, Panel, RGBColor, Ruler, Sheet, Stroke, text_width};

/// The height of a row, for few and for many rows.
const ROW: f64 = 26.0;
const LOW_ROW: f64 = 20.0;
/// The most rows that are few.
const FEW: usize = 16;
/// The space above the rows, with the heads of columns.
const HEAD: f64 = 20.0;
/// The space below the rows, with the axis.
const BELOW: f64 = 50.0;

/// The radius of the circle of a seed.
const RADIUS: f64 = 2.6;
/// The heights of circles in a row.
const LANES: [f64; 5] = [0.0, -3.6, 3.6, -7.2, 7.2];

/// The colour of dots of strategies in grey, darker than that of lines because dots are small.
const GREY: RGBColor = RGBColor(110, 110, 110);

/// A column of text on the right of the rows.
pub struct Column {
    pub head: String,
    pub cells: Vec<String>,
}

/// The rows of a picture.
pub struct Rows<'a> {
    pub key: &'a Key,
    pub x: Ruler,
    pub columns: Vec<Column>,
    /// The width between the axis and the columns, for marks that have no place on the axis.
    pub beyond: f64,
}

impl Rows<'_> {
    /// Returns the height of all rows, with the axis.
    pub fn height(&self) -> f64 {
        HEAD + self.row() * self.key.looks.len() as f64 + BELOW
    }

    fn row(&self) -> f64 {
        if self.key.looks.len() > FEW { LOW_ROW } else { ROW }
    }

    /// Draws the axis, the names and the columns. `row` draws the row of a strategy at its height.
    pub fn draw(
        &self,
        sheet: &mut Sheet<'_>,
        top: f64,
        row: impl Fn(&mut Sheet<'_>, &Panel, usize, f64) -> Result<(), DrawError>,
    ) -> Result<(), DrawError> {
        let widest = |all: &mut dyn Iterator<Item = &str>| all.map(|it| text_width(it, NUMBERS)).fold(0.0, f64::max);
        let names = widest(&mut self.key.looks.iter().map(|it| it.name.as_str()));
        let widths: Vec<f64> = self
            .columns
            .iter()
            .map(|it| 12.0 + widest(&mut it.cells.iter().map(String::as_str).chain([it.head.as_str()])))
            .collect();
        let left = MARGIN + 16.0 + names + 10.0;
        let width = WIDTH - MARGIN - widths.iter().sum::<f64>() - self.beyond - left;
        let height = self.row() * self.key.looks.len() as f64;
        let nothing = crate::plot::Axis { low: 0.0, high: 1.0, log: false };
        let y = Ruler { axis: nothing, title: String::new(), ticks: Vec::new(), labels: Vec::new() };
        let panel = Panel { left, top: top + HEAD, width, height, x: self.x.clone(), y };
        panel.axes(sheet)?;
        let middle = |at: usize| panel.top + self.row() * (at as f64 + 0.5);
        for (at, look) in self.key.looks.iter().enumerate() {
            let y = middle(at);
            if let Some(mark) = look.mark {
                sheet.mark(mark, (MARGIN + 5.0, y), 4.0, look.colour)?;
            }
            sheet.text(&look.name, (MARGIN + 16.0, y), Letters::new(NUMBERS, INK, Anchor::Left))?;
            row(sheet, &panel, at, y)?;
        }
        let mut x = panel.right() + self.beyond;
        for (column, width) in self.columns.iter().zip(widths) {
            x += width;
            sheet.text(&column.head, (x, panel.top - 10.0), Letters::new(NUMBERS, PALE, Anchor::Right))?;
            for (at, cell) in column.cells.iter().enumerate() {
                sheet.text(cell, (x, middle(at)), Letters::new(NUMBERS, INK, Anchor::Right))?;
            }
        }
        Ok(())
    }
}

/// Returns the colour of the dots of a strategy.
pub fn colour(look: &Look) -> RGBColor {
    if look.mark.is_some() { look.colour } else { GREY }
}

/// Draws the numbers of seeds as circles. Those that would touch lie at different heights.
pub fn seeds(sheet: &mut Sheet<'_>, panel: &Panel, mut values: Vec<f64>, y: f64, look: &Look) -> Result<(), DrawError> {
    values.sort_by(f64::total_cmp);
    let places: Vec<f64> = values.into_iter().map(|it| panel.at(it, 0.0).0).collect();
    let mut lanes = [f64::NEG_INFINITY; LANES.len()];
    for x in places {
        // The first free lane or, if none is free, that of the circle furthest away.
        let free = lanes.iter().position(|end| x - end >= 2.0 * RADIUS + 1.0);
        let furthest = || (0..LANES.len()).min_by(|&a, &b| lanes[a].total_cmp(&lanes[b]));
        let lane = free.or_else(furthest).unwrap_or(0);
        lanes[lane] = x;
        sheet.ring((x, y + LANES[lane]), RADIUS, Stroke::new(colour(look), 1.1))?;
    }
    Ok(())
}

/// Draws a triangle at an end of the axis, for a number that is outside of it.
pub fn arrow(sheet: &mut Sheet<'_>, panel: &Panel, is_left: bool, y: f64, colour: RGBColor) -> Result<(), DrawError> {
    let (x, by) = if is_left { (panel.left, 7.0) } else { (panel.right(), -7.0) };
    sheet.area(&[(x, y), (x + by, y - 4.0), (x + by, y + 4.0)], Stroke::new(colour, 0.0))
}
