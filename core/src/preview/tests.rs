//! Charts and pictures of small runs.

use super::{PreviewedRun, Series, Trace, Trajectory, page, svg, trajectories};
use crate::plan::{Machine, plan};
use crate::plot::{At, ChartOptions, Line, Scale, Span, chart, y_axis};
use crate::spec::Spec;

/// Returns the trajectories of a run of `steps` steps, 10 an epoch, at base rate `lr` under `schedule`.
fn run(steps: u64, lr: f64, schedule: &str) -> Vec<Trajectory> {
    let text = format!(
        "steps = {steps}\n[data]\ntype = \"linear\"\npoints = 100\nvalidation = 0\nbatch_size = 10\n[model]\n\
         type = \"linear\"\n[optimizer]\ntype = \"sgd\"\nlr = {lr:e}\n{schedule}"
    );
    let spec = Spec::parse(std::path::Path::new("t.toml"), &text, &[]).unwrap();
    let (mut plans, _) = plan(&spec, &Machine { cuda: &|| Ok(0), cores: 1, memory: None }).unwrap();
    let plan = plans.remove(0);
    trajectories(&mut Trace::new(plan.groups.groups, plan.length.horizon, None).unwrap())
}

fn drawn(trajectories: &[Trajectory], width: usize) -> String {
    let lines: Vec<Line<'_>> =
        trajectories.iter().map(|it| Line { name: it.series.group.clone(), colour: 0, samples: &it.samples }).collect();
    chart("lr", &lines, Scale::Auto, ChartOptions { width, colour: false })
}

/// Counts the columns with a dot in each row.
fn heights(chart: &str) -> Vec<usize> {
    let rows = chart.lines().skip(1).take(12).map(|line| line.split(['│', '┤']).nth(1).unwrap_or_default());
    rows.map(|row| row.chars().filter(|it| *it != ' ').count()).collect()
}

const DROPS: &str = "[schedule]\ntype = \"step\"\nevery = \"2 epochs\"\nfactor = 0.5\n";

#[test]
fn staircase_is_drawn() {
    insta::assert_snapshot!(drawn(&run(80, 0.1, DROPS), 50));
}

#[test]
fn constant_rate_is_in_the_middle_and_zero_at_the_bottom() {
    assert_eq!(heights(&drawn(&run(80, 0.1, ""), 50)), [0, 0, 0, 0, 0, 0, 40, 0, 0, 0, 0, 0]);
    let nothing = run(80, 0.1, "[[group]]\nname = \"bias\"\nparams = [\"*bias\"]\nlr_mult = 0.0\n");
    assert_eq!(heights(&drawn(&nothing[1..], 50)), [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 40]);
}

#[test]
fn axis_is_logarithmic_if_a_line_stays_low() {
    let log = |schedule: &str| {
        let curves = run(80, 0.1, &format!("[schedule]\n{schedule}\n"));
        let lines: Vec<Line<'_>> =
            curves.iter().map(|curve| Line { name: "a".into(), colour: 0, samples: &curve.samples }).collect();
        y_axis(&lines, Scale::Auto, 4).log
    };
    assert!(log("type = \"step\"\nevery = \"2 epochs\"\nfactor = 0.1"));
    assert!(!log("type = \"cosine\"") && !log("type = \"linear\"\nstart = 1\nend = 0"));
}

#[test]
fn every_length_and_width_can_be_drawn() {
    for steps in [1, 2, 9, 1000, 1_000_000] {
        let curves = run(steps, 0.1, DROPS);
        for width in [0, 1, 10, 20, 80, 300, 100_000] {
            let shown = drawn(&curves, width);
            assert!(heights(&shown).iter().sum::<usize>() > 0, "{steps} {width}\n{shown}");
        }
        let curves = vec![
            PreviewedRun { name: "a".into(), trajectories: curves.clone() },
            PreviewedRun { name: "b".into(), trajectories: curves },
        ];
        assert!(page(&curves, Scale::Log, ChartOptions { width: 80, colour: true }).contains("a, b"));
        let picture = svg(&curves, Scale::Auto).unwrap();
        assert!(picture.starts_with(super::MARK) && picture.contains("<polyline"));
    }
}

#[test]
fn every_rate_can_be_drawn() {
    for lr in [5e-324, 1e-310, 1e-300, 1e300, 1.7e308] {
        for schedule in ["", DROPS, "[schedule]\ntype = \"linear\"\nstart = 0\nend = 1\n"] {
            let runs = [PreviewedRun { name: "a".into(), trajectories: run(80, lr, schedule) }];
            for scale in [Scale::Auto, Scale::Log, Scale::Linear] {
                assert!(page(&runs, scale, ChartOptions { width: 80, colour: false }).contains("epochs"));
                assert!(svg(&runs, scale).unwrap().contains("<polyline"));
            }
        }
    }
}

#[test]
fn picture_stays_small_and_keeps_extremes() {
    // The rate goes up and down a million times, and one step has 7 times the rate.
    let mut wild = run(1, 0.1, "").remove(0);
    wild.samples.horizon.total_steps = 2_000_000;
    wild.samples.spans = (0..2048)
        .map(|at| {
            let at = |of: u64, value: f64| At { step: at * 976 + of, value };
            let max = at(2, if at(0, 0.0).step == 976_000 { 7.0 } else { 1.0 });
            Span { first: at(0, 0.5), min: at(1, 0.1), max, last: at(3, 0.4) }
        })
        .collect();
    let groups = (0..20).map(|group| {
        let series = Series { group: format!("g{group}"), ..wild.series.clone() };
        Trajectory { series, fingerprint: group, ..wild.clone() }
    });
    let runs = [PreviewedRun { name: "wild".into(), trajectories: groups.collect() }];
    let picture = svg(&runs, Scale::Auto).unwrap();
    assert!(picture.len() < 200_000, "{} bytes", picture.len());
    // The axis ends at 7, and every line reaches its end.
    let lines: Vec<&str> = picture.lines().filter(|line| line.starts_with("<polyline") && line.len() > 1000).collect();
    let heights = |line: &str| -> Vec<u32> {
        line.split_once("points=\"")
            .unwrap()
            .1
            .split([' ', '"'])
            .filter_map(|it| it.split_once(',')?.1.parse().ok())
            .collect()
    };
    let tops: Vec<u32> = lines.iter().map(|line| heights(line).into_iter().min().unwrap()).collect();
    assert_eq!(tops.len(), 20);
    let usual = heights(lines[0]).into_iter().filter(|&y| y > tops[0]).min().unwrap();
    assert!(tops.iter().all(|&top| top == tops[0] && top + 100 < usual), "{tops:?} {usual}");
}

#[test]
fn equal_lines_are_joined() {
    let groups = format!("{DROPS}[[group]]\nname = \"bias\"\nparams = [\"*bias\"]\n");
    let runs = [PreviewedRun { name: "t".into(), trajectories: run(80, 0.1, &groups) }];
    let look = ChartOptions { width: 60, colour: true };
    let shown = page(&runs, Scale::Auto, look);
    assert!(shown.contains("base, bias") && shown.matches("×0.5 every 2 epochs").count() == 1, "{shown}");
    let groups = groups + "lr_mult = 2.0\n";
    let runs = [PreviewedRun { name: "t".into(), trajectories: run(80, 0.1, &groups) }];
    let shown = page(&runs, Scale::Auto, look);
    assert!(shown.contains("━━\u{1b}[0m bias") && !shown.contains("base, bias"), "{shown}");
    assert_eq!(runs[0].trajectories[1].series.quantity, "lr");
}
