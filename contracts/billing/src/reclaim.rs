//! `close_session` and `reclaim`: how what was not used comes back.

use cosmwasm_std::{DepsMut, Env, MessageInfo, Response, Uint128};
use secret_ai_contract_kit::flat_gas;
use secret_ai_contract_kit::padding::{respond, respond_empty};
use secret_ai_interface::billing::{ReclaimAnswer, MAX_SESSIONS_PER_MESSAGE};
use secret_ai_interface::SessionId;

use crate::error::{check_count, ContractError};
use crate::gas;
use crate::money;
use crate::state::{
    account, horizon, progress, save_account, save_progress, seed, terms, tick, Config, Named,
    Terms,
};

/// Owner: the worker must not serve any more; receipts settle for the challenge window. Closing
/// again changes nothing.
pub fn close_session(
    deps: DepsMut,
    env: Env,
    info: &MessageInfo,
    id: &SessionId,
) -> Result<Response, ContractError> {
    flat_gas::target(gas::CLOSE_SESSION);
    let clock = tick(deps.storage, &env)?.clock;
    let (number, _) = own_terms(&deps, info, id)?;
    let mut progress = progress(deps.storage, number)?;
    progress.closed_at = progress.closed_at.or(Some(clock.now));
    save_progress(deps.storage, number, &progress);
    Ok(respond_empty())
}

/// Owner: moves what ended sessions left to the free balance; skips those that have not ended.
pub fn reclaim(
    deps: DepsMut,
    env: Env,
    info: &MessageInfo,
    ids: &[SessionId],
) -> Result<Response, ContractError> {
    flat_gas::target(gas::reclaim(ids.len()));
    check_count("session_ids", ids.len(), MAX_SESSIONS_PER_MESSAGE)?;
    let config = Config::load(deps.storage)?;
    let clock = tick(deps.storage, &env)?.clock;
    let (now, finalized_before) = horizon(deps.storage, &clock, &config.timing)?;
    let mut account = account(deps.storage, &info.sender)?;
    let mut reclaimed = Vec::with_capacity(ids.len());
    for id in ids {
        let (number, terms) = own_terms(&deps, info, id)?;
        let mut progress = progress(deps.storage, number)?;
        let timing = &config.timing;
        let rest = money::reclaim(&terms.limits, &mut progress, timing, now, finalized_before);
        account.credit(terms.token, rest.unwrap_or(0))?;
        save_progress(deps.storage, number, &progress);
        reclaimed.push(rest.map(Uint128::new));
    }
    save_account(deps.storage, &info.sender, &account);
    Ok(respond(&ReclaimAnswer { reclaimed })?)
}

/// Number and terms of a session of the sender. Nothing is read for another's: a worker, who knows
/// the id, must not find the session's slots, and by them its owner. Nor does the error tell.
fn own_terms(
    deps: &DepsMut,
    info: &MessageInfo,
    id: &SessionId,
) -> Result<(u64, Terms), ContractError> {
    let seed = seed(deps.storage)?;
    let named = Named::of(&seed, id)?;
    if !named.belongs_to(&seed, &info.sender)? {
        return Err(ContractError::UnknownSession);
    }
    let terms = terms(deps.storage, named.number)?;
    let terms = terms.ok_or(ContractError::UnknownSession)?;
    Ok((named.number, terms))
}
