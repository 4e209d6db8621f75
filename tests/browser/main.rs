//! The page of `lr-run compare --html` in a real browser. It needs Chromium and chromedriver.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a test may print")]

mod driver;
mod fixture;
mod picture;
#[path = "../skip.rs"]
mod skip;

use lr_run_core::compare::{Options, compare};
use lr_run_core::record::number::{figure, rate};
use serde_json::json;

use driver::Browser;
use fixture::{Fixture, RunOf, column, curve, write_page};

const STRATEGIES: [&str; 3] = ["cosine", "linear", "step"];
const SEEDS: u64 = 4;
const EPOCHS: u64 = 12;

/// Returns a page with three strategies of four seeds, and the browser that has opened it.
fn opened() -> Option<(Browser, Fixture)> {
    let fixture = Fixture::new()?;
    for (at, name) in (0..).zip(STRATEGIES) {
        for seed in 1..=SEEDS {
            fixture.curve(&format!("{name}/seed={seed}.csv"), &curve(at, seed, EPOCHS));
        }
    }
    let browser = Browser::start()?;
    browser.open(&fixture.page(Options::default()));
    Some((browser, fixture))
}

/// The number of pixels on the canvas of chart `at` that have about the colour of strategy `k`.
const PIXELS: &str = "
    const [at, k] = arguments;
    const canvas = document.querySelectorAll('.plot canvas')[at];
    const probe = document.createElement('i');
    probe.className = 'c' + k % 7;
    document.body.append(probe);
    probe.style.color = 'var(--c)';
    const [red, green, blue] = getComputedStyle(probe).color.match(/[0-9.]+/g).map(Number);
    probe.remove();
    // A copy: Chromium warns about reading a canvas that is drawn to.
    const copy = document.createElement('canvas');
    Object.assign(copy, { width: canvas.width, height: canvas.height });
    const context = copy.getContext('2d', { willReadFrequently: true });
    context.drawImage(canvas, 0, 0);
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
    let count = 0;
    for (let p = 0; p < data.length; p += 4) {
      const far = Math.abs(data[p] - red) + Math.abs(data[p + 1] - green) + Math.abs(data[p + 2] - blue);
      if (far < 24 && data[p + 3] > 200) count++;
    }
    return count;";

fn pixels(browser: &Browser, chart: usize, strategy: usize) -> u64 {
    browser.run_with(PIXELS, json!([chart, strategy])).as_u64().unwrap()
}

/// Returns the middle of epoch `epoch` in chart `chart`, in the window.
fn place(browser: &Browser, chart: usize, epoch: u64) -> (f64, f64) {
    let script = "
        const over = document.querySelectorAll('.plot .u-over')[arguments[0]];
        over.scrollIntoView({ block: 'center' });
        const it = over.getBoundingClientRect();
        return [it.left, it.width, it.top + it.height / 2];";
    let it = browser.run_with(script, json!([chart]));
    let number = |at: usize| it[at].as_f64().unwrap();
    (number(0) + number(1) * epoch as f64 / EPOCHS as f64, number(2))
}

/// Returns the readout of a chart: its head, then strategy, value and half-width of each row.
fn readout(browser: &Browser, chart: usize) -> Vec<String> {
    let script = "
        const readout = document.querySelectorAll('.readout')[arguments[0]];
        const rows = [...readout.querySelectorAll('button:not([hidden])')];
        const cells = (row) => [...row.querySelectorAll('bdi, .value, .half')].map((it) => it.textContent).join('|');
        return [readout.querySelector('.when').textContent, ...rows.map(cells)];";
    serde_json::from_value(browser.run_with(script, json!([chart]))).unwrap()
}

#[track_caller]
fn is_quiet(browser: &Browser) {
    assert_eq!(browser.console(), Vec::<String>::new());
}

#[test]
fn opens_without_errors_and_without_a_connection() {
    let Some((browser, _fixture)) = opened() else { return };
    assert_eq!(browser.text("document.compatMode"), "CSS1Compat");
    assert_eq!(browser.value("performance.getEntriesByType('resource').length"), 0);
    let conclusion = browser.text("document.querySelector('.conclusions').textContent");
    assert!(conclusion.contains("is better than"), "{conclusion}");
    assert!(browser.text("document.querySelector('.warnings').textContent").contains("have no run.json"));
    is_quiet(&browser);
    // The policy refuses what the page itself would never do.
    browser.run(
        "const it = document.createElement('img'); it.src = 'https://example.org/x.png'; document.body.append(it);",
    );
    browser.wait("document.querySelector('img').complete");
    assert!(browser.console().iter().any(|it| it.contains("Content Security Policy")));
    browser.run(
        "const it = document.createElement('script'); it.textContent = 'window.ran = 1'; document.body.append(it);",
    );
    assert_eq!(browser.value("typeof window.ran"), "undefined");
}

#[test]
fn every_strategy_has_a_line_that_can_be_switched_off() {
    let Some((browser, _fixture)) = opened() else { return };
    let charts: Vec<String> = serde_json::from_value(
        browser.value("[...document.querySelectorAll('figcaption b')].map((it) => it.textContent)"),
    )
    .unwrap();
    assert_eq!(charts, ["val_accuracy", "lr", "train_loss", "train_accuracy", "val_loss"]);
    for (chart, name) in charts.iter().enumerate() {
        for strategy in 0..STRATEGIES.len() {
            assert!(pixels(&browser, chart, strategy) > 200, "strategy {strategy} in {name}");
        }
    }
    let dots = "document.querySelectorAll('.seeds circle').length";
    assert_eq!(browser.value(dots), STRATEGIES.len() * SEEDS as usize);
    browser.click("tbody tr:nth-child(2) input");
    for (chart, name) in charts.iter().enumerate() {
        assert_eq!(pixels(&browser, chart, 1), 0, "{name}");
        assert!(pixels(&browser, chart, 0) > 200 && pixels(&browser, chart, 2) > 200);
    }
    assert_eq!(browser.value(dots), 2 * SEEDS);
    browser.click(".strategies tbody tr:nth-child(3) .only");
    assert_eq!((pixels(&browser, 0, 0), pixels(&browser, 0, 1)), (0, 0));
    assert!(pixels(&browser, 0, 2) > 200);
    browser.run("[...document.querySelectorAll('.bar button')].find((it) => it.textContent === 'All').click();");
    browser.wait("document.querySelectorAll('.seeds circle').length === 12");
    // Away from the row under the mouse, which is emphasized.
    browser.mouse(&[(2.0, 2.0)], false);
    assert!((0..3).all(|strategy| pixels(&browser, 4, strategy) > 200));
    // A chart can be switched off, and every run drawn.
    let before = pixels(&browser, 0, 0);
    browser.run("[...document.querySelectorAll('label')].find((it) => it.textContent === 'intervals').click();");
    browser.run("[...document.querySelectorAll('label')].find((it) => it.textContent === 'seeds').click();");
    browser.wait("true");
    assert_ne!(pixels(&browser, 0, 0), before);
    browser.click(".choice summary");
    browser.click(".choice label:nth-child(2) input");
    assert_eq!(browser.value("document.querySelectorAll('.chart')[1].hidden"), true);
    is_quiet(&browser);
}

/// A chart, its column, and the text of a value.
type Shown = (usize, &'static str, fn(f64) -> String);

#[test]
fn hovering_shows_the_values_of_the_csv() {
    let Some((browser, _fixture)) = opened() else { return };
    let shown: [Shown; 5] = [
        (0, "val_accuracy", |it| format!("{:.2} %", 100.0 * it)),
        (1, "lr", rate),
        (2, "train_loss", figure),
        (3, "train_accuracy", |it| format!("{:.2} %", 100.0 * it)),
        (4, "val_loss", figure),
    ];
    for epoch in [1, 5, EPOCHS] {
        let hovered = epoch as usize % shown.len();
        browser.mouse(&[place(&browser, hovered, epoch)], false);
        browser.wait(&format!("document.querySelectorAll('.when')[4].textContent === 'epoch {epoch}'"));
        for (chart, name, form) in shown {
            let rows = readout(&browser, chart);
            assert_eq!(rows[0], format!("epoch {epoch}"), "one cursor for all charts");
            for (at, strategy) in (0..).zip(STRATEGIES) {
                let values = (1..=SEEDS).map(|seed| column(&curve(at, seed, EPOCHS), name)[epoch as usize]);
                let mean = values.sum::<f64>() / SEEDS as f64;
                let row = rows.iter().find(|row| row.starts_with(&format!("{strategy}|"))).unwrap();
                assert_eq!(row.split('|').nth(1), Some(form(mean).as_str()), "{name} of {strategy} in epoch {epoch}");
                assert_eq!(row.contains('±'), name != "lr", "{row}");
            }
        }
    }
    is_quiet(&browser);
}

/// Values that are half-way between two texts are rounded to the even one, as everywhere in lr-run.
#[test]
fn numbers_are_rounded_as_in_the_terminal() {
    let Some(fixture) = Fixture::new() else { return };
    let rows = [(0.03125, 0.125, 0.0078125), (0.96875, 250.625, 1e-5), (0.5, 1e-4, 0.1), (0.123456785, 123456.0, 2.5)];
    let mut text = "epoch,val_loss,val_accuracy,lr\n".to_owned();
    for (epoch, (accuracy, loss, lr)) in (1..).zip(rows) {
        text += &format!("{epoch},{loss},{accuracy},{lr}\n");
    }
    fixture.curve("a/seed=1.csv", &text);
    fixture.curve("b/seed=1.csv", &text);
    let Some(browser) = Browser::start() else { return };
    browser.open(&fixture.page(Options::default()));
    browser.run("document.querySelector('.plot').focus();");
    browser.press(&["\u{e011}"]);
    for (epoch, (accuracy, loss, lr)) in (1..).zip(rows) {
        browser.wait(&format!("document.querySelectorAll('.when')[2].textContent === 'epoch {epoch}'"));
        let expected = [format!("{:.2} %", 100.0 * accuracy), rate(lr), figure(loss)];
        for (chart, expected) in expected.iter().enumerate() {
            assert_eq!(readout(&browser, chart)[1], format!("a|{expected}|"));
        }
        browser.press(&["\u{e014}"]);
    }
    is_quiet(&browser);
}

#[test]
fn hostile_names_stay_text() {
    let Some(fixture) = Fixture::new() else { return };
    let names =
        ["<script>alert(1)</script>", "\"><img src=x onerror=alert(2)>", "</script><!--", "{script}\u{2028}\u{202e}"];
    for (at, name) in (0..).zip(names) {
        for seed in 1..=3 {
            let accuracies = [0.1, 0.5, 0.8 + 0.01 * (at + seed) as f64];
            let run = RunOf { data: "mnist", schedule: name, lr: 0.1, seed, accuracies: &accuracies, reached: None };
            fixture.run(&run);
        }
    }
    // A path can be hostile too. This one is of another metric, so it is another problem.
    fixture.curve("x/<img src=x onerror=alert(3)>.csv", "epoch,val_rmse\n1,0.5\n2,0.4\n");
    fixture.curve("y/</script><script>alert(4)<.csv", "epoch,a\n1,0.5\n");
    let Some(browser) = Browser::start() else { return };
    let paths = ["mnist", "x"].map(|it| fixture.path().join(it));
    let mut report = compare(&paths, &Options { charts: true, ..Options::default() }).unwrap();
    report.left_out.push("<b>left out</b>".to_owned());
    browser.open(&write_page(&report, fixture.path()));
    let labels = browser.value("[...document.querySelectorAll('.strategies .open')].map((it) => it.textContent)");
    let labels: Vec<String> = serde_json::from_value(labels).unwrap();
    for name in names {
        assert!(labels.iter().any(|it| it.contains(name)), "{name} is not in {labels:?}");
    }
    browser.click(".strategies .open");
    browser.wait("document.querySelector('dialog').open");
    assert!(browser.text("document.querySelector('dialog .keys').textContent").contains("schedule.type"));
    browser
        .run("document.querySelector('dialog').close(); document.querySelector('details:not(.choice)').open = true;");
    browser.wait("document.querySelector('details table')");
    browser.run("const it = document.querySelector('select'); it.value = 1; it.dispatchEvent(new Event('change'));");
    browser.wait("document.querySelector('.conclusions').textContent.includes('onerror=alert(3)')");
    assert!(browser.text("document.title").starts_with("curves without records"));
    assert!(browser.text("document.getElementById('end').textContent").contains("<b>left out</b>"));
    assert_eq!(browser.value("document.querySelectorAll('img, b.x, script:not([type]) ~ script').length"), 0);
    assert_eq!(browser.value("document.scripts.length"), 3);
    // An alert would have made every command above fail.
    is_quiet(&browser);
}

#[test]
fn a_table_can_be_sorted() {
    let Some((browser, _fixture)) = opened() else { return };
    let order =
        || browser.text("[...document.querySelectorAll('.strategies .open')].map((it) => it.textContent).join(' ')");
    assert_eq!(order(), "cosine linear step");
    browser.click(".strategies thead th:first-child button");
    assert_eq!(order(), "cosine linear step");
    browser.click(".strategies thead th:first-child button");
    assert_eq!(order(), "step linear cosine");
    assert_eq!(browser.text("document.querySelector('thead th').getAttribute('aria-sort')"), "descending");
    // The means: the best first, then the worst first.
    browser.click(".strategies thead th:nth-child(4) button");
    assert_eq!(order(), "cosine linear step");
    browser.click(".strategies thead th:nth-child(4) button");
    assert_eq!(order(), "step linear cosine");
    assert_eq!(browser.value("document.querySelectorAll('.strategies [aria-sort]').length"), 1);
    is_quiet(&browser);
}

/// The keys of the WebDriver standard.
const TAB: &str = "\u{e004}";
const ENTER: &str = "\u{e007}";
const ESCAPE: &str = "\u{e00c}";
const SPACE: &str = " ";
const HOME: &str = "\u{e011}";
const END: &str = "\u{e010}";
const LEFT: &str = "\u{e012}";
const RIGHT: &str = "\u{e014}";

#[test]
fn works_with_the_keyboard_alone() {
    let Some((browser, _fixture)) = opened() else { return };
    let has_focus = |selector: &str| browser.value(&format!("document.activeElement.matches('{selector}')")) == true;
    let tab_to = |selector: &str| {
        for _ in 0..60 {
            if has_focus(selector) {
                return;
            }
            browser.press(&[TAB]);
        }
        panic!("the key Tab does not reach {selector}");
    };
    tab_to("tbody tr:nth-child(1) input");
    let outline = browser.text("getComputedStyle(document.activeElement).outlineStyle");
    assert_eq!(outline, "solid");
    browser.press(&[SPACE]);
    assert_eq!(pixels(&browser, 0, 0), 0);
    browser.press(&[SPACE]);
    tab_to("tbody tr:nth-child(1) .open");
    browser.press(&[ENTER]);
    browser.wait("document.querySelector('dialog').open");
    browser.press(&[ESCAPE]);
    browser.wait("!document.querySelector('dialog').open");
    tab_to(".plot");
    browser.press(&[HOME, RIGHT, RIGHT]);
    browser.wait("document.querySelector('.plot').getAttribute('aria-valuenow') === '2'");
    let said = browser.text("document.querySelector('.plot').getAttribute('aria-valuetext')");
    assert!(said.starts_with("epoch 2: cosine ") && said.contains("%, linear "), "{said}");
    browser.press(&[END, LEFT]);
    browser.wait("document.querySelectorAll('.when')[4].textContent === 'epoch 11'");
    let reset = "[...document.querySelectorAll('button')].find((it) => it.textContent === 'Reset zoom').disabled";
    assert_eq!(browser.value(reset), true);
    browser.press(&["+"]);
    assert_eq!(browser.value(reset), false);
    browser.press(&["-"]);
    assert_eq!(browser.value(reset), true);
    browser.press(&["+", ESCAPE]);
    assert_eq!(browser.value(reset), true);
    is_quiet(&browser);
}

#[test]
fn zooming_shows_a_part_of_every_chart() {
    let Some((browser, _fixture)) = opened() else { return };
    let (from, y) = place(&browser, 1, 4);
    let (to, _) = place(&browser, 1, 8);
    browser.mouse(&[(from, y), ((from + to) / 2.0, y), (to, y)], true);
    // The charts now show epochs 4 to 8: the left edge of another one is epoch 4.
    let (x, y) = place(&browser, 3, 0);
    browser.mouse(&[(x + 40.0, y), (x + 2.0, y)], false);
    browser.wait("document.querySelectorAll('.when')[0].textContent === 'epoch 4'");
    for chart in 0..5 {
        assert!((0..3).all(|strategy| pixels(&browser, chart, strategy) > 100));
    }
    browser.run("[...document.querySelectorAll('button')].find((it) => it.textContent === 'Reset zoom').click();");
    let (x, y) = place(&browser, 3, 0);
    browser.mouse(&[(x + 60.0, y), (x + 2.0, y)], false);
    browser.wait("document.querySelectorAll('.when')[0].textContent === 'epoch 0'");
    // A logarithmic axis draws another picture.
    let before = pixels(&browser, 3, 0);
    browser.run("document.querySelectorAll('figcaption input')[3].click();");
    browser.wait("document.querySelectorAll('.plot canvas').length === 5");
    assert_ne!(pixels(&browser, 3, 0), before);
    assert!((0..3).all(|strategy| pixels(&browser, 3, strategy) > 100));
    is_quiet(&browser);
}

#[test]
fn works_on_a_phone() {
    let Some((browser, fixture)) = opened() else { return };
    browser.resize(360, 740, 2.0);
    browser.chromium("Emulation.setTouchEmulationEnabled", json!({ "enabled": true }));
    browser.open(&fixture.path().join("page.html"));
    let width = "document.documentElement.scrollWidth";
    assert_eq!(browser.value(width), 360);
    let (x, y) = place(&browser, 0, 6);
    let touch = |kind: &str, points: &[(f64, f64)]| {
        let points: Vec<_> = points.iter().map(|(x, y)| json!({ "x": x, "y": y })).collect();
        browser.chromium("Input.dispatchTouchEvent", json!({ "type": kind, "touchPoints": points }));
    };
    touch("touchStart", &[(x - 40.0, y)]);
    touch("touchMove", &[(x - 20.0, y)]);
    touch("touchMove", &[(x, y)]);
    touch("touchEnd", &[]);
    browser.wait("document.querySelectorAll('.when')[4].textContent === 'epoch 6'");
    // Two fingers that part zoom in.
    touch("touchStart", &[(x - 20.0, y), (x + 20.0, y)]);
    touch("touchMove", &[(x - 60.0, y), (x + 60.0, y)]);
    touch("touchEnd", &[]);
    browser.wait("!document.querySelectorAll('.curves .bar button')[2].disabled");
    assert_eq!(browser.value(width), 360);
    browser.click(".strategies .open");
    browser.wait("document.querySelector('dialog').open");
    assert_eq!(browser.value(width), 360);
    assert_eq!(browser.value("document.querySelector('dialog').scrollWidth <= 360"), true);
    is_quiet(&browser);
}

#[test]
fn follows_the_system_into_the_dark() {
    let Some((browser, fixture)) = opened() else { return };
    let ground = "getComputedStyle(document.body).backgroundColor";
    let light = browser.text(ground);
    let prefer = |scheme: &str| {
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        browser.chromium("Emulation.setEmulatedMedia", features);
    };
    prefer("dark");
    browser.wait(&format!("{ground} !== '{light}'"));
    assert_eq!(browser.text(ground), "rgb(17, 20, 23)");
    // The canvas has the lighter colours of the dark page, at once and in a page that opens so.
    assert!((0..3).all(|strategy| pixels(&browser, 0, strategy) > 200));
    browser.open(&fixture.path().join("page.html"));
    assert!((0..3).all(|strategy| pixels(&browser, 0, strategy) > 200));
    browser.click("#top button");
    assert_eq!(browser.text(ground), light);
    assert!((0..3).all(|strategy| pixels(&browser, 0, strategy) > 200));
    is_quiet(&browser);
}

#[test]
fn the_spec_of_each_run_is_one_click_away() {
    let Some(fixture) = Fixture::new() else { return };
    for (schedule, last) in [("cosine", 0.9), ("step", 0.85)] {
        for seed in 1..=3 {
            let accuracies = [0.1, 0.5, last + 0.001 * seed as f64];
            fixture.run(&RunOf { data: "mnist", schedule, lr: 0.1, seed, accuracies: &accuracies, reached: None });
        }
    }
    fixture.run(&RunOf {
        data: "mnist",
        schedule: "step",
        lr: 0.1,
        seed: 4,
        accuracies: &[0.1, f64::NAN],
        reached: None,
    });
    let Some(browser) = Browser::start() else { return };
    browser.open(&fixture.page(Options::default()));
    assert_eq!(browser.text("document.querySelector('.failed').textContent"), "1 failed");
    browser.run("[...document.querySelectorAll('.open')].find((it) => it.textContent === 'step').click();");
    let spec = || browser.text("document.querySelector('dialog pre').textContent");
    let file =
        |seed: u64| std::fs::read_to_string(fixture.path().join(format!("mnist/step/lr=0.1/seed={seed}/spec.toml")));
    assert_eq!(spec(), file(1).unwrap().trim_end());
    browser.click("dialog .runs button:nth-child(3)");
    assert_eq!(spec(), file(3).unwrap().trim_end());
    assert!(spec().contains("seed = 3"));
    let keys = browser.text("document.querySelector('.differs').textContent");
    assert_eq!(keys, "schedule.type\"step\"");
    assert!(browser.text("document.querySelector('dialog .runs').textContent").contains("seed 4 failed diverged"));
    assert!(browser.text("document.querySelector('dialog > section').textContent").contains("cosine"));
    is_quiet(&browser);
}

#[test]
fn sensitivity_and_profile_are_drawn() {
    let Some(fixture) = Fixture::new() else { return };
    for data in ["mnist", "fashion_mnist"] {
        for (at, lr) in (0..).zip([0.001, 0.01, 0.1, 1.0]) {
            for seed in 1..=3 {
                let accuracy = [0.5, 0.8, 0.9, f64::NAN][at] + 0.001 * seed as f64;
                let reached = (at > 0 && at < 3).then_some(4 - at as u64);
                let accuracies = [0.1, 0.2, 0.3, accuracy];
                fixture.run(&RunOf { data, schedule: "step", lr, seed, accuracies: &accuracies, reached });
            }
        }
    }
    let Some(browser) = Browser::start() else { return };
    browser.open(&fixture.page(Options { profile: true, ..Options::default() }));
    let titles = browser.text("[...document.querySelectorAll('h2')].map((it) => it.textContent).join(', ')");
    assert!(titles.contains("Sensitivity to optimizer.lr") && titles.contains("All problems"), "{titles}");
    let charts = browser.value("document.querySelectorAll('.plot canvas').length").as_u64().unwrap() as usize;
    // The metric, the loss and the rate; the sensitivity; the profile.
    assert_eq!(charts, 5);
    assert!(pixels(&browser, 3, 0) > 100, "the sensitivity");
    assert!(pixels(&browser, 4, 0) > 100, "the profile");
    browser.run("document.querySelectorAll('.plot')[3].focus();");
    browser.press(&[HOME, RIGHT]);
    browser.wait("document.querySelectorAll('.when')[3].textContent === 'optimizer.lr 0.01'");
    is_quiet(&browser);
}

/// The promise of the documentation: 100 strategies of 100 epochs and 5 seeds are drawn in less than 300 ms.
#[test]
fn many_runs_are_drawn_fast() {
    let Some(fixture) = Fixture::new() else { return };
    for strategy in 0..100 {
        for seed in 1..=5 {
            fixture.curve(&format!("s{strategy:02}/seed={seed}.csv"), &curve(strategy, seed, 100));
        }
    }
    let Some(browser) = Browser::start() else { return };
    let page = fixture.page(Options::default());
    // Repeated, because the machine may have other work.
    let mut times: Vec<(f64, f64)> = Vec::new();
    while times.len() < 20 && times.iter().all(|it| it.0 > 300.0) {
        browser.open(&page);
        let time = |name: &str| browser.value(&format!("performance.getEntriesByName('{name}')[0].duration")).as_f64();
        times.push((time("drawn").unwrap(), time("complete").unwrap()));
    }
    let size = std::fs::metadata(&page).unwrap().len();
    println!("500 runs, {:.0} kB: ms until the window is drawn, and all of the page: {times:.0?}", size as f64 / 1e3);
    assert!(times.iter().any(|it| it.0 < 300.0), "{times:?} ms");
    assert_eq!(browser.value("document.querySelectorAll('.seeds circle').length"), 500);
    // Alone, each strategy has a line.
    for strategy in (0..100).step_by(9) {
        browser.run_with("document.querySelectorAll('.only')[arguments[0]].click();", json!([strategy]));
        browser.wait("document.querySelectorAll('.seeds circle').length === 5");
        let label =
            browser.run_with("return document.querySelectorAll('.open')[arguments[0]].textContent;", json!([strategy]));
        assert!((0..5).all(|chart| pixels(&browser, chart, strategy) > 100), "{label}");
        assert_eq!(json!(readout(&browser, 0)[1].split('|').next()), label);
    }
    is_quiet(&browser);
}
