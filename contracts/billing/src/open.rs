//! `open_sessions`: money moves from the free balance into sessions.

use cosmwasm_std::{Addr, DepsMut, Env, MessageInfo, Response, Storage};
use secret_ai_contract_kit::flat_gas;
use secret_ai_contract_kit::padding::respond;
use secret_ai_contract_kit::row::key;
use secret_ai_interface::billing::{
    Line, OpenAnswer, OpenSession, SessionAuth, MAX_BATCH, MAX_SESSIONS_PER_MESSAGE,
};
use secret_ai_interface::{MAX_COUNT, MAX_LINES, MAX_MODEL_NAME};

use crate::clock::Clock;
use crate::error::{check_count, check_range, ContractError};
use crate::gas;
use crate::money::{Limits, Progress};
use crate::state::{
    account, globals, save_account, save_globals, save_own_session, save_progress, save_terms,
    seed, session_id, Config, Globals, Terms,
};

/// A session ends at most this many seconds of contract time after it was opened.
const MAX_LIFE_S: u64 = 365 * 24 * 3_600;
/// Nobody's sessions, as many as one `finalize` touches at most.
const PHANTOMS: u64 = MAX_BATCH as u64;

/// Sender opens sessions out of the free balance.
pub fn open_sessions(
    deps: DepsMut,
    env: Env,
    info: &MessageInfo,
    token: &Addr,
    sessions: Vec<OpenSession>,
) -> Result<Response, ContractError> {
    flat_gas::target(gas::open_sessions(sessions.len()));
    let config = Config::load(deps.storage)?;
    let (token, _) = config.token(token)?;
    open(deps, env, &info.sender, token, sessions)
}

/// Opens sessions of an owner; touches no slot that belongs to a worker or model (docs/privacy.md).
pub fn open(
    deps: DepsMut,
    env: Env,
    owner: &Addr,
    token: u8,
    sessions: Vec<OpenSession>,
) -> Result<Response, ContractError> {
    check_count("sessions", sessions.len(), MAX_SESSIONS_PER_MESSAGE)?;
    let Globals { clock, mut opened } = globals(deps.storage, &env)?;
    if clock.paused() {
        return Err(ContractError::Paused);
    }
    let seed = seed(deps.storage)?;
    let mut account = account(deps.storage, owner)?;
    let mut session_ids = Vec::with_capacity(sessions.len());
    for session in sessions {
        let counter = account.sessions;
        let terms = checked_terms(owner, counter, token, session, clock.now)?;
        account.debit(token, terms.limits.cap)?;
        let reason = "the account has opened 2^32 sessions";
        let exhausted = ContractError::Invalid {
            field: "sessions",
            reason,
        };
        account.sessions = counter.checked_add(1).ok_or(exhausted)?;
        leak_worker(deps.storage, &terms);
        save_terms(deps.storage, opened, &terms);
        save_progress(deps.storage, opened, &Progress::default());
        save_own_session(deps.storage, owner, counter, opened);
        session_ids.push(session_id(&seed, opened)?);
        opened = opened.saturating_add(1);
    }
    save_globals(deps.storage, &Globals { clock, opened });
    save_account(deps.storage, owner, &account);
    Ok(respond(&OpenAnswer { session_ids })?)
}

/// Opens the contract's first sessions, which belong to nobody: decoys for `finalize` until users
/// have opened enough.
pub fn open_phantoms(storage: &mut dyn Storage, clock: Clock, contract: &Addr) {
    let terms = Terms::nobody(contract);
    for number in 0..PHANTOMS {
        save_terms(storage, number, &terms);
        save_progress(storage, number, &Progress::default());
    }
    let opened = PHANTOMS;
    save_globals(storage, &Globals { clock, opened });
}

/// In a build that leaks on purpose, to prove that the two-worlds test sees it: a slot of the
/// worker is touched.
fn leak_worker(storage: &mut dyn Storage, terms: &Terms) {
    if cfg!(feature = "leak-p3") {
        storage.set(&key("leak", &[&terms.worker_id.0]), &[1]);
    }
}

fn checked_terms(
    owner: &Addr,
    counter: u32,
    token: u8,
    session: OpenSession,
    now: u64,
) -> Result<Terms, ContractError> {
    let OpenSession {
        worker_id,
        lines,
        cap,
        slack,
        expires,
        auth,
    } = session;
    check_lines(&lines)?;
    let refuse = |field, reason| Err(ContractError::Invalid { field, reason });
    if cap.is_zero() {
        return refuse("cap", "must be above 0");
    }
    if slack > cap {
        return refuse("slack", "must not exceed cap");
    }
    check_range(
        "expires",
        expires,
        now.saturating_add(1),
        now.saturating_add(MAX_LIFE_S),
    )?;
    if let SessionAuth::K(public_key) = &auth {
        if !matches!(public_key.0.first(), Some(2 | 3)) {
            return refuse("auth.k", "not a compressed secp256k1 key");
        }
    }
    let limits = Limits {
        cap: cap.u128(),
        slack: slack.u128(),
        expires,
    };
    Ok(Terms {
        owner: owner.clone(),
        counter,
        token,
        worker_id,
        limits,
        auth,
        lines,
    })
}

fn check_lines(lines: &[Line]) -> Result<(), ContractError> {
    check_count("lines", lines.len(), MAX_LINES)?;
    for (index, line) in lines.iter().enumerate() {
        check_count("lines.model, in bytes", line.model.len(), MAX_MODEL_NAME)?;
        check_range("lines.rate", line.rate, 0, MAX_COUNT.saturating_sub(1))?;
        let mut others = lines.iter().take(index);
        if others.any(|other| other.model == line.model && other.unit == line.unit) {
            let reason = "two lines for the same model and unit";
            return Err(ContractError::Invalid {
                field: "lines",
                reason,
            });
        }
    }
    Ok(())
}
