//! The separator between cells.

use std::fmt;

use crate::spec::{Field, Value};

/// The separator between cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delimiter {
    /// One ASCII character.
    Byte(u8),
    /// Any number of blanks and tabs.
    Blanks,
}

impl Delimiter {
    /// The separators that are tried when the format is unknown. If several fit equally well, the first is taken: tabs,
    /// semicolons and bars are rare inside cells, commas and blanks are not.
    pub(super) const ALL: [Delimiter; 5] = [
        Delimiter::Byte(b'\t'),
        Delimiter::Byte(b';'),
        Delimiter::Byte(b'|'),
        Delimiter::Byte(b','),
        Delimiter::Blanks,
    ];

    /// Returns the separator of a line `sep=;`, which Excel reads and writes. Returns `None` for any other line.
    pub(super) fn of_sep_line(line: &[u8]) -> Option<Delimiter> {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let line = line.strip_prefix(b"\"").and_then(|line| line.strip_suffix(b"\"")).unwrap_or(line);
        // Other programs that save the file again leave separators at the end of this line.
        match line {
            [b's' | b'S', b'e' | b'E', b'p' | b'P', b'=', byte, rest @ ..]
                if usable(*byte) && rest.iter().all(|other| other == byte) =>
            {
                Some(Delimiter::Byte(*byte))
            }
            _ => None,
        }
    }

    /// Returns the separator that `text` means in a spec. Returns `None` if it means none.
    fn of_text(text: &str) -> Option<Delimiter> {
        match text {
            // TOML in single quotes and a shell pass on the backslash as it is typed.
            "\\t" | "tab" => Some(Delimiter::Byte(b'\t')),
            " " | "blanks" | "whitespace" | "\\s+" => Some(Delimiter::Blanks),
            _ => match *text.as_bytes() {
                [byte] if usable(byte) => Some(Delimiter::Byte(byte)),
                _ => None,
            },
        }
    }

    /// Returns `letter` as a separator. Returns `None` if it cannot be one, or is more likely to be a part of a name.
    pub(super) fn rare(letter: char) -> Option<Delimiter> {
        let byte = u8::try_from(letter).ok().filter(|byte| byte.is_ascii_punctuation() && usable(*byte))?;
        (!b"_.-'()[]{}".contains(&byte)).then_some(Delimiter::Byte(byte))
    }

    /// Returns true if `byte` separates cells.
    #[inline]
    pub(super) fn is(self, byte: u8) -> bool {
        match self {
            Delimiter::Byte(this) => byte == this,
            Delimiter::Blanks => byte == b' ' || byte == b'\t',
        }
    }

    /// Returns the text that means this separator in a spec, without quotes.
    pub fn word(self) -> String {
        match self {
            Delimiter::Byte(byte) => char::from(byte).to_string(),
            Delimiter::Blanks => "blanks".into(),
        }
    }

    /// Returns the text that means this separator in a spec, with quotes.
    pub fn quoted(self) -> String {
        match self {
            Delimiter::Byte(b'\t') => "\"\\t\"".into(),
            _ => format!("\"{}\"", self.word()),
        }
    }
}

/// Returns true if this byte can be a separator.
fn usable(byte: u8) -> bool {
    byte.is_ascii() && !byte.is_ascii_alphanumeric() && !b"\"\r\n".contains(&byte)
}

/// `` `;` ``, `tabs` or `blanks`.
impl fmt::Display for Delimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Delimiter::Byte(b'\t') => f.write_str("tabs"),
            Delimiter::Byte(byte) => write!(f, "`{}`", char::from(*byte)),
            Delimiter::Blanks => f.write_str("blanks"),
        }
    }
}

impl Field for Delimiter {
    fn expects() -> String {
        "one character, like \",\", \";\" or \"\\t\", or \"blanks\"".into()
    }
    fn read(value: &Value) -> Result<Self, Option<String>> {
        value.as_str().and_then(Delimiter::of_text).ok_or(None)
    }
    fn to_toml(&self) -> toml::Value {
        self.word().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// In single quotes, and in `-s 'data.delimiter=\t'`, a tab arrives as two characters.
    #[test]
    fn separators_are_read_as_they_are_typed() {
        let tab = Some(Delimiter::Byte(b'\t'));
        for text in ["\t", "\\t", "tab"] {
            assert_eq!(Delimiter::of_text(text), tab);
        }
        for text in [" ", "blanks", "whitespace", "\\s+"] {
            assert_eq!(Delimiter::of_text(text), Some(Delimiter::Blanks));
        }
        assert_eq!(Delimiter::of_text(";"), Some(Delimiter::Byte(b';')));
        for text in ["", ";;", "a", "7", "\"", "\n", "é"] {
            assert_eq!(Delimiter::of_text(text), None, "{text:?}");
        }
        for delimiter in Delimiter::ALL {
            assert_eq!(Delimiter::of_text(&delimiter.word()), Some(delimiter));
        }
    }
}
