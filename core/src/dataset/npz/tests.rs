use std::io::Write;
use std::path::Path;

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::dataset::npy::tests::{header, npy};
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

fn load(bytes: &[u8]) -> Result<(Data, Normalize), String> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.npz"), bytes).unwrap();
    let (set, _) = build_in(folder.path(), "type = \"npz\"\npath = \"a.npz\"").unwrap();
    let loaded = set.load(&offline(Path::new("/nowhere")));
    let data = loaded.map_err(|error| error.0.replace(&format!("{}/", folder.path().display()), ""))?;
    assert_eq!(set.info().unwrap(), data.info);
    Ok((data, set.default_normalize()))
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
        ("y.npy", i64s("2,", &[4, 0])),
        ("x_test.npy", u8s("1, 1, 2", &[9, 8])),
        ("y_test.npy", i64s("1,", &[6])),
    ]);
    assert_eq!((data.info.train, data.info.test, &data.info.input[..]), (2, 1, &[1, 1, 2][..]));
    assert_eq!(data.info.task, Task::Classification { classes: 7 });
    assert_eq!(data.train.inputs, Inputs::Bytes(vec![1, 2, 3, 255]));
    assert_eq!(data.train.targets, Targets::Classes(vec![4, 0]));
    assert_eq!(data.test.unwrap().targets, Targets::Classes(vec![6]));
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
    for (members, expected) in [
        (vec![], "a.npz: there is no `x` and no `y`"),
        (vec![x()], "a.npz: there is `x`, but no `y`"),
        (vec![x(), y(), ("y_test.npy", i64s("1,", &[0]))], "a.npz: there is `y_test`, but no `x_test`"),
        (vec![x(), ("y.npy", i64s("3,", &[0, 1, 2]))], "a.npz: `y`: 3 targets for 2 examples"),
        (vec![x(), ("y.npy", i64s("2,", &[0, -1]))], "a.npz: `y`[1] is -1: classes must be from 0 to 999999"),
        (
            vec![x(), ("y.npy", i64s("2,", &[0, 1 << 40]))],
            "a.npz: `y`[1] is 1099511627776: classes must be from 0 to 999999",
        ),
        (
            vec![x(), ("y.npy", i64s("2, 1", &[0, 1]))],
            "a.npz: `y`: expected the shape [2], or [2, outputs] for floats, not [2, 1]",
        ),
        (vec![("x.npy", f32s("", &[1.0])), y()], "a.npz: `x`: expected an array of shape [n, …], not a single number"),
        (
            vec![x(), ("y.npy", f32s("", &[1.0]))],
            "a.npz: `y`: expected the shape [2], or [2, outputs] for floats, not []",
        ),
        (vec![x(), ("y.npy", i64s("2,", &[0, 0]))], "a.npz: `y`: every class is 0, but a classifier needs two classes"),
        (vec![("x.npy", f32s("0, 3", &[])), y()], "a.npz: `x`: its shape [0, 3] has no values"),
        (
            vec![("x.npy", f32s("2, 1", &[1.0, f32::NAN])), y()],
            "a.npz: `x`[1] has a value that is not finite in 32 bits",
        ),
        (
            vec![x(), y(), ("x_test.npy", f32s("1, 2", &[1.0, 2.0])), ("y_test.npy", i64s("1,", &[0]))],
            "a.npz: `x_test`: F32 [1, 2] does not match the training part, which has F32 [2, 1]",
        ),
        (
            vec![x(), y(), ("x_test.npy", f32s("1, 1", &[1.0])), ("y_test.npy", f32s("1,", &[0.0]))],
            "a.npz: `y_test`: F32 [1] does not match the training part, which has I64 [2]",
        ),
        (
            vec![("x.npy", npy(1, &header(">f4", "2,"), &[0; 8])), y()],
            "a.npz: `x`: dtype '>f4' is not supported, only |u1, <f4, <f8, <i4, <i8",
        ),
    ] {
        let message = load(&archive(&members, CompressionMethod::Deflated)).unwrap_err();
        assert_eq!(message, expected);
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
