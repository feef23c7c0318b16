//! What is signed off chain: receipts, acks, requests and heartbeats (docs/protocol.md).
//!
//! One encoding, used by contracts (wasm), worker agent and client. Bodies are fixed-width
//! big-endian fields in the order of the protocol's table; the digest that is signed is
//!
//! `SHA256("secret-ai/" ‖ kind ‖ "/1" ‖ 0x00 ‖ chain_id ‖ 0x00 ‖ billing address ‖ 0x00 ‖ body)`
//!
//! and the signature is ECDSA over secp256k1, RFC 6979, 64 bytes r ‖ s with s in the lower half.
//! Golden vectors for every kind are in `vectors/vectors.json`.
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects
    )
)]

mod ack;
mod body;
mod domain;
mod evidence;
mod heartbeat;
mod price;
mod receipt;
mod request;
#[cfg(feature = "native")]
mod sign;
mod signed;

pub use ack::Ack;
pub use body::{Body, DecodeError};
pub use domain::Domain;
pub use evidence::Evidence;
pub use heartbeat::Heartbeat;
pub use price::{amount, LineCount, PriceError};
pub use receipt::{Receipt, MAX_LINES};
pub use request::Request;
#[cfg(feature = "native")]
pub use sign::{kid, public_key, sign, sign_digest, verify, SigningKey, VerifyError};
pub use signed::{is_low_s, Signed};

use ripemd::Ripemd160;
use sha2::{Digest, Sha256};

/// Counters and rates stay below this bound (2⁵⁶), so that the sum of 8 products fits in u128.
pub const MAX_COUNT: u64 = 1 << 56;

/// Key id of a compressed secp256k1 public key: RIPEMD160(SHA256(key)).
pub fn kid_of(public_key: &[u8; 33]) -> [u8; 20] {
    Ripemd160::digest(Sha256::digest(public_key)).into()
}

/// SHA-256, the hash of everything here.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}
