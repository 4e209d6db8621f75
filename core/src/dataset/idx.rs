//! IDX, the file format of MNIST (LeCun, Cortes and Burges): a magic number, the sizes, and the values.
//!
//! Bytes 0 and 1 are 0. Byte 2 is the element type; only type 8, unsigned byte, is read here. Byte 3 is the number of
//! dimensions. The size of each dimension follows as a big-endian 32-bit integer. Images have the dimensions
//! `[n, height, width]`, and labels `[n]`.

use std::io::{self, BufReader, Read};
use std::path::Path;

use super::Error;
use super::gzip::{explain, unpacked};

/// What a file contains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// Three dimensions.
    Images,
    /// One dimension.
    Labels,
}

impl Content {
    fn rank(self) -> usize {
        match self {
            Content::Images => 3,
            Content::Labels => 1,
        }
    }

    fn magic(self) -> u32 {
        0x0800 + self.rank() as u32
    }
}

/// An IDX file in memory.
#[derive(Debug, PartialEq)]
pub struct Idx {
    pub sizes: Vec<usize>,
    pub values: Vec<u8>,
}

/// Reads the sizes in the header of `path`, which may be gzipped.
pub fn read_sizes(path: &Path, content: Content) -> Result<Vec<usize>, Error> {
    let (mut reader, length) = open(path)?;
    header(&mut reader, length, &path.display().to_string(), content).map(|(sizes, _)| sizes)
}

/// Reads and checks `path`, which may be gzipped.
pub fn read(path: &Path, content: Content) -> Result<Idx, Error> {
    let (reader, length) = open(path)?;
    parse(reader, length, &path.display().to_string(), content)
}

/// Reads and checks an IDX file. `length` is its number of bytes, or `None` if that is unknown because the file is gzipped.
/// `file` is its name in messages.
pub fn parse(mut reader: impl Read, length: Option<u64>, file: &str, content: Content) -> Result<Idx, Error> {
    let (sizes, expected) = header(&mut reader, length, file, content)?;
    // A header alone must not cause a large allocation. The vector grows with the bytes that are there.
    let mut values = Vec::with_capacity(if length.is_some() { expected as usize } else { 0 });
    let mut rest = reader.take(expected + 1);
    rest.read_to_end(&mut values).map_err(|error| Error(format!("{file}: {}", explain(&error))))?;
    match values.len() as u64 {
        found if found == expected => Ok(Idx { sizes, values }),
        found if found < expected => Err(wrong_length(file, &sizes, expected, &found.to_string())),
        _ => Err(wrong_length(file, &sizes, expected, "more")),
    }
}

/// Opens a file. Also returns its length in bytes, or `None` if it is gzipped.
fn open(path: &Path) -> Result<(Box<dyn Read>, Option<u64>), Error> {
    let failed = |error: io::Error| Error(format!("{}: {}", path.display(), explain(&error)));
    let (file, length) = super::open::open(path)?;
    let mut reader = BufReader::new(file);
    let gzipped = io::BufRead::fill_buf(&mut reader).map_err(failed)?.starts_with(&[0x1f, 0x8b]);
    Ok((unpacked(reader).map_err(failed)?, (!gzipped).then_some(length)))
}

/// Reads the header. Returns the sizes, and the number of bytes of values that follow. Checks this number against
/// `length`.
fn header(
    reader: &mut impl Read,
    length: Option<u64>,
    file: &str,
    content: Content,
) -> Result<(Vec<usize>, u64), Error> {
    let mut number = |offset: usize| {
        let mut bytes = [0; 4];
        reader.read_exact(&mut bytes).map_err(|error| match length {
            Some(length) => Error(format!("{file}: the header ends at byte {length}, inside the number at {offset}")),
            None => Error(format!("{file}: {}", explain(&error))),
        })?;
        Ok(u32::from_be_bytes(bytes))
    };
    let magic = number(0)?;
    if magic != content.magic() {
        let what = format!("{content:?}").to_lowercase();
        let right = content.magic();
        let also = match magic {
            0x0801 => ": this file has labels",
            0x0803 => ": this file has images",
            _ => "",
        };
        let message =
            format!("{file}: byte 0: the magic number is 0x{magic:08x}, but IDX {what} start with 0x{right:08x}");
        return Err(Error(message + also));
    }
    let sizes: Vec<usize> =
        (1..=content.rank()).map(|index| number(4 * index).map(|size| size as usize)).collect::<Result<_, _>>()?;
    let expected = sizes.iter().try_fold(1u64, |product, &size| product.checked_mul(size as u64));
    let expected = expected.filter(|&bytes| bytes < u64::MAX / 2 && usize::try_from(bytes).is_ok());
    let expected = expected.ok_or_else(|| Error(format!("{file}: byte 4: the sizes {sizes:?} are too large")))?;
    if expected == 0 {
        return Err(Error(format!("{file}: byte 4: the sizes {sizes:?} declare no data")));
    }
    let found = length.map(|length| length.saturating_sub(4 + 4 * content.rank() as u64));
    match found {
        Some(found) if found != expected => Err(wrong_length(file, &sizes, expected, &found.to_string())),
        _ => Ok((sizes, expected)),
    }
}

fn wrong_length(file: &str, sizes: &[usize], expected: u64, found: &str) -> Error {
    let sizes: Vec<String> = sizes.iter().map(usize::to_string).collect();
    let start = 4 + 4 * sizes.len();
    let sizes = sizes.join(" × ");
    Error(format!(
        "{file}: the header declares {sizes} = {expected} bytes after byte {start}, but the file has {found}"
    ))
}

#[cfg(test)]
pub mod tests {
    use std::io::Write;

    use super::*;

    /// Returns the bytes of an IDX file.
    pub fn idx(sizes: &[u32], values: &[u8]) -> Vec<u8> {
        let mut bytes = (0x0800 + sizes.len() as u32).to_be_bytes().to_vec();
        bytes.extend(sizes.iter().flat_map(|size| size.to_be_bytes()));
        bytes.extend(values);
        bytes
    }

    pub fn gz(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn read_bytes(bytes: &[u8], content: Content) -> Result<Idx, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a-file");
        std::fs::write(&path, bytes).unwrap();
        let sizes = read_sizes(&path, content);
        let whole = read(&path, content);
        if let Ok(idx) = &whole {
            assert_eq!(idx.sizes, sizes.unwrap());
        }
        whole.map_err(|error| error.0.replace(&path.display().to_string(), "a-file"))
    }

    #[test]
    fn plain_and_gzipped_files_read_the_same() {
        let bytes = idx(&[2, 1, 3], &[1, 2, 3, 4, 5, 6]);
        let expected = Idx { sizes: vec![2, 1, 3], values: vec![1, 2, 3, 4, 5, 6] };
        assert_eq!(read_bytes(&bytes, Content::Images).as_ref(), Ok(&expected));
        assert_eq!(read_bytes(&gz(&bytes), Content::Images).as_ref(), Ok(&expected));
    }

    #[test]
    fn errors_name_the_byte() {
        let huge = idx(&[u32::MAX, u32::MAX, u32::MAX], &[0]);
        let declares_too_much = idx(&[1_000_000_000, 28, 28], &[0; 100]);
        for (bytes, expected) in [
            (
                idx(&[3], &[1, 2, 3]),
                "a-file: byte 0: the magic number is 0x00000801, but IDX images start with 0x00000803: \
                 this file has labels",
            ),
            (
                b"PK\x03\x04".to_vec(),
                "a-file: byte 0: the magic number is 0x504b0304, but IDX images start with 0x00000803",
            ),
            (
                idx(&[2, 1, 3], &[1, 2]),
                "a-file: the header declares 2 × 1 × 3 = 6 bytes after byte 16, but the file has 2",
            ),
            (
                idx(&[2, 1, 3], &[0; 9]),
                "a-file: the header declares 2 × 1 × 3 = 6 bytes after byte 16, but the file has 9",
            ),
            (
                gz(&idx(&[2, 1, 3], &[1, 2])),
                "a-file: the header declares 2 × 1 × 3 = 6 bytes after byte 16, but the file has 2",
            ),
            (
                gz(&idx(&[2, 1, 3], &[0; 9])),
                "a-file: the header declares 2 × 1 × 3 = 6 bytes after byte 16, but the file has more",
            ),
            (
                gz(&declares_too_much),
                "a-file: the header declares 1000000000 × 28 × 28 = 784000000000 bytes after byte 16, but the file has 100",
            ),
            (huge.clone(), "a-file: byte 4: the sizes [4294967295, 4294967295, 4294967295] are too large"),
            (gz(&huge), "a-file: byte 4: the sizes [4294967295, 4294967295, 4294967295] are too large"),
            (idx(&[0, 28, 28], &[]), "a-file: byte 4: the sizes [0, 28, 28] declare no data"),
            (idx(&[2, 1, 3], &[])[..10].to_vec(), "a-file: the header ends at byte 10, inside the number at 8"),
            (vec![], "a-file: the header ends at byte 0, inside the number at 0"),
            (
                gz(&idx(&[2, 1, 3], &[1, 2, 3, 4, 5, 6]))[..20].to_vec(),
                "a-file: the gzip data ends too early. Is the file truncated?",
            ),
        ] {
            assert_eq!(read_bytes(&bytes, Content::Images).unwrap_err(), expected);
        }
    }
}
