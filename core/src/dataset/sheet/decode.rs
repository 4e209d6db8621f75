//! Reads the text of a file as UTF-8, whatever its encoding is. The file may be gzipped.

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read};
use std::path::Path;

use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE};

use super::super::Error;
use super::super::gzip::unpacked;
use super::super::open::open;

/// The number of bytes at the start of a file from which its format and encoding are guessed.
const HEAD: u64 = 512;

/// A file, or its bytes in memory. It can be read several times.
pub enum Source<'a> {
    File { path: &'a Path, name: String },
    Bytes { bytes: &'a [u8], name: String },
}

/// A text that is being read, and its encoding.
pub struct Text<'a> {
    /// The text as UTF-8. If the file is taken for UTF-8, this is not checked yet.
    pub utf8: Box<dyn Read + 'a>,
    pub encoding: &'static Encoding,
    /// True if a byte order mark names the encoding.
    pub is_certain: bool,
}

impl<'a> Source<'a> {
    /// Returns the name of the file in messages.
    pub fn name(&self) -> &str {
        match self {
            Source::File { name, .. } | Source::Bytes { name, .. } => name,
        }
    }

    /// Opens the text. `encoding` is used if there is no byte order mark. If it is `None`, the text is taken for UTF-16 if
    /// its first bytes look like UTF-16, and for UTF-8 otherwise.
    pub fn text(&self, encoding: Option<&'static Encoding>) -> Result<Text<'a>, Error> {
        let failed = |error: io::Error| Error(format!("{}: {error}", self.name()));
        let mut raw = match self {
            Source::File { path, .. } => {
                let (file, _): (File, u64) = open(path)?;
                unpacked(BufReader::with_capacity(1 << 16, file)).map_err(failed)?
            }
            Source::Bytes { bytes, .. } => unpacked(*bytes).map_err(failed)?,
        };
        let mut head = Vec::new();
        raw.by_ref().take(HEAD).read_to_end(&mut head).map_err(|error| self.unreadable(&error))?;
        if let Some(format) = other_format(&head) {
            return Err(Error(format!("{}: this is {format}", self.name())));
        }
        let (found, mark) = match Encoding::for_bom(&head) {
            Some((found, mark)) => (Some(found), mark),
            None => (None, 0),
        };
        let is_certain = found.is_some();
        let encoding = found.or(encoding).or_else(|| utf16(&head)).unwrap_or(UTF_8);
        let bytes = Cursor::new(head.split_off(mark)).chain(raw);
        let utf8: Box<dyn Read + 'a> = if encoding == UTF_8 {
            Box::new(bytes)
        } else {
            let decoder = encoding.new_decoder_without_bom_handling();
            Box::new(Decoding { bytes, decoder, input: vec![0; 1 << 14], begin: 0, end: 0, ended: false })
        };
        Ok(Text { utf8, encoding, is_certain })
    }

    /// Returns the message for a read error.
    pub fn unreadable(&self, error: &io::Error) -> Error {
        Error(format!("{}: {}", self.name(), super::super::gzip::explain(error)))
    }
}

/// Returns what a file in a known format other than text is, and what to do with it. Returns `None` for all other
/// files.
fn other_format(head: &[u8]) -> Option<&'static str> {
    let formats: [(&[u8], &str); 11] = [
        (
            b"PK\x03\x04",
            "an Excel workbook or another Zip archive, not a text file; save the sheet as CSV, or unpack the archive with unzip",
        ),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel workbook, not a text file; save it as CSV"),
        (b"PAR1", "a Parquet file, not a text file; save it as CSV"),
        (b"ARROW1", "an Arrow file, not a text file; save it as CSV"),
        (b"\x89HDF", "an HDF5 file, not a text file; save it as CSV"),
        (b"%PDF-", "a PDF, not a text file; save it as CSV"),
        (b"BZh", "compressed by bzip2; unpack it with bunzip2, or use gzip, which lr-run can read"),
        (b"\xfd7zXZ\0", "compressed by xz; unpack it with unxz, or use gzip, which lr-run can read"),
        (b"\x28\xb5\x2f\xfd", "compressed by zstd; unpack it with unzstd, or use gzip, which lr-run can read"),
        (b"\x04\x22\x4d\x18", "compressed by lz4; unpack it with unlz4, or use gzip, which lr-run can read"),
        (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive; unpack it with 7z x"),
    ];
    let is_text = |head: &[u8]| head.iter().all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace());
    // The header of a table may begin with the same letters.
    let found = formats.into_iter().find(|(magic, _)| head.starts_with(magic))?;
    (!is_text(head) || found.0 == b"%PDF-").then_some(found.1)
}

/// Returns the kind of UTF-16 that a text without a byte order mark seems to be. In UTF-16, every second byte of ASCII
/// text is zero. Returns `None` for other text.
fn utf16(head: &[u8]) -> Option<&'static Encoding> {
    let zeros = |start: usize| head.iter().skip(start).step_by(2).filter(|&&byte| byte == 0).count();
    let (even, odd, pairs) = (zeros(0), zeros(1), head.len() / 2);
    if odd * 2 > pairs && even == 0 {
        Some(UTF_16LE)
    } else if even * 2 > pairs && odd == 0 {
        Some(UTF_16BE)
    } else {
        None
    }
}

/// Bytes of another encoding as UTF-8.
struct Decoding<R> {
    bytes: R,
    decoder: Decoder,
    /// Bytes that are not yet decoded: `input[begin..end]`.
    input: Vec<u8>,
    begin: usize,
    end: usize,
    /// True if `bytes` has no more.
    ended: bool,
}

impl<R: Read> Read for Decoding<R> {
    fn read(&mut self, output: &mut [u8]) -> io::Result<usize> {
        // A character needs up to four bytes. `Records` asks for more than that.
        if output.len() < 4 {
            return Err(io::Error::other("the buffer is too small for a character"));
        }
        loop {
            if self.begin == self.end && !self.ended {
                self.begin = 0;
                self.end = self.bytes.read(&mut self.input)?;
                self.ended = self.end == 0;
            }
            let input = &self.input[self.begin..self.end];
            let (result, read, written) = self.decoder.decode_to_utf8_without_replacement(input, output, self.ended);
            self.begin += read;
            match result {
                DecoderResult::Malformed(..) => {
                    let name = self.decoder.encoding().name();
                    return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("the text is not {name}")));
                }
                DecoderResult::InputEmpty if written == 0 && !self.ended => {}
                _ => return Ok(written),
            }
        }
    }
}
