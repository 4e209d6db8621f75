//! `lr-run fetch NAME…`, and the display of a download.

use std::cell::RefCell;
use std::io::Write;

use indicatif::{ProgressBar, ProgressStyle};

use super::args::FetchArgs;
use super::{Error, print};
use crate::dataset::{Access, Progress, default_cache};
use crate::exit::Exit;

/// Downloads data sets into the cache.
pub fn fetch(args: &FetchArgs) -> Result<Exit, Error> {
    let cache = default_cache().map_err(Error::usage)?;
    let display = FetchProgress::new(args.show.quiet);
    let progress = |progress: &Progress| display.report(progress);
    let access = Access { cache, offline: false, progress: &progress };
    let folders = crate::dataset::fetch(&args.names, &access).map_err(Error::usage)?;
    if !args.show.quiet {
        let lines: Vec<String> = folders.iter().map(|(name, at)| format!("{name}: {}\n", at.display())).collect();
        print(&lines.concat());
    }
    Ok(Exit::Success)
}

/// The display of a download on standard error: lines, and a progress bar on a terminal.
pub struct FetchProgress {
    quiet: bool,
    bar: RefCell<Option<ProgressBar>>,
}

impl FetchProgress {
    pub fn new(quiet: bool) -> Self {
        FetchProgress { quiet, bar: RefCell::new(None) }
    }

    pub fn report(&self, progress: &Progress) {
        if self.quiet {
            return;
        }
        let mut bar = self.bar.borrow_mut();
        match progress {
            Progress::Doing(line) => {
                if let Some(bar) = bar.take() {
                    bar.finish_and_clear();
                }
                let _ = writeln!(std::io::stderr(), "{line}");
            }
            Progress::Bytes { done, total } => {
                let bar = bar.get_or_insert_with(|| new_bar(*total));
                bar.set_position(*done);
            }
        }
    }
}

impl Drop for FetchProgress {
    fn drop(&mut self) {
        if let Some(bar) = self.bar.borrow_mut().take() {
            bar.finish_and_clear();
        }
    }
}

/// Indicatif draws on standard error, and only on a terminal.
fn new_bar(total: Option<u64>) -> ProgressBar {
    let (bar, template) = match total {
        Some(total) => (ProgressBar::new(total), "  {bar:40} {bytes}/{total_bytes} {eta}"),
        None => (ProgressBar::no_length(), "  {spinner} {bytes}"),
    };
    bar.with_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()))
}
