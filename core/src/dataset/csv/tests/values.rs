//! The values of cells, which do not depend on their spelling.

use super::*;
use crate::dataset::{Coding, ColumnUse, Unseen};

/// Returns the data set of `text` in a folder that is kept, and its coding.
fn trained(folder: &Path, text: &str, keys: &str) -> (Box<dyn Dataset>, Coding) {
    fs::write(folder.join("a.csv"), text).unwrap();
    let table = format!("type = \"csv\"\npath = \"a.csv\"\ntarget = \"y\"\n{keys}");
    let (set, _) = build_in(folder, &table).unwrap();
    let coding = set.coding().unwrap().unwrap();
    (set, coding)
}

/// Returns the inputs of the rows of `new` for a run that was trained on `text`, and the cells that are new to it.
fn predicted(text: &str, new: &str, keys: &str) -> (Vec<f32>, Vec<(String, usize)>) {
    let folder = tempfile::tempdir().unwrap();
    let (set, coding) = trained(folder.path(), text, keys);
    fs::write(folder.path().join("new.csv"), new).unwrap();
    let rows = set.new_rows(&folder.path().join("new.csv"), &coding).unwrap();
    let Inputs::Floats(values) = rows.inputs else { panic!() };
    (values, rows.unseen.into_iter().map(|Unseen { column, cells }| (column, cells)).collect())
}

#[test]
fn letter_case_of_truth_words_does_not_matter() {
    let text = "ok,sex,y\nTrue,m,1.5\nFALSE,M,2.5\ntrue,m,3.5\nFalse,M,4.5\n";
    let (names, values) = inputs(text, "validation = 0");
    // Other words keep their case.
    assert_eq!(names, "ok=FALSE ok=True sex=M sex=m");
    assert_eq!(values, [0., 1., 0., 1., 1., 0., 1., 0., 0., 1., 0., 1., 1., 0., 1., 0.]);
    let new = predicted(text, "ok,sex\nTRUE,m\nfalse,M\n", "validation = 0");
    assert_eq!(new, (vec![0., 1., 0., 1., 1., 0., 1., 0.], vec![]));
    // Single letters are truth words only among such words.
    assert_eq!(inputs("a,y\nT,1.5\nf,2.5\nt,3.5\n", "validation = 0").0, "a=T a=f");
    assert_eq!(inputs("a,y\nT,1.5\nx,2.5\nt,3.5\n", "validation = 0").0, "a=T a=t a=x");
    assert_eq!(inputs("a,y\nYes,1.5\nno service,2.5\nyes,3.5\n", "validation = 0").0, "a=Yes a=no service");
}

#[test]
fn letter_case_of_truth_words_does_not_matter_in_classes() {
    let files = [("a.csv", "x,y\n1,Yes\n2,no\n3,YES\n4,No\n"), ("b.csv", "x,y\n1,yes\n2,NO\n")];
    for keys in ["", "task = \"classification\"\n"] {
        let (data, _) = load(&files, &format!("{keys}test_path = \"b.csv\"")).unwrap();
        assert_eq!(data.info.class_names, ["Yes", "no"]);
        assert_eq!(data.train.targets, Targets::Classes(vec![0, 1, 0, 1]));
        assert_eq!(data.test.unwrap().targets, Targets::Classes(vec![0, 1]));
    }
    let files = [("a.csv", "x,y\n1,cat\n2,Cat\n"), ("b.csv", "x,y\n1,CAT\n")];
    let message = load(&files, "test_path = \"b.csv\"").unwrap_err();
    assert!(message.contains("b.csv:2: column `y`: no training row has `CAT`"), "{message}");
}

#[test]
fn whole_numbers_are_one_category_in_any_spelling() {
    let text = "zip,y\n90210,1.5\n02134,2.5\n90210.0,3.5\n";
    let keys = "validation = 0\ncategories = [\"zip\"]";
    assert_eq!(inputs(text, keys).0, "zip=02134 zip=90210");
    let new = predicted(text, "zip\n90210.0\n2134\n90210.\n", keys);
    assert_eq!(new, (vec![0., 1., 1., 0., 0., 1.], vec![]));
    // With a gap, pandas writes the whole column with a fraction.
    let new = predicted(text, "zip\n2134.0\n\n90210.0\n", &format!("{keys}\nmissing = \"median\""));
    assert_eq!(new, (vec![1., 0., 0., 1.], vec![]));
}

/// An input that is 0 in all training rows would keep its initial weights, which depend on the seed.
#[test]
fn values_that_no_training_row_has_use_no_untrained_input() {
    let text = "color,n,only,y\nred,5,a,1.5\nblue,5,a,2.5\nred,5,a,3.5\n";
    assert_eq!(inputs(text, "validation = 0").0, "color=blue color=red n only=a");
    let (values, unseen) = predicted(text, "color,n,only\ngreen,7,b\nred,5,a\nblack,6,a\n", "validation = 0");
    assert_eq!(values, [0., 0., 5., 1., 0., 1., 5., 1., 0., 0., 5., 1.]);
    let expected = [("color", 2), ("n", 2), ("only", 1)];
    assert_eq!(unseen, expected.map(|(column, cells)| (column.to_owned(), cells)));
    // A rare value of the training rows is not new.
    let (values, unseen) = predicted(text, "color,n,only\ngreen,5,a\nblue,5,a\n", "validation = 0\nmax_categories = 1");
    assert_eq!((values, unseen), (vec![0., 1., 5., 1., 0., 1., 5., 1.], vec![("color".to_owned(), 1)]));
    // The file of the test part has a warning.
    let files = [("a.csv", text), ("b.csv", "color,n,only,y\ngreen,5,a,2.5\nred,6,a,2.5\n")];
    let (data, _) = load(&files, "validation = 0\ntest_path = \"b.csv\"").unwrap();
    let found: Vec<String> = data.info.warnings.iter().map(ToString::to_string).collect();
    assert!(
        found.contains(&"2 cells have values that no training row has: 1 in `color`, 1 in `n`".to_owned()),
        "{found:?}"
    );
}

#[test]
fn classes_of_long_numbers_stay_apart() {
    let text = "x,y\n1,12345678901234567\n2,12345678901234568\n3,12345678901234567.0\n";
    let data = one(text, "task = \"classification\"").unwrap();
    assert_eq!(data.train.targets, Targets::Classes(vec![0, 1, 0]));
}

#[test]
fn labels_and_targets_are_not_rounded() {
    let rows = |y: &dyn Fn(u64) -> u64| (0..60).map(|n| format!("{n},{}\n", y(n))).collect::<String>();
    // Sixty labels, of which `f32` cannot hold all.
    let data = one(&format!("x,y\n{}", rows(&|n| 16_777_216 + n % 3)), "").unwrap();
    assert_eq!(data.info.class_names, ["16777216", "16777217", "16777218"]);
    assert_eq!(data.class_counts().iter().map(|class| class.examples).collect::<Vec<_>>(), [20, 20, 20]);
    let data = one(&format!("x,y\n{}", rows(&|n| 100_000_001 + n % 2)), "").unwrap();
    assert_eq!(data.info.class_names, ["100000001", "100000002"]);
    for task in ["", "task = \"regression\"\n"] {
        let text = format!("x,y\n{}", rows(&|n| 1_600_000_000 + 7 * n));
        let data = one(&text, &format!("{task}scale_target = true\nvalidation = 0")).unwrap();
        let Targets::Values(values) = &data.train.targets else { panic!() };
        let sd = (values.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>() / 60.0).sqrt();
        let step = 7.0 / (49.0 * (60.0f64 * 60.0 - 1.0) / 12.0).sqrt();
        assert!((sd - 1.0).abs() < 1e-6);
        assert!(values.windows(2).all(|pair| (f64::from(pair[1] - pair[0]) - step).abs() < 1e-6), "{values:?}");
    }
}

#[test]
fn groups_of_long_numbers_stay_apart() {
    let rows: String = (0..40).map(|n| format!("{},{n},{}\n", 100_000_001 + n / 4, n % 2)).collect();
    let data = one(&format!("patient,f,y\n{rows}"), "group = \"patient\"\nvalidation = 4").unwrap();
    assert_eq!(data.held_out.len(), 4);
}

#[test]
fn numbers_close_together_are_not_rounded() {
    let rows: String = (0..20).map(|n| format!("{},{n}.5\n", 1_600_000_000 + (n % 2) * 60)).collect();
    let text = format!("t,y\n{rows}");
    let (_, values) = inputs(&text, "validation = 0");
    assert!(values.iter().enumerate().all(|(n, &value)| value == if n % 2 == 0 { -30.0 } else { 30.0 }), "{values:?}");
    let (values, _) = predicted(&text, "t\n1600000060\n1600000090\n1600000001\n", "validation = 0");
    assert_eq!(values, [30.0, 60.0, -29.0]);
    // A file with one number has no differences between numbers. It is still read as the training file was.
    assert_eq!(predicted("t,y\n48.85661,0.5\n48.85663,1.5\n", "t\n48.85662\n", "validation = 0").0.len(), 1);
    let folder = tempfile::tempdir().unwrap();
    let (set, coding) = trained(folder.path(), &text, "validation = 0");
    let about = set.about().unwrap();
    let ColumnUse::Number { min, max, .. } = about.columns[0].usage else { panic!() };
    assert_eq!((min, max), (1_600_000_000.0, 1_600_000_060.0));
    let json = serde_json::to_string(&coding).unwrap();
    assert!(
        json.contains("\"offset\":1600000030.0") && serde_json::from_str::<Coding>(&json).unwrap() == coding,
        "{json}"
    );
    // Numbers that f32 can tell apart stay as they are.
    assert_eq!(inputs("t,y\n1000,0.5\n1001,1.5\n", "validation = 0").1, [1000.0, 1001.0]);
    assert_eq!(inputs("t,y\n33554433,0.5\n1,1.5\n", "validation = 0").1, [33_554_432.0, 1.0]);
}

#[test]
fn compact_dates_are_dates() {
    let rows: String = (1..29).map(|n| format!("{},{n},{}.5\n", 20_200_100 + n, n % 7)).collect();
    assert_eq!(inputs(&format!("d,x,y\n{rows}"), "").0, "x");
    let found = warnings(&format!("d,x,y\n{rows}"), "");
    assert!(found.iter().any(|it| it.starts_with("1 column is left out: `d` (dates)")), "{found:?}");
}

/// The 47 labels of EMNIST.
#[test]
fn many_labels_that_are_read_as_quantities_have_a_warning() {
    let rows: String = (0..470).map(|n| format!("{n},{}\n", n % 47)).collect();
    let text = format!("x,y\n{rows}");
    let message = "the 47 different whole numbers of `y`, from 0 to 46, are read as quantities\nhelp: if they are classes, \
                   write task = \"classification\"; if not, task = \"regression\" removes this warning";
    assert!(warnings(&text, "").contains(&message.to_owned()), "{:?}", warnings(&text, ""));
    for task in ["classification", "regression"] {
        let found = warnings(&text, &format!("task = \"{task}\""));
        assert!(found.iter().all(|it| !it.contains("whole numbers")), "{found:?}");
    }
}

#[test]
fn amounts_are_numbers() {
    let text = "price,rate,y\n\"$1,200\",7%,1.5\n$800,12.5%,2.5\n-$5,0%,3.5\n";
    let (names, values) = inputs(text, "validation = 0");
    assert_eq!((names.as_str(), values), ("price rate", vec![1200., 7., 800., 12.5, -5., 0.]));
    assert_eq!(predicted(text, "price,rate\n900,1%\n", "validation = 0").0, [900.0, 1.0]);
    let folder = tempfile::tempdir().unwrap();
    let (set, coding) = trained(folder.path(), text, "validation = 0");
    for (new, expected) in [
        (
            "price,rate\n900,0.01\n",
            "new.csv: column `rate`: its numbers have no `%`, but those of the training rows have",
        ),
        (
            "price,rate\n£900,1%\n",
            "new.csv: column `price`: its numbers have `£`, but those of the training rows have `$`",
        ),
    ] {
        fs::write(folder.path().join("new.csv"), new).unwrap();
        let message = set.new_rows(&folder.path().join("new.csv"), &coding).unwrap_err().0;
        assert!(message.contains(expected), "{message}");
    }
    let targets = |text: &str| one(text, "").unwrap().train.targets;
    assert_eq!(targets("x,y\n1,€ 250\n2,€ 310\n3,€ 180\n"), Targets::Values(vec![250.0, 310.0, 180.0]));
    // In a column of categories, cells stay as they are.
    assert_eq!(inputs(text, "validation = 0\ncategories = [\"rate\"]").0, "price rate=0% rate=12.5% rate=7%");
}

#[test]
fn columns_with_some_amounts_have_a_warning() {
    let rows: String =
        (0..40).map(|n| format!("{},{n}.5\n", if n % 10 == 3 { "free".into() } else { format!("${n}") })).collect();
    let found = warnings(&format!("price,y\n{rows}z,1.5\n"), "categories = [\"price\"]");
    assert!(found.iter().all(|it| !it.contains("amount")), "{found:?}");
    let found = warnings(&format!("price,x,y\n{}", rows.replace(',', ",1,")), "");
    assert!(
        found.iter().any(|it| it
            .starts_with("column `price` is read as text: `$0` is an amount, but `free` is not one in the same unit")),
        "{found:?}"
    );
    let text = "x,y\n1,7%\n2,8%\n3,0.09\n4,7%\n5,8%\n";
    let expected = "a.csv:2: column `y`: `7%` has `%`, but other cells have no unit: write all of them alike";
    assert_eq!(one(text, "").unwrap_err(), expected);
    let mixed: String = (0..60).map(|n| format!("{n}{},{n}.5\n", if n == 7 { "%" } else { "" })).collect();
    let message = one(&format!("x,y\n{mixed}"), "").unwrap_err();
    assert!(message.starts_with("a.csv:9: column `x`: `7%` has `%`, but other cells have no unit"), "{message}");
    let found = warnings("x,y\n1,7%\n2,8%\n3,low\n4,7%\n5,8%\n", "");
    assert!(
        found.iter().any(|it| it.contains("`y` is read as text: `7%` is an amount, but `low` is not one")),
        "{found:?}"
    );
}
