//! New tokens, and who may make them.

use cosmwasm_std::{Deps, DepsMut, MessageInfo, Response, StdResult, Uint128};
use secret_ai_contract_kit::{checked_address, padding};
use secret_ai_interface::token::{ExecuteAnswer, QueryAnswer, ResponseStatus};

use crate::error::TokenError;
use crate::state::{self, Config, MAX_MINTERS};

pub fn mint(
    deps: DepsMut,
    info: MessageInfo,
    recipient: String,
    amount: Uint128,
) -> Result<Response, TokenError> {
    if !Config::load(deps.storage)?.mint_enabled {
        return Err(TokenError::MintDisabled);
    }
    if !state::minters(deps.storage)?.contains(&info.sender) {
        return Err(TokenError::NotMinter);
    }
    let recipient = checked_address("recipient", &recipient)?;
    state::create(deps.storage, &recipient, amount)?;
    Ok(padding::respond(&ExecuteAnswer::Mint {
        status: ResponseStatus::Success,
    })?)
}

pub fn set_minters(
    deps: DepsMut,
    info: MessageInfo,
    minters: Vec<String>,
) -> Result<Response, TokenError> {
    let config = Config::load(deps.storage)?;
    if info.sender != config.admin {
        return Err(TokenError::NotAdmin);
    }
    if !config.mint_enabled {
        return Err(TokenError::MintDisabled);
    }
    if minters.len() > MAX_MINTERS {
        let given = minters.len() as u64;
        return Err(TokenError::OutOfRange {
            field: "minters",
            given,
            rule: "at most 16",
        });
    }
    let minters = minters
        .iter()
        .map(|minter| checked_address("minters", minter))
        .collect::<StdResult<Vec<_>>>()?;
    state::set_minters(deps.storage, &minters)?;
    Ok(padding::respond(&ExecuteAnswer::SetMinters {
        status: ResponseStatus::Success,
    })?)
}

pub fn minters(deps: Deps) -> StdResult<QueryAnswer> {
    Ok(QueryAnswer::Minters {
        minters: state::minters(deps.storage)?,
    })
}
