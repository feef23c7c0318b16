//! `credit`: billing tells, sealed, what a finalized batch earned.

use cosmwasm_std::{Binary, DepsMut, MessageInfo, Response};
use secret_ai_contract_kit::credit::Credit;
use secret_ai_contract_kit::padding::respond_empty;
use secret_ai_contract_kit::row::{Reader, Row};
use secret_ai_contract_kit::sealed::open;

use crate::error::ContractError;
use crate::state::{earned, save_earned, Config};

/// From billing only. Rows of amount 0 fill the message up and are skipped.
pub fn credit(
    deps: DepsMut,
    info: &MessageInfo,
    sealed: &Binary,
) -> Result<Response, ContractError> {
    let config = Config::load(deps.storage)?;
    if info.sender != config.billing.address {
        return Err(ContractError::Unauthorized {
            must_be: "the billing contract",
        });
    }
    let payload = open(deps.storage, sealed)?;
    let mut rows = Reader::new(&payload);
    while !rows.is_empty() {
        let Credit {
            operator,
            token,
            amount,
        } = Credit::read(&mut rows)?;
        if amount == 0 {
            continue;
        }
        let mut row = earned(deps.storage, &operator, token)?;
        row.earned = row
            .earned
            .checked_add(amount)
            .ok_or(ContractError::Overflow)?;
        save_earned(deps.storage, &operator, token, &row);
    }
    Ok(respond_empty())
}
