//! The element types of NumPy arrays.

use std::fmt;

/// An element type that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dtype {
    Bool,
    I8,
    I16,
    I32,
    I64,
    U8,
    U16,
    U32,
    U64,
    F16,
    F32,
    F64,
    /// Text of at most this many characters in UTF-32.
    Utf32(usize),
    /// Text of at most this many bytes.
    Bytes(usize),
}

/// The numeric types: kind and size in NumPy's `descr`, the type, and its name.
const NUMBERS: [(&str, Dtype, &str); 12] = [
    ("b1", Dtype::Bool, "bool"),
    ("i1", Dtype::I8, "int8"),
    ("i2", Dtype::I16, "int16"),
    ("i4", Dtype::I32, "int32"),
    ("i8", Dtype::I64, "int64"),
    ("u1", Dtype::U8, "uint8"),
    ("u2", Dtype::U16, "uint16"),
    ("u4", Dtype::U32, "uint32"),
    ("u8", Dtype::U64, "uint64"),
    ("f2", Dtype::F16, "float16"),
    ("f4", Dtype::F32, "float32"),
    ("f8", Dtype::F64, "float64"),
];

/// The largest length of a text, in characters.
const MAX_TEXT: usize = 1 << 20;

impl Dtype {
    /// Parses the `descr` of a header, such as `<f4`. Returns the type, and whether values are big-endian.
    pub fn parse(descr: &str) -> Result<(Dtype, bool), String> {
        let unsupported = || {
            let help = match descr.trim_start_matches(['<', '>', '|', '=']).chars().next() {
                Some('O') => ", because it has Python objects: save array.astype(float) or array.astype(str) instead",
                Some('c') => ", because it is complex: save its real and imaginary parts",
                Some('M' | 'm') => ", because it has times: save array.astype(float) instead",
                Some('f') => ": save array.astype(\"float64\") instead",
                _ => ": numbers, booleans and text are",
            };
            format!("dtype '{descr}' is not supported{help}")
        };
        let (order, kind) = descr.split_at_checked(1).ok_or_else(unsupported)?;
        let big = match order {
            "<" | "|" | "=" => false,
            ">" => true,
            _ => return Err(unsupported()),
        };
        if let Some((_, dtype, _)) = NUMBERS.iter().find(|(name, ..)| *name == kind) {
            return Ok((*dtype, big));
        }
        let (kind, length) = kind.split_at_checked(1).ok_or_else(unsupported)?;
        let length = length.parse().ok().filter(|length| (1..=MAX_TEXT).contains(length)).ok_or_else(unsupported)?;
        match kind {
            "U" => Ok((Dtype::Utf32(length), big)),
            "S" => Ok((Dtype::Bytes(length), big)),
            _ => Err(unsupported()),
        }
    }

    /// Reports whether `f32` holds all values of this type exactly. True for text, which has no numbers.
    pub fn fits_f32(self) -> bool {
        !matches!(self, Dtype::I32 | Dtype::I64 | Dtype::U32 | Dtype::U64 | Dtype::F64)
    }

    /// Returns the number of bytes of one element.
    pub fn size(self) -> usize {
        match self {
            Dtype::Bool | Dtype::I8 | Dtype::U8 => 1,
            Dtype::I16 | Dtype::U16 | Dtype::F16 => 2,
            Dtype::I32 | Dtype::U32 | Dtype::F32 => 4,
            Dtype::I64 | Dtype::U64 | Dtype::F64 => 8,
            Dtype::Utf32(length) => 4 * length,
            Dtype::Bytes(length) => length,
        }
    }

    /// Returns the number of bytes that are reversed together if the byte order changes.
    pub fn word(self) -> usize {
        match self {
            Dtype::Utf32(_) => 4,
            Dtype::Bytes(_) => 1,
            number => number.size(),
        }
    }

    /// Reports whether elements are text.
    pub fn is_text(self) -> bool {
        matches!(self, Dtype::Utf32(_) | Dtype::Bytes(_))
    }
}

/// NumPy's name of the type.
impl fmt::Display for Dtype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match NUMBERS.iter().find(|(_, dtype, _)| dtype == self) {
            Some((.., name)) => f.write_str(name),
            None => f.write_str("text"),
        }
    }
}

/// Converts a number of 16 bits (IEEE 754 binary16) exactly.
pub fn half(bits: u16) -> f32 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let exponent = i32::from(bits >> 10 & 31);
    let fraction = f32::from(bits & 1023) / 1024.0;
    match exponent {
        0 => sign * fraction * 2f32.powi(-14),
        31 if fraction == 0.0 => sign * f32::INFINITY,
        31 => f32::NAN,
        _ => sign * (1.0 + fraction) * 2f32.powi(exponent - 15),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_type_is_parsed_in_either_byte_order() {
        for (kind, dtype, name) in NUMBERS {
            assert_eq!(Dtype::parse(&format!("<{kind}")), Ok((dtype, false)));
            assert_eq!(Dtype::parse(&format!(">{kind}")), Ok((dtype, true)));
            assert_eq!(dtype.to_string(), name);
        }
        assert_eq!(Dtype::parse("<U5").map(|(dtype, _)| dtype.size()), Ok(20));
        assert_eq!(Dtype::parse("|S5").map(|(dtype, _)| dtype.size()), Ok(5));
        for wrong in ["", "f4", "<", "<U", "<U0", "<U99999999999", "é4", "<é", "|V8", "<f16"] {
            assert!(Dtype::parse(wrong).is_err(), "{wrong}");
        }
        let objects = Dtype::parse("|O").unwrap_err();
        assert!(
            objects.contains("'|O' is not supported, because it has Python objects: save array.astype"),
            "{objects}"
        );
    }

    #[test]
    fn halves_are_exact() {
        for (bits, value) in
            [(0x3c00, 1.0), (0xc000, -2.0), (0x7bff, 65504.0), (0x0001, 5.960_464_5e-8), (0x3555, 0.333_251_95)]
        {
            assert_eq!(half(bits), value);
        }
        assert!(half(0x7c00).is_infinite() && half(0x7e00).is_nan());
        assert_eq!(half(0x8000).to_bits(), (-0f32).to_bits());
    }
}
