//! A second file: the test part, or new rows.

use std::fs;
use std::path::Path;

use super::{build_in, floats, load};
use crate::dataset::{About, Dataset, Inputs, NewRows, Targets};

/// Builds the data set of `keys` in a folder with `files`, and calls `then` with it and its resolved table.
fn built<T>(files: &[(&str, &str)], keys: &str, then: impl FnOnce(&dyn Dataset, &Path, &toml::Table) -> T) -> T {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let table = format!("type = \"csv\"\npath = \"a.csv\"\ntarget = \"y\"\n{keys}");
    let (set, resolved) = build_in(folder.path(), &table).unwrap();
    then(&*set, folder.path(), &resolved)
}

pub fn about(files: &[(&str, &str)], keys: &str) -> About {
    built(files, keys, |set, _, _| set.about().unwrap())
}

/// Trains on `train` and reads `new`.
pub fn predicted(train: &str, new: &str, keys: &str) -> Result<NewRows, String> {
    built(&[("a.csv", train), ("new.csv", new)], keys, |set, folder, _| {
        let coding = set.coding().unwrap().unwrap();
        let prefix = format!("{}/", folder.display());
        set.new_rows(&folder.join("new.csv"), &coding).map_err(|error| error.0.replace(&prefix, ""))
    })
}

#[test]
fn each_file_has_its_own_separator() {
    let train = "a,y\n1.5,p\n2.5,q\n3.5,p\n";
    for test in ["a;y\n1,5;p\n4,5;q\n", "a\ty\n1.5\tp\n4.5\tq\n", "y|a\np|1.5\nq|4.5\n", "a:y\n1.5:p\n4.5:q\n"] {
        let files = [("a.csv", train), ("b.csv", test)];
        // The resolved spec names the separator of the training file. Reading it again gives the same data.
        let keys = "test_path = \"b.csv\"\ndelimiter = \",\"";
        for keys in ["test_path = \"b.csv\"", keys] {
            let (data, resolved) = load(&files, keys).unwrap();
            assert_eq!(resolved["delimiter"].as_str(), Some(","));
            let part = data.test.unwrap();
            assert_eq!((floats(&part), part.targets), (vec![1.5, 4.5], Targets::Classes(vec![0, 1])), "{test:?}");
        }
        let rows = predicted(train, test, "delimiter = \",\"").unwrap();
        assert_eq!(rows.inputs, Inputs::Floats(vec![1.5, 4.5]), "{test:?}");
    }
    // Separated by blanks, this file has more columns, but not those of the training file.
    let rows = predicted("a b;y\n1;p\n2;q\n", "a b;c\n1,5;x\n", "").unwrap();
    assert_eq!(rows.inputs, Inputs::Floats(vec![1.5]));
    let message = load(&[("a.csv", train), ("b.csv", "b;y\n1,5;p\n")], "test_path = \"b.csv\"").unwrap_err();
    assert!(message.contains("b.csv: there is no column `a`") && !message.contains("delimiter"), "{message}");
}

#[test]
fn a_file_with_another_separator_is_read_exactly() {
    let train = "t,c,y\n1600000001,r,p\n1600000003,s,q\n1600000005,r,p\n";
    let other = "t;c;y\n1600000002;R;p\nNA;r;p\n";
    let keys = "test_path = \"b.csv\"\nmissing = \"drop\"\nvalidation = 0";
    let (data, _) = load(&[("a.csv", train), ("b.csv", other)], keys).unwrap();
    assert_eq!(floats(&data.test.unwrap()), [-1.0, 0.0, 0.0]);
    let found: Vec<String> = data.info.warnings.iter().map(ToString::to_string).collect();
    for expected in ["1 of 2 rows of the test file left out: column `t` is empty", "1 in `c`"] {
        assert!(found.iter().any(|it| it.contains(expected)), "{found:?}");
    }
    let new = predicted(train, other, "missing = \"drop\"\nvalidation = 0\ndelimiter = \",\"").unwrap();
    assert_eq!(new.inputs, Inputs::Floats(vec![-1.0, 0.0, 0.0]));
    assert!(new.unseen.iter().any(|it| it.column == "c" && it.cells == 1) && new.format.contains("`;`"), "{new:?}");
}

#[test]
fn rows_of_the_test_file_that_are_left_out_are_counted() {
    let files = [("a.csv", "a,y\n1,p\n2,q\n,p\n"), ("b.csv", "a,y\n1,p\n,q\n3,\n4,\n5,q\n")];
    let about = about(&files, "test_path = \"b.csv\"\nmissing = \"drop\"");
    assert_eq!(
        about.rows_left_out(),
        [
            "1 of 3 rows left out: column `a` is empty",
            "2 of 5 rows of the test file left out: column `y` is empty",
            "1 of 5 rows of the test file left out: column `a` is empty",
        ]
    );
    for (missing, rows) in [("drop", "3 of 5"), ("median", "2 of 5")] {
        let (data, _) = load(&files, &format!("test_path = \"b.csv\"\nmissing = \"{missing}\"")).unwrap();
        let expected = format!("{rows} rows of the test file left out: column `y` is empty (2)");
        let found: Vec<String> = data.info.warnings.iter().map(ToString::to_string).collect();
        assert!(found.iter().any(|it| it.starts_with(&expected)), "{found:?}");
    }
}

#[test]
fn decimal_commas_in_new_rows_are_not_taken_for_row_names() {
    let train = "a,b,y\n1.5,1,p\n2.5,2,q\n3.5,1,p\n";
    for new in ["a,b\n0,5,1\n0,7,2\n", "a,b\n1,5,3\n"] {
        let message = predicted(train, new, "").unwrap_err();
        assert!(message.contains("decimal commas") && message.contains("quotes"), "{message}");
    }
    assert_eq!(predicted("a,y\n1,p\n2,q\n", "a\n1,5\n2,7\n", "").map(|_| ()).unwrap_err().lines().count(), 2);
    let rows = predicted(train, "a,b\n\"0,5\",1\n\"0,7\",2\n", "").unwrap();
    assert_eq!(rows.inputs, Inputs::Floats(vec![0.5, 1.0, 0.7, 2.0]));
    let rows = predicted(train, "\"a\",\"b\"\n\"3\",0.5,1\n\"9\",0.7,2\n", "").unwrap();
    assert_eq!(rows.inputs, Inputs::Floats(vec![0.5, 1.0, 0.7, 2.0]));
}

/// Without a header, columns are named by their numbers. Without the target, those behind it have smaller numbers.
#[test]
fn new_rows_without_a_header_may_lack_the_target() {
    let trained = |target: usize, train: &str, new: &str| {
        built(&[("a.csv", train), ("new.csv", new)], "", |_, folder, _| {
            let table = format!("type = \"csv\"\npath = \"a.csv\"\ntarget = {target}\nheader = false\nvalidation = 0");
            let (set, _) = build_in(folder, &table).unwrap();
            let coding = set.coding().unwrap().unwrap();
            let saved = serde_json::from_str(&serde_json::to_string(&coding).unwrap()).unwrap();
            assert_eq!(coding, saved);
            set.new_rows(&folder.join("new.csv"), &coding).map(|rows| rows.inputs).map_err(|error| error.0)
        })
    };
    // A target, a number, a category and a number. The name `y` is for the other spec of this folder.
    let train = "y,1,r,10\nx,2,s,20\ny,3,r,30\nx,4,s,40\n";
    let right = Inputs::Floats(vec![5.0, 0.0, 1.0, 50.0, 6.0, 1.0, 0.0, 60.0]);
    assert_eq!(trained(1, train, "5,s,50\n6,r,60\n").unwrap(), right);
    assert_eq!(trained(1, train, "x,5,s,50\ny,6,r,60\n").unwrap(), right);
    let train = "1,r,y,10\n2,s,x,20\n3,r,y,30\n4,s,x,40\n";
    assert_eq!(trained(3, train, "5,s,50\n6,r,60\n").unwrap(), right);
    assert_eq!(trained(3, train, "5,s,x,50\n6,r,y,60\n").unwrap(), right);
    // With any other number of columns, the numbers would name the wrong ones.
    for (new, width) in [("5,s\n6,r\n", 2), ("0,5,s,x,50\n1,6,r,y,60\n", 5), ("5,s,x,50,1,2\n6,r,y,60,1,2\n", 6)] {
        let message = trained(3, train, new).unwrap_err();
        let expected = format!("new.csv: {width} columns, separated by `,`, but the training file has 4\n");
        assert!(message.contains(&expected) && message.contains("4 columns, or 3 without the target"), "{message}");
    }
    // Times in seconds, of which `f32` would round the differences away.
    let train = "y,1600000001,1\nx,1600000003,2\ny,1600000005,1\n";
    let right = Inputs::Floats(vec![-1.0, 7.0]);
    assert_eq!(trained(1, train, "1600000002,7\n").unwrap(), right);
    assert_eq!(trained(1, train, "y,1600000002,7\n").unwrap(), right);
}

#[test]
fn a_test_file_with_training_examples_is_a_warning() {
    let warnings = |test_path: &str, test: &str, keys: &str| -> Vec<String> {
        let files = [("a.csv", "g,a,y\nk,1,p\nl,2,q\nm,3,p\n"), ("b.csv", test)];
        let (data, _) = load(&files, &format!("test_path = \"{test_path}\"\n{keys}")).unwrap();
        let all = data.info.warnings.iter().map(ToString::to_string);
        all.filter(|it| it.contains("share") || it.contains("new data")).collect()
    };
    let other = "g,a,y\nn,1,p\nl,2,q\nm,4,p\n";
    let same = warnings("a.csv", other, "");
    assert!(same.len() == 1 && same[0].contains("a.csv has the examples of the training part"), "{same:?}");
    // A copy of the file, with its columns in another order.
    let copy = warnings("b.csv", "y;a;g\np;1;k\nq;2;l\np;3;m\n", "group = \"g\"");
    assert!(copy.len() == 1 && copy[0].contains("b.csv has the examples"), "{copy:?}");
    assert_eq!(warnings("b.csv", other, ""), [""; 0]);
    let shared = "the training file and the test file share groups of column `g`: `l`, `m`";
    assert_eq!(warnings("b.csv", other, "group = \"g\""), [shared]);
    assert_eq!(warnings("b.csv", "a,y\n1,p\n4,q\n", "group = \"g\""), [""; 0]);
}
