//! Account and contract addresses: 20 bytes, written in bech32 with the prefix `secret`.

use crate::{ChainError, Result};
use bech32::{Bech32, Hrp};
use ripemd::Ripemd160;
use sha2::{Digest, Sha256};

/// Human-readable part of Secret Network's addresses.
pub const PREFIX: &str = "secret";

/// Writes 20 address bytes as `secret1…`.
pub fn encode(bytes: &[u8; 20]) -> String {
    const HRP: Hrp = Hrp::parse_unchecked(PREFIX);
    bech32::encode_lower::<Bech32>(HRP, bytes).unwrap_or_default()
}

/// Reads `secret1…`.
///
/// # Errors
/// [`ChainError::Invalid`] when it is not bech32, has another prefix or is not 20 bytes long.
pub fn decode(address: &str) -> Result<[u8; 20]> {
    let invalid = |why: String| ChainError::invalid(format!("address {address:?}: {why}"));
    let checked = bech32::primitives::decode::CheckedHrpstring::new::<Bech32>(address)
        .map_err(|e| invalid(e.to_string()))?;
    let hrp = checked.hrp();
    if hrp.as_str() != PREFIX {
        return Err(invalid(format!(
            "prefix is {}, must be {PREFIX}",
            hrp.as_str()
        )));
    }
    let bytes: Vec<u8> = checked.byte_iter().collect();
    let length = bytes.len();
    bytes
        .try_into()
        .map_err(|_| invalid(format!("has {length} bytes, must have 20")))
}

/// Address of a compressed secp256k1 public key: RIPEMD160(SHA256(key)).
pub fn of_public_key(compressed: &[u8]) -> [u8; 20] {
    Ripemd160::digest(Sha256::digest(compressed)).into()
}
