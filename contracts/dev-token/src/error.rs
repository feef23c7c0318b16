//! What can go wrong. No text tells a balance: who moves tokens by allowance may not learn it.

use cosmwasm_std::{StdError, Uint128};
use thiserror::Error;

/// A refused message; nothing has changed.
#[derive(Error, Debug, PartialEq)]
pub enum TokenError {
    #[error("{0}")]
    Std(#[from] StdError),
    #[error("{field}: {given}, must be {rule}")]
    OutOfRange {
        field: &'static str,
        given: u64,
        rule: &'static str,
    },
    #[error("symbol: must be ASCII letters and digits")]
    BadSymbol,
    #[error("{field}: this token has no such feature")]
    NoSuchFeature { field: &'static str },
    #[error("amount: {required} is more than the owner has")]
    InsufficientFunds { required: Uint128 },
    #[error("amount: {required} is more than the allowance of {allowance}")]
    InsufficientAllowance {
        required: Uint128,
        allowance: Uint128,
    },
    #[error("amount: {amount} on top of what exists is more than 128 bits hold")]
    Overflow { amount: Uint128 },
    #[error("mint: not enabled for this token")]
    MintDisabled,
    #[error("sender: not a minter")]
    NotMinter,
    #[error("sender: not the admin")]
    NotAdmin,
    #[error("permit: signed by neither owner nor spender")]
    NotParty,
}
