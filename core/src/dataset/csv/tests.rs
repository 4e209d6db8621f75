mod advice;
mod files;

use std::fs;
use std::path::Path;

use crate::dataset::csv::{Missing, parse};
use crate::dataset::tests::{build_split, offline};
use crate::dataset::{Data, Dataset, Holdout, Inputs, Part, SplitRule, Targets, Task};

/// Builds the data set of `table`. A line such as `validation = 3` in it holds out as many examples. It is not a key of
/// `csv`.
fn build_in(folder: &Path, table: &str) -> Result<(Box<dyn Dataset>, toml::Table), String> {
    let (of_split, own): (Vec<&str>, Vec<&str>) = table.lines().partition(|line| line.starts_with("validation = "));
    let count = of_split.first().map(|line| line["validation = ".len()..].parse().unwrap());
    let validation = count.map_or_else(Holdout::default, Holdout::Count);
    build_split(folder, &own.join("\n"), &SplitRule { validation, ..SplitRule::default() })
}

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

fn one_with_target(text: &str, target: &str, keys: &str) -> Result<Data, String> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.csv"), text).unwrap();
    let table = format!("type = \"csv\"\npath = \"a.csv\"\ntarget = {target}\n{keys}");
    let (set, _) = build_in(folder.path(), &table)?;
    set.load(&offline(Path::new("/nowhere"))).map_err(|error| error.0)
}

fn floats(part: &Part) -> Vec<f32> {
    match &part.inputs {
        Inputs::Floats(values) => values.clone(),
        Inputs::Bytes(_) => vec![],
    }
}

mod values;

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
    let message = one("x,y\n1,2.5\n1,oops\n", "").unwrap_err();
    assert!(
        message.contains(
            "a.csv:3: column `y`: `oops` is not a number, although other cells are; if it is a class, write task = \
             \"classification\""
        ),
        "{message}"
    );
}

#[test]
fn classes_are_numbered_in_sorted_order() {
    let classes = |text: &str| one(text, "task = \"classification\"").unwrap().train.targets;
    assert_eq!(classes("x,y\n1,cat\n1,ant\n1,bee\n"), Targets::Classes(vec![2, 0, 1]));
    assert_eq!(classes("x,y\n1,10\n1,9\n1,-1\n"), Targets::Classes(vec![2, 1, 0]));
    assert_eq!(classes("x,y\n1,10\n1,9\n1,nine\n"), Targets::Classes(vec![0, 1, 2]));
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
        ("height,mass\n1,2\n", regression, "a.csv: there is no column `y`\nthe columns are: height, mass"),
        ("x,Y\n1,2\n", regression, "a.csv: there is no column `y`; did you mean `Y`?\nthe columns are: x, Y"),
        ("x,y\n1,2\n", "task = \"regression\"\ndrop = [\"z\"]", "a.csv: there is no column `z`"),
        ("x,y\n1,2\n", "task = \"regression\"\ndrop = [\"y\"]", "a.csv: column `y` is the target"),
        ("y\n1\n2\n", regression, "a.csv: there is no feature column besides the target `y`"),
        (
            "x,y\n1,2\noops,3\n",
            regression,
            "a.csv:3: column `x`: `oops` is not a number, although other cells are\nif it means an empty cell, write \
             missing_values = [\"oops\"]; if the column has categories, write categories = [\"x\"]; to leave the column out, write drop = \
             [\"x\"]",
        ),
        ("x,y\r\n1,2\r\nnan,3\r\n", regression, "a.csv:3: column `x` is empty"),
        ("x,y\n\n\n1,2\n1e60,3\n", regression, "a.csv:5: column `x`: `1e60` is not a number"),
        ("x,y\n\"1\n\",2\ninf,3\n", regression, "a.csv:4: column `x`: `inf` is not a number"),
        ("\u{feff}x,y\r\n1,2\r\n\r\nz,3", regression, "a.csv:4: column `x`: `z` is not a number"),
        ("x,y\n1,2\n1,z\n", regression, "a.csv:3: column `y`: `z` is not a number"),
        ("x,y\n1,2\n1\n", regression, "a.csv:3: the header has 2 columns, but this row has 1"),
        ("x,y\n1,2\n1,2,3\n", regression, "a.csv:3: the header has 2 columns, but this row has 3"),
        (
            "x,y\n1,2\n,3\n",
            regression,
            "a.csv:3: column `x` is empty\n1 of 2 rows have empty cells: 1 in `x`\nmissing = \"drop\"",
        ),
        (
            "x,y\n,2\n1,\n",
            "task = \"regression\"\nmissing = \"drop\"",
            "a.csv: there are no rows without empty cells (2 rows have some)",
        ),
        ("x,y\n", regression, "a.csv: there are no rows after the header"),
        ("", regression, "a.csv: the file is empty"),
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
    assert!(message.starts_with("a.csv: there is no such file"), "{message}");
    let latin = load(&[("b.csv", "")], "").unwrap_err();
    assert!(latin.contains("a.csv: there is no such file"), "{latin}");
}

#[test]
fn a_test_file_must_match_the_training_file() {
    let first = ("a.csv", "x,z,y\n1,2,a\n3,4,b\n");
    for (second, expected) in [
        ("x,y\n1,a\n", "b.csv: there is no column `z`"),
        ("y\na\n", "b.csv: there are no columns `x`, `z`\nthe columns are: y"),
        ("x,z,y\n1,2,a\n1,2,c\n", "b.csv:3: column `y`: no training row has `c`"),
        ("x,z,y\n1,2,a\n1,oops,b\n", "b.csv:3: column `z`: `oops` is not a number"),
    ] {
        let message =
            load(&[first, ("b.csv", second)], "task = \"classification\"\ntest_path = \"b.csv\"").unwrap_err();
        assert!(message.contains(expected), "{expected}\nnot in:\n{message}");
    }
}

/// The class `y` has one row of ten. With `validation = 2`, a stratified split does not hold that row out.
#[test]
fn a_class_that_a_part_lacks_is_named() {
    let rows: Vec<String> = (1..=10).map(|n| format!("{n},{}", if n == 9 { "y" } else { "x" })).collect();
    let text = format!("a,y\n{}\n", rows.join("\n"));
    for split_seed in 0..6 {
        let split = SplitRule { validation: Holdout::Count(2), split_seed, ..SplitRule::default() };
        let data = parse(text.as_bytes(), "file", "y", Missing::Error, &split).unwrap();
        let messages: Vec<String> = data.info.warnings.iter().map(ToString::to_string).collect();
        assert_eq!((data.train_rows.len(), data.held_out.len()), (8, 2));
        assert!(messages.contains(&"the validation part has no example of class `y`".to_owned()), "{messages:?}");
        let few = "there are only 10 examples, read as 2 classes: 8 to train on, 2 held out for validation";
        assert!(messages.contains(&few.to_owned()), "{messages:?}");
        // A split that is not stratified holds out the only `y` for some seeds. Then it cannot be learned.
        let by_chance = SplitRule { stratify: Some(false), ..split };
        let data = parse(text.as_bytes(), "file", "y", Missing::Error, &by_chance).unwrap();
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

/// Returns the names and the values of the inputs, one row after another.
fn inputs(text: &str, keys: &str) -> (String, Vec<f32>) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.csv"), text).unwrap();
    let table = format!("type = \"csv\"\npath = \"a.csv\"\ntarget = \"y\"\n{keys}");
    let (set, _) = build_in(folder.path(), &table).unwrap();
    let names = set.coding().unwrap().unwrap().inputs().join(" ");
    (names, floats(&set.load(&offline(Path::new("/nowhere"))).unwrap().train))
}

fn warnings(text: &str, keys: &str) -> Vec<String> {
    let data = one(text, keys).unwrap();
    data.info.warnings.iter().map(|warning| format!("{warning}\nhelp: {}", warning.help())).collect()
}

#[test]
fn text_becomes_categories() {
    let text = "sex,ok,y\nm,yes,1.5\nf,no,2.5\nf,yes,3.5\n";
    let (names, values) = inputs(text, "validation = 0");
    assert_eq!(names, "sex=f sex=m ok=no ok=yes");
    assert_eq!(values, [0., 1., 0., 1., 1., 0., 1., 0., 1., 0., 0., 1.]);
    // Only the most frequent values have inputs of their own.
    let (names, values) = inputs("c,y\nb,1.5\na,2.5\nb,3.5\nd,1.5\n", "validation = 0\nmax_categories = 1");
    assert_eq!((names.as_str(), values), ("c=b c=other", vec![1., 0., 0., 1., 1., 0., 0., 1.]));
    // Numbers are categories if `categories` names their column.
    let (names, _) = inputs("zip,y\n10,1.5\n20,2.5\n10,3.5\n", "validation = 0\ncategories = [\"zip\"]");
    assert_eq!(names, "zip=10 zip=20");
}

/// Three of ten rows are held out. Their values become no categories and do not change the median.
#[test]
fn what_is_learned_comes_from_the_training_rows() {
    let kept =
        one("n,y\n1,0.5\n2,0.5\n3,0.5\n4,0.5\n5,0.5\n6,0.5\n7,0.5\n8,0.5\n9,0.5\n10,0.5\n", "validation = 3").unwrap();
    let is_held = |row: u32| kept.held_out.contains(&row);
    let rows: Vec<String> = (0..10)
        .map(|row| match is_held(row) {
            true => format!("new,1000,{row}.5"),
            false => {
                let number = if row == kept.train_rows[0] { "".into() } else { row.to_string() };
                format!("{},{number},{row}.5", if row < 5 { "old" } else { "older" })
            }
        })
        .collect();
    let (names, values) = inputs(&format!("c,n,y\n{}\n", rows.join("\n")), "validation = 3\nmissing = \"median\"");
    assert_eq!(names, "c=old c=older n n missing");
    let mut numbers: Vec<u32> = kept.train_rows[1..].to_vec();
    numbers.sort_unstable();
    let median = (numbers[2] + numbers[3]) as f32 / 2.0;
    for (row, values) in values.chunks(4).enumerate() {
        let number = if is_held(row as u32) { 1000.0 } else { row as f32 };
        let [old, older] = if row < 5 { [1.0, 0.0] } else { [0.0, 1.0] };
        let expected = match row as u32 {
            row if row == kept.train_rows[0] => [old, older, median, 1.0],
            row if is_held(row) => [0.0, 0.0, number, 0.0],
            _ => [old, older, number, 0.0],
        };
        assert_eq!(values, expected, "row {row}");
    }
}

/// Row numbers as pandas and R write them.
#[test]
fn row_numbers_are_left_out_with_a_warning() {
    let rows: Vec<String> =
        (0..100).map(|n| format!("{n},{},{}", n * 7919 % 101, if n < 50 { "a" } else { "b" })).collect();
    let text = format!(",f,y\n{}\n", rows.join("\n"));
    assert_eq!(inputs(&text, "").0, "f");
    let message = "1 column is left out: `` (row numbers)\n\
                   help: write drop = [\"\"] to leave out the same columns without this warning";
    assert_eq!(warnings(&text, ""), [message]);
    assert_eq!(warnings(&text, "drop = [\"\"]"), [""; 0]);
    for (name, first) in [("id", 0), ("Index", 1), ("Unnamed: 0", 0), ("rownames", 1)] {
        let rows: Vec<String> = (0..30).map(|n| format!("{},{n},{}", n + first, n % 2)).collect();
        assert_eq!(inputs(&format!("{name},f,y\n{}\n", rows.join("\n")), "").0, "f", "{name}");
    }
    // The rows are in another order, and the column is not the first. Under other names, such numbers are kept.
    for (name, first, kept) in [
        ("index", 0, "f"),
        ("level_0", 0, "f"),
        ("Unnamed: 0", 0, "f"),
        ("", 1, "f"),
        ("rownames", 1, "f"),
        ("obs", 1, "f"),
        ("No", 0, "f"),
        ("S.No", 1, "f"),
        ("case", 1, "f"),
        ("rank", 1, "f rank"),
        ("X", 1, "f X"),
    ] {
        let rows: Vec<String> = (0..30).map(|n| format!("{},{},{}", n % 7, n * 7 % 30 + first, n % 2)).collect();
        let text = format!("f,{name},y\n{}\n", rows.join("\n"));
        assert_eq!(inputs(&text, "").0, kept, "{name}");
        assert_eq!(warnings(&text, "").is_empty(), kept != "f", "{name}");
    }
}

#[test]
fn text_of_many_values_dates_and_ids_are_left_out_with_a_warning() {
    let rows: Vec<String> =
        (0..30).map(|n| format!("{},Name {n},2024-01-{:02},{n},{}", 1000 + 7 * n, n % 28 + 1, n % 2)).collect();
    let text = format!("customer_id,name,day,f,y\n{}\n", rows.join("\n"));
    assert_eq!(inputs(&text, "").0, "f");
    assert_eq!(
        warnings(&text, ""),
        ["3 columns are left out: `customer_id` (an id: a different number in each row), `name` (text, 30 different \
             values), `day` (dates)\nhelp: write drop = [\"customer_id\", \"name\", \"day\"] to leave out the same \
             columns without this warning"]
    );
    assert_eq!(
        inputs(&text, "categories = [\"name\"]\nmax_categories = 1\nvalidation = 0").0,
        "name=Name 0 name=other f"
    );
}

/// Words that mean an empty cell are not classes.
#[test]
fn na_is_an_empty_cell_in_the_target_too() {
    let text = "length,y\n39.1,male\n39.5,female\n40.3,NA\n36.7,female\n39.3,male\n38.9,NA\n";
    let message = one(text, "").unwrap_err();
    assert!(
        message.contains("a.csv:4: column `y`: `NA` counts as empty\n2 of 6 rows have empty cells: 2 in `y`"),
        "{message}"
    );
    for missing in ["drop", "median"] {
        let data = one(text, &format!("missing = \"{missing}\"")).unwrap();
        assert_eq!((data.info.task, data.info.train), (Task::Classification { classes: 2 }, 4), "{missing}");
        assert_eq!(data.info.class_names, ["female", "male"]);
    }
    for word in ["NA", "NaN", "nan", "N/A", "null", "NULL", "?", ""] {
        let text = format!("x,y\n1,2.5\n{word},3.5\n3,4.5\n");
        assert_eq!(one(&text, "missing = \"drop\"").unwrap().info.train, 2, "{word}");
    }
    let text = "x,y\n1,2.5\n-,3.5\n-99,4.5\n";
    assert_eq!(one(text, "missing = \"drop\"\nmissing_values = [\"-\", \"-99\"]").unwrap().info.train, 1);
}

/// Rows are not left out without a warning.
#[test]
fn rows_that_are_left_out_are_counted() {
    let text = "a,b,y\n1,2,x\n,2,y\n,3,x\n,4,y\n2,1,y\n";
    let found = warnings(text, "missing = \"drop\"\nvalidation = 0");
    assert!(found.iter().any(|it| it.starts_with("3 of 5 rows left out: column `a` is empty (3)\n")), "{found:?}");
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.csv"), text).unwrap();
    let table = "type = \"csv\"\npath = \"a.csv\"\ntarget = \"y\"\nmissing = \"drop\"";
    let about = build_in(folder.path(), table).unwrap().0.about().unwrap();
    assert_eq!(about.rows_left_out(), ["3 of 5 rows left out: column `a` is empty"]);
    // A column that is left out leaves no row out.
    assert_eq!(one(text, "missing = \"drop\"\ndrop = [\"a\"]").unwrap().info.train, 5);
    // The median keeps all rows.
    assert_eq!(
        inputs(text, "missing = \"median\"\nvalidation = 0").1,
        [1.0, 0.0, 2.0, 1.5, 1.0, 2.0, 1.5, 1.0, 3.0, 1.5, 1.0, 4.0, 2.0, 0.0, 1.0]
    );
}

#[test]
fn quantities_with_thousands_separators_are_numbers() {
    let text = "rooms,y\n3,\"250,000\"\n4,\"310,000\"\n2,\"180,000\"\n5,\"420,000\"\n3,\"255,000\"\n";
    let data = one(text, "").unwrap();
    assert_eq!(data.train.targets, Targets::Values(vec![250e3, 310e3, 180e3, 420e3, 255e3]));
    let found = warnings(text, "task = \"classification\"");
    assert!(found.iter().any(|it| it.starts_with("there are 5 classes for 5 examples: ")), "{found:?}");
}

/// A file without a header, whose first row is read as one.
#[test]
fn a_header_of_values_is_doubted() {
    let text = "5.1,3.5,setosa\n4.9,3.0,setosa\n6.3,3.3,virginica\n5.8,2.7,virginica\n";
    let load = |keys: &str| {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.csv"), text).unwrap();
        let table = format!("type = \"csv\"\npath = \"a.csv\"\nvalidation = 0\n{keys}");
        build_in(folder.path(), &table).and_then(|(set, _)| set.info().map_err(|error| error.0)).unwrap()
    };
    let info = load("target = \"setosa\"\ntask = \"classification\"");
    let doubt = |info: &crate::dataset::Info| info.warnings.iter().any(|it| it.to_string().contains("header = false"));
    assert!(info.train == 3 && doubt(&info), "{info:?}");
    let info = load("target = \"3\"\nheader = false");
    assert!(info.train == 4 && info.input == [2] && info.class_names == ["setosa", "virginica"], "{info:?}");
    assert!(!doubt(&info), "{info:?}");
}

#[test]
fn numbers_with_a_few_words_are_a_mistake_and_not_categories() {
    let rows = |word: &str, every: usize| -> String {
        (0..100)
            .map(|n| format!("{},{}\n", if n % every == 3 { word.into() } else { (n % 60).to_string() }, n % 2))
            .collect()
    };
    for (word, every) in [("unknown", 100), ("unknown", 10), ("1.2.3", 50)] {
        let message = one(&format!("x,y\n{}", rows(word, every)), "").unwrap_err();
        assert!(
            message.contains(&format!("a.csv:5: column `x`: `{word}` is not a number, although other")),
            "{message}"
        );
    }
    // The numbers are few and repeat, as the doors of cars do.
    let doors: String = (0..40).map(|n| format!("{},{}\n", ["2", "3", "4", "5more"][n % 4], n % 3)).collect();
    assert_eq!(inputs(&format!("x,y\n{doors}"), "").0, "x=2 x=3 x=4 x=5more");
}

#[test]
fn targets_are_scaled_by_the_training_rows() {
    let text = "x,y\n1,100\n2,200\n3,600\n4,1000\n";
    let data = one(text, "task = \"regression\"\nscale_target = true\nvalidation = 0").unwrap();
    let Targets::Values(values) = &data.train.targets else { panic!() };
    assert!((values.iter().sum::<f32>()).abs() < 1e-6);
    assert!((values.iter().map(|value| value * value).sum::<f32>() - 4.0).abs() < 1e-5);
    let found = warnings(text, "task = \"regression\"\nvalidation = 0");
    assert!(found.iter().any(|it| it.contains("has mean 475") && it.contains("scale_target = true")), "{found:?}");
    let message = one(text, "task = \"classification\"\nscale_target = true").unwrap_err();
    assert!(message.contains("classes have no scale"), "{message}");
}

#[test]
fn the_group_column_is_not_an_input() {
    let rows: Vec<String> = (0..40).map(|n| format!("{},{n},{}", n / 4, n % 2)).collect();
    let text = format!("patient,f,y\n{}\n", rows.join("\n"));
    assert_eq!(inputs(&text, "group = \"patient\"").0, "f");
    let data = one(&text, "group = \"patient\"\nvalidation = 8\ntest = 8").unwrap();
    let (test, train) = (floats(&data.test.unwrap()), floats(&data.train));
    let groups = |rows: Vec<f32>| rows.into_iter().map(|f| f as u32 / 4).collect::<std::collections::BTreeSet<_>>();
    let part = |rows: &[u32]| groups(rows.iter().map(|&row| train[row as usize]).collect());
    let parts = [groups(test), part(&data.train_rows), part(&data.held_out)];
    assert!(parts[0].is_disjoint(&parts[1]) && parts[1].is_disjoint(&parts[2]) && parts[0].is_disjoint(&parts[2]));
    assert_eq!(parts.iter().map(|part| part.len()).sum::<usize>(), 10);
}

#[test]
fn a_wrong_delimiter_names_the_right_one() {
    let message = one("x;z;y\n1;2;a\n3;4;b\n5;6;a\n", "delimiter = \",\"").unwrap_err();
    assert!(message.contains("separated by `,` there is only one column, `x;z;y`"), "{message}");
    assert!(message.contains("delimiter = \";\"") && !message.contains("the columns are"), "{message}");
}
