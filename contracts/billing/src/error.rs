//! Why a message is refused. Texts name the field and the limit, and only the sender's own figures.

use cosmwasm_std::StdError;
use thiserror::Error;

use crate::money::MoneyError;

#[derive(Debug, Error, PartialEq)]
pub enum ContractError {
    #[error("{0}")]
    Std(#[from] StdError),
    #[error("{0}")]
    Money(#[from] MoneyError),
    #[error("sender: must be {must_be}")]
    Unauthorized { must_be: &'static str },
    #[error("{field}: {value}, must be {min} to {max}")]
    OutOfRange {
        field: &'static str,
        value: u64,
        min: u64,
        max: u64,
    },
    #[error("{field}: {reason}")]
    Invalid {
        field: &'static str,
        reason: &'static str,
    },
    #[error("amount: {amount} base units, must be at least {min}")]
    DepositTooSmall { amount: u128, min: u128 },
    #[error("token: not accepted here")]
    UnknownToken,
    #[error("session_id: no session of the sender has this id")]
    UnknownSession,
    #[error("epoch: {epoch} has not ended, the current epoch is {current}")]
    EpochNotOver { epoch: u64, current: u64 },
    #[error("paused: no sessions can be opened and no receipts settled for now")]
    Paused,
    #[error("pause: {reason}")]
    Pause { reason: String },
}

/// A number from a message that must lie in a range.
pub fn check_range(
    field: &'static str,
    value: u64,
    min: u64,
    max: u64,
) -> Result<(), ContractError> {
    if (min..=max).contains(&value) {
        Ok(())
    } else {
        Err(ContractError::OutOfRange {
            field,
            value,
            min,
            max,
        })
    }
}

/// A count of items in a message.
pub fn check_count(field: &'static str, count: usize, max: usize) -> Result<(), ContractError> {
    check_range(field, wide(count), 1, wide(max))
}

/// A count as it appears in messages.
pub fn wide(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
