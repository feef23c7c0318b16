//! A small SNIP-20 for tests and demos only.
//!
//! It speaks the reference implementation's JSON (messages in `secret_ai_interface::token`), so that
//! the real tokens of a network take its place without a change elsewhere. It hides amounts, but not
//! which accounts move: a transfer touches the two accounts' own rows. Real tokens do better; an
//! observer of a development chain has nothing to learn.
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects
    )
)]

mod allowance;
mod auth;
pub mod contract;
mod error;
mod gas;
mod info;
mod mint;
mod state;
mod transfer;

pub use error::TokenError;
