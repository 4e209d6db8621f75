//! The advice in messages works.

use super::files::{about, predicted};
use super::{one, warnings};
use crate::dataset::Task;

#[test]
fn the_median_is_not_suggested_for_empty_targets() {
    let median = "missing = \"median\"";
    let message = one("a,y\n1,p\n2,\n3,q\n", "").unwrap_err();
    assert!(message.contains("missing = \"drop\" leaves out such rows: nothing can be learned"), "{message}");
    assert!(!message.contains(median), "{message}");
    let message = one("a,y\n1,p\n2,\n,q\n", "").unwrap_err();
    assert!(message.contains("keeps those in which the target is not empty"), "{message}");
    let message = one("a,y\n1,p\n2,q\n,q\n", "").unwrap_err();
    assert!(message.contains("missing = \"median\" keeps them"), "{message}");
    let message = one("a,g,y\n1,1,p\n2,,q\n3,2,q\n", "group = \"g\"").unwrap_err();
    assert!(!message.contains(median), "{message}");
    // The warning does not suggest the median if it is set already, or does not help.
    let text = "a,y\n1,p\n2,\n3,q\n4,p\n";
    for missing in ["median", "drop"] {
        let found = warnings(text, &format!("missing = \"{missing}\"")).join("\n");
        assert!(found.contains("1 of 4 rows left out") && !found.contains(median), "{found}");
    }
    let found = warnings("a,y\n1,p\n,p\n3,q\n4,p\n", "missing = \"drop\"").join("\n");
    assert!(found.contains(median), "{found}");
}

/// `missing_values` replaces the usual words.
#[test]
fn advice_on_missing_values_keeps_the_words_that_occur() {
    let rows = |word: &str| -> String {
        (0..60).map(|n| format!("{},{}\n", if n == 3 { word.into() } else { n.to_string() }, n % 2)).collect()
    };
    let text = format!("a,y\nNA,0\n-,1\n?,0\n{}", rows("unknown"));
    let message = one(&text, "missing = \"median\"").unwrap_err();
    let advice = "missing_values = [\"unknown\", \"NA\", \"?\"]";
    assert!(message.contains(advice), "{message}");
    let data = one(&text, &format!("missing = \"drop\"\n{advice}")).unwrap();
    assert_eq!(data.info.train, 59);
    // The user's own words stay.
    let message = one(&format!("a,y\n{}", rows("unknown")), "missing_values = [\"-99\"]").unwrap_err();
    assert!(message.contains("missing_values = [\"unknown\", \"-99\"]"), "{message}");
    let message = one("a,y\nNA,1.5\n2,2.5\n3,n. a.\n", "missing = \"drop\"").unwrap_err();
    assert!(message.contains("missing_values = [\"n. a.\", \"NA\"]"), "{message}");
}

#[test]
fn words_that_count_as_empty_are_shown() {
    let text = "garage,a,y\nbrick,1,p\nNone,2,q\nNone,3,p\nNA,4,q\nwood,5,q\n";
    let message = one(text, "").unwrap_err();
    assert!(message.starts_with("a.csv:3: column `garage`: `None` counts as empty\n3 of 5 rows"), "{message}");
    let advice = "if `None` is a value, write missing_values = [\"NA\"]";
    assert!(message.contains(advice), "{message}");
    let data = one(text, "missing = \"drop\"\nmissing_values = [\"NA\"]").unwrap();
    assert_eq!((data.info.train, data.info.task), (4, Task::Classification { classes: 2 }));
    let about = about(&[("a.csv", text)], "missing = \"drop\"");
    assert_eq!(about.rows_left_out(), ["3 of 5 rows left out: column `garage` is empty or `None` or `NA`"]);
    // A blank cell, and a word in a column of numbers, are just empty.
    let message = one("g,a,y\nx,1,p\n,2,q\nNA,3,q\n", "").unwrap_err();
    assert!(message.starts_with("a.csv:3: column `g` is empty\n"), "{message}");
    assert!(one("a,y\n1,p\nNA,q\n", "").unwrap_err().starts_with("a.csv:3: column `a` is empty\n"));
}

#[test]
fn predict_does_not_advise_keys_of_the_spec() {
    let message = predicted("a,y\n1,p\n2,q\n", "a\n1\n\"\"\n3\n,\n", "").map(|_| ());
    assert!(message.is_ok(), "rows without any value are left out: {message:?}");
    let message = predicted("a,b,y\n1,1,p\n2,2,q\n", "a,b\n1,1\n,2\n", "").unwrap_err();
    assert!(message.contains("new.csv:3: column `a` is empty") && message.contains("fill in these cells"), "{message}");
    assert!(!message.contains("missing = \"drop\""), "{message}");
    let message = predicted("a,b,y\n1,1,p\n2,2,q\n", "a,b\n1,1\n#2,2\n", "").unwrap_err();
    assert!(
        message.contains("comment = \"\"") && message.contains("the run's spec.toml: change this file"),
        "{message}"
    );
}

#[test]
fn names_of_columns_that_are_numbers_are_explained() {
    let text = "5.1,3.5,setosa\n4.9,3.0,setosa\n6.3,3.3,virginica\n";
    for target in ["\"3\"", "3"] {
        let message = super::one_with_target(text, target, "").unwrap_err();
        assert!(message.contains("there is no column `3`") && message.contains("header = false"), "{message}");
        assert!(message.contains("\"setosa\""), "{message}");
        let data = super::one_with_target(text, target, "header = false\ndrop = [1]").unwrap();
        assert_eq!((data.info.class_names, data.info.input), (vec!["setosa".into(), "virginica".into()], vec![1]));
    }
}

#[test]
fn other_separators_are_named() {
    for (text, separator) in [("a:y\n1:p\n2:q\n", ":"), ("a~y\n1~p\n2~q\n", "~"), ("a^y\n1^p\n2^q\n", "^")] {
        let advice = format!("delimiter = \"{separator}\"");
        let message = one(text, "").unwrap_err();
        assert!(message.contains(&advice) && !message.contains("did you mean"), "{message}");
    }
    assert_eq!(one("a:y\n1:p\n2:q\n", "delimiter = \":\"").unwrap().info.train, 2);
    let message = one("sepal_y\n1\n", "").unwrap_err();
    assert!(!message.contains("delimiter"), "{message}");
}
