//! `docs/schedules.md` is what the files of `src/schedule/` say of themselves; the tables of
//! `docs/from-other-frameworks.md` can be used.

use std::fs;
use std::path::Path;

use lr_run::schedule::{Context, REGISTRY, build};
use lr_run::spec::{Horizon, Log, Section, Spec};

const INTRODUCTION: &str = "\
# Schedules

<!-- Made of the heads of the files in src/schedule/. After a change there: `WRITE_DOCS=1 scripts/test docs` -->

A rule gives a **factor**; a group's rate is `lr · lr_mult · factor`. `t` is the step about to be taken, from 0; with
`tick = \"epoch\"` the first step of its epoch. A rule that has an end holds its last value from there on. Durations and
moments carry their unit: `\"500 steps\"`, `\"3 epochs\"`, `\"10%\"` (of the run; inside a sequence of the phase), and are
rounded to whole steps. Where a height
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

/// The schedules in a page: what stands between backticks and is a table, or an array of tables.
fn schedules(page: &str) -> Vec<&str> {
    page.split('`').filter(|text| text.starts_with("{ type = ") || text.starts_with("[{ type = ")).collect()
}

#[test]
fn every_schedule_that_stands_for_one_elsewhere_can_be_used() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/from-other-frameworks.md");
    let page = fs::read_to_string(path).unwrap();
    let schedules = schedules(&page);
    let rows = page.lines().filter(|line| line.starts_with("| ") && line.contains("type = ")).count();
    assert!(schedules.len() >= rows && rows > 50, "{} schedules in {rows} rows", schedules.len());
    for schedule in schedules {
        let spec = Spec::parse(Path::new("page.toml"), &format!("schedule = {schedule}"), &[]).unwrap();
        let log = Log::default();
        let mut root = Section::root(&spec.table, &log);
        let metrics = ["val_loss", "val_accuracy"].map(str::to_owned);
        let horizon = Horizon { total_steps: 1500, steps_per_epoch: 10 };
        let context = Context { momentum: Some(0.9), ..Context::new(horizon, 0.1, &metrics) };
        let rule = build(&mut root, "schedule", &context);
        root.finish();
        let found = log.finish(&spec.texts).unwrap_or_else(|found| panic!("{found}"));
        assert!(rule.is_some() && found.is_empty(), "{found}");
    }
}
