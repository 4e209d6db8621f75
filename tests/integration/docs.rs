//! `docs/schedules.md` is what the files of `src/schedule/` say of themselves.

use std::fs;
use std::path::Path;

use lr_run::schedule::REGISTRY;

const INTRODUCTION: &str = "\
# Schedules

<!-- Made of the heads of the files in src/schedule/. After a change there: `WRITE_DOCS=1 scripts/test docs` -->

A rule gives a **factor**; a group's rate is `lr · lr_mult · factor`. `t` is the step about to be taken, from 0; with
`tick = \"epoch\"` the first step of its epoch. A rule that has an end holds its last value from there on. Durations and
moments carry their unit: `\"500 steps\"`, `\"3 epochs\"`, `\"10%\"` (of the run; inside a sequence of the phase). Where a height
is asked for, a number is a factor and `{ lr = 1e-5 }` a rate, the same for each group.

`[[schedule]]` tables, one after another, are a `sequence`. A group's own `schedule` takes the place of the run's.
`[schedule_for.momentum]`, `[schedule_for.weight_decay]` and so on are schedules of other hyper-parameters: the factor
multiplies the optimizer's own value, and an absolute height is `{ momentum = 0.9 }`.

`lr-run preview SPEC` shows what comes of it.
";

/// The documentation at the head of a source file.
fn head(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/schedule").join(format!("{file}.rs"));
    let text = fs::read_to_string(&path).unwrap();
    let lines = text.lines().map_while(|line| line.strip_prefix("//!"));
    lines.map(|line| format!("{}\n", line.strip_prefix(' ').unwrap_or(line))).collect()
}

#[test]
fn the_page_of_schedules_is_what_their_files_say() {
    let mut page = format!("{INTRODUCTION}\n## In every table\n\n{}", head("from_spec"));
    page += &format!("\n## `warmup`\n\n{}", head("warmup"));
    for entry in REGISTRY {
        page += &format!("\n## `{}`\n\n{}", entry.name, head(entry.name));
        page += &format!("\n```toml\n[schedule]\n{}\n```\n", entry.example);
    }
    page += &format!("\n## A metric, watched\n\n{}", head("metric"));
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/schedules.md");
    if std::env::var_os("WRITE_DOCS").is_some() {
        fs::write(&path, &page).unwrap();
    }
    assert!(
        fs::read_to_string(&path).unwrap_or_default() == page,
        "docs/schedules.md is old: WRITE_DOCS=1 scripts/test docs"
    );
}
