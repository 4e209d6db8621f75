use std::io::Write;
use std::path::Path;

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::dataset::arrays::array::tests::{header, npy};
use crate::dataset::tests::{build_in, offline};
use crate::dataset::{Data, Inputs, Normalize, Targets, Task};

fn f32s(shape: &str, values: &[f32]) -> Vec<u8> {
    npy(1, &header("<f4", shape), &values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<_>>())
}

fn i64s(shape: &str, values: &[i64]) -> Vec<u8> {
    npy(1, &header("<i8", shape), &values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<_>>())
}

fn u8s(shape: &str, values: &[u8]) -> Vec<u8> {
    npy(1, &header("|u1", shape), values)
}

fn archive(members: &[(&str, Vec<u8>)], method: CompressionMethod) -> Vec<u8> {
    let mut writer = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in members {
        writer.start_file(*name, SimpleFileOptions::default().compression_method(method)).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// Loads an archive with further keys of `[data]`. Returns the data, their default normalization and the resolved table.
fn load_with(bytes: &[u8], keys: &str) -> Result<(Data, Normalize, toml::Table), String> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.npz"), bytes).unwrap();
    let (set, resolved) = build_in(folder.path(), &format!("type = \"npz\"\npath = \"a.npz\"\n{keys}"))?;
    let loaded = set.load(&offline(Path::new("/nowhere")));
    let data = loaded.map_err(|error| error.0.replace(&format!("{}/", folder.path().display()), ""))?;
    assert_eq!(set.info().unwrap(), data.info);
    let (again, twice) = build_in(folder.path(), &resolved.to_string()).unwrap();
    assert_eq!((again.info().unwrap().task, twice), (data.info.task, resolved.clone()));
    Ok((data, set.default_normalize(), resolved))
}

fn load(bytes: &[u8]) -> Result<(Data, Normalize), String> {
    load_with(bytes, "").map(|(data, normalize, _)| (data, normalize))
}

fn with(members: &[(&str, Vec<u8>)], keys: &str) -> Result<(Data, toml::Table), String> {
    load_with(&archive(members, CompressionMethod::Stored), keys).map(|(data, _, resolved)| (data, resolved))
}

fn messages(data: &Data) -> Vec<String> {
    let few = |message: &String| message.starts_with("there are only");
    data.info.warnings.iter().map(ToString::to_string).filter(|message| !few(message)).collect()
}

fn both(members: &[(&str, Vec<u8>)]) -> (Data, Normalize) {
    let (stored, normalize) = load(&archive(members, CompressionMethod::Stored)).unwrap();
    let (deflated, _) = load(&archive(members, CompressionMethod::Deflated)).unwrap();
    assert_eq!(stored.fingerprint, deflated.fingerprint);
    (stored, normalize)
}

#[test]
fn integers_are_pixels_and_classes() {
    let (data, normalize) = both(&[
        ("x.npy", u8s("2, 1, 2", &[1, 2, 3, 255])),
        ("y.npy", i64s("2,", &[1, 0])),
        ("x_test.npy", u8s("2, 1, 2", &[9, 8, 7, 6])),
        ("y_test.npy", i64s("2,", &[2, 2])),
    ]);
    assert_eq!((data.info.train, data.info.test, &data.info.input[..]), (2, 2, &[1, 1, 2][..]));
    assert_eq!(data.info.task, Task::Classification { classes: 3 });
    assert_eq!(data.train.inputs, Inputs::Bytes(vec![1, 2, 3, 255]));
    assert_eq!(data.train.targets, Targets::Classes(vec![1, 0]));
    assert!(messages(&data).contains(&"the training part has no example of class `2`".into()));
    assert_eq!(data.test.unwrap().targets, Targets::Classes(vec![2, 2]));
    assert_eq!(normalize, Normalize::Unit);
}

#[test]
fn floats_are_features_and_values() {
    let (data, normalize) =
        both(&[("x.npy", f32s("2, 3", &[1., 2., 3., 4., 5., 6.])), ("y.npy", f32s("2, 2", &[0.5, 1.5, 2.5, 3.5]))]);
    assert_eq!((&data.info.input[..], data.info.task), (&[3][..], Task::Regression { outputs: 2 }));
    assert_eq!(data.train.inputs, Inputs::Floats(vec![1., 2., 3., 4., 5., 6.]));
    assert_eq!((data.train.targets, data.test), (Targets::Values(vec![0.5, 1.5, 2.5, 3.5]), None));
    assert_eq!(normalize, Normalize::None);
    let (data, _) = both(&[("x.npy", i64s("2,", &[1, -2])), ("y.npy", f32s("2,", &[0.5, 1.5]))]);
    assert_eq!((&data.info.input[..], data.info.task), (&[1][..], Task::Regression { outputs: 1 }));
}

#[test]
fn errors_say_what_is_expected() {
    let x = || ("x.npy", f32s("2, 1", &[1.0, 2.0]));
    let y = || ("y.npy", i64s("2,", &[0, 1]));
    let list = "\nthe arrays are x: float32 (2, 1), y: int64 (2,), y_test: int64 (1,)\n\
                help: name them, as in x = \"images\" and y = \"labels\"";
    for (members, expected) in [
        (vec![], "a.npz: there is no `x` and no `y`\nthere are no arrays"),
        (vec![x()], "a.npz: there is no `x` and no `y`\nthe arrays are x: float32 (2, 1)\n"),
        (vec![x(), y(), ("y_test.npy", i64s("1,", &[0]))], &format!("a.npz: there is `y_test`, but no `x_test`{list}")),
        (vec![x(), ("y.npy", i64s("3,", &[0, 1, 2]))], "a.npz: `y`: 3 targets for 2 examples"),
        (
            vec![x(), ("y.npy", i64s("2, 0", &[]))],
            "a.npz: `y`: expected the shape [2], [2, 1] or [2, outputs], not (2, 0)",
        ),
        (vec![("x.npy", f32s("", &[1.0])), y()], "a.npz: `x`: expected an array of shape [n, …], not a single number"),
        (vec![x(), ("y.npy", f32s("", &[1.0]))], "a.npz: `y`: expected the shape [2], [2, 1] or [2, outputs], not ()"),
        (vec![x(), ("y.npy", i64s("2,", &[0, 0]))], "a.npz: `y`: every class is 0, but a classifier needs two classes"),
        (vec![("x.npy", f32s("0, 3", &[])), y()], "a.npz: `x`: its shape (0, 3) has no values"),
        (
            vec![("x.npy", f32s("2, 1", &[1.0, f32::NAN])), y()],
            "a.npz: `x`[1] has a value that is not finite in 32 bits",
        ),
        (
            vec![x(), y(), ("x_test.npy", f32s("1, 2", &[1.0, 2.0])), ("y_test.npy", i64s("1,", &[0]))],
            "a.npz: `x_test`: float32 (1, 2) does not match the training part, which has float32 (2, 1)",
        ),
        (
            vec![x(), y(), ("x_test.npy", f32s("1, 1", &[1.0])), ("y_test.npy", f32s("1,", &[0.5]))],
            "a.npz: `y_test`[0] is 0.5, which is no class: classes are integers or text, and quantities need task = \
             \"regression\"",
        ),
        (
            vec![("x.npy", npy(1, &header("|O", "2,"), &[0; 8])), y()],
            "a.npz: `x`: dtype '|O' is not supported, because it has Python objects: save array.astype(float) or \
             array.astype(str) instead",
        ),
        (vec![("x.npy", npy(1, &header("|S4", "2,"), &[0; 8])), y()], "a.npz: `x`: inputs must be numbers, not text"),
    ] {
        let message = load(&archive(&members, CompressionMethod::Deflated)).unwrap_err();
        assert!(message.starts_with(expected), "{message}");
    }
    assert!(load(b"x,y\n1,2\n").unwrap_err().starts_with("a.npz: not an .npz file: "));
    let whole = archive(&[x(), y()], CompressionMethod::Stored);
    assert!(load(&whole[..whole.len() / 2]).unwrap_err().starts_with("a.npz: not an .npz file: "));
}

#[test]
fn a_member_that_declares_an_impossible_size_is_refused() {
    let array = u8s("100, 10", &[0; 1000]);
    let mut bytes =
        archive(&[("x.npy", array.clone()), ("y.npy", u8s("100,", &[0; 100]))], CompressionMethod::Deflated);
    let (size, huge) = ((array.len() as u32).to_le_bytes(), 4_000_000_000u32.to_le_bytes());
    let places: Vec<usize> = (0..bytes.len() - 4).filter(|&at| bytes[at..at + 4] == size).collect();
    assert!(!places.is_empty());
    for at in places {
        bytes[at..at + 4].copy_from_slice(&huge);
    }
    let message = load(&bytes).unwrap_err();
    assert!(message.contains("declares 4000000000 bytes, but ") || message.contains("`x`: "), "{message}");
}

#[test]
fn a_damaged_member_is_refused() {
    let mut bytes =
        archive(&[("x.npy", f32s("2, 1", &[1.0, 2.0])), ("y.npy", i64s("2,", &[0, 1]))], CompressionMethod::Stored);
    let value = 2.0f32.to_le_bytes();
    let at = bytes.windows(4).position(|window| window == value).unwrap();
    bytes[at + 3] ^= 1;
    let message = load(&bytes).unwrap_err();
    assert!(message.to_lowercase().contains("checksum"), "{message}");
}

/// A frame of pandas is in Fortran order, its category codes are `int8`, and labels of medical image sets have the shape
/// (n, 1).
#[test]
fn arrays_as_numpy_and_pandas_write_them_are_read() {
    let frame = "{'descr': '<f8', 'fortran_order': True, 'shape': (2, 2), }";
    let frame =
        npy(1, frame, &[1.0f64, 2.0, 3.0, 4.0].iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<_>>());
    let codes = npy(1, &header("|i1", "2, 1"), &[0, 1]);
    let (data, resolved) = with(&[("x.npy", frame), ("y.npy", codes)], "").unwrap();
    assert_eq!(data.train.inputs, Inputs::Floats(vec![1.0, 3.0, 2.0, 4.0]));
    assert_eq!(data.train.targets, Targets::Classes(vec![0, 1]));
    assert_eq!(
        (data.info.task, resolved["task"].as_str()),
        (Task::Classification { classes: 2 }, Some("classification"))
    );

    let booleans = npy(1, &header("|b1", "3,"), &[1, 0, 1]);
    let halves = npy(1, &header("<f2", "3, 1"), &[0x00, 0x3c, 0x00, 0xc0, 0x00, 0x38]);
    let (data, _) = with(&[("x.npy", halves), ("y.npy", booleans)], "").unwrap();
    assert_eq!(data.train.inputs, Inputs::Floats(vec![1.0, -2.0, 0.5]));
    assert_eq!(data.train.targets, Targets::Classes(vec![1, 0, 1]));

    let words = npy(1, &header("|S3", "3,"), b"dogcatdog");
    let x = npy(1, &header(">u2", "3, 1"), &[1, 0, 0, 7, 0, 8]);
    let (data, _) = with(&[("x.npy", x), ("y.npy", words)], "").unwrap();
    assert_eq!(data.train.inputs, Inputs::Floats(vec![256.0, 7.0, 8.0]));
    assert_eq!(
        (data.train.targets, data.info.class_names),
        (Targets::Classes(vec![1, 0, 1]), vec!["cat".into(), "dog".into()])
    );

    let one_hot = f32s("3, 3", &[0., 0., 1., 1., 0., 0., 0., 0., 1.]);
    let x = || u8s("3, 2", &[1, 2, 3, 4, 5, 6]);
    let (data, _) = with(&[("x.npy", x()), ("y.npy", one_hot.clone())], "").unwrap();
    assert_eq!(
        (data.train.targets, data.info.task),
        (Targets::Classes(vec![2, 0, 2]), Task::Classification { classes: 3 })
    );
    let (data, _) = with(&[("x.npy", x()), ("y.npy", one_hot)], "task = \"regression\"").unwrap();
    assert_eq!(data.info.task, Task::Regression { outputs: 3 });
}

#[test]
fn arrays_are_found_by_name_or_listed() {
    fn x(name: &str) -> (&str, Vec<u8>) {
        (name, f32s("2, 1", &[1.0, 2.0]))
    }
    fn y(name: &str) -> (&str, Vec<u8>) {
        (name, i64s("2,", &[0, 1]))
    }
    for (names, keys) in [
        (["x_train", "y_train", "x_test", "y_test"], ""),
        (["train_images", "train_labels", "test_images", "test_labels"], ""),
        (["features", "kind", "x_test", "y_test"], "x = \"features\"\ny = \"kind\""),
        (["features", "labels", "mine", "own"], "x_test = \"mine\"\ny_test = \"own\""),
    ] {
        let files = names.map(|name| format!("{name}.npy"));
        let members = [x(&files[0][..]), y(&files[1][..]), x(&files[2][..]), y(&files[3][..])];
        let (data, resolved) = with(&members, keys).unwrap();
        assert_eq!((data.info.train, data.info.test), (2, 2));
        let found = ["x", "y", "x_test", "y_test"].map(|key| resolved[key].as_str().unwrap_or_default());
        assert_eq!(found, names);
    }
    let message = with(&[x("inputs.npy"), y("kinds.npy")], "").unwrap_err();
    assert_eq!(
        message,
        "a.npz: there is no `x` and no `y`\nthe arrays are inputs: float32 (2, 1), kinds: int64 (2,)\n\
         help: name them, as in x = \"images\" and y = \"labels\""
    );
    let message = with(&[x("inputs.npy"), y("y.npy")], "x = \"input\"").unwrap_err();
    assert!(
        message.starts_with("a.npz: there is no array `input` for `x`; did you mean `inputs`?\nthe arrays are "),
        "{message}"
    );
    let message = with(&[x("x.npy"), y("y.npy")], "group = \"patient\"").unwrap_err();
    assert!(message.starts_with("a.npz: there is no array `patient`\nthe arrays are "), "{message}");
}

/// The prices of 200 houses: `np.arange(200) * 1000 + 5000`.
#[test]
fn whole_numbers_are_classes_only_if_they_repeat() {
    let x = || ("x.npy", f32s("200, 1", &[0.5; 200]));
    let prices: Vec<i64> = (0..200).map(|n| n * 1000 + 5000).collect();
    let prices = || ("y.npy", i64s("200,", &prices));
    let (data, resolved) = with(&[x(), prices()], "").unwrap();
    assert_eq!(data.info.task, Task::Regression { outputs: 1 });
    assert_eq!((resolved["task"].as_str(), messages(&data)), (Some("regression"), vec![]));
    let (data, _) = with(&[x(), prices()], "task = \"classification\"").unwrap();
    assert_eq!(data.info.task, Task::Classification { classes: 200 });
    let found = messages(&data);
    assert!(!found.iter().any(|message| message.contains("no example of")), "{found:?}");
    let many = "there are 200 classes for 200 examples: nearly every example has one of its own";
    assert!(found.contains(&many.to_owned()), "{found:?}");
    assert!(found.iter().any(|message| message.starts_with("the labels `5000`, `6000`, ")), "{found:?}");

    let labels = |low: i64, high: i64| ("y.npy", i64s("200,", &[[low; 150].to_vec(), [high; 50].to_vec()].concat()));
    let (data, _) = with(&[x(), labels(1, 2)], "").unwrap();
    assert_eq!(
        (data.info.task, &data.info.class_names[..]),
        (Task::Classification { classes: 2 }, &["1".into(), "2".into()][..])
    );
    assert_eq!(messages(&data), [""; 0]);
    let (data, _) = with(&[x(), labels(1, 10)], "").unwrap();
    assert_eq!(data.info.task, Task::Classification { classes: 2 });
    assert_eq!(messages(&data), ["the labels `1`, `10` of `y` have gaps: as classes they are numbered 0 to 1"]);
    // A quarter of the examples has the second label, in both parts.
    let Targets::Classes(classes) = &data.train.targets else { panic!() };
    assert_eq!((data.held_out.len(), data.held_out.iter().filter(|&&row| classes[row as usize] == 1).count()), (20, 5));
}

#[test]
fn no_group_is_in_two_parts() {
    let patients: Vec<u8> = (0..200).map(|row| row / 10).collect();
    let members = [
        ("x.npy", f32s("200, 1", &[0.5; 200])),
        ("y.npy", i64s("200,", &(0..200).map(|row| row % 2).collect::<Vec<_>>())),
        ("patient.npy", u8s("200, 1", &patients)),
    ];
    let (data, resolved) = with(&members, "group = \"patient\"").unwrap();
    assert_eq!((data.held_out.len(), resolved["group"].as_str()), (20, Some("patient")));
    let mut held: Vec<u8> = data.held_out.iter().map(|&row| patients[row as usize]).collect();
    held.dedup();
    assert_eq!(held.len(), 2);
    assert!(data.train_rows.iter().all(|&row| !held.contains(&patients[row as usize])));
}

/// Images of 6 × 5 pixels with 4 channels. Each value is made of its place.
#[test]
fn images_with_channels_last_are_recognized() {
    let value = |channel: u8, row: u8, column: u8| 64 * channel + 8 * row + column;
    let mut last = Vec::new();
    let mut first = Vec::new();
    for image in 0..3 {
        for outer in 0..6 {
            for inner in 0..5 {
                last.extend((0..4).map(|channel| value(channel, outer, inner).wrapping_add(image)));
            }
        }
        for channel in 0..4 {
            first.extend(
                (0..6).flat_map(|row| (0..5).map(move |column| value(channel, row, column).wrapping_add(image))),
            );
        }
    }
    let y = || ("y.npy", i64s("3,", &[0, 1, 0]));
    let members = [("x.npy", u8s("3, 6, 5, 4", &last)), y()];
    let (data, resolved) = with(&members, "").unwrap();
    assert_eq!((&data.info.input[..], resolved["layout"].as_str()), (&[4, 6, 5][..], Some("channels_last")));
    assert_eq!(data.train.inputs, Inputs::Bytes(first.clone()));
    assert_eq!(messages(&data), ["images of shape (3, 6, 5, 4) are read with the channels last"]);
    let (data, _) = with(&members, "layout = \"channels_last\"").unwrap();
    assert_eq!((data.train.inputs, data.info.warnings.len()), (Inputs::Bytes(first.clone()), 1));
    let (data, _) = with(&members, "layout = \"channels_first\"").unwrap();
    assert_eq!((&data.info.input[..], data.train.inputs), (&[6, 5, 4][..], Inputs::Bytes(last)));
    let (data, resolved) = with(&[("x.npy", u8s("3, 4, 6, 5", &first)), y()], "").unwrap();
    assert_eq!((&data.info.input[..], resolved["layout"].as_str()), (&[4, 6, 5][..], Some("channels_first")));
    assert_eq!(messages(&data), [""; 0]);
    let grey = || ("x.npy", f32s("3, 2, 2", &[0.5; 12]));
    assert_eq!(with(&[grey(), y()], "").unwrap().0.info.input, [2, 2]);
    let (data, resolved) = with(&[grey(), y()], "layout = \"channels_first\"").unwrap();
    assert_eq!((&data.info.input[..], resolved["layout"].as_str()), (&[1, 2, 2][..], Some("channels_first")));
    let message = with(&[("x.npy", u8s("3, 2", &[0; 6])), y()], "layout = \"channels_last\"").unwrap_err();
    assert_eq!(
        message,
        "a.npz: `x`: `layout` is for images of the shape [n, a, b] or [n, a, b, c], not (3, 2): leave it out"
    );
}

#[test]
fn a_file_of_another_kind_is_named() {
    for (bytes, expected) in [
        (
            npy(1, &header("<f4", "1,"), &[0; 4]),
            "it is an .npy file with one array: use type = \"npy\" with `x` and `y`",
        ),
        (b"\x1f\x8b\x08\0\0\0\0\0".to_vec(), "it is packed by gzip: unpack it with gunzip"),
        (b"\x89HDF\r\n\x1a\n".to_vec(), "it is an HDF5 file: save its arrays by np.savez(\"a.npz\", x=x, y=y)"),
    ] {
        assert_eq!(load(&bytes).unwrap_err(), format!("a.npz: not an .npz file: {expected}"));
    }
}

/// Medical image sets have a validation part of their own.
#[test]
fn a_validation_part_that_is_not_used_is_named() {
    let x = |name| (name, u8s("4, 1, 1", &[1, 2, 3, 4]));
    let y = |name| (name, u8s("4, 1", &[0, 1, 0, 1]));
    let members = [x("train_images.npy"), y("train_labels.npy"), x("val_images.npy"), y("val_labels.npy")];
    let (data, _) = with(&members, "").unwrap();
    let mut expected = messages(&data);
    expected.retain(|message| message.ends_with("are not used"));
    assert_eq!(expected, ["the arrays `val_images`, `val_labels` are not used"]);
}

#[test]
fn labels_that_are_read_as_quantities_have_a_warning() {
    let x = || u8s("400, 1", &[7; 400]);
    let y = |n: usize| i64s("400,", &(0..400).map(|row| row % n as i64).collect::<Vec<_>>());
    let (data, _) = with(&[("x.npy", x()), ("y.npy", y(100))], "").unwrap();
    assert_eq!(data.info.task, Task::Regression { outputs: 1 });
    assert_eq!(messages(&data), ["the 100 different whole numbers of `y`, from 0 to 99, are read as quantities"]);
    for task in ["classification", "regression"] {
        let (data, _) = with(&[("x.npy", x()), ("y.npy", y(100))], &format!("task = \"{task}\"")).unwrap();
        assert!(messages(&data).iter().all(|message| !message.contains("quantities")), "{task}");
    }
    // Numbers that hardly repeat, and numbers with wide gaps, are quantities.
    assert_eq!(messages(&with(&[("x.npy", x()), ("y.npy", y(200))], "").unwrap().0), [""; 0]);
    let ages = i64s("400,", &(0..400).map(|row| 18 + row % 60).collect::<Vec<_>>());
    assert_eq!(messages(&with(&[("x.npy", x()), ("y.npy", ages)], "").unwrap().0), [""; 0]);
}

#[test]
fn values_that_32_bits_make_equal_have_a_warning() {
    let times: Vec<i64> = (0..60).flat_map(|row| [row, 1_600_000_000 + row % 2 * 60]).collect();
    let y = || i64s("60,", &(0..60).map(|row| row % 2).collect::<Vec<_>>());
    let (data, _) = with(&[("x.npy", i64s("60, 2", &times)), ("y.npy", y())], "").unwrap();
    let expected =
        "the values of feature 1 of `x` differ by too little for their size: 32 bits round the differences away";
    assert_eq!(messages(&data), [expected]);
    let times: Vec<i64> = (0..60).map(|row| 1_600_000_000 + row).collect();
    let (data, _) = with(&[("x.npy", y()), ("y.npy", i64s("60,", &times))], "").unwrap();
    assert_eq!(
        messages(&data),
        ["the values of `y` differ by too little for their size: 32 bits round the differences away"]
    );
}

#[test]
fn letter_case_of_truth_words_does_not_matter() {
    let x = || u8s("4, 1", &[1, 2, 3, 4]);
    let y = npy(1, &header("|S4", "4,"), b"TrueNo\0\0TRUEno\0\0");
    let (data, _) = with(&[("x.npy", x()), ("y.npy", y)], "").unwrap();
    assert_eq!(
        (data.train.targets, data.info.class_names),
        (Targets::Classes(vec![1, 0, 1, 0]), vec!["No".into(), "True".into()])
    );
}
