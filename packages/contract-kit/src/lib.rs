//! What all contracts share: fixed-size rows, padded answers, permits, viewing keys, sealed
//! messages between contracts, notifications, secret randomness.
//!
//! Privacy rests on regularity (docs/privacy.md): an observer sees which slots a transaction
//! touches, how long values are and how much gas it used, so rows have one size per slot ([`row`]),
//! answers come in blocks ([`padding`]), a class of messages has one gas ([`flat_gas`]), and what
//! concerns third parties travels sealed ([`sealed`]).
//!
//! Permits and viewing keys are written here rather than taken from secret-toolkit: its versions
//! bring a C library into the wasm, and check neither the chain nor the permissions of a permit.
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects
    )
)]

pub mod access;
pub mod credit;
pub mod entry;
pub mod flat_gas;
pub mod notification;
pub mod padding;
pub mod permit;
pub mod random;
pub mod row;
pub mod sealed;
pub mod viewing_key;

use bech32::primitives::decode::CheckedHrpstring;
use bech32::{Bech32, Hrp};
use cosmwasm_std::{Addr, StdError, StdResult};
use sha2::{Digest, Sha256};

/// Human-readable part of addresses on Secret Network.
const HRP: Hrp = Hrp::parse_unchecked("secret");

/// SHA-256 of the concatenated parts.
pub fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize().into()
}

/// An address that a message brought: `secret1…` in lower case, of 20 bytes, with a good checksum
/// (BIP 173), and therefore of the 45 characters that rows hold. `field` names it in the error.
///
/// Checked here rather than by the host, which costs more gas and accepts other lengths.
pub fn checked_address(field: &str, text: &str) -> StdResult<Addr> {
    let upper = text.bytes().any(|b| b.is_ascii_uppercase());
    match parse_address(text) {
        Some(_) if !upper => Ok(Addr::unchecked(text)),
        _ => Err(StdError::generic_err(format!(
            "{field}: not an address of this chain"
        ))),
    }
}

/// The 20 bytes of an address.
fn address_bytes(address: &Addr) -> StdResult<[u8; 20]> {
    parse_address(address.as_str())
        .ok_or_else(|| StdError::generic_err("address: not one of this chain"))
}

fn parse_address(text: &str) -> Option<[u8; 20]> {
    let parsed = CheckedHrpstring::new::<Bech32>(text).ok()?;
    let mut bytes = [0u8; 20];
    let mut given = parsed.byte_iter();
    for to in &mut bytes {
        *to = given.next()?;
    }
    (parsed.hrp() == HRP && given.next().is_none()).then_some(bytes)
}

/// The account address of a 20-byte key hash.
fn address_of(hash: &[u8]) -> StdResult<Addr> {
    bech32::encode::<Bech32>(HRP, hash)
        .map(Addr::unchecked)
        .map_err(|_| StdError::generic_err("address: cannot be encoded"))
}
