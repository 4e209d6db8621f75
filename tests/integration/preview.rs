//! `lr-run preview` shows the rates that training uses.

use std::fs;
use std::path::Path;
use std::process::{Output, Stdio};

use crate::support::{Workspace, cells as table, exits, text};

/// A workspace with `a.toml`, in which data cannot be downloaded.
struct Place {
    workspace: Workspace,
}

/// Returns a small spec on generated data, with `rest` after `[optimizer]`.
fn spec(rest: &str) -> String {
    format!(
        "epochs = 4.5\ndevice = \"cpu\"\nthreads = 1\n[data]\ntype = \"linear\"\npoints = 100\nvalidation = 20\n\
         batch_size = 10\n[model]\ntype = \"linear\"\n[optimizer]\ntype = \"sgd\"\nlr = 0.03\n{rest}"
    )
}

impl Place {
    fn new(rest: &str) -> Self {
        Place { workspace: Workspace::with("a.toml", &spec(rest)) }
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.workspace.path(name)
    }

    fn write(&self, name: &str, text: &str) {
        self.workspace.write(name, text);
    }

    fn lr_run(&self, arguments: &[&str]) -> Output {
        let mut command = self.workspace.command(arguments);
        // An empty cache, and a mirror that does not answer.
        command.env("LR_RUN_DATA", self.path("no-data")).env("LR_RUN_MIRROR", "http://127.0.0.1:9");
        command.output().unwrap()
    }

    /// Returns what `lr-run preview` prints.
    #[track_caller]
    fn shows(&self, arguments: &[&str]) -> String {
        let output = self.lr_run(&[&["preview"], arguments].concat());
        exits(&output, 0);
        text(&output.stdout)
    }

    /// Returns the error of `lr-run preview`.
    #[track_caller]
    fn refuses(&self, arguments: &[&str]) -> String {
        let output = self.lr_run(&[&["preview"], arguments].concat());
        exits(&output, 2);
        assert!(output.stdout.is_empty(), "{}", text(&output.stdout));
        text(&output.stderr)
    }
}

/// Returns the columns whose names begin with `lr`.
fn rates(table: &[Vec<String>]) -> Vec<Vec<String>> {
    let kept: Vec<usize> = (0..table[0].len()).filter(|&at| table[0][at].starts_with("lr")).collect();
    table.iter().map(|row| kept.iter().map(|&at| row[at].clone()).collect()).collect()
}

const GROUPED: &str = "[schedule]\ntype = \"step\"\nevery = \"1.3 epochs\"\nfactor = 0.3\n\
                       [[group]]\nname = \"bias\"\nparams = [\"*bias\"]\nlr_mult = 1.7\n\
                       schedule = { type = \"exponential\", factor = 0.7, every = \"1 epochs\" }\n";

#[test]
fn rates_are_those_of_training() {
    let place = Place::new(GROUPED);
    let trained = place.lr_run(&["a.toml", "-q"]);
    assert!(trained.status.success(), "{}", text(&trained.stderr));
    let epochs = table(&fs::read_to_string(place.path("results/a/seed=1/epochs.csv")).unwrap());
    let steps = table(&place.shows(&["a.toml", "--csv"]));
    assert_eq!(steps[0], ["step", "epoch", "lr", "lr.bias"]);
    assert_eq!(steps.len(), 1 + 36);
    assert_eq!(steps[4][..2], ["3", "0.375"]);
    assert_eq!(epochs.len(), 2 + 5);
    let (steps, rows) = (rates(&steps), rates(&epochs));
    assert_eq!(rows[1], steps[1], "epoch 0 has the rate of the first step");
    for (row, rates) in epochs.iter().zip(&rows).skip(2) {
        let last: usize = row[1].parse().unwrap();
        // Row 1 is step 0, and the last step of the epoch is the one before `step`.
        assert_eq!(*rates, steps[last], "{row:?}");
    }
}

#[test]
fn plateau_repeats_a_run_from_its_metrics() {
    let plateau = "[schedule]\ntype = \"plateau\"\npatience = \"0 epochs\"\nthreshold = 0.9\nfactor = 0.5\n";
    let place = Place::new(plateau);
    assert!(place.lr_run(&["a.toml", "-q"]).status.success());
    let file = "results/a/seed=1/epochs.csv";
    let epochs = table(&fs::read_to_string(place.path(file)).unwrap());
    let steps = rates(&table(&place.shows(&["a.toml", "--csv", "--metrics", file])));
    let rows = rates(&epochs);
    assert_ne!(rows[2], rows[6], "the rule did nothing");
    for (row, rates) in epochs.iter().zip(&rows).skip(2) {
        assert_eq!(*rates, steps[row[1].parse::<usize>().unwrap()], "{row:?}");
    }
    let shown = place.shows(&["a.toml", "--metrics", file]);
    assert!(shown.contains("has not improved on") && !shown.contains("note:"), "{shown}");
}

/// A rule may watch any metric that a run has, and each is a column of the run's own curve.
#[test]
fn a_plateau_on_any_metric_of_a_run_can_be_previewed_on_its_curve() {
    for monitor in ["val_loss", "val_rmse", "train_loss", "train_rmse", "ema_loss", "ema_rmse"] {
        let place = Place::new(&format!(
            "[schedule]\ntype = \"plateau\"\nmonitor = \"{monitor}\"\npatience = \"0 epochs\"\nthreshold = 0.9\nfactor = 0.5\n\
             [ema]\ndecay = 0.5\n"
        ));
        assert!(place.lr_run(&["a.toml", "-q"]).status.success());
        let file = "results/a/seed=1/epochs.csv";
        let epochs = table(&fs::read_to_string(place.path(file)).unwrap());
        let steps = rates(&table(&place.shows(&["a.toml", "--csv", "--metrics", file])));
        let rows = rates(&epochs);
        assert_ne!(rows[2], rows[6], "the rule on {monitor} did nothing");
        for (row, rates) in epochs.iter().zip(&rows).skip(2) {
            assert_eq!(rates[0], steps[row[1].parse::<usize>().unwrap()][0], "{monitor}: {row:?}");
        }
    }
}

/// Row 0 of a Keras log is the first epoch. Its row 2 does not improve, so the drop acts from epoch 3, at step 27.
#[test]
fn logs_of_other_tools_count_epochs_as_these_tools_do() {
    let plateau = "[schedule]\ntype = \"plateau\"\npatience = \"0 epochs\"\nthreshold = 0\nfactor = 0.5\n";
    let place = Place::new(plateau);
    let keras = "epoch,loss,val_loss\n0,1.8,1.3\n1,1.1,0.9\n2,0.8,1.0\n3,0.6,0.8\n";
    let lightning =
        "epoch,step,train_loss,val_loss\n0,8,1.8,\n0,8,,1.3\n1,17,1.1,\n1,17,,0.9\n2,26,0.8,\n2,26,,1.0\n3,35,,0.8\n";
    let yolo = "  epoch,  train/loss,  metrics/accuracy_top1,  val/loss\n 1,1.8,0,1.3\n 2,1.1,0,0.9\n 3,0.8,0,1.0\n 4,0.6,0,0.8\n";
    let trainer = r#"{"log_history": [{"epoch": 0.99, "eval_loss": 1.3}, {"epoch": 1.99, "eval_loss": 0.9},
        {"epoch": 2.99, "eval_loss": 1.0}, {"epoch": 3.99, "eval_loss": 0.8}]}"#;
    for (file, log, what) in [
        ("keras.csv", keras, "a Keras log"),
        ("metrics.csv", lightning, "a Lightning log"),
        ("results.csv", yolo, "a log of Ultralytics"),
        ("trainer_state.json", trainer, "a log of transformers' Trainer"),
    ] {
        place.write(file, log);
        // 9 steps an epoch.
        let shown = place.lr_run(&["preview", "a.toml", "--csv", "-s", "data.validation=10", "--metrics", file]);
        exits(&shown, 0);
        let rates: Vec<String> = table(&text(&shown.stdout)).iter().skip(1).map(|row| row[2].clone()).collect();
        let drop = rates.windows(2).position(|pair| pair[0] != pair[1]).map(|at| at + 1);
        assert_eq!(drop, Some(27), "{file}");
        let note = format!("note: {file} is read as {what}: ");
        assert!(text(&shown.stderr).starts_with(&note), "{}", text(&shown.stderr));
        assert!(place.shows(&["a.toml", "--metrics", file]).contains(&note));
    }
}

/// A run's folder and its events are curves, too.
#[test]
fn whatever_a_run_wrote_is_read() {
    let place = Place::new("[schedule]\ntype = \"plateau\"\npatience = \"0 epochs\"\nthreshold = 0.9\nfactor = 0.5\n");
    let run = place.lr_run(&["a.toml", "--json"]);
    exits(&run, 0);
    place.write("events.jsonl", &text(&run.stdout));
    let shown = |file: &str| place.shows(&["a.toml", "--csv", "--metrics", file]);
    let expected = shown("results/a/seed=1/epochs.csv");
    assert!(expected.lines().last().unwrap().ends_with("0.00375"), "{expected}");
    assert_eq!(shown("results/a/seed=1"), expected);
    assert_eq!(shown("events.jsonl"), expected);
    let refused = place.refuses(&["a.toml", "--metrics", "results/a/seed=1/run.json"]);
    assert!(refused.contains("name the epochs.csv"), "{refused}");
}

#[test]
fn plateau_without_metrics_is_constant_and_a_note_says_so() {
    let place = Place::new("[schedule]\ntype = \"plateau\"\npatience = \"2 epochs\"\n");
    let shown = place.shows(&["a.toml"]);
    assert!(shown.contains("0.03 throughout") && shown.contains("--metrics"), "{shown}");
    let csv = place.lr_run(&["preview", "a.toml", "--csv"]);
    assert!(text(&csv.stderr).contains("--metrics") && !text(&csv.stdout).contains("note"));
    // The rule observes neither epoch 2, whose cell is empty, nor epoch 3, which is missing.
    place.write("m.csv", "epoch,val_loss\n1,1\n2,\n4,2\n");
    assert!(place.shows(&["a.toml", "--metrics", "m.csv"]).contains("0.03 throughout"));
    place.write("b.toml", &spec(""));
    let printed = place.shows(&["b.toml", "--metrics", "m.csv"]);
    assert!(printed.contains("no rule here depends on metrics"), "{printed}");
}

#[test]
fn wrong_metrics_are_refused_with_file_and_line() {
    let place = Place::new("[schedule]\ntype = \"plateau\"\npatience = \"1 epochs\"\n");
    let refused = |text: &str| {
        place.write("m.csv", text);
        place.refuses(&["a.toml", "--csv", "--metrics", "m.csv"])
    };
    assert_eq!(
        refused("step,val_loss\n1,2\n"),
        "error: m.csv:1: there is no column `epoch`; the columns are: step, val_loss\n"
    );
    assert_eq!(refused("epoch,val_loss\n1,2\n2,low\n"), "error: m.csv:3: column `val_loss`: `low` is not a number\n");
    assert!(refused("epoch,val_loss\n1,2\n1,2\n").contains("m.csv:3: column `epoch`: epoch 1 has a row already"));
    let lacking = refused("epoch,val_rmse\n1,2\n");
    assert!(lacking.contains("m.csv:1") && lacking.contains("`val_loss`") && lacking.contains("`base`"), "{lacking}");
    assert!(place.refuses(&["a.toml", "--metrics", "gone.csv"]).contains("gone.csv"));
}

#[test]
fn preview_needs_no_data_on_disk() {
    let place = Place::new("");
    let mnist = "epochs = 2\ndevice = \"cuda\"\n[data]\ntype = \"mnist\"\n[model]\ntype = \"mlp\"\n\
                 [optimizer]\ntype = \"adam\"\n";
    place.write("mnist.toml", mnist);
    assert!(place.shows(&["mnist.toml"]).contains("844 steps, 422 an epoch"));
    assert!(!place.path("no-data").exists());
    // The user's own file is not needed if the steps per epoch are given.
    for (data, metric) in [
        ("type = \"csv\"\npath = \"no.csv\"\ntarget = \"y\"\nvalidation = 1_000_000", "val_rmse"),
        ("type = \"csv\"\npath = \"no.csv\"\ntarget = \"y\"", "val_accuracy"),
        ("type = \"csv\"\npath = \"no.csv\"\ntarget = \"y\"\ntask = \"regression\"", "val_rmse"),
        ("type = \"npz\"\npath = \"no.npz\"\nnormalize = \"unit\"", "val_accuracy"),
        ("type = \"fashion_mnist\"\ndir = \"no\"", "val_accuracy"),
    ] {
        let text = format!(
            "epochs = 3\n[data]\n{data}\n[model]\ntype = \"mlp\"\nweights = \"no.safetensors\"\n[optimizer]\n\
             type = \"adam\"\n[schedule]\ntype = \"plateau\"\nmonitor = \"{metric}\"\npatience = \"0 epochs\"\n"
        );
        place.write("own.toml", &text);
        place.write("m.csv", &format!("epoch,{metric}\n1,0.5\n2,0.5\n"));
        let csv = place.shows(&["own.toml", "--steps-per-epoch", "10", "--metrics", "m.csv", "--csv"]);
        assert_eq!(csv.lines().last(), Some("29,2.9,0.0001"), "{data}");
        let printed = place.refuses(&["own.toml"]);
        assert!(printed.contains("no.safetensors"), "{printed}");
    }
    assert!(place.refuses(&["own.toml", "--steps-per-epoch", "10", "-s", "data.dri=1"]).contains("did you mean `dir`"));
    assert!(place.refuses(&["own.toml", "--steps-per-epoch", "0"]).contains("--steps-per-epoch"));
}

#[test]
fn every_sets_the_interval_between_rows() {
    let place = Place::new("");
    let steps = |every: &str| -> Vec<String> {
        let rows = table(&place.shows(&["a.toml", "--csv", "--every", every]));
        rows.into_iter().skip(1).map(|row| row[0].clone()).collect()
    };
    assert_eq!(steps("1 epochs"), ["0", "8", "16", "24", "32", "35"]);
    assert_eq!(steps("35 steps"), ["0", "35"]);
    assert_eq!(steps("50%"), ["0", "18", "35"]);
    for wrong in ["3", "0 steps", "0 epochs", "-1 epochs"] {
        assert!(place.refuses(&["a.toml", "--csv", &format!("--every={wrong}")]).contains("1 epochs"), "{wrong}");
    }
    assert!(place.refuses(&["a.toml", "--every", "1 epochs"]).contains("--csv"));
}

#[test]
fn closed_standard_output_is_not_an_error() {
    let place = Place::new("");
    let mut command = place.workspace.command(&["preview", "a.toml", "--csv", "-s", "steps=100_000_000"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut first = [0; 16];
    std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut first).unwrap();
    assert!(first.starts_with(b"step,epoch,lr\n"));
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{}", text(&output.stderr));
}

#[test]
fn several_specs_share_a_chart_and_a_table() {
    let place = Place::new(GROUPED);
    place.write("b.toml", &spec("[schedule]\ntype = \"linear\"\nstart = 1\nend = 0\n").replace("4.5", "2"));
    let shown = place.shows(&["a.toml", "b.toml"]);
    for name in ["a base", "a bias", "\n  b\n"] {
        assert!(shown.contains(name), "{shown}");
    }
    let rows = table(&place.shows(&["a.toml", "b.toml", "--csv"]));
    assert_eq!(rows[0], ["step", "epoch", "lr.a", "lr.a.bias", "lr.b"]);
    assert_eq!((rows.len(), rows[16][4].as_str(), rows[17][4].as_str()), (37, "0.001875", ""));
    // Two specs with the same name.
    fs::create_dir(place.path("other")).unwrap();
    place.write("other/a.toml", &spec(""));
    let header = place.shows(&["a.toml", "other/a.toml", "--csv", "--every", "100%"]);
    assert!(header.starts_with("step,epoch,lr.a.toml,lr.a.toml.bias,lr.other/a.toml\n"), "{header}");
    assert!(place.refuses(&["a.toml", "a.toml"]).contains("twice"));
    place.write("b.toml", &spec("").replace("batch_size = 10", "batch_size = 20"));
    let printed = place.refuses(&["a.toml", "b.toml", "--csv"]);
    assert!(printed.contains("8 steps an epoch") && printed.contains("b has 4"), "{printed}");
    assert!(place.shows(&["a.toml", "b.toml"]).contains("b: 18 steps, 4 an epoch"));
}

#[test]
fn svg_replaces_only_an_svg() {
    let place = Place::new(GROUPED);
    let shown = place.shows(&["a.toml", "--svg", "a.svg"]);
    assert!(shown.contains("epochs"), "{shown}");
    let picture = fs::read_to_string(place.path("a.svg")).unwrap();
    // Each group has a line in the chart and one in the legend.
    let coloured = picture.lines().filter(|line| line.starts_with("<polyline") && line.contains("stroke-width=\"2\""));
    assert_eq!(coloured.count(), 4, "{picture}");
    for word in ["epoch", "lr", "base", "bias", "0.05"] {
        assert!(picture.lines().any(|line| line.trim() == word), "{word}: {picture}");
    }
    let csv = place.shows(&["a.toml", "--svg", "a.svg", "--csv"]);
    assert_eq!(csv, place.shows(&["a.toml", "--csv"]));
    assert_eq!(fs::read_to_string(place.path("a.svg")).unwrap(), picture);
    let before = fs::read(place.path("a.toml")).unwrap();
    place.write("b.svg", "<svg>mine</svg>");
    assert!(place.refuses(&["a.toml", "--svg", "b.svg"]).contains("is not a picture of"));
    assert_eq!(fs::read_to_string(place.path("b.svg")).unwrap(), "<svg>mine</svg>");
    for name in ["a.toml", "out.png", "out.PDF"] {
        assert!(place.refuses(&["a.toml", "--svg", name]).contains(".svg"), "{name}");
    }
    fs::remove_file(place.path("b.svg")).unwrap();
    assert_eq!(fs::read(place.path("a.toml")).unwrap(), before);
    assert!(place.refuses(&["a.toml", "--svg", "."]).contains("is a folder"));
    assert!(place.refuses(&["a.toml", "--svg", "no/a.svg"]).contains("no folder no"));
    let names: Vec<_> = fs::read_dir(place.workspace.folder()).unwrap().map(|it| it.unwrap().file_name()).collect();
    assert_eq!(names.len(), 2, "{names:?}");
    assert!(!Path::new("a.svg").exists());
}

#[test]
fn a_series_has_one_colour_in_every_chart() {
    // Group "a" has another rate and another momentum than "base" and "b".
    let place = Place::new(
        "momentum = 0.9\n[schedule_for.momentum]\ntype = \"linear\"\nstart = 1\nend = 0.5\n[[group]]\nname = \"a\"\n\
         params = [\"*weight\"]\nlr_mult = 2\nschedule_for = {}\n[[group]]\nname = \"b\"\nparams = [\"*bias\"]\n",
    );
    place.shows(&["a.toml", "--svg", "a.svg"]);
    let picture = fs::read_to_string(place.path("a.svg")).unwrap();
    let strokes: Vec<&str> = picture
        .lines()
        .filter(|line| line.starts_with("<polyline") && line.contains("stroke-width=\"2\""))
        .map(|line| line.split("stroke=\"").nth(1).unwrap().split('"').next().unwrap())
        .collect();
    // Each chart has first the lines of the curves, then those in the legend. "base" and "b" share a line.
    let (lr, momentum) = strokes.split_at(strokes.len() / 2);
    assert_eq!(lr, momentum, "{strokes:?}");
    assert_eq!(lr[..2], lr[2..], "{strokes:?}");
    assert_ne!(lr[0], lr[1]);
    // The names are below the plot, which ends above its axis.
    let place_of =
        |line: &str| -> i32 { line.split(" y=\"").nth(1).unwrap().split('"').next().unwrap().parse().unwrap() };
    let lines: Vec<&str> = picture.lines().collect();
    let at = lines.iter().position(|line| *line == "base, b").unwrap();
    assert!(place_of(lines[at - 1]) >= 420, "{}", lines[at - 1]);
}

#[test]
fn a_curve_needs_neither_data_nor_model() {
    let place = Place::new("");
    let curve = "epochs = 4\n[optimizer]\ntype = \"sgd\"\nlr = 0.03\n[schedule]\ntype = \"cosine\"\n";
    place.write("b.toml", curve);
    let output = place.lr_run(&["preview", "b.toml"]);
    exits(&output, 0);
    assert!(text(&output.stdout).contains("400 steps, 100 an epoch"), "{}", text(&output.stdout));
    assert!(text(&output.stderr).contains("no [data], so 100 steps per epoch are assumed"), "{}", text(&output.stderr));
    let output = place.lr_run(&["preview", "b.toml", "--steps-per-epoch", "20"]);
    assert!(text(&output.stdout).contains("80 steps, 20 an epoch") && output.stderr.is_empty());
    // Without data and a model, any group and the metrics of any task are accepted.
    let groups = "[[group]]\nname = \"norm\"\nparams = [\"*norm*\"]\nlr_mult = 0.5\n[early_stop]\npatience = \"2 epochs\"\n\
                  monitor = \"val_rmse\"\n";
    place.write("c.toml", &format!("{curve}{groups}"));
    assert!(place.shows(&["c.toml"]).contains("norm"));
    // A run needs both.
    let run = place.lr_run(&["b.toml"]);
    exits(&run, 2);
    assert!(text(&run.stderr).contains("`data` is missing"));
}

#[test]
fn wrong_spec_prints_the_same_error_as_a_run() {
    let place = Place::new("[schedule]\ntype = \"stpe\"\n");
    let run = place.lr_run(&["a.toml"]);
    assert_eq!(place.refuses(&["a.toml"]), text(&run.stderr));
    assert!(place.refuses(&["gone.toml"]).contains("gone.toml"));
    place.write("late.toml", &spec("[schedule]\ntype = \"step\"\nevery = \"9 epochs\"\n"));
    let late = place.lr_run(&["preview", "late.toml", "-s", "optimizer.lr=0.5"]);
    assert!(late.status.success() && text(&late.stdout).contains("0.5 throughout"));
    assert!(text(&late.stderr).contains("after the last step"), "{}", text(&late.stderr));
}

#[test]
fn chart_without_a_terminal_is_plain_text() {
    let place = Place::new(GROUPED);
    let shown = place.shows(&["a.toml"]);
    assert!(!shown.contains('\x1b'));
    assert!(shown.lines().all(|line| line.chars().count() <= 80), "{shown}");
    insta::assert_snapshot!(shown);
}
