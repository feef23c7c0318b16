//! The chain's state: persistent maps, so that a copy costs nothing and a rollback is a copy kept.

use std::sync::Arc;

use imbl::OrdMap;
use serde::{Deserialize, Serialize};

use crate::seed::Seed;

/// A contract's key-value store.
pub type Storage = OrdMap<Arc<[u8]>, Arc<[u8]>>;

/// Stored code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeInfo {
    pub code_id: u64,
    /// SHA-256 of the uncompressed wasm, lower-case hex.
    pub code_hash: String,
    /// Bech32 address of the uploader.
    pub creator: String,
    pub source: String,
    pub builder: String,
    /// The wasm, uncompressed.
    pub wasm: Arc<[u8]>,
}

/// A contract's public record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContractInfo {
    pub address: String,
    pub code_id: u64,
    /// Lower-case hex.
    pub code_hash: String,
    /// Bech32 address of the creator.
    pub creator: String,
    pub label: String,
    /// Who may migrate it; `None` if nobody may.
    pub admin: Option<String>,
    /// Height of the block that made it.
    pub created_height: u64,
    /// Its codes, first to last.
    pub history: Vec<HistoryEntry>,
}

/// One code that a contract ran.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryEntry {
    pub code_id: u64,
    /// Height from which it ran.
    pub height: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Contract {
    pub info: ContractInfo,
    pub storage: Storage,
}

/// Everything a failed transaction reverts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct World {
    pub codes: OrdMap<u64, Arc<CodeInfo>>,
    pub contracts: OrdMap<String, Contract>,
    /// Label to contract address.
    pub labels: OrdMap<String, String>,
    /// Address and denomination to base units; no zeros.
    pub balances: OrdMap<(String, String), u128>,
    /// Contracts ever made.
    pub instances: u64,
}

impl World {
    /// Id of the next code.
    pub fn next_code_id(&self) -> u64 {
        self.codes.get_max().map_or(0, |(id, _)| *id) + 1
    }

    /// The record of a contract.
    pub fn contract(&self, address: &str) -> Option<&ContractInfo> {
        self.contracts.get(address).map(|c| &c.info)
    }
}

/// The clock and what else moves on even if a transaction fails.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Clock {
    pub chain_id: String,
    pub seed: Seed,
    /// Height of the block in which the next transaction runs.
    pub height: u64,
    /// Its time, nanoseconds since 1970.
    pub time_ns: u64,
    /// Seconds from one block to the next.
    pub block_seconds: u64,
    /// Transactions in the block so far.
    pub txs: u32,
    /// Contract calls in the block so far, failed ones included.
    pub calls: u64,
}

/// The whole state of a devnet; see [`crate::Devnet::snapshot`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    pub(crate) world: World,
    pub(crate) clock: Clock,
}
