//! The terminal that a command prints to.

use std::io::{self, IsTerminal};

use crate::plot::ChartOptions;

/// Returns the options of a chart on standard output. The width is that of the terminal or, without one, `COLUMNS` or
/// 80. Colour is used on a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`.
pub fn chart_options() -> ChartOptions {
    let is_terminal = io::stdout().is_terminal();
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let able = std::env::var_os("TERM").is_none_or(|term| term != "dumb");
    let own = is_terminal.then(|| comfy_table::Table::new().width()).flatten().map(usize::from);
    let said = || std::env::var("COLUMNS").ok()?.trim().parse().ok();
    let width = own.or_else(said).filter(|&width| width > 0).unwrap_or(80);
    ChartOptions { width, colour: is_terminal && able && set("NO_COLOR").is_none() }
}
