//! A hash of the examples, independent of the files that they came from.

use sha2::{Digest, Sha256};

use super::{Inputs, Part, Targets};
use crate::spec::hex;

/// Returns the SHA-256, in hexadecimal, of the inputs and targets of `train`, then of `test`. Pixels are one byte each, other
/// values are little-endian `f32`, and classes are little-endian `i64`.
pub fn fingerprint(train: &Part, test: Option<&Part>) -> String {
    let mut hash = Sha256::new();
    for part in std::iter::once(train).chain(test) {
        match &part.inputs {
            Inputs::Bytes(bytes) => hash.update(bytes),
            Inputs::Floats(values) => update(&mut hash, values, |value| value.to_le_bytes()),
        }
        match &part.targets {
            Targets::Classes(classes) => update(&mut hash, classes, |class| class.to_le_bytes()),
            Targets::Values(values) => update(&mut hash, values, |value| value.to_le_bytes()),
        }
    }
    hex(&hash.finalize())
}

/// Hashes `values` in chunks. One value at a time would be slow, and all at once would need a copy of the data.
fn update<T: Copy, const N: usize>(hash: &mut Sha256, values: &[T], bytes: fn(T) -> [u8; N]) {
    for chunk in values.chunks(4096) {
        let chunk: Vec<u8> = chunk.iter().flat_map(|&value| bytes(value)).collect();
        hash.update(&chunk);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(inputs: Inputs, targets: Targets) -> Part {
        Part { inputs, targets, len: 2 }
    }

    #[test]
    fn a_fingerprint_is_the_hash_of_the_bytes_in_order() {
        let train = part(Inputs::Bytes(b"ab".to_vec()), Targets::Classes(vec![1, 2]));
        let test = part(Inputs::Floats(vec![1.5, -2.0]), Targets::Values(vec![0.25, 0.5]));
        let bytes = [
            b"ab".to_vec(),
            1i64.to_le_bytes().to_vec(),
            2i64.to_le_bytes().to_vec(),
            [1.5f32, -2.0, 0.25, 0.5].iter().flat_map(|value| value.to_le_bytes()).collect(),
        ];
        assert_eq!(fingerprint(&train, Some(&test)), hex(&Sha256::digest(bytes.concat())));
        assert_ne!(fingerprint(&train, None), fingerprint(&train, Some(&test)));
    }
}
