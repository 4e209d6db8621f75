//! Rows that are one cell longer than the header: row names, or decimal commas.

use super::*;

#[test]
fn decimal_commas_are_not_taken_for_row_names() {
    let plain = ReadOptions::default();
    let rows: String = (0..20).map(|n| format!("{},{},{}\n", n % 3, n % 10, ["p", "q"][n % 2])).collect();
    for text in [
        format!("a,y\n{rows}"),
        "a,y\n0,0,p\n1,3,p\n0,5,q\n".to_owned(),
        // The whole parts differ, but are not row numbers.
        "a,y\n4,5,p\n2,7,q\n".to_owned(),
        "a,y\n-1,5,p\n2,7,q\n".to_owned(),
        // The second column has the decimal commas.
        "city,t,y\nBerlin,1,5,p\nBerlin,2,7,q\n".to_owned(),
        "a\n1,5\n2,7\n".to_owned(),
        "a,b\n0,5,1\n".to_owned(),
    ] {
        let message = read_with(&text, &plain).unwrap_err();
        assert!(message.contains("do not look like row names"), "{text}\n{message}");
        assert!(message.contains("decimal commas, put them in quotes"), "{text}\n{message}");
    }
    // Two columns with decimal commas, and rows that do not all have them.
    for text in ["a,b\n1,5,2,5\n2,5,3,5\n", "a,b,y\n1,2,p\n1,5,2,p\n"] {
        let message = read_with(text, &plain).unwrap_err();
        assert!(message.contains("decimal commas, put them in quotes"), "{text}\n{message}");
    }
    for text in ["a b\nx 1 2\ny 3\n", "a b\n1 1 2\n1 3 4\n"] {
        let message = read_with(text, &plain).unwrap_err();
        assert!(!message.contains("decimal"), "{text}\n{message}");
    }
}

/// Repetitions after the first mebibyte are found too.
#[test]
fn late_repetitions_of_row_names_are_found() {
    let rows: String = (0..200_000).map(|n| format!("{n},{},p\n", n % 10)).collect();
    let text = format!("a,y\n{rows}7,5,q\n");
    assert!(text.len() > 3 << 19);
    let message = read_with(&text, &ReadOptions::default()).unwrap_err();
    assert!(message.starts_with("a.csv:200002: ") && message.contains("`7` occurs twice"), "{message}");
}

#[test]
fn row_names_of_other_programs_are_read() {
    for (text, right) in [
        ("a,y\n1,0.5,p\n2,0.7,q\n", ": 1 2\na: 0.5 0.7\ny: 'p' 'q'"),
        ("a,y\n7,0.5,p\n3,0.7,q\n", ": 7 3\na: 0.5 0.7\ny: 'p' 'q'"),
        ("a,y\n1,5,p\n2,7,q\n3,5,p\n", ": 1 2 3\na: 5 7 5\ny: 'p' 'q' 'p'"),
        ("\"a\",\"y\"\n\"7\",5,\"p\"\n\"3\",7,\"q\"\n", ": 7 3\na: 5 7\ny: 'p' 'q'"),
        ("a,y\nanna,5,p\nbob,7,q\n", ": 'anna' 'bob'\na: 5 7\ny: 'p' 'q'"),
        ("a y\nanna 5 p\nanna 7 q\n", ": 'anna' 'anna'\na: 5 7\ny: 'p' 'q'"),
        ("a;y\n1;0,5;p\n2;0,7;q\n", ": 1 2\na: 0.5 0.7\ny: 'p' 'q'"),
    ] {
        let sheet = read(text);
        assert_eq!((shown(&sheet).as_str(), sheet.found.row_names), (right, true), "{text:?}");
    }
}
