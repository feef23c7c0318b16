//! A body with its signature, as it travels: body ‖ signature.

use crate::body::{Body, DecodeError, Fields};

/// Half of the order of secp256k1 (SEC 2, section 2.4.1), rounded down.
const HALF_ORDER: [u8; 32] = [
    0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0x5d, 0x57, 0x6e, 0x73, 0x57, 0xa4, 0x50, 0x1d, 0xdf, 0xe9, 0x2f, 0x46, 0x68, 0x1b, 0x20, 0xa0,
];

/// A body and its 64-byte signature r ‖ s. Decoding checks the form only; who signed is for
/// `verify`, or the chain's host, to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed<B> {
    pub body: B,
    pub signature: [u8; 64],
}

impl<B: Body> Signed<B> {
    /// body ‖ signature.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = self.body.encode();
        out.extend_from_slice(&self.signature);
        out
    }

    /// Takes apart what [`Self::encode`] made; refuses anything else, and a signature whose s is in
    /// the upper half: a message must have one encoding.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut fields = Fields::new(bytes);
        let body = B::read(&mut fields)?;
        let signature: [u8; 64] = fields.array("signature")?;
        fields.end()?;
        if is_low_s(&signature) {
            Ok(Signed { body, signature })
        } else {
            Err(DecodeError::HighS)
        }
    }
}

/// True if s of r ‖ s is in the lower half of the curve's order.
pub fn is_low_s(signature: &[u8; 64]) -> bool {
    signature.iter().skip(32).le(HALF_ORDER.iter())
}
