//! Everything that a restart must bring back, as one value: a copy costs next to nothing, and two
//! copies tell what has changed between them.

use super::accounts::Accounts;
use crate::{Snapshot, TxResult};
use imbl::OrdMap;
use serde_json::Value;
use std::sync::Arc;

/// A transaction that is in a block.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TxRecord {
    pub hash: String,
    pub height: u64,
    /// As it was broadcast.
    pub bytes: Vec<u8>,
    /// The transaction's JSON, as in `tx` of the LCD's answers.
    pub tx: Value,
    /// The `tx_response` without its `tx`.
    pub response: Value,
    /// Gas by call and the observer's view; none if no message was executed.
    pub result: Option<TxResult>,
}

/// The state of a node at one moment.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Books {
    pub snapshot: Snapshot,
    pub accounts: Accounts,
    /// Past transactions by hash, upper-case hex.
    pub txs: OrdMap<String, Arc<TxRecord>>,
    /// Height and time (nanoseconds since 1970) of blocks; those between two entries lie evenly
    /// between them.
    pub times: OrdMap<u64, u64>,
}

/// What a chain begins with and never changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Origin {
    pub chain_id: String,
    /// Time of the first block, seconds since 1970.
    pub genesis_time_s: u64,
    /// Seed of the network's IO key.
    pub io_seed: [u8; 32],
}
