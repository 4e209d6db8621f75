//! Checks the documentation: generated parts are up to date, and every spec in a page can be used.
//!
//! A generated part lies between the lines `<!-- begin NAME -->` and `<!-- end NAME -->` in one of the `pages`. Its
//! text is made from the registries, the doc comments at the top of their source files, the experiments, or the
//! snapshots of bad specs. `scripts/docs` writes it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use lr_run::metric::{Metric, Part};
use lr_run::plan::{Machine, plan};
use lr_run::schedule::{Context, build};
use lr_run::spec::names::{Framework, KEYS, Registry};
use lr_run::spec::{Entry, Horizon, Log, ROLES, Role, Section, Spec};
use lr_run::{dataset, model, optimizer, schedule};

use crate::support::repository;

/// The width of generated lines, in characters.
const WIDTH: usize = 120;

/// Returns the Markdown files that may have generated parts.
fn pages() -> Vec<PathBuf> {
    let folders = ["", "docs", "experiments", "results/reference", "tests/golden"];
    let files = folders.iter().flat_map(|folder| fs::read_dir(repository(folder)).unwrap());
    let mut pages: Vec<PathBuf> = files
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect();
    pages.sort();
    pages
}

/// Returns the text of a generated part.
fn generated(name: &str) -> String {
    match name {
        "registries" => registries(),
        "data sets" => names("data sets", dataset::REGISTRY),
        "models" => names("models", model::REGISTRY),
        "optimizers" => names("optimizers", optimizer::REGISTRY),
        "schedules" => names("schedules", schedule::REGISTRY),
        "roles" => roles(),
        "traces" => traces(),
        "article traces" => article_traces(),
        "answer" => answer(),
        "comparison" => comparison(),
        "preview" => preview(),
        "preview chart" => chart(&preview()),
        "schedule reference" => schedule_reference(),
        "optimizer reference" => optimizer_reference(),
        "model reference" => reference("model", "model", model::REGISTRY),
        "data set reference" => reference("dataset", "data", dataset::REGISTRY),
        "names of schedules" => translations(Registry::Schedules),
        "names of optimizers" => translations(Registry::Optimizers),
        "names of models" => translations(Registry::Models),
        "names of data sets" => translations(Registry::DataSets),
        "names of keys" => keys(),
        "experiments" => questions("experiments"),
        "experiments/schedules" => questions("experiments/schedules"),
        "experiments/optimizers" => questions("experiments/optimizers"),
        _ => match name.strip_prefix("bad_specs/") {
            Some(spec) => errors(spec),
            None => panic!("there is no generated part `{name}`"),
        },
    }
}

/// Returns lists of the rules that have traces transcribed from a paper, each with the number of these traces.
fn article_traces() -> String {
    let list = |title: &str, folder: &str| {
        let mut counts = BTreeMap::new();
        for entry in fs::read_dir(repository("tests/golden").join(folder)).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            if let Some(case) = name.strip_prefix("article_") {
                // The longest name of a rule that the case begins with: `adam_hd`, not `adam`.
                let begins = |rule: &&str| case.strip_prefix(*rule).is_some_and(|rest| rest.starts_with(['_', '.']));
                let optimizers = optimizer::REGISTRY.iter().map(|entry| entry.name);
                let rules = optimizers.chain(schedule::REGISTRY.iter().map(|entry| entry.name));
                let rule = rules.filter(begins).max_by_key(|rule| rule.len());
                let rule = rule.or_else(|| case.split(['_', '.']).next()).unwrap_or(case).to_owned();
                *counts.entry(rule).or_insert(0) += 1;
            }
        }
        let rules: Vec<String> = counts.iter().map(|(rule, count)| format!("`{rule}` ({count})")).collect();
        format!("- {title}: {}\n", rules.join(", "))
    };
    list("optimizers", "optimizers") + &list("schedules", "schedules")
}

/// Returns `page` with the current text of each generated part.
fn regenerate(page: &str) -> String {
    let mut done = String::new();
    let mut rest = page;
    while let Some((before, part)) = rest.split_once("\n<!-- begin ") {
        let (name, old) = part.split_once(" -->\n").expect("`begin NAME` and `-->` end their line");
        let end = format!("<!-- end {name} -->");
        let (_, after) = old.split_once(&end).unwrap_or_else(|| panic!("`{end}` is missing"));
        done += &format!("{before}\n<!-- begin {name} -->\n{}{end}", generated(name));
        rest = after;
    }
    done + rest
}

#[test]
fn generated_parts_are_up_to_date() {
    for path in pages() {
        let page = fs::read_to_string(&path).unwrap();
        let current = regenerate(&page);
        if std::env::var_os("WRITE_DOCS").is_some() && current != page {
            fs::write(&path, current).unwrap();
            println!("{}: written", path.strip_prefix(repository("")).unwrap().display());
        } else {
            assert!(current == page, "{} is out of date: run scripts/docs", path.display());
        }
    }
}

/// Returns a table with the keys of each role in a comparison.
fn roles() -> String {
    let row = |title: &str, role: Role| {
        let keys = ROLES.iter().filter(|(_, own)| *own == role).map(|(key, _)| format!("`{key}`"));
        format!("| {title} | {} |\n", keys.collect::<Vec<_>>().join(", "))
    };
    let rows = [
        row("problem", Role::Problem),
        row("strategy", Role::Strategy),
        row("seed", Role::Seed),
        row("neither", Role::Neither),
    ];
    format!(
        "| role | keys (a key stands for all keys inside its table, except those that have their own place here) |\n\
         |---|---|\n{}",
        rows.concat()
    )
}

/// Returns a list of the four registries.
fn registries() -> String {
    let lists = [
        names("schedules", schedule::REGISTRY),
        names("optimizers", optimizer::REGISTRY),
        names("models", model::REGISTRY),
        names("data sets", dataset::REGISTRY),
    ];
    lists.iter().map(|list| format!("- {}\n", list.trim_end().replace('\n', "\n  "))).collect()
}

/// Returns the number of entries in a registry, and their names.
fn names<B>(title: &str, registry: &[Entry<B>]) -> String {
    let mut lines = vec![format!("{} {title}:", registry.len())];
    for (index, entry) in registry.iter().enumerate() {
        let end = if index + 1 == registry.len() { "" } else { "," };
        let word = format!("`{}`{end}", entry.name);
        let line = lines.last_mut().unwrap();
        if line.len() + 1 + word.len() > WIDTH {
            lines.push(word);
        } else {
            *line += &format!(" {word}");
        }
    }
    lines.join("\n") + "\n"
}

/// Returns a table of names in other frameworks. A column without a name is left out.
fn translations(registry: Registry) -> String {
    let rows = registry.rows();
    let has_names = |framework: Framework| rows.iter().any(|row| row.names.iter().any(|it| it.framework == framework));
    let columns: Vec<(Framework, &str)> =
        Framework::COLUMNS.into_iter().filter(|(framework, _)| has_names(*framework)).collect();
    let titles: Vec<&str> = columns.iter().map(|(_, title)| *title).collect();
    let mut table = format!("| here | {} |\n|---|{}\n", titles.join(" | "), "---|".repeat(columns.len()));
    for row in rows {
        let cell = |framework: Framework| {
            let names = row.names.iter().filter(|it| it.framework == framework);
            let shown = names.map(|it| match (it.name, it.note) {
                ("", note) => note.to_owned(),
                (name, "") => format!("`{name}`"),
                (name, note) => format!("`{name}` {note}"),
            });
            shown.collect::<Vec<_>>().join(", ")
        };
        let cells = columns.iter().map(|(framework, _)| cell(*framework));
        let cells: String = cells.map(|it| if it.is_empty() { " |".to_owned() } else { format!(" {it} |") }).collect();
        table += &format!("| `{}` |{cells}\n", row.here);
    }
    table
}

/// Returns the table of the keys of other frameworks.
fn keys() -> String {
    let mut table = "| there | of | here | |\n|---|---|---|---|\n".to_owned();
    for key in KEYS {
        let place = if key.table.is_empty() { "the top level".to_owned() } else { format!("`[{}]`", key.table) };
        table += &format!("| `{}` | {} | `{}` | {place} |\n", key.there, key.of, key.line(None));
    }
    table
}

/// Returns the number of golden traces.
fn traces() -> String {
    let count = |folder: &str| fs::read_dir(repository("tests/golden").join(folder)).unwrap().count();
    let optimizers = count("optimizers");
    let schedules = count("schedules");
    let networks = count("networks");
    format!("There are {optimizers} traces of optimizers, {schedules} of schedules and {networks} of whole networks.\n")
}

/// Returns the table of the experiments in a folder, with the questions that their first comments ask.
fn questions(folder: &str) -> String {
    let mut specs: Vec<PathBuf> = fs::read_dir(repository(folder))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .collect();
    specs.sort();
    let mut table = "| experiment | question |\n|---|---|\n".to_owned();
    for path in specs {
        let text = fs::read_to_string(&path).unwrap();
        let question = text.lines().next().and_then(|line| line.strip_prefix("# "));
        let question = question.unwrap_or_else(|| panic!("{}: the first line is a comment", path.display()));
        let link = path.strip_prefix(repository("experiments")).unwrap().display();
        table += &format!("| [`{}`]({link}) | {question} |\n", path.file_stem().unwrap().display());
    }
    table
}

/// Returns what the program prints in the folder of the repository.
fn printed(arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lr-run"));
    command.current_dir(repository("")).env("COLUMNS", "100").env_remove("RUST_LOG");
    let output = command.args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Returns the blocks of the shipped comparison: its head, its conclusions, its table, its intervals and its curves.
fn shipped_comparison() -> Vec<String> {
    let blocks = printed(&["compare", "results/reference/fashion_schedules"]);
    let blocks: Vec<String> = blocks.split("\n\n").map(str::to_owned).collect();
    assert!(blocks[1].contains(" is better than ") && blocks[2].contains("group") && blocks[3].contains("• a seed"));
    blocks
}

/// Returns the conclusions of the shipped comparison as a quotation.
fn answer() -> String {
    let sentences = shipped_comparison()[1].replace(". ", ".\n").replace('\n', "\n> ");
    format!("> {sentences}\n")
}

/// Returns the conclusions and the table of the shipped comparison.
fn comparison() -> String {
    format!("```text\n{}\n  …\n```\n", shipped_comparison()[1..3].join("\n\n"))
}

/// Returns a call of `lr-run preview` and its output.
fn preview() -> String {
    let spec = "experiments/schedules/warmup_plateau_anneal.toml";
    let curve = "results/reference/schedules/warmup_plateau_anneal.csv";
    let shown = printed(&["preview", spec, "--metrics", curve]);
    format!("```text\n$ lr-run preview {spec} \\\n    --metrics {curve}\n{}\n```\n", shown.trim_end())
}

/// Returns a preview without the text above and below its chart.
fn chart(preview: &str) -> String {
    let lines: Vec<&str> = preview.lines().collect();
    let top = lines.iter().position(|line| line.trim() == "lr").unwrap();
    let bottom = lines.iter().position(|line| line.trim_start().starts_with("epochs")).unwrap();
    format!("{}\n{}\n  …\n```\n", lines[..3].join("\n"), lines[top..=bottom].join("\n"))
}

/// Returns the errors that a spec in `tests/bad_specs` causes, from its snapshot.
fn errors(spec: &str) -> String {
    let path = repository(&format!("tests/bad_specs/{spec}.snap"));
    let snapshot = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let (_, errors) = snapshot.trim_start_matches("---\n").split_once("---\n").unwrap();
    format!("```text\n{}\n```\n", errors.trim_end())
}

/// Returns the doc comment at the top of a source file in `core/src/ROOM`.
fn head(room: &str, file: &str) -> String {
    let room = repository("core/src").join(room);
    let folder = room.join(file).join("mod.rs");
    let path = if folder.exists() { folder } else { room.join(format!("{file}.rs")) };
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let lines = text.lines().map_while(|line| line.strip_prefix("//!"));
    lines.map(|line| format!("{}\n", line.strip_prefix(' ').unwrap_or(line))).collect()
}

/// Returns a section for each entry of a registry: the doc comment at the top of its file in `core/src/ROOM`, and its
/// example as the table `[key]`.
fn reference<B>(room: &str, key: &str, registry: &[Entry<B>]) -> String {
    let section = |entry: &Entry<B>| {
        let (name, example) = (entry.name, entry.example);
        format!("\n## `{name}`\n\n{}\n```toml\n[{key}]\n{example}\n```\n", head(room, name))
    };
    registry.iter().map(section).collect()
}

/// Returns a section for each schedule: the doc comment at the top of its file, and its example.
fn schedule_reference() -> String {
    let mut text = "\n| `type` | |\n|---|---|\n".to_owned();
    for entry in schedule::REGISTRY {
        let name = entry.name;
        text += &format!("| [`{name}`](#{name}) | {} |\n", entry.summary);
    }
    text += &format!("\n## Options of every schedule\n\n{}", head("schedule", "from_spec"));
    text += &format!("\n## `warmup`\n\n{}", head("schedule", "warmup"));
    for entry in schedule::REGISTRY {
        text += &format!("\n## `{}`\n\n{}", entry.name, head("schedule", entry.name));
        text += &format!("\n```toml\n[schedule]\n{}\n```\n", entry.example);
    }
    text + &format!("\n## The monitored metric\n\n{}", head("schedule", "metric"))
}

/// Returns a section for each optimizer: the doc comment at the top of its file, its hyper-parameters and its example.
fn optimizer_reference() -> String {
    let mut text = String::new();
    for entry in optimizer::REGISTRY {
        text += &format!("\n## `{}`\n\n{}", entry.name, link_sections(head("optimizer", entry.name)));
        let spec = Spec::parse(Path::new("page.toml"), entry.example, &[]).unwrap();
        let log = Log::default();
        let mut section = Section::root(&spec.table, &log);
        section.mark_known("type");
        let config = (entry.build)(&mut section).unwrap();
        section.finish();
        log.finish(&spec.texts).unwrap_or_else(|found| panic!("{found}"));
        let names: Vec<String> = config.hypers().iter().map(|hyper| format!("`{}`", hyper.name)).collect();
        text += &format!("\nFor `[schedule_for.NAME]`: {}.\n", names.join(", "));
        text += &format!("\n```toml\n[optimizer]\n{}\n```\n", entry.example);
    }
    text
}

/// Turns links to modules of other optimizers into links to their sections.
fn link_sections(mut head: String) -> String {
    for entry in optimizer::REGISTRY {
        let name = entry.name;
        head = head
            .replace(&format!("[`super::{name}`]"), &format!("[`{name}`](#{name})"))
            .replace(&format!("](super::{name})"), &format!("](#{name})"));
    }
    head
}

#[test]
fn every_spec_in_the_readme_plans() {
    let readme = fs::read_to_string(repository("README.md")).unwrap();
    let blocks = readme.split("```toml\n").skip(1).map(|block| block.split("```").next().unwrap());
    let specs: Vec<&str> = blocks.filter(|block| block.contains("epochs = ")).collect();
    assert!(!specs.is_empty(), "the README shows no spec");
    for text in specs {
        let spec = Spec::parse(Path::new("readme.toml"), text, &[]).unwrap_or_else(|error| panic!("{error}"));
        let machine = Machine { cuda: &|| Ok(0), cores: 2, memory: None };
        let (_, warnings) = plan(&spec, &machine).unwrap_or_else(|error| panic!("{error}"));
        assert!(warnings.is_empty(), "{warnings}");
    }
}

/// Returns the schedules in a page: text between backticks that is a table, or an array of tables.
fn schedules(page: &str) -> Vec<&str> {
    page.split('`').filter(|text| text.starts_with("{ type = ") || text.starts_with("[{ type = ")).collect()
}

#[test]
fn every_schedule_translated_from_another_framework_builds() {
    let page = fs::read_to_string(repository("docs/from-other-frameworks.md")).unwrap();
    let schedules = schedules(&page);
    let rows = page.lines().filter(|line| line.starts_with("| ") && line.contains("type = ")).count();
    assert!(schedules.len() >= rows && rows > 50, "{} schedules in {rows} rows", schedules.len());
    for schedule in schedules {
        let spec = Spec::parse(Path::new("page.toml"), &format!("schedule = {schedule}"), &[]).unwrap();
        let log = Log::default();
        let mut root = Section::root(&spec.table, &log);
        let metrics = [Metric::LOSS, Metric::ACCURACY].map(|metric| Part::Val.of(metric));
        let horizon = Horizon { total_steps: 1500, steps_per_epoch: 10 };
        let context = Context { momentum: Some(0.9), ..Context::new(horizon, 0.1, &metrics) };
        let rule = build(&mut root, "schedule", &context);
        root.finish();
        let found = log.finish(&spec.texts).unwrap_or_else(|found| panic!("{found}"));
        assert!(rule.is_some() && found.is_empty(), "{found}");
    }
}
