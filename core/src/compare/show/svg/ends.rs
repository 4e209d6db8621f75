//! Names at the ends of lines, which need no legend.

use super::key::Look;
use super::page::INK;
use crate::plot::{Anchor, DrawError, Letters, NUMBERS, Panel, Sheet, Stroke, text_width};

/// The least distance of two names.
const STEP: f64 = 17.0;
/// The lengths of the line from the panel to a sample, and of the sample.
const LEAD: f64 = 16.0;
const SAMPLE: f64 = 24.0;

/// A name to write.
pub struct End<'a> {
    pub look: &'a Look,
    pub name: String,
    /// The height of the end of its line within the panel, from 0 to 1. `None` for a line that is not within the panel.
    pub height: Option<f64>,
    /// True if the line ends at the right end of the panel.
    pub is_last: bool,
}

/// Returns the width that the names of `ends` need on the right of a panel.
pub fn width(ends: &[End<'_>]) -> f64 {
    let widest = ends.iter().map(|it| text_width(&it.name, NUMBERS)).fold(0.0, f64::max);
    if ends.is_empty() { 0.0 } else { 4.0 + LEAD + SAMPLE + 6.0 + widest }
}

/// Writes each name on the right of the panel as near as possible to the end of its line, with a sample of it.
pub fn draw(sheet: &mut Sheet<'_>, panel: &Panel, ends: &[End<'_>]) -> Result<(), DrawError> {
    let place = |it: &End<'_>| panel.bottom() - it.height.unwrap_or(0.0).clamp(0.0, 1.0) * panel.height;
    let mut order: Vec<usize> = (0..ends.len()).collect();
    order.sort_by(|&a, &b| place(&ends[a]).total_cmp(&place(&ends[b])).then(a.cmp(&b)));
    let wanted: Vec<f64> = order.iter().map(|&at| place(&ends[at])).collect();
    for (at, y) in order.into_iter().zip(apart(&wanted, panel.top, panel.bottom())) {
        let end = &ends[at];
        let x = panel.right() + 4.0;
        let colour = end.look.colour;
        if end.is_last && end.height.is_some() {
            sheet.line(
                &[(x - 2.0, place(end)), (x + LEAD - 2.0, y)],
                Stroke { opacity: 0.6, ..Stroke::new(colour, 0.8) },
            )?;
        }
        let sample = x + LEAD;
        sheet.line(&[(sample, y), (sample + SAMPLE, y)], Stroke::new(colour, 2.0))?;
        if let Some(mark) = end.look.mark {
            sheet.mark(mark, (sample + SAMPLE / 2.0, y), 3.6, colour)?;
        }
        sheet.text(&end.name, (sample + SAMPLE + 6.0, y), Letters::new(NUMBERS, INK, Anchor::Left))?;
    }
    Ok(())
}

/// Moves rising heights apart, as little as needed, and into the range from `top` to `bottom` if they fit.
fn apart(wanted: &[f64], top: f64, bottom: f64) -> Vec<f64> {
    // Names that would touch form a block around the mean of their heights.
    let mut blocks: Vec<(f64, usize)> = Vec::new();
    let span = |n: usize| STEP * (n - 1) as f64;
    for &height in wanted {
        let (mut middle, mut n) = (height, 1);
        while let Some(&(above, count)) = blocks.last() {
            if middle - span(n) / 2.0 >= above + span(count) / 2.0 + STEP {
                break;
            }
            middle = (middle * n as f64 + above * count as f64) / (n + count) as f64;
            n += count;
            blocks.pop();
        }
        let half = span(n) / 2.0;
        blocks.push((middle.min(bottom - half).max(top + half), n));
    }
    let heights = |(middle, n): (f64, usize)| (0..n).map(move |at| middle - span(n) / 2.0 + STEP * at as f64);
    blocks.into_iter().flat_map(heights).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_do_not_touch() {
        assert_eq!(apart(&[50.0, 100.0], 0.0, 200.0), [50.0, 100.0]);
        assert_eq!(apart(&[50.0, 50.0], 0.0, 200.0), [41.5, 58.5]);
        assert_eq!(apart(&[0.0, 1.0, 2.0], 0.0, 200.0), [0.0, 17.0, 34.0]);
        let many = apart(&[199.0; 7], 0.0, 200.0);
        assert!(many.windows(2).all(|it| it[1] - it[0] >= STEP - 1e-9) && many[6] <= 200.0, "{many:?}");
    }
}
