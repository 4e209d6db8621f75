//! `lr-run list`: prints everything that a spec can name.

use comfy_table::presets::NOTHING;
use comfy_table::{ContentArrangement, Table};

use super::{Error, print};
use crate::exit::Exit;
use crate::spec::Entry;
use crate::{dataset, model, optimizer, schedule};

/// Prints the four registries.
pub fn list() -> Result<Exit, Error> {
    let shown = [
        section("Data sets", "[data] type", dataset::REGISTRY),
        section("Models", "[model] type", model::REGISTRY),
        section("Optimizers", "[optimizer] type", optimizer::REGISTRY),
        section("Schedules", "[schedule] type", schedule::REGISTRY),
    ];
    print(&shown.join("\n"));
    Ok(Exit::Success)
}

fn section<B>(title: &str, key: &str, entries: &[Entry<B>]) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    for entry in entries {
        table.add_row([entry.name, entry.summary]);
    }
    format!("{title} ({key})\n{}\n", table.trim_fmt())
}
