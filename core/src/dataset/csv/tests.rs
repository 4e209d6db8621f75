use std::fs;
use std::path::Path;

use crate::dataset::csv::{Missing, parse};
use crate::dataset::tests::{build_in, offline};
use crate::dataset::{Data, Holdout, Inputs, Part, SplitRule, Targets, Task};

/// Builds and loads the data set of `keys` in a folder with `files`. Messages are returned without the folder's path.
fn load(files: &[(&str, &str)], keys: &str) -> Result<(Data, toml::Table), String> {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let table = format!("type = \"csv\"\npath = \"a.csv\"\ntarget = \"y\"\n{keys}");
    let prefix = format!("{}/", folder.path().display());
    let without_folder = |message: String| message.replace(&prefix, "");
    let (set, resolved) = build_in(folder.path(), &table).map_err(without_folder)?;
    let info = set.info().map_err(|error| without_folder(error.0))?;
    // The file is read only once.
    drop(folder);
    let data = set.load(&offline(Path::new("/nowhere"))).map_err(|error| without_folder(error.0))?;
    assert_eq!(info, data.info);
    Ok((data, resolved))
}

fn one(text: &str, keys: &str) -> Result<Data, String> {
    load(&[("a.csv", text)], keys).map(|(data, _)| data)
}

fn floats(part: &Part) -> Vec<f32> {
    match &part.inputs {
        Inputs::Floats(values) => values.clone(),
        Inputs::Bytes(_) => vec![],
    }
}

#[test]
fn numbers_are_read() {
    let data = one("x1, y, x2\n1, 0.5, 2e1\n-3, 1.5, 4\n", "").unwrap();
    assert_eq!(data.info.input, [2]);
    assert_eq!(data.info.task, Task::Regression { outputs: 1 });
    assert_eq!(floats(&data.train), [1.0, 20.0, -3.0, 4.0]);
    assert_eq!(data.train.targets, Targets::Values(vec![0.5, 1.5]));
    assert_eq!(data.test, None);
}

#[test]
fn quotes_tabs_line_ends_and_a_byte_order_mark_are_accepted() {
    let same = one("x;y\n1;0.5\n2;1.5\n", "delimiter = \";\"").unwrap().train;
    assert_eq!(one("x\ty\n1\t0.5\n2\t1.5", "delimiter = \"\\t\"").unwrap().train, same);
    assert_eq!(one("\u{feff}x,y\r\n1,0.5\r\n\"2\",1.5\r\n", "").unwrap().train, same);
}

#[test]
fn the_task_is_guessed_and_written_to_the_resolved_spec() {
    let up_to = |n: u32| (0..n).map(|value| value.to_string()).collect::<Vec<_>>().join(" ");
    for (targets, word) in [
        ("a b a", "classification"),
        ("3 8 3", "classification"),
        ("0.0 1.0 1.0", "classification"),
        (&up_to(20), "classification"),
        (&up_to(21), "regression"),
        ("0.5 1 1", "regression"),
    ] {
        let rows: Vec<String> = targets.split(' ').map(|target| format!("1,{target}")).collect();
        let (_, resolved) = load(&[("a.csv", &format!("x,y\n{}", rows.join("\n")))], "").unwrap();
        assert_eq!(resolved["task"].as_str(), Some(word), "{targets}");
    }
    let message = one("x,y\n1,2.5\n1,n/a\n", "").unwrap_err();
    assert!(
        message.contains(
            "a.csv:3: column `y`: `n/a` is not a number, though other cells are; if it is a class, write task = \"classification\""
        ) && message.contains("path = \"a.csv\""),
        "{message}"
    );
}

#[test]
fn classes_are_numbered_in_sorted_order() {
    let classes = |text: &str| one(text, "task = \"classification\"").unwrap().train.targets;
    assert_eq!(classes("x,y\n1,cat\n1,ant\n1,bee\n"), Targets::Classes(vec![2, 0, 1]));
    assert_eq!(classes("x,y\n1,10\n1,9\n1,-1\n"), Targets::Classes(vec![2, 1, 0]));
    assert_eq!(classes("x,y\n1,10\n1,9\n1,none\n"), Targets::Classes(vec![0, 1, 2]));
}

#[test]
fn columns_and_rows_with_empty_cells_are_dropped() {
    let text = "id,x,y\nanna,1,2.5\nbob,,1.5\ncarl,3,\n,4,0.5\n";
    let data = one(text, "drop = [\"id\"]\nmissing = \"drop\"").unwrap();
    assert_eq!(floats(&data.train), [1.0, 4.0]);
    assert_eq!(data.train.targets, Targets::Values(vec![2.5, 0.5]));
}

#[test]
fn a_test_part_is_held_out_or_read_from_a_file() {
    let rows: Vec<String> = (0..100).map(|n| format!("{n},{n}.5")).collect();
    let text = format!("x,y\n{}", rows.join("\n"));
    let data = one(&text, "test = 0.2").unwrap();
    let test = data.test.as_ref().unwrap();
    assert_eq!((data.info.train, data.info.test, data.train.len, test.len), (80, 20, 80, 20));
    let mut all = [floats(&data.train), floats(test)].concat();
    all.sort_by(f32::total_cmp);
    assert_eq!(all, (0..100).map(|n| n as f32).collect::<Vec<_>>());
    let (Targets::Values(targets), values) = (&test.targets, floats(test)) else { panic!() };
    assert!(values.iter().zip(targets).all(|(x, y)| x + 0.5 == *y));
    assert_eq!(one(&text, "test = 20").unwrap().fingerprint, data.fingerprint);
    assert_ne!(one(&text, "test = 20\ntest_seed = 1").unwrap().fingerprint, data.fingerprint);

    let files = [("a.csv", "x,z,y\n1,2,a\n3,4,b\n"), ("b.csv", "y,z,x\nb,6,5\n")];
    let (data, _) = load(&files, "test_path = \"b.csv\"").unwrap();
    let test = data.test.unwrap();
    assert_eq!((data.train.len, floats(&test), test.targets), (2, vec![5.0, 6.0], Targets::Classes(vec![1])));
}

#[test]
fn errors_name_file_line_and_column() {
    let regression = "task = \"regression\"";
    for (text, keys, expected) in [
        ("height,mass\n1,2\n", regression, "a.csv:1: there is no column `y`\nthe columns are: height, mass"),
        ("x,Y\n1,2\n", regression, "a.csv:1: there is no column `y`; did you mean `Y`?\nthe columns are: x, Y"),
        ("x,y\n1,2\n", "task = \"regression\"\ndrop = [\"z\"]", "a.csv:1: there is no column `z`"),
        ("x,y\n1,2\n", "task = \"regression\"\ndrop = [\"y\"]", "a.csv:1: column `y` is the target"),
        ("y\n1\n2\n", regression, "a.csv:1: there is no feature column besides the target `y`"),
        ("x,x,y\n1,2,3\n", regression, "a.csv:1: column 2 has the same name as an earlier one, `x`"),
        (
            "x,y\n1,2\nn/a,3\n",
            regression,
            "a.csv:3: column `x`: `n/a` is not a number; columns of text can be left out: drop = [\"x\"]",
        ),
        ("x,y\r\n1,2\r\nnan,3\r\n", regression, "a.csv:3: column `x`: `nan` is not a number"),
        ("x,y\n\n\n1,2\n1e60,3\n", regression, "a.csv:5: column `x`: `1e60` is not a number"),
        ("x,y\n\"1\n\",2\ninf,3\n", regression, "a.csv:4: column `x`: `inf` is not a number"),
        ("\u{feff}x,y\r\n1,2\r\n\r\nz,3", regression, "a.csv:4: column `x`: `z` is not a number"),
        ("x,y\n1,2\n1,z\n", regression, "a.csv:3: column `y`: `z` is not a number"),
        ("x,y\n1,2\n1\n", regression, "a.csv:3: the header has 2 columns, but this row has 1"),
        ("x,y\n1,2,3\n", regression, "a.csv:2: the header has 2 columns, but this row has 3"),
        ("x,y\n1,2\n,3\n", regression, "a.csv:3: column `x` is empty; missing = \"drop\" leaves out such rows"),
        (
            "x,y\n,2\n1,\n",
            "task = \"regression\"\nmissing = \"drop\"",
            "a.csv: there are no rows without empty cells (2 rows have some)",
        ),
        ("x,y\n", regression, "a.csv: there are no rows after the header"),
        ("", regression, "a.csv:1: there is no column `y`"),
        ("x,y\n1,a\n2,a\n", "", "a.csv: column `y` is `a` in every row, but a classifier needs two classes"),
        (
            "x,y\n1,2\n2,3\n",
            "task = \"regression\"\ntest = 2",
            "a.csv: `test = 2` holds out 2 of 2 examples, which leaves none to train on",
        ),
        ("x,y\n1,2\n2,3\n", "test = 1\ntest_path = \"b.csv\"", "`test` and `test_path` both define the test part"),
        ("x,y\n1,2\n", "delimiter = \",,\"", "expected one character, like \",\", \";\" or \"\\t\""),
        ("x,y\n1,2\n", "task = \"regresion\"", "did you mean \"regression\"?"),
    ] {
        let message = one(text, keys).unwrap_err();
        assert!(message.contains(expected), "{expected}\nnot in:\n{message}");
    }
    let message = load(&[], regression).unwrap_err();
    assert!(message.starts_with("a.csv: No such file or directory"), "{message}");
    let latin = load(&[("b.csv", "")], "").unwrap_err();
    assert!(latin.contains("a.csv: No such file"), "{latin}");
}

#[test]
fn a_test_file_must_match_the_training_file() {
    let first = ("a.csv", "x,z,y\n1,2,a\n3,4,b\n");
    for (second, expected) in [
        ("x,y\n1,a\n", "b.csv:1: there is no column `z`"),
        ("x,z,w,y\n1,2,3,a\n", "b.csv:1: column `w` is not in a.csv"),
        ("x,z,y\n1,2,a\n1,2,c\n", "b.csv:3: column `y`: no training row has `c`"),
        ("x,z,y\n1,2,a\n1,oops,b\n", "b.csv:3: column `z`: `oops` is not a number"),
    ] {
        let message =
            load(&[first, ("b.csv", second)], "task = \"classification\"\ntest_path = \"b.csv\"").unwrap_err();
        assert!(message.contains(expected), "{expected}\nnot in:\n{message}");
    }
}

#[test]
fn text_that_is_not_utf8_is_reported_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.csv"), b"x,y\n1,2\n1,\xe9t\xe9\n").unwrap();
    let table = "type = \"csv\"\npath = \"a.csv\"\ntarget = \"y\"\ntask = \"regression\"";
    let error = build_in(folder.path(), table).unwrap().0.info().unwrap_err();
    assert!(error.0.ends_with("a.csv:3: the text is not UTF-8"), "{error}");
}

/// The parts of a table whose class `y` has one row of ten: with `validation = 2` it is not among the rows held out.
#[test]
fn a_class_that_a_part_lacks_is_named() {
    let rows: Vec<String> = (1..=10).map(|n| format!("{n},{}", if n == 9 { "y" } else { "x" })).collect();
    let text = format!("a,y\n{}\n", rows.join("\n"));
    for split_seed in 0..6 {
        let split = SplitRule { validation: Holdout::Count(2), split_seed, ..SplitRule::default() };
        let data = parse(text.as_bytes(), "file", b',', "y", Missing::Error, &split).unwrap();
        let messages: Vec<String> = data.info.warnings.iter().map(ToString::to_string).collect();
        assert_eq!((data.train_rows.len(), data.held_out.len()), (8, 2));
        assert!(messages.contains(&"the validation part has no example of class `y`".to_owned()), "{messages:?}");
        let few = "there are only 10 examples, read as 2 classes: 8 to train on, 2 held out for validation";
        assert!(messages.contains(&few.to_owned()), "{messages:?}");
        // A split that is not stratified holds the only `y` out for some seeds: then it cannot be learned.
        let by_chance = SplitRule { stratify: Some(false), ..split };
        let data = parse(text.as_bytes(), "file", b',', "y", Missing::Error, &by_chance).unwrap();
        let lacking = if data.held_out.contains(&8) { "training" } else { "validation" };
        let expected = format!("the {lacking} part has no example of class `y`");
        assert!(data.info.warnings.iter().any(|warning| warning.to_string() == expected), "{:?}", data.info.warnings);
    }
}

#[test]
fn each_part_has_its_share_of_every_class() {
    let rows: Vec<String> = (0..100).map(|n| format!("{n},{}", if n % 10 == 0 { "rare" } else { "common" })).collect();
    let text = format!("x,y\n{}", rows.join("\n"));
    for seed in 0..5 {
        let data = one(&text, &format!("test = 20\ntest_seed = {seed}")).unwrap();
        let rare = |part: &Part, rows: &[u32]| match &part.targets {
            Targets::Classes(classes) => rows.iter().filter(|&&row| classes[row as usize] == 1).count(),
            Targets::Values(_) => 0,
        };
        let test = data.test.unwrap();
        assert_eq!(rare(&test, &(0..20).collect::<Vec<_>>()), 2);
        assert_eq!((data.held_out.len(), rare(&data.train, &data.held_out)), (8, 1));
        assert_eq!(data.info.class_names, ["common", "rare"]);
        assert_eq!(data.info.warnings, []);
    }
}
