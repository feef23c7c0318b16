//! Rewards: what workers earned, known to each operator alone, and its claims.
//!
//! Billing credits each finalized cohort in one sealed message; a claim makes billing pay out of
//! its vault. This contract never holds tokens.
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects
    )
)]

mod claim;
pub mod contract;
mod credit;
mod error;
mod gas;
mod query;
mod state;

pub use error::ContractError;
