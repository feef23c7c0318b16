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
    account, horizon, progress, save_account, save_progress, seed, session_number, terms, tick,
    Config, Terms,
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

/// Number and terms of a session of the sender. The error does not tell whether it is another's.
fn own_terms(
    deps: &DepsMut,
    info: &MessageInfo,
    id: &SessionId,
) -> Result<(u64, Terms), ContractError> {
    let number = session_number(&seed(deps.storage)?, id)?;
    let number = number.ok_or(ContractError::UnknownSession)?;
    let terms = terms(deps.storage, number)?.filter(|t| t.owner == info.sender);
    terms
        .map(|terms| (number, terms))
        .ok_or(ContractError::UnknownSession)
}
