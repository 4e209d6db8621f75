//! Charts of characters. Lines are braille dots, eight per cell. Without colour, each of several lines has its own
//! mark.

use clap::builder::styling::{AnsiColor, Style};

use super::axis::{Axis, Scale, lies_low};
use super::samples::{Line, Samples};
use crate::record::number::rate;

/// Options of a chart in a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChartOptions {
    /// The columns of the terminal.
    pub width: usize,
    pub colour: bool,
}

/// The height of the plot, in rows.
const HEIGHT: usize = 12;

/// The most columns of the plot. Most terminals have fewer.
const WIDEST: usize = 500;
/// The fewest columns of the plot.
const NARROWEST: usize = 8;

/// The unit of the horizontal axis.
const UNIT: &str = "epochs";

const MARKS: [char; 8] = ['*', 'o', '+', 'x', '#', '@', '%', '~'];
const COLOURS: [AnsiColor; 6] =
    [AnsiColor::Cyan, AnsiColor::Yellow, AnsiColor::Magenta, AnsiColor::Green, AnsiColor::Blue, AnsiColor::Red];

/// Returns a chart of `lines` over epochs, with axes and, for several lines, a legend. A later line covers those before
/// it. The text ends in a line break.
pub fn chart(quantity: &str, lines: &[Line<'_>], scale: Scale, options: ChartOptions) -> String {
    drawn(quantity, lines, lines.iter(), scale, options)
}

/// Returns the same chart, but with the first line above all others. The legend is in the order of `lines`.
pub fn chart_first_on_top(quantity: &str, lines: &[Line<'_>], scale: Scale, options: ChartOptions) -> String {
    drawn(quantity, lines, lines.iter().rev(), scale, options)
}

/// Draws `lines` in `order`.
fn drawn<'a>(
    quantity: &str,
    lines: &[Line<'_>],
    order: impl Iterator<Item = &'a Line<'a>>,
    scale: Scale,
    options: ChartOptions,
) -> String {
    let y = y_axis(lines, scale, HEIGHT / 3);
    let end = x_end(lines);
    let labels = labels(&y);
    let margin = labels
        .iter()
        .flatten()
        .map(|label| label.chars().count())
        .max()
        .unwrap_or(0)
        .max(quantity.len())
        .max(UNIT.len());
    let width = options.width.min(WIDEST).saturating_sub(margin + 4).max(NARROWEST);
    let alone = lines.len() == 1;
    let pen = if alone || options.colour { Pen::Dots } else { Pen::Marks };
    let mut canvas = Canvas { pen, width, cells: vec![Cell::default(); width * HEIGHT] };
    for line in order {
        canvas.draw(line.colour, line.samples, &y, end);
    }
    let mut text = format!("  {quantity:>margin$}\n");
    for (row, label) in labels.iter().enumerate() {
        let label = label.as_deref().unwrap_or_default();
        let edge = if label.is_empty() { '│' } else { '┤' };
        let line = format!("  {label:>margin$} {edge}{}", canvas.row(row, options.colour));
        text += line.trim_end();
        text += "\n";
    }
    text += &x_axis(end, width, margin);
    if !alone {
        for line in lines {
            let key = match pen {
                Pen::Dots => painted(line.colour, "━━", options.colour),
                Pen::Marks => mark(line.colour).to_string(),
            };
            text += &format!("  {:margin$}  {key} {}\n", "", line.name);
        }
    }
    text
}

/// Returns the value axis of `lines`, with about `steps` ticks.
pub fn y_axis(lines: &[Line<'_>], scale: Scale, steps: usize) -> Axis {
    let wholes = lines.iter().filter_map(|line| line.samples.whole());
    let highest = wholes.clone().map(|whole| whole.max.value).fold(0.0, f64::max);
    let log = match scale {
        Scale::Auto => {
            lines.iter().any(|line| lies_low(line.samples.spans.iter().map(|span| span.last.value), highest))
        }
        Scale::Linear => false,
        Scale::Log => true,
    };
    // A logarithmic axis needs the smallest values above 0 of a line that ends at 0.
    let above = lines.iter().flat_map(|line| line.samples.spans.iter()).map(|span| span.min.value);
    Axis::new(wholes.flat_map(|whole| [whole.min.value, whole.max.value]).chain(above), log, steps)
}

/// Returns the number of epochs of the longest run.
pub(super) fn x_end(lines: &[Line<'_>]) -> f64 {
    lines.iter().map(|line| line.samples.epochs(line.samples.horizon.total_steps)).fold(0.0, f64::max)
}

/// Returns the label of each row. `None` for a row without a label.
fn labels(y: &Axis) -> Vec<Option<String>> {
    let mut labels = vec![None; HEIGHT];
    for tick in y.ticks(HEIGHT / 3) {
        let row = ((1.0 - y.place(tick)) * (HEIGHT * Pen::Dots.per_cell().1 - 1) as f64).round() as usize;
        labels[(row / Pen::Dots.per_cell().1).min(HEIGHT - 1)] = Some(rate(tick));
    }
    labels
}

/// Returns the line below the plot and, below it, the labels of the epochs.
fn x_axis(end: f64, width: usize, margin: usize) -> String {
    let axis = Axis { low: 0.0, high: end, log: false };
    let mut rule = vec!['─'; width];
    let mut numbers: Vec<char> = Vec::new();
    for tick in axis.ticks(width / 10) {
        let at = (axis.place(tick) * (width - 1) as f64).round() as usize;
        let label: Vec<char> = rate(tick).chars().collect();
        // Centred, unless it would stick out on the right. The first column belongs to the corner.
        let start = (at + 1).saturating_sub(label.len() / 2).min((width + 1).saturating_sub(label.len()));
        // Numbers do not touch each other.
        if start > numbers.len() || numbers.is_empty() {
            rule[at] = '┬';
            numbers.resize(start, ' ');
            numbers.extend(label);
        }
    }
    let numbers: String = numbers.into_iter().collect();
    let rule: String = rule.into_iter().collect();
    format!("  {:margin$} └{rule}\n  {UNIT:>margin$} {numbers}\n", "")
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Pen {
    Dots,
    Marks,
}

impl Pen {
    /// Returns the columns and rows of points in one cell.
    fn per_cell(self) -> (usize, usize) {
        match self {
            Pen::Dots => (2, 4),
            Pen::Marks => (1, 1),
        }
    }
}

/// The points of a cell that are set, and the line that set one last.
#[derive(Clone, Copy, Debug, Default)]
struct Cell {
    dots: u8,
    line: usize,
}

struct Canvas {
    pen: Pen,
    width: usize,
    cells: Vec<Cell>,
}

impl Canvas {
    fn draw(&mut self, line: usize, samples: &Samples, y: &Axis, end: f64) {
        let (across, down) = self.pen.per_cell();
        let columns = self.width * across;
        let rows = HEIGHT * down;
        let row = |value: f64| ((1.0 - y.place(value)) * (rows - 1) as f64).round() as usize;
        let step = |column: usize| {
            let epochs = end * column as f64 / columns as f64;
            // Rounding must not move a step into the column before its own.
            (epochs * samples.horizon.steps_per_epoch as f64 + 1e-6).floor() as u64
        };
        let mut before: Option<usize> = None;
        for column in 0..columns {
            let from = step(column);
            if from >= samples.horizon.total_steps {
                break;
            }
            let to = step(column + 1).max(from + 1);
            if samples.spans.first().is_some_and(|first| to <= first.first.step) {
                continue;
            }
            let Some(here) = samples.between(from, to) else { break };
            let mut top = row(here.max.value);
            let mut bottom = row(here.min.value);
            // The second of two columns draws the connection between them.
            if let Some(before) = before {
                top = top.min(if before < top { before + 1 } else { top });
                bottom = bottom.max(if before > bottom { before - 1 } else { bottom });
            }
            (top..=bottom).for_each(|row| self.set(line, column, row));
            before = Some(row(here.last.value));
        }
    }

    fn set(&mut self, line: usize, column: usize, row: usize) {
        let (across, down) = self.pen.per_cell();
        let Some(cell) = self.cells.get_mut(row / down * self.width + column / across) else { return };
        // Unicode numbers the dots of the upper three rows first.
        const DOTS: [[u8; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];
        cell.dots |= DOTS[row % down][column % across];
        cell.line = line;
    }

    fn row(&self, row: usize, colour: bool) -> String {
        let cells = &self.cells[row * self.width..][..self.width];
        let text = |cell: &Cell| match (cell.dots, self.pen) {
            (0, _) => ' ',
            (_, Pen::Marks) => mark(cell.line),
            (dots, Pen::Dots) => char::from_u32(0x2800 + u32::from(dots)).unwrap_or(' '),
        };
        // Neighbouring cells of one line share an escape sequence.
        let runs = cells.chunk_by(|a, b| (a.dots == 0) == (b.dots == 0) && a.line == b.line);
        let shown = runs.map(|run| {
            let text: String = run.iter().map(text).collect();
            if run[0].dots == 0 { text } else { painted(run[0].line, &text, colour) }
        });
        shown.collect()
    }
}

fn mark(line: usize) -> char {
    MARKS[line % MARKS.len()]
}

fn painted(line: usize, text: &str, colour: bool) -> String {
    let style: Style = COLOURS[line % COLOURS.len()].on_default();
    if colour { format!("{style}{text}{style:#}") } else { text.to_owned() }
}
