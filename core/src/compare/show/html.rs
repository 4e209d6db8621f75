//! A report as a page for a browser: one file that needs no network.
//!
//! The page has two blocks of JSON, which its script turns into text and charts. The first is read when the page opens. The
//! second (runs, pairs and specs) is larger, and is read when it is first needed. The security policy of the page permits
//! our script and our style only, by their hashes, and no connection.

mod data;
mod specs;

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::compare::Report;

/// The beginning of every page. The doctype comes first, because a browser would otherwise imitate old ones.
pub const HTML_MARK: &str = "<!doctype html><!-- lr-run compare -->\n";

/// The chart library. Empty if the build has none.
const UPLOT: &str = include_str!(concat!(env!("OUT_DIR"), "/uPlot.iife.min.js"));
const UPLOT_STYLE: &str = include_str!(concat!(env!("OUT_DIR"), "/uPlot.min.css"));
/// Its license, which every copy must contain.
const UPLOT_LICENSE: &str = include_str!(concat!(env!("OUT_DIR"), "/LICENSE"));

const PAGE: &str = include_str!("html/page.html");
const STYLE: &str = include_str!("html/page.css");
const SCRIPTS: [&str; 6] = [
    include_str!("html/text.js"),
    include_str!("html/group.js"),
    include_str!("html/charts.js"),
    include_str!("html/table.js"),
    include_str!("html/details.js"),
    include_str!("html/page.js"),
];

/// The error of a build without the chart library.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this build has no uPlot, the chart library that --html needs")]
pub struct NoCharts;

/// Returns an error if this build cannot write pages.
pub fn can_write() -> Result<(), NoCharts> {
    if UPLOT.is_empty() { Err(NoCharts) } else { Ok(()) }
}

/// Returns the page of a report. Reads the specs of its runs from their folders.
pub fn html(report: &Report) -> Result<String, NoCharts> {
    can_write()?;
    let style = format!("{UPLOT_STYLE}\n{STYLE}");
    // The mark is the moment from which the page measures how long it takes to draw.
    let script = format!(
        "/*\nuPlot\n\n{UPLOT_LICENSE}*/\nperformance.mark('start');\n{UPLOT}\n(() => {{\n'use strict';\n{}}})();\n",
        SCRIPTS.concat()
    );
    let policy = format!(
        "default-src 'none'; script-src '{}'; style-src '{}'; img-src data:; base-uri 'none'; form-action 'none'",
        hash(&script),
        hash(&style)
    );
    let parts = [
        ("{policy}", policy),
        ("{style}", style),
        ("{overview}", json(&data::overview(report))),
        ("{details}", json(&data::details(report))),
        ("{script}", script),
    ];
    let (mut page, mut rest) = (HTML_MARK.to_owned(), PAGE);
    // From the first to the last, so that nothing is looked for in what was put in.
    for (name, part) in parts {
        let (before, after) = rest.split_once(name).unwrap_or((rest, ""));
        page += before;
        page += &part;
        rest = after;
    }
    Ok(page + rest)
}

/// Returns JSON that can be in an HTML page: nothing in it ends the block or begins a comment.
fn json(data: &impl Serialize) -> String {
    // The data have no map whose keys are not strings, and are written to memory: this does not fail.
    let text = serde_json::to_string(data).unwrap_or_default();
    text.replace('<', "\\u003c").replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029")
}

/// Returns the hash of a script or a style for a security policy.
fn hash(text: &str) -> String {
    format!("sha256-{}", base64(&Sha256::digest(text)))
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let bits = (0..3).fold(0_usize, |bits, at| bits << 8 | usize::from(chunk.get(at).copied().unwrap_or(0)));
        for at in 0..4 {
            let digit = DIGITS[bits >> (18 - 6 * at) & 63];
            text.push(if at > chunk.len() { '=' } else { char::from(digit) });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_the_rfc() {
        let words = ["", "f", "fo", "foo", "foob", "fooba", "foobar"];
        let expected = ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"];
        assert_eq!(words.map(|it| base64(it.as_bytes())), expected);
    }

    #[test]
    fn json_cannot_end_its_block() {
        assert_eq!(json(&["</script><!--", "\u{2028}"]), r#"["\u003c/script>\u003c!--","\u2028"]"#);
    }

    #[test]
    fn our_own_part_of_a_page_is_small() {
        let page = html(&Report::default());
        // A build without the chart library says so, and has nothing to measure.
        let Ok(page) = page else { return assert_eq!(page, Err(NoCharts)) };
        assert!(page.len() < 150_000, "{} bytes", page.len());
        assert!(page.starts_with(HTML_MARK) && page.contains("Permission is hereby granted"));
        assert!(!["{policy}", "{style}", "{overview}", "{details}", "{script}"].iter().any(|it| page.contains(it)));
        let script: usize = SCRIPTS.iter().map(|it| it.len()).sum();
        assert!(script < 45_000 && STYLE.len() < 10_000, "script {script}, style {}", STYLE.len());
    }
}
