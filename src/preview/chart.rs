//! Curves drawn with characters: braille dots, eight to a cell; where several lines cannot be told apart by colour, a
//! mark of its own for each.

use clap::builder::styling::{AnsiColor, Style};

use super::axis::{Axis, Scale};
use super::curve::{Curve, Span};
use crate::record::number::rate;

/// How the chart may look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Columns of the terminal.
    pub width: usize,
    pub colour: bool,
}

/// A curve with the name that the picture gives it.
pub struct Line<'a> {
    pub name: String,
    pub curve: &'a Curve,
}

/// Rows of the plot.
const HEIGHT: usize = 12;

/// Wider than any terminal; and the plot never gets narrower than this.
const WIDEST: usize = 500;
const NARROWEST: usize = 8;

/// Of the axis below.
const UNIT: &str = "epochs";

const MARKS: [char; 8] = ['*', 'o', '+', 'x', '#', '@', '%', '~'];
const COLOURS: [AnsiColor; 6] =
    [AnsiColor::Cyan, AnsiColor::Yellow, AnsiColor::Magenta, AnsiColor::Green, AnsiColor::Blue, AnsiColor::Red];

/// The chart of `lines` over epochs, with its axes and, where there are several, what each is. Lines end in a line break.
pub fn chart(quantity: &str, lines: &[Line<'_>], scale: Scale, look: Look) -> String {
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
    let width = look.width.min(WIDEST).saturating_sub(margin + 4).max(NARROWEST);
    let alone = lines.len() == 1;
    let pen = if alone || look.colour { Pen::Dots } else { Pen::Marks };
    let mut canvas = Canvas { pen, width, cells: vec![Cell::default(); width * HEIGHT] };
    for (index, line) in lines.iter().enumerate() {
        canvas.draw(index, line.curve, &y, end);
    }
    let mut text = format!("  {quantity:>margin$}\n");
    for (row, label) in labels.iter().enumerate() {
        let label = label.as_deref().unwrap_or_default();
        let edge = if label.is_empty() { '│' } else { '┤' };
        let line = format!("  {label:>margin$} {edge}{}", canvas.row(row, look.colour));
        text += line.trim_end();
        text += "\n";
    }
    text += &x_axis(end, width, margin);
    if !alone {
        for (index, line) in lines.iter().enumerate() {
            let key = match pen {
                Pen::Dots => painted(index, "━━", look.colour),
                Pen::Marks => mark(index).to_string(),
            };
            text += &format!("  {:margin$}  {key} {}\n", "", line.name);
        }
    }
    text
}

/// The values' axis of `lines`, with about `steps` numbers beside it.
pub fn y_axis(lines: &[Line<'_>], scale: Scale, steps: usize) -> Axis {
    let wholes = lines.iter().filter_map(|line| line.curve.whole());
    let highest = wholes.clone().map(|whole| whole.max.value).fold(0.0, f64::max);
    let log = match scale {
        Scale::Auto => lines.iter().any(|line| lies_low(line.curve, highest)),
        Scale::Linear => false,
        Scale::Log => true,
    };
    // Of a curve that ends at 0, the values above 0 matter to a logarithmic axis.
    let above = lines.iter().flat_map(|line| line.curve.spans.iter()).map(|span| span.min.value);
    Axis::new(wholes.flat_map(|whole| [whole.min.value, whole.max.value]).chain(above), log, steps)
}

/// Whether more than a fifth of `curve` lies below a hundredth of `highest`, though not at 0.
fn lies_low(curve: &Curve, highest: f64) -> bool {
    let low = |span: &&Span| span.last.value > 0.0 && span.last.value < highest / 100.0;
    5 * curve.spans.iter().filter(low).count() > curve.spans.len()
}

/// Epochs that the longest run has.
pub fn x_end(lines: &[Line<'_>]) -> f64 {
    lines.iter().map(|line| line.curve.epochs(line.curve.horizon.total_steps)).fold(0.0, f64::max)
}

/// The number beside each row that has one.
fn labels(y: &Axis) -> Vec<Option<String>> {
    let mut labels = vec![None; HEIGHT];
    for tick in y.ticks(HEIGHT / 3) {
        let row = ((1.0 - y.place(tick)) * (HEIGHT * Pen::Dots.per_cell().1 - 1) as f64).round() as usize;
        labels[(row / Pen::Dots.per_cell().1).min(HEIGHT - 1)] = Some(rate(tick));
    }
    labels
}

/// The line below the plot, and the numbers of the epochs below that.
fn x_axis(end: f64, width: usize, margin: usize) -> String {
    let axis = Axis { low: 0.0, high: end, log: false };
    let mut rule = vec!['─'; width];
    let mut numbers: Vec<char> = Vec::new();
    for tick in axis.ticks(width / 10) {
        let at = (axis.place(tick) * (width - 1) as f64).round() as usize;
        let label: Vec<char> = rate(tick).chars().collect();
        // Centred, as far as it does not stand out on the right; the first column is the corner's.
        let start = (at + 1).saturating_sub(label.len() / 2).min((width + 1).saturating_sub(label.len()));
        // Numbers do not touch.
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
    /// Columns and rows of points in one cell.
    fn per_cell(self) -> (usize, usize) {
        match self {
            Pen::Dots => (2, 4),
            Pen::Marks => (1, 1),
        }
    }
}

/// Which points of a cell are set, and by which line last.
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
    fn draw(&mut self, line: usize, curve: &Curve, y: &Axis, end: f64) {
        let (across, down) = self.pen.per_cell();
        let (columns, rows) = (self.width * across, HEIGHT * down);
        let row = |value: f64| ((1.0 - y.place(value)) * (rows - 1) as f64).round() as usize;
        let step = |column: usize| {
            let epochs = end * column as f64 / columns as f64;
            // Rounding must not put a step into the column before its own.
            (epochs * curve.horizon.steps_per_epoch as f64 + 1e-6).floor() as u64
        };
        let mut before: Option<usize> = None;
        for column in 0..columns {
            let from = step(column);
            if from >= curve.horizon.total_steps {
                break;
            }
            let Some(here) = curve.between(from, step(column + 1).max(from + 1)) else { break };
            let (mut top, mut bottom) = (row(here.max.value), row(here.min.value));
            // What lies between two columns is drawn in the second.
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
        // The Unicode block numbers the dots of a cell's upper three rows first.
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
        // One escape sequence for neighbours of one colour.
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
