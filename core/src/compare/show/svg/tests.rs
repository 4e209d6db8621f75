use std::fs;
use std::path::Path;

use roxmltree::{Document, Node};

use super::{MARK, Picture, pictures};
use crate::compare::report::{Profile, ProfileLine, Report};
use crate::compare::tests::{Made, compared, write, write_seeds};
use crate::compare::{Options, compare};
use crate::record::Status;

fn options() -> Options {
    Options { charts: true, ..Options::default() }
}

/// Returns the picture called `name`.
fn picture(report: &Report, name: &str) -> String {
    let all = pictures(report).unwrap();
    let names: Vec<&str> = all.iter().map(|it| it.name.as_str()).collect();
    let found = all.iter().find(|it| it.name == name);
    found.unwrap_or_else(|| panic!("{name} is not in {names:?}")).svg.clone()
}

/// Returns the texts of a picture.
fn texts(svg: &str) -> Vec<String> {
    let document = Document::parse(svg).unwrap();
    let texts = document.descendants().filter(|it| it.has_tag_name("text"));
    texts.map(|it| it.text().unwrap_or_default().trim().to_owned()).collect()
}

/// Returns the points of a line, in pixels.
fn points(node: Node<'_, '_>) -> Vec<(f64, f64)> {
    let pair = |it: &str| it.split_once(',').map(|(x, y)| (number(x), number(y)));
    node.attribute("points").unwrap().split_whitespace().filter_map(pair).collect()
}

fn number(text: &str) -> f64 {
    text.parse::<f64>().unwrap() / 10.0
}

/// Returns the lines of a colour, a width in pixels and an opacity.
fn lines(document: &Document<'_>, colour: &str, width: f64, opacity: &str) -> Vec<Vec<(f64, f64)>> {
    let is_one = |it: &Node<'_, '_>| {
        it.attribute("stroke") == Some(colour)
            && it.attribute("stroke-width").map(number) == Some(width)
            && it.attribute("opacity") == Some(opacity)
    };
    document.descendants().filter(|it| it.has_tag_name("polyline") && is_one(it)).map(points).collect()
}

/// Returns the scale of an axis from two of its numbers: a function from a position in pixels to a value.
fn scale(svg: &str, side: &str, numbers: [&str; 2]) -> impl Fn(f64) -> f64 {
    let document = Document::parse(svg).unwrap();
    let place = |label: &str| {
        let mut texts = document
            .descendants()
            .filter(|it| it.has_tag_name("text") && it.text().is_some_and(|text| text.trim() == label));
        let node = texts.next_back().unwrap_or_else(|| panic!("{label}"));
        number(node.attribute(side).unwrap())
    };
    let value = |label: &str| label.trim_end_matches(" %").parse::<f64>().unwrap();
    let ((p, q), (a, b)) = ((place(numbers[0]), place(numbers[1])), (value(numbers[0]), value(numbers[1])));
    move |at| a + (at - p) / (q - p) * (b - a)
}

fn two_strategies(results: &Path) -> Report {
    for (strategy, ends) in [("cosine", [0.95, 0.97, 0.96]), ("step", [0.90, 0.91, 0.92])] {
        for (seed, end) in (1..).zip(ends) {
            let folder = format!("{strategy}/seed={seed}");
            let accuracies = [0.1, 0.8, 0.9, end];
            let status = Some(Status::Completed);
            write(results, &Made { folder: &folder, strategy, seed, accuracies: &accuracies, status });
        }
    }
    compared(results, &Options { target: Some(0.905), ..options() })
}

#[test]
fn positions_are_the_numbers() {
    let results = tempfile::tempdir().unwrap();
    let svg = picture(&two_strategies(results.path()), "curves.svg");
    let document = Document::parse(&svg).unwrap();
    let epoch = scale(&svg, "x", ["0", "3"]);
    let accuracy = scale(&svg, "y", ["80 %", "95 %"]);
    let means = lines(&document, "#0072B2", 1.8, "1");
    assert_eq!(means.len(), 4, "accuracy, loss, and two learning rates");
    let mean: Vec<(f64, f64)> = means[0].iter().map(|(x, y)| (epoch(*x), accuracy(*y))).collect();
    // The first point is where the line from 10 % in epoch 0 enters the axis. It is hardly right of epoch 1.
    let expected = [(1.0, 80.0), (2.0, 90.0), (3.0, 96.0)];
    assert_eq!(mean.len(), expected.len(), "{mean:?}");
    for (found, expected) in mean.iter().zip(expected) {
        assert!((found.0 - expected.0).abs() < 0.005 && (found.1 - expected.1).abs() < 0.05, "{mean:?}");
    }
    // Each seed.
    let mut ends: Vec<f64> =
        lines(&document, "#0072B2", 0.7, "0.3").iter().map(|it| accuracy(it[it.len() - 1].1)).collect();
    ends.sort_by(f64::total_cmp);
    assert_eq!(ends.len(), 3);
    assert!(ends.iter().zip([95.0, 96.0, 97.0]).all(|(found, expected)| (found - expected).abs() < 0.05), "{ends:?}");
    // The interval of 95, 96, 97 is 96 ± 4.3027 · 1 / √3.
    let band = document
        .descendants()
        .find(|it| {
            it.has_tag_name("polygon")
                && it.attribute("fill") == Some("#0072B2")
                && it.attribute("opacity") == Some("0.18")
        })
        .unwrap();
    let last: Vec<f64> =
        points(band).into_iter().filter(|it| (epoch(it.0) - 3.0).abs() < 0.005).map(|it| accuracy(it.1)).collect();
    let half = 4.302_65 / 3f64.sqrt();
    assert!((last[0] - (96.0 - half)).abs() < 0.05 && (last[1] - (96.0 + half)).abs() < 0.05, "{last:?}");
}

#[test]
fn a_small_picture_is_as_it_was() {
    let results = tempfile::tempdir().unwrap();
    insta::assert_snapshot!(picture(&two_strategies(results.path()), "intervals.svg"));
}

#[test]
fn every_strategy_has_its_line_and_its_name() {
    let results = tempfile::tempdir().unwrap();
    let report = many(results.path(), 5, 2, 4);
    let svg = picture(&report, "curves.svg");
    let document = Document::parse(&svg).unwrap();
    for colour in ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00"] {
        // The metric, the loss and the learning rate.
        assert_eq!(lines(&document, colour, 1.8, "1").len(), 3, "{colour}");
        assert_eq!(lines(&document, colour, 0.7, "0.3").len(), 2, "{colour}");
    }
    for name in ["curves.svg", "intervals.svg"] {
        let texts = texts(&picture(&report, name));
        assert!((0..5).all(|at| texts.contains(&format!("strategy-{at}"))), "{texts:?}");
    }
}

/// Writes curves of other tools, and compares them.
fn many(results: &Path, strategies: usize, seeds: usize, epochs: usize) -> Report {
    for strategy in 0..strategies {
        for seed in 1..=seeds {
            let mut text = "epoch,val_loss,val_accuracy,lr\n".to_owned();
            for epoch in 0..=epochs {
                let noise = ((strategy * 31 + seed * 17 + epoch * 7) % 13) as f64 / 1000.0;
                let progress = epoch as f64 / epochs as f64;
                let accuracy = 0.1 + (0.8 + 0.001 * strategy as f64) * progress.powf(0.1) + noise;
                text += &format!("{epoch},{},{accuracy},{}\n", 2.0 - accuracy, 0.1 * (1.0 - progress));
            }
            let folder = results.join(format!("strategy-{strategy}"));
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join(format!("seed={seed}.csv")), text).unwrap();
        }
    }
    compare(&[results.to_owned()], &options()).unwrap()
}

#[test]
fn pictures_of_many_runs_stay_small() {
    let results = tempfile::tempdir().unwrap();
    let report = many(results.path(), 40, 10, 100);
    for Picture { name, svg } in pictures(&report).unwrap() {
        assert!(svg.len() < 300_000, "{name}: {} bytes", svg.len());
        let texts = texts(&svg);
        let note = "Coloured: the best 6 and the worst of 40 strategies. Grey: the other 33.";
        assert!(texts.iter().any(|it| it == note), "{name}: {texts:?}");
    }
    let svg = picture(&report, "curves.svg");
    let document = Document::parse(&svg).unwrap();
    assert_eq!(lines(&document, "#969696", 0.9, "0.7").len(), 3 * 33);
    assert_eq!(lines(&document, "#000000", 1.8, "1").len(), 3, "the worst strategy");
}

#[test]
fn any_name_makes_valid_xml() {
    let results = tempfile::tempdir().unwrap();
    let mut report = two_strategies(results.path());
    let hostile = "<script>alert(\"a\" & 'b')</script>]]>\u{0}\u{1b}[31m\u{ffff}\u{202e}\n--> & \u{85}";
    let problem = &mut report.problems[0];
    problem.title = hostile.to_owned();
    problem.strategies[0].label = hostile.to_owned();
    problem.strategies[1].label = hostile.repeat(20);
    problem.curves.quantities[2].name = format!("lr.{hostile}");
    let line =
        |label: &str| ProfileLine { label: label.to_owned(), score: None, reached: 1, corners: vec![(1.0, 0.5)] };
    let strategies = vec![line(hostile), line(hostile)];
    report.profile = Some(Profile { problems: vec![hostile.to_owned(); 2], r_max: 4.0, strategies });
    let all = pictures(&report).unwrap();
    assert_eq!(all.len(), 4);
    for Picture { name, svg } in all {
        assert!(svg.starts_with(MARK));
        let document = Document::parse(&svg).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(document.descendants().all(|it| !it.has_tag_name("script")), "{name}");
        // Nothing is fetched: the only address is that of the XML namespace.
        assert_eq!(svg.matches("http").count(), 1, "{name}");
        assert!(!svg.contains("href") && !svg.contains("url("), "{name}");
    }
}

#[test]
fn every_problem_has_files_of_its_own() {
    let results = tempfile::tempdir().unwrap();
    write_seeds(results.path(), "cosine", &[0.9, 0.91, 0.92]);
    fs::write(results.path().join("one.csv"), "epoch,val_accuracy\n1,0.5\n2,0.6\n").unwrap();
    fs::write(results.path().join("other.csv"), "epoch,val_rmse\n1,0.5\n2,0.4\n").unwrap();
    let paths = ["cosine", "one.csv", "other.csv"].map(|name| results.path().join(name));
    let report = compare(&paths, &options()).unwrap();
    let names: Vec<String> = pictures(&report).unwrap().into_iter().map(|it| it.name).collect();
    assert_eq!(
        names[..2],
        ["1-mnist-mlp-784-128-10-20-epochs-curves.svg", "1-mnist-mlp-784-128-10-20-epochs-intervals.svg"]
    );
    assert_eq!(
        names[4..],
        [
            "3-curves-without-records-val_rmse-2-epochs-curves.svg",
            "3-curves-without-records-val_rmse-2-epochs-intervals.svg"
        ]
    );
    assert_eq!(super::file_name("../\u{1f600}/ä: \\ NUL?"), "nul-");
    assert_eq!(super::file_name("…"), "");
    assert_eq!(super::file_name(&"x".repeat(99)).len(), 41);
}

#[test]
fn seeds_that_missed_the_target_are_counted() {
    let results = tempfile::tempdir().unwrap();
    let mut report = two_strategies(results.path());
    let texts_of = |report: &Report| texts(&picture(report, "time-to-target.svg"));
    assert!(texts_of(&report).contains(&"1 of 3".to_owned()), "step with seed 1 ends at 90 %");
    assert!(texts_of(&report).contains(&"missed".to_owned()));
    for strategy in &mut report.problems[0].strategies {
        strategy.summary.missed = None;
    }
    assert!(pictures(&report).unwrap().iter().all(|it| it.name != "time-to-target.svg"), "there is no target");
}

#[test]
fn the_sensitivity_shows_bands_failures_and_the_default() {
    let results = tempfile::tempdir().unwrap();
    write_seeds(results.path(), "step@0.001", &[0.5, 0.51, 0.52, 0.51]);
    write_seeds(results.path(), "step@0.01", &[0.90, 0.91, 0.92, 0.93]);
    write_seeds(results.path(), "step@0.1", &[0.91, 0.90, 0.93, 0.92]);
    for seed in 1..5 {
        let folder = format!("step@1/seed={seed}");
        let made = Made {
            folder: &folder,
            strategy: "step@1.0",
            seed,
            accuracies: &[0.1, 0.5, f64::NAN],
            status: Some(Status::Diverged),
        };
        write(results.path(), &made);
    }
    let report = compared(results.path(), &Options { default_lr: Some(|_| Some(0.01)), ..options() });
    let svg = picture(&report, "sensitivity.svg");
    let texts = texts(&svg);
    for text in ["default 0.01", "4 of 4", "best 0.01, 1.0 decades not told apart", "optimizer.lr"] {
        assert!(texts.iter().any(|it| it == text), "{text}: {texts:?}");
    }
    // The line ends where runs diverged. The axis is logarithmic: steps of a decade have one length.
    let document = Document::parse(&svg).unwrap();
    let mean = &lines(&document, "#0072B2", 1.8, "1")[0];
    assert_eq!(mean.len(), 3);
    assert!(((mean[1].0 - mean[0].0) - (mean[2].0 - mean[1].0)).abs() < 0.11, "{mean:?}");
    assert!(picture(&report, "curves.svg").contains("Runs diverged"));
}

#[test]
fn a_profile_is_a_step_function() {
    let line = |label: &str, corners: &[(f64, f64)]| ProfileLine {
        label: label.to_owned(),
        score: Some(0.5),
        reached: 2,
        corners: corners.to_vec(),
    };
    let strategies = vec![line("adam", &[(1.0, 0.5), (2.0, 1.0)]), line("sgd", &[(1.0, 0.5), (9.0, 1.0)])];
    let profile = Profile { problems: vec!["a".into(), "b".into()], r_max: 4.0, strategies };
    let report = Report { profile: Some(profile), ..Report::default() };
    let svg = picture(&report, "profile.svg");
    let document = Document::parse(&svg).unwrap();
    let (ratio, share) = (scale(&svg, "x", ["1.0", "4.0"]), scale(&svg, "y", ["0 %", "100 %"]));
    let adam: Vec<(i64, i64)> = lines(&document, "#0072B2", 4.0, "1")[0]
        .iter()
        .map(|(x, y)| ((10.0 * ratio(*x)).round() as i64, share(*y).round() as i64))
        .collect();
    assert_eq!(adam, [(10, 0), (10, 50), (20, 50), (20, 100), (40, 100)]);
    let texts = texts(&svg);
    assert!(texts.contains(&"adam (0.50)".to_owned()) && texts.contains(&"sgd (0.50)".to_owned()), "{texts:?}");
}

/// Reports that are hardly reports have pictures, too.
#[test]
fn odd_numbers_can_be_drawn() {
    for values in [vec![0.5], vec![0.5, 0.5], vec![0.0, 0.0, 0.0], vec![1e300, -1e300, 5e-324], vec![1e-30, 1.0, 1e30]]
    {
        let results = tempfile::tempdir().unwrap();
        for (at, value) in values.iter().enumerate() {
            let name = results.path().join(format!("s{at}.csv"));
            fs::write(name, format!("epoch,val_loss,lr\n0,1,0\n1,{value},{value}\n")).unwrap();
        }
        fs::write(results.path().join("bad.csv"), "epoch,val_loss,lr\n1,0.3,0\n2,nan,0\n").unwrap();
        let report = compare(&[results.path().to_owned()], &options()).unwrap();
        for Picture { name, svg } in pictures(&report).unwrap() {
            let document = Document::parse(&svg).unwrap_or_else(|error| panic!("{name} {values:?}: {error}"));
            let attributes = document
                .descendants()
                .flat_map(|it| it.attributes().map(|it| it.value().to_owned()).collect::<Vec<_>>());
            let numbers = attributes
                .flat_map(|it| it.split([' ', ',']).filter_map(|it| it.parse::<f64>().ok()).collect::<Vec<_>>());
            // Everything is on the page.
            let far: Vec<f64> = numbers.filter(|it| !(-100.0..=20_000.0).contains(it)).collect();
            assert!(far.is_empty(), "{name} {values:?}: {far:?}");
        }
    }
    assert_eq!(pictures(&Report::default()).unwrap(), []);
}

#[test]
fn labels_of_the_sensitivity_are_within_the_picture() {
    let results = tempfile::tempdir().unwrap();
    write_seeds(results.path(), "step@0.001", &[0.90, 0.93, 0.91]);
    write_seeds(results.path(), "step@0.03", &[0.93, 0.90, 0.92]);
    write_seeds(results.path(), "step@0.5", &[0.92, 0.92, 0.925]);
    let report = compared(results.path(), &Options { default_lr: Some(|_| Some(0.001)), ..options() });
    let svg = picture(&report, "sensitivity.svg");
    let document = Document::parse(&svg).unwrap();
    let text = |start: &str| {
        let is_it = |it: &Node<'_, '_>| it.text().is_some_and(|text| text.trim().starts_with(start));
        document
            .descendants()
            .find(|it| it.has_tag_name("text") && is_it(it))
            .unwrap_or_else(|| panic!("{start}: {:?}", texts(&svg)))
    };
    let best = text("best 0.5, 2.7 decades");
    let width = crate::plot::text_width(best.text().unwrap().trim(), 12.0);
    let end = number(best.attribute("x").unwrap());
    let (from, to) = match best.attribute("text-anchor") {
        Some("end") => (end - width, end),
        _ => (end, end + width),
    };
    assert!(from >= 14.0 && to <= 720.0 - 14.0, "{from} to {to}");
    // The number of the axis to the left ends before the default begins.
    let tick = document
        .descendants()
        .filter(|it| it.has_tag_name("text") && it.text().is_some_and(|text| text.trim().ends_with(" %")))
        .map(|it| number(it.attribute("x").unwrap()))
        .fold(0.0, f64::max);
    assert!(number(text("default 0.001").attribute("x").unwrap()) > tick);
}
