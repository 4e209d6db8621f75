//! Reads files that may be gzipped. Their first bytes decide whether they are, not their names.

use std::io::{self, BufRead, Read};

use flate2::bufread::MultiGzDecoder;

/// Returns a reader of `raw` that decompresses it if it is gzip.
pub fn unpacked<'a>(mut raw: impl BufRead + 'a) -> io::Result<Box<dyn Read + 'a>> {
    let gzipped = raw.fill_buf()?.starts_with(&[0x1f, 0x8b]);
    Ok(if gzipped { Box::new(MultiGzDecoder::new(raw)) } else { Box::new(raw) })
}

/// Reads all of `raw`, decompressed if it is gzip. Returns an error if that is more than `limit` bytes, because a small
/// gzip file can unpack to any size.
pub fn read_at_most(raw: impl BufRead, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    unpacked(raw)?.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(io::Error::other(format!("longer than the {limit} bytes expected")));
    }
    Ok(bytes)
}

/// Returns the message for a read error. It says more than the decoder's "unexpected end of file" about a download that
/// was cut off.
pub fn explain(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => "the gzip data ends too early. Is the file truncated?".into(),
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => format!("the gzip data is damaged: {error}"),
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
    fn plain_and_gzipped_files_give_the_same_bytes() {
        assert_eq!(read_at_most(&b"plain"[..], 5).unwrap(), b"plain");
        assert_eq!(read_at_most(&gz(b"plain")[..], 5).unwrap(), b"plain");
        assert_eq!(read_at_most(&b""[..], 5).unwrap(), b"");
    }

    #[test]
    fn decompression_stops_at_the_limit() {
        let bomb = gz(&vec![0; 1 << 24]);
        let error = read_at_most(&bomb[..], 100).unwrap_err();
        assert_eq!(error.to_string(), "longer than the 100 bytes expected");
    }

    #[test]
    fn truncated_and_damaged_files_have_clear_messages() {
        let whole = gz(b"bytes that are cut off");
        let error = read_at_most(&whole[..whole.len() - 9], 100).unwrap_err();
        assert_eq!(explain(&error), "the gzip data ends too early. Is the file truncated?");
        let mut damaged = whole.clone();
        let last = damaged.len() - 6;
        damaged[last] ^= 1;
        let error = read_at_most(&damaged[..], 100).unwrap_err();
        assert!(explain(&error).starts_with("the gzip data is damaged: "), "{error}");
    }
}
