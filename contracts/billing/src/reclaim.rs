//! `close_session` and `reclaim`: how what was not used comes back.

use cosmwasm_std::{DepsMut, Env, MessageInfo, Response, Uint128};
use secret_ai_contract_kit::padding::{respond, respond_empty};
use secret_ai_interface::billing::{ReclaimAnswer, MAX_SESSIONS_PER_MESSAGE};
use secret_ai_interface::SessionId;

use crate::error::{check_count, ContractError};
use crate::money;
use crate::state::{
    account, horizon, progress, save_account, save_progress, terms, tick, Config, Terms,
};

/// Owner: the worker must not serve any more; receipts settle for the challenge window. Closing
/// again changes nothing.
pub fn close_session(
    deps: DepsMut,
    env: Env,
    info: &MessageInfo,
    id: &SessionId,
) -> Result<Response, ContractError> {
    let clock = tick(deps.storage, &env)?;
    own_terms(&deps, info, id)?;
    let mut progress = progress(deps.storage, id)?;
    progress.closed_at = progress.closed_at.or(Some(clock.now));
    save_progress(deps.storage, id, &progress);
    Ok(respond_empty())
}

/// Owner: moves what ended sessions left to the free balance; skips those that have not ended.
pub fn reclaim(
    deps: DepsMut,
    env: Env,
    info: &MessageInfo,
    ids: &[SessionId],
) -> Result<Response, ContractError> {
    check_count("session_ids", ids.len(), MAX_SESSIONS_PER_MESSAGE)?;
    let config = Config::load(deps.storage)?;
    let clock = tick(deps.storage, &env)?;
    let (now, finalized_before) = horizon(deps.storage, &clock, &config.timing)?;
    let mut account = account(deps.storage, &info.sender)?;
    let mut reclaimed = Vec::with_capacity(ids.len());
    for id in ids {
        let terms = own_terms(&deps, info, id)?;
        let mut progress = progress(deps.storage, id)?;
        let timing = &config.timing;
        let rest = money::reclaim(&terms.limits, &mut progress, timing, now, finalized_before);
        account.credit(terms.token, rest.unwrap_or(0))?;
        save_progress(deps.storage, id, &progress);
        reclaimed.push(rest.map(Uint128::new));
    }
    save_account(deps.storage, &info.sender, &account);
    Ok(respond(&ReclaimAnswer { reclaimed })?)
}

/// The terms of a session of the sender. The error does not tell whether it is another's.
fn own_terms(deps: &DepsMut, info: &MessageInfo, id: &SessionId) -> Result<Terms, ContractError> {
    let terms = terms(deps.storage, id)?;
    terms
        .filter(|t| t.owner == info.sender)
        .ok_or(ContractError::UnknownSession)
}
