//! Curves as a picture. It names its font and holds no glyphs, so that none need to be installed where it is made.

use std::ops::Range;

use plotters::coord::Shift;
use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, ValueFormatter};
use plotters::prelude::*;

use super::axis::{Axis, Scale};
use super::chart::{Line, x_end, y_axis};
use super::curve::Curve;
use super::page::{Run, lines, quantities, same};
use crate::record::number::rate;

/// How every picture begins. A file that does not is not replaced by one.
pub const MARK: &str = "<!-- lr-run preview -->\n";

const WIDTH: u32 = 960;
/// Of one chart.
const HEIGHT: u32 = 420;

/// Points of all lines together: at a dozen characters each, a picture stays below 200 kB.
const POINTS: usize = 12_000;

/// Dark enough for paper, and different to most eyes (Okabe and Ito 2008).
const COLOURS: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(0, 0, 0),
];

type Failed = Box<dyn std::error::Error>;

/// A picture of `runs`: a chart for each quantity, one below the other.
pub fn svg(runs: &[Run], scale: Scale) -> Result<String, Failed> {
    let mut text = String::new();
    let quantities = quantities(runs);
    {
        let size = (WIDTH, HEIGHT * quantities.len().max(1) as u32);
        let root = SVGBackend::with_string(&mut text, size).into_drawing_area();
        root.fill(&WHITE)?;
        for (area, quantity) in root.split_evenly((quantities.len().max(1), 1)).iter().zip(quantities) {
            let same = same(runs, quantity);
            let lines = lines(&same);
            let names: Vec<&str> = runs.iter().map(|run| run.name.as_str()).collect();
            let title = if names.len() == 1 { names[0] } else { "" };
            let legend = lines.len() > 1 || runs.len() > 1;
            draw(area, title, quantity, &lines, y_axis(&lines, scale, 5), legend)?;
        }
        root.present()?;
    }
    Ok(format!("{MARK}{text}"))
}

/// An axis as plotters has them, with the numbers that the chart in the terminal shows, too.
struct Ruler {
    axis: Axis,
    ticks: Vec<f64>,
}

impl Ruler {
    fn new(axis: Axis, ticks: usize) -> Self {
        Ruler { axis, ticks: axis.ticks(ticks) }
    }
}

impl Ranged for Ruler {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        limit.0 + (self.axis.place(*value) * f64::from(limit.1 - limit.0)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        // Lines between those at the numbers only make the picture larger.
        if hint.weight().allow_light_points() { Vec::new() } else { self.ticks.clone() }
    }

    fn range(&self) -> Range<f64> {
        self.axis.low..self.axis.high
    }
}

impl ValueFormatter<f64> for Ruler {
    fn format(value: &f64) -> String {
        rate(*value)
    }
}

fn draw(
    area: &DrawingArea<SVGBackend<'_>, Shift>,
    title: &str,
    quantity: &str,
    lines: &[Line<'_>],
    y: Axis,
    legend: bool,
) -> Result<(), Failed> {
    let mut builder = ChartBuilder::on(area);
    builder.margin(16).x_label_area_size(44).y_label_area_size(76);
    if !title.is_empty() {
        builder.caption(title, ("sans-serif", 20));
    }
    let x = Axis { low: 0.0, high: x_end(lines), log: false };
    let mut chart = builder.build_cartesian_2d(Ruler::new(x, 10), Ruler::new(y, 6))?;
    chart
        .configure_mesh()
        .x_desc("epoch")
        .y_desc(quantity)
        .bold_line_style(BLACK.mix(0.12))
        .label_style(("sans-serif", 14))
        .draw()?;
    for (index, line) in lines.iter().enumerate() {
        let style = COLOURS[index % COLOURS.len()].stroke_width(2);
        let points = points(line.curve, POINTS / lines.len());
        let series = chart.draw_series(LineSeries::new(points, style))?;
        if legend {
            let key = move |(x, y)| PathElement::new(vec![(x, y), (x + 18, y)], style);
            series.label(line.name.clone()).legend(key);
        }
    }
    if legend {
        let position = SeriesLabelPosition::LowerLeft;
        let mut legend = chart.configure_series_labels();
        legend.position(position).background_style(WHITE.mix(0.8)).border_style(BLACK.mix(0.3));
        legend.label_font(("sans-serif", 14)).draw()?;
    }
    Ok(())
}

/// The curve as points, about `most`; each step's value lasts until the next step where there is room for that.
fn points(curve: &Curve, most: usize) -> Vec<(f64, f64)> {
    let stairs = curve.spans.iter().all(|it| it.first.step == it.last.step);
    // Four points a span; fewer spans where there are many lines.
    let join = (4 * curve.spans.len()).div_ceil(most.max(4));
    let mut points: Vec<(f64, f64)> = Vec::new();
    let mut add = |step: u64, value: f64| {
        let point = (curve.epochs(step), value);
        // Of points at one height, the outer two say it all.
        if let [.., before, last] = points.as_mut_slice()
            && before.1 == point.1
            && last.1 == point.1
        {
            *last = point;
        } else if points.last() != Some(&point) {
            points.push(point);
        }
    };
    for chunk in curve.spans.chunks(join.max(1)) {
        let (Some(first), Some(last)) = (chunk.first(), chunk.last()) else { continue };
        if stairs && join <= 1 {
            add(first.first.step, first.first.value);
            add(first.first.step + curve.stride, first.first.value);
            continue;
        }
        let Some(whole) = curve.between(first.first.step, last.last.step + 1) else { continue };
        let mut inner = [whole.min, whole.max];
        inner.sort_by_key(|at| at.step);
        for at in [whole.first, inner[0], inner[1], whole.last] {
            add(at.step, at.value);
        }
    }
    points
}
