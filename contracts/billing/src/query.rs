//! Queries: what users and workers may look up, without a trace on the chain.

use cosmwasm_std::{Addr, Binary, Deps, Env, StdResult, Uint128};
use secret_ai_contract_kit::notification::{
    channel_info, channel_info_by_key, list_channels, BILLING_CHANNELS,
};
use secret_ai_contract_kit::padding::to_padded_binary;
use secret_ai_contract_kit::{access, permit, sealed, viewing_key};
use secret_ai_interface::auth::Permission;
use secret_ai_interface::billing::{
    AccountAnswer, Balance, ClockAnswer, ConfigAnswer, OwnSession, PermitQuery, QueryMsg,
    SessionAnswer, SessionAuth, SessionStatus, SessionsAnswer, PAGE_ENTRIES,
};
use secret_ai_interface::SessionId;

use crate::clock::epoch_of;
use crate::error::{wide, ContractError};
use crate::money::{deadline, has_ended, Progress};
use crate::state::{
    account, globals, horizon, own_session, progress, queue, seed, terms, Cohort, Config, Named,
    Terms,
};

const MAX_PAGE: u32 = 30;

/// Answers a query, padded.
pub fn query(deps: Deps, env: Env, msg: QueryMsg) -> Result<Binary, ContractError> {
    Ok(match msg {
        QueryMsg::Config {} => to_padded_binary(&config(deps)?),
        QueryMsg::Clock {} => to_padded_binary(&clock_answer(deps, &env)?),
        QueryMsg::Account { address, key } => {
            viewing_key::check(deps.storage, address.as_str(), &key)?;
            to_padded_binary(&own_account(deps, &address)?)
        }
        QueryMsg::Sessions {
            address,
            key,
            start,
            limit,
        } => {
            viewing_key::check(deps.storage, address.as_str(), &key)?;
            to_padded_binary(&own_sessions(deps, &env, &address, start, limit)?)
        }
        QueryMsg::Session { session_id, auth } => {
            to_padded_binary(&session_for_worker(deps, &env, session_id, &auth)?)
        }
        QueryMsg::ListChannels {} => to_padded_binary(&list_channels(&BILLING_CHANNELS)),
        QueryMsg::ChannelInfo {
            channels,
            txhash,
            viewer,
        } => {
            let (of, tx) = (&BILLING_CHANNELS, txhash.as_deref());
            let info = channel_info_by_key(deps, &env, of, &viewer, &channels, tx)?;
            to_padded_binary(&info)
        }
        QueryMsg::ListPermitRevocations {
            viewer,
            page,
            page_size,
        } => {
            let answer = access::permit_revocations_by_key(deps, &viewer, page, page_size)?;
            to_padded_binary(&answer)
        }
        QueryMsg::WithPermit { permit, query } => {
            let owner = permit::validate(deps, &env, &permit, &[Permission::Owner])?;
            match query {
                PermitQuery::Account {} => to_padded_binary(&own_account(deps, &owner)?),
                PermitQuery::Sessions { start, limit } => {
                    to_padded_binary(&own_sessions(deps, &env, &owner, start, limit)?)
                }
                PermitQuery::ChannelInfo { channels, txhash } => {
                    let txhash = txhash.as_deref();
                    let info =
                        channel_info(deps, &env, &BILLING_CHANNELS, &owner, &channels, txhash)?;
                    to_padded_binary(&info)
                }
                PermitQuery::ListPermitRevocations { page, page_size } => {
                    to_padded_binary(&access::permit_revocations(deps, &owner, page, page_size)?)
                }
            }
        }
    }?)
}

fn config(deps: Deps) -> StdResult<ConfigAnswer> {
    let Config {
        admin,
        registry,
        tokens,
        timing,
        rewards,
    } = Config::load(deps.storage)?;
    let sealing_pk = sealed::public_key(deps.storage)?;
    Ok(ConfigAnswer {
        admin,
        registry,
        tokens,
        timing,
        rewards,
        sealing_pk,
    })
}

fn clock_answer(deps: Deps, env: &Env) -> StdResult<ClockAnswer> {
    let config = Config::load(deps.storage)?;
    let clock = globals(deps.storage, env)?.clock;
    let (now, finalized_before) = horizon(deps.storage, &clock, &config.timing)?;
    let pages = queue(deps.storage)?.len();
    let done = Cohort::load(deps.storage)?.map_or(0, |cohort| cohort.done);
    Ok(ClockAnswer {
        now,
        epoch: epoch_of(now, config.timing.epoch_s),
        finalized_before,
        pending: pages
            .saturating_mul(wide(PAGE_ENTRIES))
            .saturating_sub(done),
        paused: clock.paused(),
    })
}

fn own_account(deps: Deps, owner: &Addr) -> StdResult<AccountAnswer> {
    let config = Config::load(deps.storage)?;
    let account = account(deps.storage, owner)?;
    let balances = (0u8..).zip(config.tokens).map(|(index, token)| Balance {
        token: token.contract.address,
        free: Uint128::new(account.free(index)),
    });
    Ok(AccountAnswer {
        balances: balances.collect(),
        sessions: account.sessions,
    })
}

fn own_sessions(
    deps: Deps,
    env: &Env,
    owner: &Addr,
    start: Option<u32>,
    limit: Option<u32>,
) -> Result<SessionsAnswer, ContractError> {
    let total = account(deps.storage, owner)?.sessions;
    let start = start.unwrap_or(0);
    let end = start
        .saturating_add(limit.unwrap_or(MAX_PAGE).min(MAX_PAGE))
        .min(total);
    let mut sessions = Vec::new();
    for counter in start..end {
        let number = own_session(deps.storage, owner, counter)?;
        let terms = terms(deps.storage, number)?.ok_or(ContractError::UnknownSession)?;
        let named = Named::new(&seed(deps.storage)?, number, owner)?;
        let progress = progress(deps.storage, number)?;
        sessions.push(OwnSession {
            counter,
            session: answer(deps, env, named, terms, progress)?,
        });
    }
    Ok(SessionsAnswer { sessions, total })
}

/// Whoever has id and authenticator is the worker, or the client itself. A wrong authenticator and
/// an unknown id answer alike.
///
/// The worker's node sees which slots are read, and who wrote them. So a window of sessions is
/// read, of which the one is only one.
fn session_for_worker(
    deps: Deps,
    env: &Env,
    id: SessionId,
    auth: &SessionAuth,
) -> Result<SessionAnswer, ContractError> {
    let (seed, opened) = (seed(deps.storage)?, globals(deps.storage, env)?.opened);
    let named = Named::of(&seed, &id)?;
    let window = named.window(&seed)?;
    let mut found = None;
    for number in window.start..window.end.min(opened) {
        let (terms, progress) = (
            terms(deps.storage, number)?,
            progress(deps.storage, number)?,
        );
        if number == named.number {
            found = terms.map(|terms| (terms, progress));
        }
    }
    let reason = "no session has this id and authenticator";
    let unknown = || ContractError::Invalid {
        field: "session_id",
        reason,
    };
    let (terms, progress) = found.ok_or_else(unknown)?;
    if terms.auth != *auth || !named.belongs_to(&seed, &terms.owner)? {
        return Err(unknown());
    }
    answer(deps, env, named, terms, progress)
}

fn answer(
    deps: Deps,
    env: &Env,
    named: Named,
    terms: Terms,
    progress: Progress,
) -> Result<SessionAnswer, ContractError> {
    let config = Config::load(deps.storage)?;
    let session_id = named.id(&seed(deps.storage)?)?;
    let status = status(deps, env, &config, &terms, &progress)?;
    Ok(SessionAnswer {
        session_id,
        worker_id: terms.worker_id,
        token: config.token_at(terms.token)?.contract.address.clone(),
        cap: Uint128::new(terms.limits.cap),
        slack: Uint128::new(terms.limits.slack),
        expires: terms.limits.expires,
        auth: terms.auth,
        paid: Uint128::new(progress.paid),
        keys: progress.kids().collect(),
        counters: progress
            .counters()
            .into_iter()
            .take(terms.lines.len())
            .collect(),
        lines: terms.lines,
        status,
        deadline: deadline(&terms.limits, &progress, &config.timing),
    })
}

fn status(
    deps: Deps,
    env: &Env,
    config: &Config,
    terms: &Terms,
    progress: &Progress,
) -> StdResult<SessionStatus> {
    let clock = globals(deps.storage, env)?.clock;
    let (now, finalized_before) = horizon(deps.storage, &clock, &config.timing)?;
    let over = now > terms.limits.expires
        || progress.closed_at.is_some()
        || progress.final_epoch.is_some();
    Ok(if progress.reclaimed {
        SessionStatus::Reclaimed
    } else if has_ended(
        &terms.limits,
        progress,
        &config.timing,
        now,
        finalized_before,
    ) {
        SessionStatus::Ended
    } else if over {
        SessionStatus::Closing
    } else {
        SessionStatus::Open
    })
}
