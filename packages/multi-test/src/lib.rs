//! Adapter that lets upstream cw-multi-test run Secret contracts natively and unchanged.
//!
//! A Secret contract is written against a fork of CosmWasm 1.1; cw-multi-test speaks upstream
//! CosmWasm 1.5. The two differ in few places, and each is bridged in one file:
//!
//! * `contract.rs` wraps a contract's plain functions in upstream's `Contract` trait and builds the
//!   fork's `Env`: `block.random` (from a seed, new in every call, absent in queries),
//!   `transaction.hash` and `contract.code_hash`.
//! * `convert.rs` turns messages, events and replies of the one library into those of the other.
//! * `deps.rs` lends storage and querier.
//! * `address.rs` makes real `secret1…` addresses of 20 bytes (45 characters).
//! * `app.rs` is what a test talks to: [`SecretApp`].
//!
//! **Code hashes travel as on the chain**: in front of the message, as 64 characters of hex. The
//! callee's adapter strips and compares them, so a wrong code hash fails where it fails on the chain,
//! at the callee, and a caller can catch it with a reply.
//!
//! What is *not* as on the chain: nothing is encrypted, no gas is metered (`check_gas` answers 0,
//! `gas_evaporate` does nothing), and `deps.api` is the fork's own `MockApi`, because the fork keeps a
//! type of its `Api` trait private: `addr_validate` there accepts any text, and canonical addresses
//! are not 20 bytes. Contracts that must see the chain's addresses convert bech32 themselves. For
//! gas and for what an observer sees there is the devnet, which runs the wasm.

#![deny(missing_docs)]

mod address;
mod app;
mod contract;
mod convert;
mod deps;
mod wallet;

pub use address::{address_of, canonical};
pub use app::{AppResponse, Code, ContractRef, Genesis, SecretApp};
pub use contract::ContractFns;
pub use wallet::Wallet;
