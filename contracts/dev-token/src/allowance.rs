//! Letting others move one's tokens.

use cosmwasm_std::{Addr, BlockInfo, Deps, DepsMut, Env, MessageInfo, Response, Storage, Uint128};
use secret_ai_contract_kit::{checked_address, padding};
use secret_ai_interface::token::{ExecuteAnswer, QueryAnswer};

use crate::error::TokenError;
use crate::state::Allowance;

pub fn increase(
    deps: DepsMut,
    env: Env,
    info: MessageInfo,
    spender: String,
    amount: Uint128,
    expiration: Option<u64>,
) -> Result<Response, TokenError> {
    let add = |now: Uint128| {
        now.checked_add(amount)
            .map_err(|_| TokenError::Overflow { amount })
    };
    let (spender, allowance) = change(deps, &env, &info, &spender, expiration, add)?;
    let owner = info.sender;
    Ok(padding::respond(&ExecuteAnswer::IncreaseAllowance {
        spender,
        owner,
        allowance,
    })?)
}

pub fn decrease(
    deps: DepsMut,
    env: Env,
    info: MessageInfo,
    spender: String,
    amount: Uint128,
    expiration: Option<u64>,
) -> Result<Response, TokenError> {
    let subtract = |now: Uint128| Ok(now.saturating_sub(amount));
    let (spender, allowance) = change(deps, &env, &info, &spender, expiration, subtract)?;
    let owner = info.sender;
    Ok(padding::respond(&ExecuteAnswer::DecreaseAllowance {
        spender,
        owner,
        allowance,
    })?)
}

/// Starts from what still holds, so that an expired allowance never comes back to life.
fn change(
    deps: DepsMut,
    env: &Env,
    info: &MessageInfo,
    spender: &str,
    expiration: Option<u64>,
    step: impl FnOnce(Uint128) -> Result<Uint128, TokenError>,
) -> Result<(Addr, Uint128), TokenError> {
    let spender = checked_address("spender", spender)?;
    let owner = info.sender.as_str();
    let mut allowance = Allowance::load_valid(deps.storage, &env.block, owner, spender.as_str())?;
    allowance.amount = step(allowance.amount)?;
    allowance.expire_at(expiration);
    allowance.save(deps.storage, &info.sender, &spender);
    Ok((spender, allowance.amount))
}

/// Takes from an allowance; fails if it is too small or expired.
pub fn spend(
    storage: &mut dyn Storage,
    block: &BlockInfo,
    owner: &Addr,
    spender: &Addr,
    amount: Uint128,
) -> Result<(), TokenError> {
    let mut allowance = Allowance::load_valid(storage, block, owner.as_str(), spender.as_str())?;
    let too_small = |_| TokenError::InsufficientAllowance {
        required: amount,
        allowance: allowance.amount,
    };
    allowance.amount = allowance.amount.checked_sub(amount).map_err(too_small)?;
    allowance.save(storage, owner, spender);
    Ok(())
}

/// An allowance as stored, expired or not (SNIP-20), for whoever has shown the right to see it.
pub fn query(deps: Deps, owner: &str, spender: &str) -> Result<QueryAnswer, TokenError> {
    let stored = Allowance::load(deps.storage, owner, spender)?;
    Ok(QueryAnswer::Allowance {
        spender: checked_address("spender", spender)?,
        owner: checked_address("owner", owner)?,
        allowance: stored.amount,
        expiration: stored.expiration(),
    })
}
