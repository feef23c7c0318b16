//! Bech32 addresses with the prefix `secret`, and contract addresses.

use crate::error::ExecError;
use bech32::{Bech32, Hrp};
use ripemd::Ripemd160;
use sha2::{Digest, Sha256};
use thiserror::Error;

/// The human-readable prefix of every address.
pub const ADDRESS_PREFIX: &str = "secret";

const HRP: Hrp = Hrp::parse_unchecked(ADDRESS_PREFIX);

/// Why a text is no address.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum AddressError {
    #[error("decoding bech32 failed: {0}")]
    Bech32(String),
    #[error("wrong address prefix: {0:?}")]
    Prefix(String),
    #[error("address has {0} bytes, must be 20 or 32")]
    Length(usize),
}

/// The bytes of an account's or contract's address.
pub fn decode(address: &str) -> Result<Vec<u8>, AddressError> {
    let (prefix, bytes) = decode_any(address)?;
    if prefix != ADDRESS_PREFIX {
        return Err(AddressError::Prefix(prefix));
    }
    match bytes.len() {
        20 | 32 => Ok(bytes),
        other => Err(AddressError::Length(other)),
    }
}

/// An address in lower case, under which everything is kept: bech32 may be written in upper case, too.
pub(crate) fn normal(address: &str) -> Result<String, ExecError> {
    match decode(address) {
        Ok(_) => Ok(address.to_lowercase()),
        Err(e) => Err(ExecError::sdk(
            7,
            format!("{address}: {e}: invalid address"),
        )),
    }
}

/// Prefix (lower case) and bytes of any bech32 text, as the host's address functions take it.
pub fn decode_any(address: &str) -> Result<(String, Vec<u8>), AddressError> {
    let (hrp, bytes) = bech32::decode(address).map_err(|e| AddressError::Bech32(e.to_string()))?;
    Ok((hrp.to_lowercase(), bytes))
}

/// The bech32 text of an address.
pub fn encode(bytes: &[u8]) -> Result<String, AddressError> {
    bech32::encode::<Bech32>(HRP, bytes).map_err(|e| AddressError::Bech32(e.to_string()))
}

/// The address of the contract that `creator` makes from `code_id` as the chain's
/// `instance_id`-th contract: RIPEMD-160 of SHA-256 of the ids (8 bytes, big endian) and creator.
pub fn contract_address(
    code_id: u64,
    instance_id: u64,
    creator: &str,
) -> Result<String, AddressError> {
    let id = (code_id << 32).wrapping_add(instance_id);
    let inner = Sha256::new()
        .chain_update(id.to_be_bytes())
        .chain_update(decode(creator)?)
        .finalize();
    encode(&Ripemd160::digest(inner))
}
