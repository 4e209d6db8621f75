//! From a table to predictions, in the steps that a new user takes.

use crate::support::{Workspace, column};

/// A table with semicolons, decimal commas, words, a date and ids. The class follows from plan and amount.
fn customers(rows: std::ops::Range<usize>) -> String {
    let mut text = "id;age;plan;since;monthly;churned\n".to_owned();
    for n in rows {
        let plan = ["basic", "premium", "family"][n % 3];
        let monthly = n * 37 % 100;
        let churned = if plan == "basic" || monthly > 80 { "yes" } else { "no" };
        let age = 20 + n * 7 % 50;
        text += &format!("{};{age};{plan};2019-04-{:02};{monthly},{};{churned}\n", n + 1, n % 28 + 1, n % 10);
    }
    text
}

/// The eight lines of docs/your-own-data.md.
const SPEC: &str = "epochs = 30
data = { type = \"csv\", path = \"customers.csv\", target = \"churned\" }
[model]
type = \"mlp\"
hidden = [32]
[optimizer]
type = \"adam\"
lr = 0.03
";

const RUN: &str = "results/churn/seed=1";

fn trained() -> Workspace {
    let workspace = Workspace::with("churn.toml", SPEC);
    workspace.write("customers.csv", &customers(0..600));
    workspace.exits(&["churn.toml", "-s", "device=cpu"], 0);
    workspace
}

#[test]
fn a_table_of_mixed_columns_is_trained_and_predicted_by_a_spec_of_eight_lines() {
    assert_eq!(SPEC.lines().count(), 8);
    let workspace = trained();
    let record = workspace.record(RUN);
    assert!(record["final"]["val_accuracy"].as_f64().unwrap() > 0.95, "{record}");
    assert_eq!(record["classes"][1]["name"], "yes");
    assert_eq!(record["table"]["columns"], "2 numbers, 1 category");
    assert_eq!(record["table"]["columns_left_out"][0], "`id` (row numbers)");

    // The new rows have their columns in another order, a further column, another separator and a new category.
    let mut new = "plan,extra,monthly,age\n".to_owned();
    for (plan, monthly) in [("basic", 10.5), ("family", 10.5), ("premium", 95.0), ("gold", 10.5)] {
        new += &format!("{plan},x,{monthly},40\n");
    }
    workspace.write("new.csv", &new);
    let arguments = ["predict", RUN, "--input", "new.csv", "--output", "out.csv"];
    // The training file is not needed.
    std::fs::remove_file(workspace.path("customers.csv")).unwrap();
    let printed = workspace.exits(&arguments, 0);
    assert!(printed.contains("warning: 1 cell has a value that no training row has: 1 in `plan`"), "{printed}");
    let text = std::fs::read_to_string(workspace.path("out.csv")).unwrap();
    let rows = crate::support::cells(&text);
    assert_eq!(rows[0], ["predicted", "probability of no", "probability of yes"]);
    let classes: Vec<&str> = rows[1..].iter().map(|row| row[0].as_str()).collect();
    assert_eq!(classes[..3], ["yes", "no", "yes"], "{text}");
    assert_eq!(classes.len(), 4);
    for (no, yes) in column(&rows, "probability of no").into_iter().zip(column(&rows, "probability of yes")) {
        assert!((no + yes - 1.0).abs() < 1e-6);
    }
    // Nothing is overwritten unless it is asked for.
    assert!(workspace.exits(&arguments, 2).contains("out.csv exists already"));
    assert_eq!(std::fs::read_to_string(workspace.path("out.csv")).unwrap(), text);

    workspace.write("less.csv", "plan,extra\nbasic,1\n");
    let message = workspace.exits(&["predict", RUN, "--input", "less.csv", "--output", "less_out.csv"], 2);
    assert!(message.contains("less.csv: there are no columns `age`, `monthly`"), "{message}");
    workspace.write("bad.csv", "plan,monthly,age\nbasic,1,20\nbasic,oops,20\n");
    let message = workspace.exits(&["predict", RUN, "--input", "bad.csv", "--output", "bad_out.csv"], 2);
    assert!(message.contains("bad.csv:3: column `monthly`: `oops` is not a number"), "{message}");
    assert!(!workspace.path("bad_out.csv").exists());
}

/// The evaluation of a run gives the numbers of its last row: it uses the same means and categories.
#[test]
fn eval_uses_what_the_run_learned() {
    let workspace = trained();
    let rows = workspace.rows(RUN);
    let printed = workspace.exits(&["eval", RUN, "--json"], 0);
    let line = printed.lines().find(|line| line.starts_with('{')).unwrap();
    let scores: serde_json::Value = serde_json::from_str(line).unwrap();
    assert_eq!(scores["loss"].as_f64(), column(&rows, "val_loss").last().copied());
    // Another mean gives another score: the file counts, not the data.
    let path = format!("{RUN}/preprocessing.json");
    let text = std::fs::read_to_string(workspace.path(&path)).unwrap();
    let mut learned: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(learned["inputs"][1], "plan=basic");
    assert_eq!(learned["normalize"]["sd"][1], 1.0);
    learned["normalize"]["mean"][0] = 1000.0.into();
    workspace.write(&path, &learned.to_string());
    assert!(!workspace.exits(&["eval", RUN, "--json"], 0).contains(line));
}

#[test]
fn targets_are_learned_scaled_and_reported_in_their_units() {
    let workspace = Workspace::new();
    let rows: Vec<String> = (0..200).map(|n| format!("{},{}", n % 20, 250_000 + 10_000 * (n % 20))).collect();
    workspace.write("homes.csv", &format!("rooms,price\n{}\n", rows.join("\n")));
    let spec = "epochs = 40\n[data]\ntype = \"csv\"\npath = \"homes.csv\"\ntarget = \"price\"\nbatch_size = 20\n\
                task = \"regression\"\nscale_target = true\n[model]\ntype = \"linear\"\n[optimizer]\ntype = \"adam\"\nlr = 0.05\n";
    workspace.write("homes.toml", spec);
    workspace.exits(&["homes.toml", "-s", "device=cpu"], 0);
    let rows = workspace.rows("results/homes/seed=1");
    // The standard deviation of the targets is 57,662.
    let rmse = column(&rows, "val_rmse");
    assert!((20_000.0..200_000.0).contains(&rmse[0]) && *rmse.last().unwrap() < 2_000.0, "{rmse:?}");
    let (loss, last) = (column(&rows, "val_loss"), rmse.last().unwrap());
    assert!((loss.last().unwrap() / (last * last) - 1.0).abs() < 1e-6);
    workspace.write("new.csv", "rooms\n0\n10\n");
    workspace.exits(&["predict", "results/homes/seed=1", "--input", "new.csv", "--output", "out.csv"], 0);
    let out = crate::support::cells(&std::fs::read_to_string(workspace.path("out.csv")).unwrap());
    let predicted = column(&out, "predicted");
    assert!((predicted[0] - 250e3).abs() < 5e3 && (predicted[1] - 350e3).abs() < 5e3, "{predicted:?}");
}

/// Rows with empty cells are dropped, and the header of a run, its record and `lr-run data` say so.
#[test]
fn rows_left_out_are_in_the_header_and_the_record() {
    let workspace = Workspace::new();
    workspace.write("a.csv", "a,b,kind\n1,2,x\n,2,y\n,3,x\n,4,y\n2,1,y\n");
    let spec = "epochs = 1\n[data]\ntype = \"csv\"\npath = \"a.csv\"\ntarget = \"kind\"\nmissing = \"drop\"\n\
                validation = 0\nbatch_size = 2\n[model]\ntype = \"linear\"\n[optimizer]\ntype = \"sgd\"\nlr = 0.1\n";
    workspace.write("a.toml", spec);
    let said = "3 of 5 rows left out: column `a` is empty";
    let printed = workspace.exits(&["a.toml", "-s", "device=cpu"], 0);
    assert!(printed.contains(&format!("rows       {said}")), "{printed}");
    assert!(printed.contains("warning: 3 of 5 rows left out"), "{printed}");
    assert!(printed.contains("classes    2: x 50 %, y 50 %"), "{printed}");
    let record = workspace.record("results/a/seed=1");
    assert_eq!(record["table"]["rows_left_out"][0], said);
    let shown = workspace.exits(&["data", "a.toml"], 0);
    assert!(shown.contains(said) && shown.contains("2 train"), "{shown}");
    let json = workspace.exits(&["data", "a.toml", "--json"], 0);
    let line = json.lines().find(|line| line.starts_with('{')).unwrap();
    let value: serde_json::Value = serde_json::from_str(line).unwrap();
    assert_eq!(value["left_out"][0]["rows"], 3);
    assert_eq!(value["columns"][0]["kind"], "number");
}

/// In single quotes, or in a shell, `\t` is a backslash and a letter.
#[test]
fn a_tab_may_be_written_with_a_backslash() {
    let workspace = Workspace::new();
    workspace.write("a.csv", "x\ty\n1\ta\n2\tb\n3\ta\n4\tb\n");
    let spec = "epochs = 1\n[data]\ntype = \"csv\"\npath = \"a.csv\"\ntarget = \"y\"\ndelimiter = '\\t'\nvalidation = 0\n\
                batch_size = 2\n[model]\ntype = \"linear\"\n[optimizer]\ntype = \"sgd\"\nlr = 0.1\n";
    workspace.write("a.toml", spec);
    assert!(workspace.exits(&["data", "a.toml"], 0).contains("separated by tabs"));
    assert!(workspace.exits(&["data", "a.toml", "-s", "data.delimiter=\\t"], 0).contains("separated by tabs"));
    let message = workspace.exits(&["data", "a.toml", "-s", "data.delimiter=xx"], 2);
    assert_eq!(message.matches("error").count(), 1, "{message}");
}
