//! Transactions and queries of a Secret node over its LCD (REST) interface.
//!
//! Secret Network differs from other Cosmos chains in one thing: what goes to a contract, and what
//! comes back, is encrypted between the caller and the enclaves. This crate does that
//! ([`encryption`]), keeps a wallet ([`Wallet`]), builds and signs transactions ([`tx`], [`proto`])
//! and talks to a node ([`LcdClient`]). [`ChainClient`] puts them together:
//!
//! ```ignore
//! let client = ChainClient::new("http://127.0.0.1:1317", "secretdev-1")?;
//! let wallet = Wallet::from_file("operator.key")?;
//! let billing = client.contract("secret1…").await?;
//! let config: Config = client.query(&billing, &QueryMsg::Config {}).await?;
//! let call = ExecuteMsg::padded(&billing, &Msg::Reclaim { session_ids, padding: None })?;
//! let outcome = client.execute(&wallet, vec![call], 150_000).await?;
//! ```
//!
//! What an outsider may see is chosen here too: a message of Secret AI's contracts is filled with
//! spaces to the one size of its class ([`ExecuteMsg::padded`]), anything else to a multiple of
//! [`ClientConfig::pad_to`] bytes, so that lengths tell little. Keys, messages and
//! answers appear in no log, no `Debug` output and no error, except that
//! [`ChainError::Contract`] carries the text which the contract wrote for its caller.
//!
//! Trust: the node is believed about balances, sequences, code hashes and query answers. It can
//! neither read messages nor change them, as long as its transaction key is the chain's; give
//! [`ClientConfig::tx_key`] to pin that key instead of asking the node.

pub mod address;
mod client;
pub mod encryption;
mod error;
mod http;
mod lcd;
mod outcome;
mod permit;
pub mod proto;
pub mod tx;
mod wallet;

pub use client::{padded_json, ChainClient, ClientConfig, ContractRef, ExecuteMsg, InstantiateMsg};
pub use error::ChainError;
pub use lcd::{Account, BlockInfo, LcdClient, TxResponse};
pub use outcome::{Event, TxOutcome};
pub use permit::{owner_permit, Validity};
pub use proto::Coin;
pub use wallet::Wallet;

/// Result of this crate's calls.
pub type Result<T, E = ChainError> = std::result::Result<T, E>;
