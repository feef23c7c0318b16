//! The little CBOR (RFC 8949) that notifications are made of: one array of byte strings and
//! 128-bit numbers, every item of a fixed length.

use cosmwasm_std::{StdError, StdResult};

use crate::row::Reader;

const ARRAY: u8 = 0x80;
const BYTES: u8 = 0x40;
/// Tag 2, "unsigned bignum".
const BIGNUM: u8 = 0xc2;
/// Counts and lengths below this stand in the item's first byte.
const SHORT: u8 = 24;

/// Begins an array of fewer than 24 items.
pub fn array(items: u8) -> Vec<u8> {
    vec![ARRAY | items.min(SHORT.saturating_sub(1))]
}

/// Appends a byte string of fewer than 24 bytes.
pub fn bytes<const N: usize>(out: &mut Vec<u8>, bytes: &[u8; N]) {
    const { assert!(N < SHORT as usize) };
    out.push(BYTES | N as u8);
    out.extend_from_slice(bytes);
}

/// Appends a number as a bignum of 16 bytes: leading zeros keep its length secret.
pub fn number(out: &mut Vec<u8>, value: u128) {
    out.push(BIGNUM);
    bytes(out, &value.to_be_bytes());
}

/// Takes apart what this module wrote; zeros after the array are padding.
pub struct Decoder<'a>(Reader<'a>);

impl<'a> Decoder<'a> {
    /// Fails unless an array of this many items begins here.
    pub fn array(encoded: &'a [u8], items: u8) -> StdResult<Self> {
        let mut decoder = Decoder(Reader::new(encoded));
        decoder.expect(ARRAY | items)?;
        Ok(decoder)
    }

    pub fn bytes<const N: usize>(&mut self) -> StdResult<[u8; N]> {
        let length = u8::try_from(N).map_err(|_| malformed())?;
        self.expect(BYTES | length)?;
        self.0.array().map_err(|_| malformed())
    }

    pub fn number(&mut self) -> StdResult<u128> {
        self.expect(BIGNUM)?;
        self.bytes().map(u128::from_be_bytes)
    }

    fn expect(&mut self, head: u8) -> StdResult<()> {
        match self.0.u8() {
            Ok(found) if found == head => Ok(()),
            _ => Err(malformed()),
        }
    }
}

fn malformed() -> StdError {
    StdError::generic_err("notification: not of its channel's form")
}
