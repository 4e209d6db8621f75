//! Charts as SVG. The file names its font and holds no glyphs, so that no font has to be installed where it is written.

use std::ops::Range;

use plotters::coord::Shift;
use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, ValueFormatter};
use plotters::prelude::*;

use super::axis::{Axis, Scale};
use super::chart::{x_end, y_axis};
use super::samples::{Line, Samples};
use super::sheet::{COLOURS, DrawError};
use crate::record::number::rate;

/// The width of a picture in pixels.
const WIDTH: u32 = 960;

/// The height of one chart in pixels, without its legend.
const HEIGHT: u32 = 420;

/// The most points of all lines of a chart together. At a dozen characters each, a picture stays below 200 kB.
const POINTS: usize = 12_000;

/// Lines of one quantity over epochs.
pub struct Chart<'a> {
    /// Empty for a chart without a title.
    pub title: String,
    /// The quantity on the value axis.
    pub quantity: String,
    pub lines: Vec<Line<'a>>,
    /// True if the names of the lines are shown.
    pub legend: bool,
}

/// The height of a row of a legend.
const LEGEND_ROW: u32 = 22;

/// The left end of a legend. It is also the left end of the plot above.
const LEGEND_LEFT: i32 = 92;

/// The size of letters, and the largest width of a letter in common fonts.
const LETTERS: (i32, i32) = (14, 9);

/// Returns `charts` as one picture, one below the other. The names of the lines are below each chart, outside of its
/// plot.
pub fn svg(charts: &[Chart<'_>], scale: Scale) -> Result<String, DrawError> {
    let mut text = String::new();
    let legends: Vec<Vec<(i32, i32)>> = charts.iter().map(legend).collect();
    let height = |legend: &Vec<(i32, i32)>| {
        let rows = legend.last().map_or(0, |(_, row)| *row as u32 + 1);
        HEIGHT + LEGEND_ROW * rows + if rows > 0 { LEGEND_ROW / 2 } else { 0 }
    };
    let whole: u32 = legends.iter().map(height).sum();
    {
        let root = SVGBackend::with_string(&mut text, (WIDTH, whole.max(HEIGHT))).into_drawing_area();
        root.fill(&WHITE)?;
        let mut rest = root.clone();
        for (chart, legend) in charts.iter().zip(&legends) {
            let (own, below) = rest.split_vertically(height(legend));
            rest = below;
            let (area, names) = own.split_vertically(HEIGHT);
            draw(&area, chart, y_axis(&chart.lines, scale, 5))?;
            draw_legend(&names, chart, legend)?;
        }
        root.present()?;
    }
    Ok(text)
}

/// An axis for plotters, with the same numbers as the chart in the terminal.
struct PlottersAxis {
    axis: Axis,
    ticks: Vec<f64>,
}

impl PlottersAxis {
    fn new(axis: Axis, ticks: usize) -> Self {
        PlottersAxis { axis, ticks: axis.ticks(ticks) }
    }
}

impl Ranged for PlottersAxis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        limit.0 + (self.axis.place(*value) * f64::from(limit.1 - limit.0)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        // Lines between the numbers would only make the picture larger.
        if hint.weight().allow_light_points() { Vec::new() } else { self.ticks.clone() }
    }

    fn range(&self) -> Range<f64> {
        self.axis.low..self.axis.high
    }
}

impl ValueFormatter<f64> for PlottersAxis {
    fn format(value: &f64) -> String {
        rate(*value)
    }
}

fn draw(area: &DrawingArea<SVGBackend<'_>, Shift>, chart: &Chart<'_>, y: Axis) -> Result<(), DrawError> {
    let Chart { title, quantity, lines, .. } = chart;
    let mut builder = ChartBuilder::on(area);
    builder.margin(16).x_label_area_size(44).y_label_area_size(76);
    if !title.is_empty() {
        builder.caption(title, ("sans-serif", 20));
    }
    let x = Axis { low: 0.0, high: x_end(lines), log: false };
    let mut plot = builder.build_cartesian_2d(PlottersAxis::new(x, 10), PlottersAxis::new(y, 6))?;
    plot.configure_mesh()
        .x_desc("epoch")
        .y_desc(quantity.as_str())
        .bold_line_style(BLACK.mix(0.12))
        .label_style(("sans-serif", 14))
        .draw()?;
    for line in lines {
        let points = points(line.samples, POINTS / lines.len());
        plot.draw_series(LineSeries::new(points, stroke(line)))?;
    }
    Ok(())
}

/// Returns the style of a line.
fn stroke(line: &Line<'_>) -> ShapeStyle {
    COLOURS[line.colour % COLOURS.len()].stroke_width(2)
}

/// Returns the left end and the row of the name of each line of `chart`. Empty if it has no legend.
fn legend(chart: &Chart<'_>) -> Vec<(i32, i32)> {
    let lines = if chart.legend { chart.lines.as_slice() } else { &[] };
    let (mut x, mut row) = (LEGEND_LEFT, 0);
    let mut places = Vec::new();
    for line in lines {
        let width = 44 + LETTERS.1 * line.name.chars().count() as i32;
        if x > LEGEND_LEFT && x + width > WIDTH as i32 {
            (x, row) = (LEGEND_LEFT, row + 1);
        }
        places.push((x, row));
        x += width;
    }
    places
}

/// Draws the names of the lines at `places`, each after a piece of its line.
fn draw_legend(
    area: &DrawingArea<SVGBackend<'_>, Shift>,
    chart: &Chart<'_>,
    places: &[(i32, i32)],
) -> Result<(), DrawError> {
    for (line, (x, row)) in chart.lines.iter().zip(places) {
        let y = LEGEND_ROW as i32 * row;
        let middle = y + LETTERS.0 / 2;
        area.draw(&PathElement::new(vec![(*x, middle), (x + 18, middle)], stroke(line)))?;
        area.draw(&Text::new(line.name.clone(), (x + 24, y), ("sans-serif", LETTERS.0)))?;
    }
    Ok(())
}

/// Returns at most about `most` points of a line. If there is room, the line is a staircase: a value lasts until the
/// next step.
fn points(samples: &Samples, most: usize) -> Vec<(f64, f64)> {
    let stairs = samples.spans.iter().all(|it| it.first.step == it.last.step);
    // A span has four points. With many lines, neighbouring spans are joined.
    let join = (4 * samples.spans.len()).div_ceil(most.max(4));
    let mut points: Vec<(f64, f64)> = Vec::new();
    let mut add = |step: u64, value: f64| {
        let point = (samples.epochs(step), value);
        // Of points at one height only the outer two are needed.
        if let [.., before, last] = points.as_mut_slice()
            && before.1 == point.1
            && last.1 == point.1
        {
            *last = point;
        } else if points.last() != Some(&point) {
            points.push(point);
        }
    };
    for chunk in samples.spans.chunks(join.max(1)) {
        let (Some(first), Some(last)) = (chunk.first(), chunk.last()) else { continue };
        if stairs && join <= 1 {
            add(first.first.step, first.first.value);
            add(first.first.step + samples.stride, first.first.value);
            continue;
        }
        let Some(whole) = samples.between(first.first.step, last.last.step + 1) else { continue };
        let mut inner = [whole.min, whole.max];
        inner.sort_by_key(|at| at.step);
        for at in [whole.first, inner[0], inner[1], whole.last] {
            add(at.step, at.value);
        }
    }
    points
}
