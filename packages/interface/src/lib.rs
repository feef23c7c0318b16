//! Every message, query and answer of the Secret AI contracts, and the types that they share.
//!
//! No logic lives here: contracts, agent and client depend on this crate alone to talk to each
//! other. The JSON schemas in `schema/` are generated from it (`make schema`).
//!
//! Conventions, in every contract:
//! * amounts are `Uint128` in base units of a SNIP-20 token; rates are base units per 1,000,000
//!   units of work; times are unix seconds of *contract time* unless a field says otherwise;
//! * short binary values (ids, keys, digests) are [`Hex`], long ones [`cosmwasm_std::Binary`];
//! * every execute message has a [`PaddedSize`] to which callers fill it with spaces; the optional
//!   `padding` of SNIP-20 is ignored; unknown fields are refused;
//! * answers of execute messages are JSON in the transaction's `data`, padded with spaces.
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects
    )
)]

pub mod auth;
pub mod billing;
mod hex_bytes;
pub mod notifications;
mod padded_size;
pub mod registry;
pub mod rewards;
pub mod token;

pub use hex_bytes::Hex;
pub use padded_size::PaddedSize;

use cosmwasm_schema::cw_serde;
use cosmwasm_std::Addr;

/// 16 random bytes, given by billing when a session is opened.
pub type SessionId = Hex<16>;
/// Key id of a receipt key: RIPEMD160(SHA256(compressed public key)).
pub type Kid = Hex<20>;
/// Names a worker for life, over all its boots and receipt keys.
pub type WorkerId = Hex<16>;
/// A SHA-256 digest.
pub type Digest = Hex<32>;
/// A compressed secp256k1 public key.
pub type PublicKey = Hex<33>;

/// Another contract, as one must name it to call it on Secret Network.
#[cw_serde]
#[derive(Eq)]
pub struct Contract {
    /// `secret1…`
    pub address: Addr,
    /// Lower-case hex SHA-256 of the contract's wasm, 64 characters.
    pub code_hash: String,
}

/// What is counted. Classes are disjoint: `input` excludes cached and audio tokens, `output`
/// includes reasoning tokens.
#[cw_serde]
#[derive(Eq, Copy, Hash, PartialOrd, Ord)]
pub enum Unit {
    Input,
    CachedInput,
    Output,
    Image,
    AudioMs,
    Embedding,
    Request,
}

impl Unit {
    /// All units, in the order of their codes.
    pub const ALL: [Unit; 7] = [
        Unit::Input,
        Unit::CachedInput,
        Unit::Output,
        Unit::Image,
        Unit::AudioMs,
        Unit::Embedding,
        Unit::Request,
    ];

    /// The byte that stands for this unit in stored rows.
    pub fn code(self) -> u8 {
        self as u8
    }

    /// The unit of a stored byte; `None` if there is none.
    pub fn from_code(code: u8) -> Option<Unit> {
        Unit::ALL.get(usize::from(code)).copied()
    }
}

/// Longest name of a model, in bytes.
pub const MAX_MODEL_NAME: usize = 64;
/// Most lines of one session.
pub const MAX_LINES: usize = 8;
/// Rates and counters stay below this bound, so that their products' sum fits in 128 bits.
pub const MAX_COUNT: u64 = 1 << 56;
/// `secret1` and 38 characters: the length of every account or contract address.
pub const ADDRESS_LENGTH: usize = 45;
