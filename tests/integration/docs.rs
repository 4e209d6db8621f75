//! `docs/schedules.md` and `docs/optimizers.md` are what the files of `src/schedule/` and `src/optimizer/` say of
//! themselves; the tables of `docs/from-other-frameworks.md` can be used.

use std::fs;
use std::path::Path;

use lr_run::schedule::{Context, REGISTRY, build};
use lr_run::spec::{Horizon, Log, Section, Spec};

const SCHEDULES: &str = "\
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

const OPTIMIZERS: &str = "\
# Optimizers

<!-- Made of the heads of the files in src/optimizer/. After a change there: `WRITE_DOCS=1 scripts/test docs` -->

`θ` parameter, `g` gradient, `t` step (from 1), `lr` the rate of the group at this step, `m` and `v` moments,
`bcᵢ = 1 − βᵢᵗ`, `λ` weight decay. Names and defaults are PyTorch's, else those of the method's own authors;
`convention = \"keras\"`, where a table has a column for it, sets what Keras does as explicit options.

## In every table

| key | default | |
|---|---|---|
| `type` | | a name below |
| `lr` | by the method | before `lr_mult` and the schedule |
| `weight_decay` | 0, but where a table says otherwise | λ |
| `decoupled_weight_decay` | false | false: g ← g + λ·θ, an L2 penalty. true: θ ← θ·(1 − lr·λ) before the step |
| `maximize` | false | g ← −g |

What an optimizer cannot have (a schedule, other rates in a group) is an error before training, with the reason. Methods that
choose their own rate write it as `effective_lr` into `epochs.csv`. A run's own, whatever the optimizer: `[clip_grad]` and
`[ema]` ([spec.md](spec.md)).
";

/// The documentation at the head of a source file of a room.
fn head(room: &str, file: &str) -> String {
    let room = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(room);
    let of_folder = room.join(file).join("mod.rs");
    let path = if of_folder.exists() { of_folder } else { room.join(format!("{file}.rs")) };
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let lines = text.lines().map_while(|line| line.strip_prefix("//!"));
    lines.map(|line| format!("{}\n", line.strip_prefix(' ').unwrap_or(line))).collect()
}

/// That `docs/NAME` is `page`; writes it where that is asked for.
fn is_page(name: &str, page: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name);
    if std::env::var_os("WRITE_DOCS").is_some() {
        fs::write(&path, page).unwrap();
    }
    let there = fs::read_to_string(&path).unwrap_or_default();
    assert!(there == page, "docs/{name} is old: WRITE_DOCS=1 scripts/test docs");
}

#[test]
fn the_page_of_schedules_is_what_their_files_say() {
    let mut page = format!("{SCHEDULES}\n## In every table\n\n{}", head("schedule", "from_spec"));
    page += &format!("\n## `warmup`\n\n{}", head("schedule", "warmup"));
    for entry in REGISTRY {
        page += &format!("\n## `{}`\n\n{}", entry.name, head("schedule", entry.name));
        page += &format!("\n```toml\n[schedule]\n{}\n```\n", entry.example);
    }
    page += &format!("\n## A metric, watched\n\n{}", head("schedule", "metric"));
    is_page("schedules.md", &page);
}

#[test]
fn the_page_of_optimizers_is_what_their_files_say() {
    let mut page = OPTIMIZERS.to_owned();
    // In the page others are sections, in the code modules.
    let linked = |head: String| {
        lr_run::optimizer::REGISTRY.iter().map(|entry| entry.name).fold(head, |head, name| {
            head.replace(&format!("[`super::{name}`]"), &format!("[`{name}`](#{name})"))
                .replace(&format!("](super::{name})"), &format!("](#{name})"))
        })
    };
    for entry in lr_run::optimizer::REGISTRY {
        page += &format!("\n## `{}`\n\n{}", entry.name, linked(head("optimizer", entry.name)));
        let spec = Spec::parse(Path::new("page.toml"), entry.example, &[]).unwrap();
        let log = Log::default();
        let mut section = Section::root(&spec.table, &log);
        section.ask("type");
        let method = (entry.build)(&mut section).unwrap();
        section.finish();
        log.finish(&spec.texts).unwrap_or_else(|found| panic!("{found}"));
        let names: Vec<String> = method.hypers().iter().map(|hyper| format!("`{}`", hyper.name)).collect();
        page += &format!("\nFor `[schedule_for.NAME]`: {}.\n", names.join(", "));
        page += &format!("\n```toml\n[optimizer]\n{}\n```\n", entry.example);
    }
    is_page("optimizers.md", &page);
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
