//! The picture of a page in the documentation.
//!
//! `PICTURE_OF=RESULTS scripts/test -p lr-run-core --test browser -- --ignored` writes it, from the runs in a folder.

use std::env;
use std::fs;
use std::path::Path;

use lr_run_core::compare::{Options, compare};

use crate::driver::Browser;
use crate::fixture::{Fixture, write_page};
use crate::is_quiet;

#[test]
#[ignore = "writes a picture of the documentation"]
fn picture() {
    // Other ignored tests are run too, by people who want no picture.
    let Some(runs) = env::var_os("PICTURE_OF") else { return };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/images");
    let folder = env::var_os("PICTURE_TO").map_or(folder, Into::into);
    let Some(fixture) = Fixture::new() else { return };
    let Some(browser) = Browser::start() else { return };
    let report = compare(&[runs.into()], &Options { charts: true, ..Options::default() }).unwrap();
    browser.resize(1280, 1180, 1.0);
    browser.open(&write_page(&report, fixture.path()));
    // The cursor is in the first chart, away from its lines.
    let script = "
        const it = document.querySelector('.u-over').getBoundingClientRect();
        return [it.left + 0.4 * it.width, it.bottom - 20];";
    let place: (f64, f64) = serde_json::from_value(browser.run(script)).unwrap();
    let before = browser.text("document.querySelector('.when').textContent");
    browser.mouse(&[place], false);
    browser.wait(&format!("document.querySelector('.when').textContent !== '{before}'"));
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("compare.png"), decoded(&browser.picture())).unwrap();
    is_quiet(&browser);
}

/// Returns the bytes of a text in base64.
fn decoded(text: &str) -> Vec<u8> {
    let digits = text.bytes().filter_map(|it| match it {
        b'A'..=b'Z' => Some(it - b'A'),
        b'a'..=b'z' => Some(it - b'a' + 26),
        b'0'..=b'9' => Some(it - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    });
    let digits: Vec<u8> = digits.collect();
    let mut bytes = Vec::new();
    for chunk in digits.chunks(4) {
        let bits = (0..4).fold(0_u32, |bits, at| bits << 6 | u32::from(chunk.get(at).copied().unwrap_or(0)));
        bytes.extend_from_slice(&bits.to_be_bytes()[1..chunk.len()]);
    }
    bytes
}
