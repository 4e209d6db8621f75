//! The frame of a picture: its title above, and notes below.

use super::key::shortened;
use crate::plot::{Anchor, DrawError, Letters, RGBColor, Sheet, text_width};

/// The width of every picture in pixels: 7.5 inches, so that letters have 9 points, or 8 in a column of 6.5 inches.
pub const WIDTH: f64 = 720.0;

pub const INK: RGBColor = RGBColor(0, 0, 0);
pub const PALE: RGBColor = RGBColor(85, 85, 85);

/// The space around a picture.
pub const MARGIN: f64 = 14.0;

/// The height of a title with its space.
const TITLE: f64 = 20.0;
const TITLE_LETTERS: f64 = 13.0;
const NOTE_LETTERS: f64 = 11.0;
/// The height of a line of a note.
const NOTE: f64 = 15.0;

/// Draws a picture with a title, a body of `height` pixels, and notes. `body` gets the upper end of the body.
pub fn page(
    title: &str,
    height: f64,
    notes: &[String],
    body: impl FnOnce(&mut Sheet<'_>, f64) -> Result<(), DrawError>,
) -> Result<String, DrawError> {
    let lines: Vec<String> = notes.iter().flat_map(|it| wrapped(it)).collect();
    let top = MARGIN + TITLE;
    let whole = top + height + NOTE * lines.len() as f64 + MARGIN;
    Sheet::draw(title, (WIDTH, whole), |sheet| {
        let letters = Letters { bold: true, ..Letters::new(TITLE_LETTERS, INK, Anchor::Left) };
        let most = ((WIDTH - 2.0 * MARGIN) / text_width("a", TITLE_LETTERS)) as usize;
        sheet.text(&shortened(title, most), (MARGIN, MARGIN + TITLE_LETTERS / 2.0), letters)?;
        body(sheet, top)?;
        for (at, line) in lines.iter().enumerate() {
            let y = top + height + NOTE * (at as f64 + 0.5);
            sheet.text(line, (MARGIN, y), Letters::new(NOTE_LETTERS, PALE, Anchor::Left))?;
        }
        Ok(())
    })
}

/// Returns a note as lines that fit into the width.
fn wrapped(note: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in note.split_whitespace() {
        let line = lines.last().cloned().unwrap_or_default();
        let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
        if line.is_empty() || text_width(&longer, NOTE_LETTERS) <= WIDTH - 2.0 * MARGIN {
            lines.pop();
            lines.push(longer);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}
