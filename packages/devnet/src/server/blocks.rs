//! Blocks as the interfaces show them.
//!
//! There is no consensus here, so no header has a Merkle tree behind it: heights, times and
//! transactions are the chain's, and every hash that CometBFT would compute is the SHA-256 of its
//! name, chain id, height and time. They are stable and agree between all interfaces, and prove
//! nothing. A block's own hash ends with its height, by which it is found.

use super::{answer::GrpcError, books::TxRecord, node::Node};
use sha2::{Digest, Sha256};

/// Version of the CometBFT RPC that is spoken; clients choose their dialect by it.
pub(super) const COMET_VERSION: &str = "0.38.0";
/// Version of the block format in CometBFT 0.38.
pub(super) const BLOCK_PROTOCOL: u64 = 11;
/// Version of the peer protocol in CometBFT 0.38.
pub(super) const P2P_PROTOCOL: u64 = 8;
/// Bytes of a block's hash before its height.
const HASH_START: usize = 24;
/// Votes of the only validator.
pub(super) const VOTING_POWER: i64 = 1;

/// A finished block.
pub(super) struct Block<'a> {
    pub chain_id: &'a str,
    pub height: u64,
    /// Nanoseconds since 1970.
    pub time_ns: u64,
    pub txs: Vec<&'a TxRecord>,
}

impl<'a> Block<'a> {
    /// The block at a height from 1 to the newest.
    pub fn at(node: &'a Node, height: u64) -> Result<Self, GrpcError> {
        let time_ns = (height > 0)
            .then(|| node.block_time_ns(height))
            .flatten()
            .ok_or_else(|| {
                GrpcError::invalid(match height {
                    0 => "height must be greater than 0, but got 0",
                    _ => "requested block height is bigger then the chain length",
                })
            })?;
        Ok(Self {
            chain_id: &node.chain_id,
            height,
            time_ns,
            txs: node.txs_at(height).collect(),
        })
    }

    /// The block before this one, if this is not the first.
    pub fn previous(&self, node: &'a Node) -> Option<Self> {
        Self::at(node, self.height.checked_sub(1)?).ok()
    }

    /// The block with this hash, if there is one.
    pub fn of_hash(node: &'a Node, hash: &[u8]) -> Option<Self> {
        let block = Self::at(node, u64::from_be_bytes(*hash.last_chunk()?)).ok()?;
        (block.hash()[..] == *hash).then_some(block)
    }

    /// The block's own hash.
    pub fn hash(&self) -> [u8; 32] {
        let mut hash = self.derived("block");
        hash[HASH_START..].copy_from_slice(&self.height.to_be_bytes());
        hash
    }

    /// Stands where CometBFT has the hash of the validator set; the set never changes.
    pub fn validators_hash(&self) -> [u8; 32] {
        Sha256::digest(validator_key()).into()
    }

    /// Stands where CometBFT has the hash called `name`.
    pub fn derived(&self, name: &str) -> [u8; 32] {
        let Self {
            chain_id,
            height,
            time_ns,
            ..
        } = self;
        Sha256::digest(format!("{name}/{chain_id}/{height}/{time_ns}")).into()
    }
}

/// Public key (Ed25519, 32 bytes) of the validator. Nobody has the private key: nothing is signed.
pub(super) fn validator_key() -> [u8; 32] {
    Sha256::digest("secret-devnet validator").into()
}

/// The validator's address, made of its key as CometBFT does.
pub(super) fn validator_address() -> [u8; 20] {
    first_20(Sha256::digest(validator_key()).into())
}

/// The validator's address as the SDK writes it.
pub(super) fn validator_text() -> String {
    const PREFIX: bech32::Hrp = bech32::Hrp::parse_unchecked("secretvalcons");
    bech32::encode::<bech32::Bech32>(PREFIX, &validator_address()).unwrap_or_default()
}

/// The node's id among peers, of which it has none.
pub(super) fn node_id() -> String {
    hex::encode(first_20(Sha256::digest("secret-devnet node").into()))
}

fn first_20(digest: [u8; 32]) -> [u8; 20] {
    let mut first = [0; 20];
    first.copy_from_slice(&digest[..20]);
    first
}
