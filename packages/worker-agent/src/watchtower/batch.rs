//! What agents send to a watchtower, as JSON.

use cosmwasm_std::Binary;
use secret_ai_interface::WorkerId;
use serde::{Deserialize, Serialize};

/// Where batches are posted.
pub const PATH: &str = "/v1/receipts";
/// Most records of one batch.
pub const MAX_RECORDS: usize = 256;

/// News of one worker; without records a sign of life.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Batch {
    pub chain_id: String,
    /// Address of the billing contract.
    pub billing: String,
    pub worker_id: WorkerId,
    /// At most [`MAX_RECORDS`].
    pub records: Vec<Shipped>,
}

/// The newest receipt of a session and key.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shipped {
    /// Encoded signed receipt (docs/protocol.md).
    pub receipt: Binary,
    /// Encoded signed ack.
    pub ack: Option<Binary>,
    /// The session's, unix seconds of contract time.
    pub deadline: u64,
    /// Since when it waits to be settled, unix seconds of contract time; 0 if it is settled.
    pub since: u64,
}

/// What became of a batch; all that was stored is on disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    pub stored: usize,
    /// Signed by keys that the registry does not know, or not yet: to be sent again.
    pub unknown: usize,
    /// Not receipts, or not signed by the key that they name.
    pub refused: usize,
}
