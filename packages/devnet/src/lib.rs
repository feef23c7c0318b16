//! LocalSecret without Docker: a deterministic Secret chain inside the process, running real wasm.
//!
//! The chain keeps the rules that decide whether a contract works and what it costs on Secret
//! Network: the two upload gates ([`upload`]), metering by injected counters, host call and
//! storage prices ([`gas`]), the CosmWasm 1.x interface with Secret's additions, submessages and
//! replies, code hash checks, and the atomicity of whole transactions. Every transaction also
//! returns what an outside observer would see of it ([`observer`]).
//!
//! It is a test instrument, not a chain: one validator, no consensus, no IBC, no governance, no
//! staking. Messages are given in plaintext; the lengths of the observer's view are those of the
//! encrypted forms. Encryption itself belongs to the server.
//!
//! # How a transaction runs
//! [`Devnet::run_tx`] works on a copy of the state (persistent maps: a copy costs nothing) and keeps
//! it only if every message succeeds. Each contract call gets its own instance; its writes collect
//! in a cache and reach the copy when the call ends, in an order drawn from the seed.
//!
//! # Gas
//! 1 SDK gas = 1000 CosmWasm gas. A call costs the instance (20,000), its wasm gas / 1000 + 1 and
//! the storage's own gas. The numbers are the chain's; each stands once, in [`gas`].

mod address;
mod bank;
mod chain;
mod compute;
mod dcap;
mod engine;
mod env;
mod error;
pub mod gas;
mod host;
mod host_crypto;
mod meter;
pub mod observer;
mod query;
mod run;
mod seed;
pub mod server;
mod state;
mod submessage;
mod tx;
pub mod upload;

pub use address::{contract_address, AddressError, ADDRESS_PREFIX};
pub use chain::{Devnet, Genesis};
pub use error::{DevnetError, QueryError};
pub use observer::TxView;
pub use state::{CodeInfo, ContractInfo, HistoryEntry, Snapshot};
pub use tx::{
    Attribute, CallGas, CallText, EntryPoint, ErrorText, Event, Failure, Msg, MsgOutcome,
    MsgResponse, StoredCode, Tx, TxResult,
};

pub use cosmwasm_std::{coin, coins, Coin};
