use super::*;

#[test]
fn quantities_are_short() {
    for (value, text) in [
        (475.0, "475"),
        (0.0, "0"),
        (-12.345678, "-12.3457"),
        (30_250.75, "30250.8"),
        (1_200_000.0, "1200000"),
        (3333333187341175236853760.0, "3.3333e24"),
        (0.0001234567, "1.2346e-4"),
        (f64::INFINITY, "inf"),
    ] {
        assert_eq!(short(value), text);
    }
}

#[test]
fn texts_name_classes_and_parts() {
    let names = |n: usize| (0..n).map(|name| name.to_string()).collect::<Vec<_>>();
    let missing = |part, n| Warning::ClassesMissing { part, classes: names(n) }.to_string();
    assert_eq!(missing("validation", 1), "the validation part has no example of class `0`");
    assert_eq!(
        missing("training", 7),
        "the training part has no example of classes `0`, `1`, `2`, `3`, `4` and 2 more"
    );
    let unseen = |n: usize| Warning::UnseenValues {
        columns: names(n).into_iter().map(|column| Unseen { column, cells: 1 }).collect(),
    };
    assert_eq!(unseen(1).to_string(), "1 cell has a value that no training row has: 1 in `0`");
    assert!(unseen(7).to_string().ends_with("1 in `4` and others in 2 more columns"));
    let few = Warning::FewExamples { train: 8, held_out: 2, test: 0, read_as: "2 classes".into() };
    assert_eq!(
        few.to_string(),
        "there are only 10 examples, read as 2 classes: 8 to train on, 2 held out for validation"
    );
}
