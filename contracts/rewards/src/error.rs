//! Why a message is refused. Texts name the field and only the sender's own figures.

use cosmwasm_std::StdError;
use thiserror::Error;

#[derive(Debug, Error, PartialEq)]
pub enum ContractError {
    #[error("{0}")]
    Std(#[from] StdError),
    #[error("sender: must be {must_be}")]
    Unauthorized { must_be: &'static str },
    #[error("token: not accepted by billing")]
    UnknownToken,
    #[error("amount: {amount} base units, {available} can be claimed")]
    TooMuch { amount: u128, available: u128 },
    #[error("earnings: the sum exceeds 2^128 base units")]
    Overflow,
}
