//! Files that may be gzipped or not: told apart by their first bytes, not by their names.

use std::io::{self, BufRead, Read};

use flate2::bufread::MultiGzDecoder;

/// The bytes of `raw`, decompressed where they are gzip.
pub fn unpacked<'a>(mut raw: impl BufRead + 'a) -> io::Result<Box<dyn Read + 'a>> {
    let gzipped = raw.fill_buf()?.starts_with(&[0x1f, 0x8b]);
    Ok(if gzipped { Box::new(MultiGzDecoder::new(raw)) } else { Box::new(raw) })
}

/// All of `raw`, decompressed where it is gzip, and refused when it is longer than `limit` bytes: a small gzip file can
/// unpack to any size.
pub fn read_at_most(raw: impl BufRead, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    unpacked(raw)?.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(io::Error::other(format!("longer than the {limit} bytes expected")));
    }
    Ok(bytes)
}

/// A read error in words: the decoder's "unexpected end of file" says nothing to who has half a download.
pub fn in_words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => "the gzip data end too early: is the file truncated?".into(),
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => format!("the gzip data are damaged: {error}"),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn gz(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn gzip_or_not_gives_the_same_bytes() {
        assert_eq!(read_at_most(&b"plain"[..], 5).unwrap(), b"plain");
        assert_eq!(read_at_most(&gz(b"plain")[..], 5).unwrap(), b"plain");
        assert_eq!(read_at_most(&b""[..], 5).unwrap(), b"");
    }

    #[test]
    fn a_bomb_stops_at_the_limit() {
        let bomb = gz(&vec![0; 1 << 24]);
        let error = read_at_most(&bomb[..], 100).unwrap_err();
        assert_eq!(error.to_string(), "longer than the 100 bytes expected");
    }

    #[test]
    fn half_a_file_is_named_so() {
        let whole = gz(b"some bytes that are cut");
        let error = read_at_most(&whole[..whole.len() - 9], 100).unwrap_err();
        assert_eq!(in_words(&error), "the gzip data end too early: is the file truncated?");
        let mut damaged = whole.clone();
        let last = damaged.len() - 6;
        damaged[last] ^= 1;
        let error = read_at_most(&damaged[..], 100).unwrap_err();
        assert!(in_words(&error).starts_with("the gzip data are damaged: "), "{error}");
    }
}
