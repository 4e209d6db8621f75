//! What the cells of a table mean, however they are spelled.

use super::*;
use crate::dataset::{Coding, Unseen};

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

/// An input that is 0 in all training rows would keep its initial weight, which depends on the seed.
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
    assert!(found.contains(&"2 cells have values that no training row has: 1 in `color`, 1 in `n`".to_owned()), "{found:?}");
}

#[test]
fn classes_of_long_numbers_stay_apart() {
    let text = "x,y\n1,12345678901234567\n2,12345678901234568\n3,12345678901234567.0\n";
    let data = one(text, "task = \"classification\"").unwrap();
    assert_eq!(data.train.targets, Targets::Classes(vec![0, 1, 0]));
}
