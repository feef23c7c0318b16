//! Padding: lengths are seen, so they say as little as is cheap. Without it the length of every piece
//! of a streamed answer would tell the length of its words.

use crate::error::E2eeError;

/// What is sealed has a multiple of this many bytes.
pub const BLOCK: usize = 512;
/// First byte of the padding; zeros follow (ISO/IEC 7816-4).
const MARK: u8 = 0x80;

/// Fills up to a whole number of blocks; at least one byte is added.
pub fn pad(bytes: &mut Vec<u8>) {
    bytes.push(MARK);
    bytes.resize(bytes.len().next_multiple_of(BLOCK), 0);
}

/// Takes the padding off.
pub fn unpad(bytes: &mut Vec<u8>) -> Result<(), E2eeError> {
    let mark = bytes.iter().rposition(|byte| *byte != 0);
    let mark = mark.filter(|at| bytes.get(*at) == Some(&MARK));
    bytes.truncate(mark.ok_or(E2eeError::Content)?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_length_comes_back_and_fills_blocks() {
        for length in [0, 1, 510, 511, 512, 513, 5_000] {
            for byte in [0u8, 0x80, 7] {
                let mut bytes = vec![byte; length];
                pad(&mut bytes);
                assert_eq!(bytes.len(), (length / BLOCK + 1) * BLOCK);
                unpad(&mut bytes).unwrap();
                assert_eq!(bytes, vec![byte; length]);
            }
        }
    }

    #[test]
    fn what_was_not_padded_is_refused() {
        for mut bytes in [vec![], vec![0; 9], vec![0x80, 1]] {
            assert_eq!(unpad(&mut bytes), Err(E2eeError::Content));
        }
    }
}
