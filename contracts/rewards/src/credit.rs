//! `credit`: billing tells, sealed, what a finalized batch earned.

use cosmwasm_std::{Binary, DepsMut, MessageInfo, Response};
use secret_ai_contract_kit::credit::Credit;
use secret_ai_contract_kit::flat_gas;
use secret_ai_contract_kit::padding::respond_empty;
use secret_ai_contract_kit::row::{Reader, Row};
use secret_ai_contract_kit::sealed::open;

use crate::error::ContractError;
use crate::gas;
use crate::state::{earned, save_earned, Config};

/// From billing only: every operator that has a page in the cohort, those who earned nothing too.
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
    let rows = payload.len().checked_div(Credit::SIZE).unwrap_or(0);
    flat_gas::target(gas::credit(rows));
    let mut rows = Reader::new(&payload);
    while !rows.is_empty() {
        let Credit { operator, amounts } = Credit::read(&mut rows)?;
        if cfg!(feature = "leak-p5") && amounts.iter().all(|amount| *amount == 0) {
            continue;
        }
        let mut row = earned(deps.storage, &operator)?;
        row.earn(&amounts)?;
        save_earned(deps.storage, &operator, &row);
    }
    Ok(respond_empty())
}
