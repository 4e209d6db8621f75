//! NPY, NumPy's format of a file with one array (`numpy.lib.format`, versions 1 to 3): `\x93NUMPY`, two version bytes, the
//! length of the header, the header as a Python dict literal, and the values.

use std::fmt;
use std::io::Read;

use super::super::Error;
use super::dtype::{Dtype, half};
use super::order;

/// An array in memory.
#[derive(Debug, PartialEq)]
pub struct Array {
    pub dtype: Dtype,
    pub shape: Vec<usize>,
    /// The values in C order, little-endian.
    pub bytes: Vec<u8>,
}

/// The header of an array.
#[derive(Debug, PartialEq)]
pub struct Header {
    pub dtype: Dtype,
    pub shape: Vec<usize>,
    big_endian: bool,
    fortran: bool,
    /// The number of bytes before the values.
    length: u64,
}

/// `float32 (600, 3)`, as in NumPy.
impl fmt::Display for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.dtype, shown(&self.shape))
    }
}

/// Renders a shape as NumPy does: `(600, 3)`, `(600,)`.
pub fn shown(shape: &[usize]) -> String {
    match shape {
        [one] => format!("({one},)"),
        _ => format!("({})", shape.iter().map(usize::to_string).collect::<Vec<_>>().join(", ")),
    }
}

/// The number of values that are converted together.
const BLOCK: usize = 1 << 14;

/// The largest length of a header, the same as in NumPy.
const MAX_HEADER_LENGTH: usize = 10_000;

impl Header {
    /// Reads the header of an array. `name` is its name in messages.
    pub fn read(reader: &mut impl Read, name: &str) -> Result<Header, Error> {
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
        let length = (8 + width + size) as u64;
        parse(&String::from_utf8_lossy(&header), length).map_err(|reason| Error(format!("{name}: {reason}")))
    }
}

impl Array {
    /// Reads an array from a stream with a declared length of `length` bytes. `name` is its name in messages. Neither
    /// `length` nor the header alone causes a large allocation: they must agree, and memory grows with the bytes that are
    /// read.
    pub fn read(mut reader: impl Read, length: u64, name: &str) -> Result<Array, Error> {
        let header = Header::read(&mut reader, name)?;
        let Header { dtype, ref shape, .. } = header;
        let product = shape.iter().try_fold(dtype.size() as u64, |product, &size| product.checked_mul(size as u64));
        let found = length.checked_sub(header.length);
        let expected = product.filter(|&expected| Some(expected) == found).ok_or_else(|| {
            let found = found.unwrap_or(0);
            Error(format!("{name}: the header declares {header}, but {found} bytes follow it"))
        })?;
        let mut bytes = Vec::new();
        let all = reader.take(expected + 1).read_to_end(&mut bytes);
        all.map_err(|error| Error(format!("{name}: {error}")))?;
        match bytes.len() as u64 {
            read if read < expected => Err(Error(format!("{name}: the data ends after {read} of {expected} bytes"))),
            read if read > expected => {
                Err(Error(format!("{name}: more data follows the {expected} bytes that the header declares")))
            }
            _ => Ok(header.array(bytes)),
        }
    }

    /// Returns the values as `f32`, or the index of the first one that is not finite in 32 bits.
    pub fn floats(&self) -> Result<Vec<f32>, usize> {
        let finite = |values: Vec<f32>| match values.iter().position(|value| !value.is_finite()) {
            Some(index) => Err(index),
            None => Ok(values),
        };
        match self.dtype {
            Dtype::Bool => Ok(self.each(|[byte]| if byte == 0 { 0.0 } else { 1.0 })),
            Dtype::U8 => Ok(self.each(|[byte]| f32::from(byte))),
            Dtype::I8 => Ok(self.each(|bytes| i8::from_le_bytes(bytes).into())),
            Dtype::I16 => Ok(self.each(|bytes| i16::from_le_bytes(bytes).into())),
            Dtype::U16 => Ok(self.each(|bytes| u16::from_le_bytes(bytes).into())),
            Dtype::I32 => Ok(self.each(|bytes| i32::from_le_bytes(bytes) as f32)),
            Dtype::U32 => Ok(self.each(|bytes| u32::from_le_bytes(bytes) as f32)),
            Dtype::I64 => Ok(self.each(|bytes| i64::from_le_bytes(bytes) as f32)),
            Dtype::U64 => Ok(self.each(|bytes| u64::from_le_bytes(bytes) as f32)),
            Dtype::F16 => finite(self.each(|bytes| half(u16::from_le_bytes(bytes)))),
            Dtype::F32 => finite(self.each(f32::from_le_bytes)),
            Dtype::F64 => finite(self.each(|bytes| f64::from_le_bytes(bytes) as f32)),
            Dtype::Utf32(_) | Dtype::Bytes(_) => Err(0),
        }
    }

    /// Returns the values as `f64`. Empty if they are text.
    pub fn numbers(&self) -> Vec<f64> {
        match self.dtype {
            Dtype::Bool => self.each(|[byte]| if byte == 0 { 0.0 } else { 1.0 }),
            Dtype::U8 => self.each(|[byte]| f64::from(byte)),
            Dtype::I8 => self.each(|bytes| i8::from_le_bytes(bytes).into()),
            Dtype::I16 => self.each(|bytes| i16::from_le_bytes(bytes).into()),
            Dtype::U16 => self.each(|bytes| u16::from_le_bytes(bytes).into()),
            Dtype::I32 => self.each(|bytes| i32::from_le_bytes(bytes).into()),
            Dtype::U32 => self.each(|bytes| u32::from_le_bytes(bytes).into()),
            Dtype::I64 => self.each(|bytes| i64::from_le_bytes(bytes) as f64),
            Dtype::U64 => self.each(|bytes| u64::from_le_bytes(bytes) as f64),
            Dtype::F16 => self.each(|bytes| half(u16::from_le_bytes(bytes)).into()),
            Dtype::F32 => self.each(|bytes| f32::from_le_bytes(bytes).into()),
            Dtype::F64 => self.each(f64::from_le_bytes),
            Dtype::Utf32(_) | Dtype::Bytes(_) => Vec::new(),
        }
    }

    /// Returns the values as `f64`. Converts a block of them at a time, so that little memory is needed.
    pub fn numbers_in_blocks(&self) -> impl Iterator<Item = f64> + '_ {
        let block = |bytes: &[u8]| Array { dtype: self.dtype, shape: Vec::new(), bytes: bytes.to_vec() }.numbers();
        self.bytes.chunks(BLOCK * self.dtype.size()).flat_map(block)
    }

    /// Returns the values as text. Invalid characters become `�`. Zero bytes at the end are left out, as in NumPy.
    pub fn words(&self) -> Vec<String> {
        match self.dtype {
            Dtype::Bytes(size) => {
                let word = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end_matches('\0').to_owned();
                self.bytes.chunks_exact(size).map(word).collect()
            }
            Dtype::Utf32(length) => {
                let character = |bytes: &[u8; 4]| char::from_u32(u32::from_le_bytes(*bytes)).unwrap_or('\u{fffd}');
                let word = |bytes: &[u8]| bytes.as_chunks().0.iter().map(character).collect::<String>();
                let words = self.bytes.chunks_exact(4 * length).map(word);
                words.map(|word| word.trim_end_matches('\0').to_owned()).collect()
            }
            Dtype::Bool => self.each(|[byte]| if byte == 0 { "False" } else { "True" }.to_owned()),
            _ => self.numbers().iter().map(f64::to_string).collect(),
        }
    }

    /// Returns the values that `value` makes of the bytes of each element.
    fn each<T, const N: usize>(&self, value: impl Fn([u8; N]) -> T) -> Vec<T> {
        self.bytes.as_chunks().0.iter().map(|bytes| value(*bytes)).collect()
    }
}

/// `float32 (600, 3)`, as in NumPy.
impl fmt::Display for Array {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.dtype, shown(&self.shape))
    }
}

impl Header {
    /// Returns the array whose values are `bytes`, in the order and byte order of this header.
    fn array(self, mut bytes: Vec<u8>) -> Array {
        let Header { dtype, shape, .. } = self;
        if self.big_endian && dtype.word() > 1 {
            order::swap(&mut bytes, dtype.word());
        }
        // Along one axis both orders are the same.
        if self.fortran && shape.iter().filter(|&&size| size > 1).count() > 1 {
            bytes = order::in_c_order(&bytes, dtype.size(), &shape, &order::fortran_strides(&shape));
        }
        Array { dtype, shape, bytes }
    }
}

/// Parses a header such as `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`.
fn parse(header: &str, length: u64) -> Result<Header, String> {
    let after = |key: &str| {
        let at = header.find(&format!("'{key}':")).ok_or_else(|| format!("the header has no '{key}'"))?;
        Ok::<&str, String>(header[at + key.len() + 3..].trim_start())
    };
    let descr = after("descr")?;
    let word = descr.strip_prefix('\'').and_then(|rest| rest.split_once('\'')).map(|(word, _)| word);
    let fields = "arrays with fields are not supported: save one array of numbers, such as frame.to_numpy()";
    let (dtype, big_endian) = Dtype::parse(word.ok_or(fields)?)?;
    let fortran = after("fortran_order")?;
    let fortran = match (fortran.starts_with("True"), fortran.starts_with("False")) {
        (true, _) => true,
        (_, true) => false,
        _ => return Err("the header's 'fortran_order' is neither True nor False".into()),
    };
    let shape = after("shape")?.strip_prefix('(').and_then(|rest| rest.split_once(')')).map(|(sizes, _)| sizes);
    let sizes = shape.unwrap_or("?").split(',').map(str::trim).filter(|size| !size.is_empty());
    let shape = sizes.map(str::parse).collect::<Result<_, _>>().map_err(|_| "the header's 'shape' cannot be read")?;
    Ok(Header { dtype, shape, big_endian, fortran, length })
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

    #[test]
    fn each_version_is_read() {
        for version in 1..=3 {
            let array = read(&npy(version, &header("|u1", "2, 3"), &[1, 2, 3, 4, 5, 255])).unwrap();
            assert_eq!((array.dtype, &array.shape[..]), (Dtype::U8, &[2, 3][..]));
            assert_eq!(array.numbers(), [1.0, 2.0, 3.0, 4.0, 5.0, 255.0]);
            assert_eq!(array.floats(), Ok(vec![1.0, 2.0, 3.0, 4.0, 5.0, 255.0]));
        }
    }

    /// The bytes of 1 and −2 (of 1 and 200 if there is no sign) in each numeric type, as NumPy writes them.
    #[test]
    fn each_type_is_read_in_either_byte_order() {
        let cases: [(&str, [Vec<u8>; 2], f64); 12] = [
            ("b1", [vec![0], vec![1]], f64::NAN),
            ("i1", [vec![1], vec![254]], -2.0),
            ("u1", [vec![1], vec![200]], 200.0),
            ("i2", [1i16, -2].map(|value| value.to_le_bytes().to_vec()), -2.0),
            ("u2", [1u16, 200].map(|value| value.to_le_bytes().to_vec()), 200.0),
            ("i4", [1i32, -2].map(|value| value.to_le_bytes().to_vec()), -2.0),
            ("u4", [1u32, 200].map(|value| value.to_le_bytes().to_vec()), 200.0),
            ("i8", [1i64, -2].map(|value| value.to_le_bytes().to_vec()), -2.0),
            ("u8", [1u64, 200].map(|value| value.to_le_bytes().to_vec()), 200.0),
            ("f2", [vec![0x00, 0x3c], vec![0x00, 0xc0]], -2.0),
            ("f4", [1f32, -2.0].map(|value| value.to_le_bytes().to_vec()), -2.0),
            ("f8", [1f64, -2.0].map(|value| value.to_le_bytes().to_vec()), -2.0),
        ];
        for (kind, values, second) in cases {
            let expected = if kind == "b1" { [0.0, 1.0] } else { [1.0, second] };
            let little = read(&npy(1, &header(&format!("<{kind}"), "2,"), &values.concat())).unwrap();
            let swapped = values.clone().map(|mut value| {
                value.reverse();
                value
            });
            let big = read(&npy(1, &header(&format!(">{kind}"), "2,"), &swapped.concat())).unwrap();
            assert_eq!(big, little, "{kind}");
            assert_eq!(little.numbers(), expected, "{kind}");
            assert_eq!(little.floats(), Ok(expected.map(|value| value as f32).to_vec()), "{kind}");
        }
        let values: Vec<u8> = [1.5f64, 1e300, f64::NAN].iter().flat_map(|value| value.to_le_bytes()).collect();
        assert_eq!(read(&npy(1, &header("<f8", "3,"), &values)).unwrap().floats(), Err(1));
    }

    #[test]
    fn fortran_order_is_read() {
        let header = "{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3), }";
        assert_eq!(read(&npy(1, header, &[0, 3, 1, 4, 2, 5])).unwrap().bytes, [0, 1, 2, 3, 4, 5]);
        let header = "{'descr': '>u2', 'fortran_order': True, 'shape': (2, 2), }";
        assert_eq!(read(&npy(1, header, &[0, 1, 0, 3, 0, 2, 0, 4])).unwrap().numbers(), [1.0, 2.0, 3.0, 4.0]);
    }

    #[test]
    fn text_is_read() {
        let wide: Vec<u8> = "cat\0été\0".chars().flat_map(|char| (char as u32).to_le_bytes()).collect();
        assert_eq!(read(&npy(1, &header("<U4", "2,"), &wide)).unwrap().words(), ["cat", "été"]);
        let wide: Vec<u8> = "cat\0été\0".chars().flat_map(|char| (char as u32).to_be_bytes()).collect();
        assert_eq!(read(&npy(1, &header(">U4", "2,"), &wide)).unwrap().words(), ["cat", "été"]);
        assert_eq!(read(&npy(1, &header("|S3", "2,"), b"a\0\0bcd")).unwrap().words(), ["a", "bcd"]);
    }

    #[test]
    fn errors_say_what_is_expected() {
        let huge = "18446744073709551615, 2";
        for (bytes, expected) in [
            (b"PK\x03\x04aaaaaa".to_vec(), "x: byte 0: not an .npy file: it does not start with \\x93NUMPY"),
            (npy(4, "", &[]), "x: byte 6: .npy version 4 is not supported (1 to 3 are)"),
            (npy(1, &header("<f4", "2, 2"), &[0; 15]), "x: the header declares float32 (2, 2), but 15 bytes follow it"),
            (npy(1, &header("<f4", "2, 2"), &[0; 17]), "x: the header declares float32 (2, 2), but 17 bytes follow it"),
            (
                npy(1, &header("<f4", huge), &[0; 8]),
                "x: the header declares float32 (18446744073709551615, 2), but 8 bytes follow it",
            ),
            (
                npy(1, &header("|O", "1,"), &[0; 4]),
                "x: dtype '|O' is not supported, because it has Python objects: save array.astype(float) or \
                 array.astype(str) instead",
            ),
            (
                npy(1, "{'descr': [('a', '<f4')], }", &[]),
                "x: arrays with fields are not supported: save one array of numbers, such as frame.to_numpy()",
            ),
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
