//! NPY, NumPy's format of a file with one array (`numpy.lib.format`, versions 1 to 3): `\x93NUMPY`, two version bytes, the
//! length of the header, the header as a Python dict literal, and the values.

use std::io::Read;

use super::Error;

/// The element types that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dtype {
    U8,
    F32,
    F64,
    I32,
    I64,
}

impl Dtype {
    const ALL: [(&'static str, Dtype); 5] =
        [("|u1", Dtype::U8), ("<f4", Dtype::F32), ("<f8", Dtype::F64), ("<i4", Dtype::I32), ("<i8", Dtype::I64)];

    fn size(self) -> u64 {
        match self {
            Dtype::U8 => 1,
            Dtype::F32 | Dtype::I32 => 4,
            Dtype::F64 | Dtype::I64 => 8,
        }
    }
}

/// An array in memory.
#[derive(Debug, PartialEq)]
pub struct Array {
    pub dtype: Dtype,
    pub shape: Vec<usize>,
    /// The values in C order, little-endian.
    pub bytes: Vec<u8>,
}

/// The largest length of a header, the same as in NumPy.
const MAX_HEADER_LENGTH: usize = 10_000;

impl Array {
    /// Reads an array from a stream with a declared length of `length` bytes. `name` is its name in messages. Neither
    /// `length` nor the header alone causes a large allocation: they must agree, and memory grows with the bytes that are
    /// there.
    pub fn read(mut reader: impl Read, length: u64, name: &str) -> Result<Array, Error> {
        let failed = |error: std::io::Error| Error(format!("{name}: {error}"));
        let mut start = [0; 8];
        reader.read_exact(&mut start).map_err(failed)?;
        if !start.starts_with(b"\x93NUMPY") {
            return Err(Error(format!("{name}: byte 0: not an .npy file: it does not start with \\x93NUMPY")));
        }
        let width = match start[6] {
            1 => 2,
            2 | 3 => 4,
            version => {
                return Err(Error(format!("{name}: byte 6: .npy version {version} is not supported (1 to 3 are)")));
            }
        };
        let mut size = [0; 4];
        reader.read_exact(&mut size[..width]).map_err(failed)?;
        let size = u32::from_le_bytes(size) as usize;
        if size > MAX_HEADER_LENGTH {
            return Err(Error(format!("{name}: byte 8: the header has {size} bytes (at most {MAX_HEADER_LENGTH})")));
        }
        let mut header = vec![0; size];
        reader.read_exact(&mut header).map_err(failed)?;
        let header = String::from_utf8_lossy(&header);
        let (dtype, shape) = parse(&header).map_err(|reason| Error(format!("{name}: {reason}")))?;
        let product = shape.iter().try_fold(dtype.size(), |product, &size| product.checked_mul(size as u64));
        let found = length.checked_sub((8 + width + size) as u64);
        let expected = product.filter(|&expected| Some(expected) == found).ok_or_else(|| {
            let found = found.unwrap_or(0);
            Error(format!("{name}: the header declares {dtype:?} of shape {shape:?}, but {found} bytes follow it"))
        })?;
        let mut bytes = Vec::new();
        reader.take(expected + 1).read_to_end(&mut bytes).map_err(failed)?;
        match bytes.len() as u64 {
            read if read == expected => Ok(Array { dtype, shape, bytes }),
            read if read < expected => Err(Error(format!("{name}: the data ends after {read} of {expected} bytes"))),
            _ => Err(Error(format!("{name}: more data follows the {expected} bytes that the header declares"))),
        }
    }

    /// Returns the values as `f32`. A value that is not finite in 32 bits is `None`.
    pub fn floats(&self) -> Vec<Option<f32>> {
        let finite = |value: f32| Some(value).filter(|value| value.is_finite());
        match self.dtype {
            Dtype::U8 => self.bytes.iter().map(|&byte| Some(f32::from(byte))).collect(),
            Dtype::F32 => self.each(|bytes| finite(f32::from_le_bytes(bytes))),
            Dtype::F64 => self.each(|bytes| finite(f64::from_le_bytes(bytes) as f32)),
            Dtype::I32 => self.each(|bytes| Some(i32::from_le_bytes(bytes) as f32)),
            Dtype::I64 => self.each(|bytes| Some(i64::from_le_bytes(bytes) as f32)),
        }
    }

    /// Returns the values as integers. Returns `None` if they are floats.
    pub fn integers(&self) -> Option<Vec<i64>> {
        match self.dtype {
            Dtype::U8 => Some(self.bytes.iter().map(|&byte| byte.into()).collect()),
            Dtype::I32 => Some(self.each(|bytes| i32::from_le_bytes(bytes).into())),
            Dtype::I64 => Some(self.each(i64::from_le_bytes)),
            Dtype::F32 | Dtype::F64 => None,
        }
    }

    fn each<T, const N: usize>(&self, value: impl Fn([u8; N]) -> T) -> Vec<T> {
        self.bytes.as_chunks().0.iter().map(|bytes| value(*bytes)).collect()
    }
}

/// Parses type and shape from a header such as `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`.
fn parse(header: &str) -> Result<(Dtype, Vec<usize>), String> {
    let after = |key: &str| {
        let at = header.find(&format!("'{key}':")).ok_or_else(|| format!("the header has no '{key}'"))?;
        Ok::<&str, String>(header[at + key.len() + 3..].trim_start())
    };
    let descr = after("descr")?;
    let word = descr.strip_prefix('\'').and_then(|rest| rest.split_once('\'')).map(|(word, _)| word);
    let known = || Dtype::ALL.map(|(name, _)| name).join(", ");
    let word = word.ok_or_else(|| format!("arrays with fields are not supported, only {}", known()))?;
    let dtype = Dtype::ALL.iter().find(|(name, _)| *name == word).map(|(_, dtype)| *dtype);
    let dtype = dtype.ok_or_else(|| format!("dtype '{word}' is not supported, only {}", known()))?;
    if !after("fortran_order")?.starts_with("False") {
        return Err("the array is in Fortran order: save np.ascontiguousarray(array) instead".into());
    }
    let shape = after("shape")?.strip_prefix('(').and_then(|rest| rest.split_once(')')).map(|(sizes, _)| sizes);
    let sizes = shape.unwrap_or("?").split(',').map(str::trim).filter(|size| !size.is_empty());
    let shape = sizes.map(str::parse).collect::<Result<_, _>>().map_err(|_| "the header's 'shape' cannot be read")?;
    Ok((dtype, shape))
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// Returns the bytes of an .npy file.
    pub fn npy(version: u8, header: &str, values: &[u8]) -> Vec<u8> {
        let mut bytes = [b"\x93NUMPY", &[version, 0][..]].concat();
        let size = header.len() as u32;
        bytes.extend(&size.to_le_bytes()[..if version == 1 { 2 } else { 4 }]);
        bytes.extend(header.as_bytes());
        bytes.extend(values);
        bytes
    }

    pub fn header(descr: &str, shape: &str) -> String {
        format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({shape}), }}     \n")
    }

    fn read(bytes: &[u8]) -> Result<Array, String> {
        Array::read(bytes, bytes.len() as u64, "x").map_err(|error| error.0)
    }

    fn some(values: &[f32]) -> Vec<Option<f32>> {
        values.iter().copied().map(Some).collect()
    }

    #[test]
    fn each_version_and_type_is_read() {
        for version in 1..=3 {
            let array = read(&npy(version, &header("|u1", "2, 3"), &[1, 2, 3, 4, 5, 255])).unwrap();
            assert_eq!((array.dtype, &array.shape[..]), (Dtype::U8, &[2, 3][..]));
            assert_eq!(array.integers(), Some(vec![1, 2, 3, 4, 5, 255]));
            assert_eq!(array.floats(), some(&[1.0, 2.0, 3.0, 4.0, 5.0, 255.0]));
        }
        let values: Vec<u8> = [1.5f32, -2.0].iter().flat_map(|value| value.to_le_bytes()).collect();
        let array = read(&npy(1, &header("<f4", "2,"), &values)).unwrap();
        assert_eq!((array.floats(), array.integers()), (some(&[1.5, -2.0]), None));
        let values: Vec<u8> = [1.5f64, 1e300, f64::NAN].iter().flat_map(|value| value.to_le_bytes()).collect();
        assert_eq!(read(&npy(1, &header("<f8", "3,"), &values)).unwrap().floats(), [Some(1.5), None, None]);
        let values: Vec<u8> = [-7i32, 8].iter().flat_map(|value| value.to_le_bytes()).collect();
        assert_eq!(read(&npy(1, &header("<i4", "2,"), &values)).unwrap().integers(), Some(vec![-7, 8]));
        let values: Vec<u8> = [-7i64, 8].iter().flat_map(|value| value.to_le_bytes()).collect();
        assert_eq!(read(&npy(1, &header("<i8", "2,"), &values)).unwrap().integers(), Some(vec![-7, 8]));
    }

    #[test]
    fn errors_say_what_is_expected() {
        let huge = "18446744073709551615, 2";
        let fortran = "{'descr': '<f4', 'fortran_order': True, 'shape': (1, 1), }";
        for (bytes, expected) in [
            (b"PK\x03\x04aaaaaa".to_vec(), "x: byte 0: not an .npy file: it does not start with \\x93NUMPY"),
            (npy(4, "", &[]), "x: byte 6: .npy version 4 is not supported (1 to 3 are)"),
            (
                npy(1, &header("<f4", "2, 2"), &[0; 15]),
                "x: the header declares F32 of shape [2, 2], but 15 bytes follow it",
            ),
            (
                npy(1, &header("<f4", "2, 2"), &[0; 17]),
                "x: the header declares F32 of shape [2, 2], but 17 bytes follow it",
            ),
            (
                npy(1, &header("<f4", huge), &[0; 8]),
                "x: the header declares F32 of shape [18446744073709551615, 2], but 8 bytes follow it",
            ),
            (npy(1, &header(">f4", "1,"), &[0; 4]), "x: dtype '>f4' is not supported, only |u1, <f4, <f8, <i4, <i8"),
            (npy(1, &header("|O", "1,"), &[0; 4]), "x: dtype '|O' is not supported, only |u1, <f4, <f8, <i4, <i8"),
            (
                npy(1, "{'descr': [('a', '<f4')], }", &[]),
                "x: arrays with fields are not supported, only |u1, <f4, <f8, <i4, <i8",
            ),
            (npy(1, fortran, &[0; 4]), "x: the array is in Fortran order: save np.ascontiguousarray(array) instead"),
            (npy(1, &header("<f4", "-1,"), &[0; 4]), "x: the header's 'shape' cannot be read"),
            (npy(1, "{}", &[0; 4]), "x: the header has no 'descr'"),
            (npy(2, &" ".repeat(20_000), &[]), "x: byte 8: the header has 20000 bytes (at most 10000)"),
        ] {
            assert_eq!(read(&bytes).unwrap_err(), expected);
        }
        let cut = npy(1, &header("<f4", "2, 2"), &[0; 15]);
        let error = Array::read(&cut[..], cut.len() as u64 + 1, "x").unwrap_err();
        assert_eq!(error.0, "x: the data ends after 15 of 16 bytes");
        assert!(read(b"\x93NUM").is_err());
    }
}
