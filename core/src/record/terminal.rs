//! The display of a run in a terminal: the lines of [`Page`] on stdout, and on stderr a progress bar for the epoch.

use std::io::{self, IsTerminal, Stdout, Write};
use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Sink;
use super::event::{Event, Progress};
use super::number::figure;
use super::page::Page;
use super::run_json::RunRecord;
use super::started::Started;
use crate::metric::Metric;

/// Shows a run to a person.
pub struct Terminal<W> {
    out: W,
    page: Page,
    bar: ProgressBar,
    /// The path of the run's `epochs.csv`, which is printed at the end.
    curve: PathBuf,
    started: Option<Box<Started>>,
    /// The line about a target that was just reached. It is printed if the run continues. If the run ends, its last
    /// lines say the same.
    held_back: Option<String>,
    /// True once the reader is gone.
    closed: bool,
}

impl Terminal<Stdout> {
    /// Prints lines to stdout, in colour if it is a terminal and `NO_COLOR` is not set. The bar is shown if stderr is a
    /// terminal. `curve` is the run's `epochs.csv`.
    pub fn stdout(curve: impl Into<PathBuf>) -> Self {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        let able = std::env::var_os("TERM").is_none_or(|term| term != "dumb");
        let styled = wanted && able && io::stdout().is_terminal();
        // indicatif draws only on terminals.
        Terminal::new(io::stdout(), styled, ProgressDrawTarget::stderr(), curve)
    }
}

impl<W: Write> Terminal<W> {
    /// Prints lines to `out`, and the bar to `bar`.
    pub fn new(out: W, styled: bool, bar: ProgressDrawTarget, curve: impl Into<PathBuf>) -> Self {
        let bar = ProgressBar::with_draw_target(Some(0), bar);
        let style = ProgressStyle::with_template("{prefix:>7}  {bar:30} {pos:>7}/{len:<7} loss {msg:<10} {eta:>4}");
        if let Ok(style) = style {
            bar.set_style(style.progress_chars("━╸ "));
        }
        // Before the first training epoch the bar has no length, so it is not drawn.
        bar.finish_and_clear();
        Terminal { out, page: Page { styled }, bar, curve: curve.into(), started: None, held_back: None, closed: false }
    }

    /// Prints that the run in `folder` had finished already, and its results.
    pub fn already_complete(&mut self, record: &RunRecord, folder: &Path) {
        let mut text = self.page.title(&record.started);
        text += &format!("\n{} is finished; --force runs it again.\n\n", folder.display());
        if let Some(outcome) = record.outcome() {
            text += &self.page.ending(record.started.metric, &outcome, &self.curve);
        }
        self.print(&text);
    }

    /// Prints `text` above the bar. If the reader is gone (`| head`) or the terminal was closed, printing stops and the
    /// run continues.
    fn print(&mut self, text: &str) {
        if !self.closed {
            let out = &mut self.out;
            let printed = self.bar.suspend(|| out.write_all(text.as_bytes()).and_then(|()| out.flush()));
            self.closed = printed.is_err();
        }
    }

    /// Draws the bar.
    fn progress(&self, progress: &Progress) {
        // The bar and its estimate of the time left start again in each epoch.
        if self.bar.is_finished() {
            self.bar.reset();
        }
        self.bar.set_prefix(progress.epoch.to_string());
        self.bar.set_length(progress.steps_in_epoch);
        self.bar.set_message(figure(progress.loss));
        self.bar.set_position(progress.step_in_epoch);
    }
}

impl<W: Write> Sink for Terminal<W> {
    fn on(&mut self, event: &Event) -> io::Result<()> {
        let held_back = self.held_back.take().unwrap_or_default();
        let text = match event {
            Event::Started(started) => {
                self.started = Some(started.clone());
                self.page.opening(started)
            }
            Event::Progress(progress) => {
                if !held_back.is_empty() {
                    self.print(&held_back);
                }
                self.progress(progress);
                return Ok(());
            }
            Event::Epoch(row) => {
                self.bar.finish_and_clear();
                let Some(started) = &self.started else { return Ok(()) };
                self.page.row(started, row)
            }
            Event::RateChanged(change) => self.page.rate_changed(change),
            Event::RolledBack(rollback) => self.page.rolled_back(rollback),
            Event::TargetReached(reached) => {
                self.held_back = Some(held_back + &self.page.reached(reached));
                return Ok(());
            }
            Event::Warning(warning) => self.page.warning(&warning.to_string()),
            Event::Ended(outcome) => {
                self.bar.finish_and_clear();
                let metric = self.started.as_ref().map_or(Metric::default(), |started| started.metric);
                self.print(&format!("\n{}", self.page.ending(metric, outcome, &self.curve)));
                return Ok(());
            }
        };
        self.print(&(held_back + &text));
        Ok(())
    }
}

#[cfg(test)]
mod tests;
