//! Billing: the vault that holds users' tokens, the sessions they open with workers, and the
//! settlement of workers' receipts (docs/protocol.md).
//!
//! * `money.rs` is the pure heart: who owns what after each event, with no storage and no chain;
//! * `clock.rs` is the contract's time, which pauses and halts of the chain do not eat;
//! * one file per message beside them, each holding its execute and query handlers;
//! * `state.rs` names every slot once.
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects
    )
)]

mod admin;
pub mod clock;
pub mod contract;
mod deposit;
mod error;
mod finalize;
mod gas;
pub mod money;
mod open;
mod payout;
mod query;
mod reclaim;
mod settle;
mod state;
mod token;
mod withdraw;

pub use error::ContractError;
