//! `open`, `usage`, `key`, `close`.

use cosmwasm_std::Uint128;
use secret_ai_interface::billing::{
    ExecuteMsg, OpenAnswer, OpenSession, OwnSession, SessionStatus,
};

use crate::account::{answer, token_address, Account};
use crate::cli::Command;
use crate::error::{ClientError, Result};
use crate::offers::{choose, describe, lines, unit_name};

/// Opens a session at the chosen offer's rates.
pub async fn open(account: &Account, command: Command) -> Result<()> {
    let Command::Open {
        model,
        cap,
        slack,
        expires,
        worker,
        token,
        countersign,
    } = command
    else {
        return Err(ClientError::input("command", "not open"));
    };
    let token = account.token(token.as_deref())?;
    let offer = choose(account, &model, token.contract.address.as_str(), worker).await?;
    let now = account.clock().await?.now;
    let counter = account.balances().await?.sessions;
    let session = OpenSession {
        worker_id: offer.worker_id,
        lines: lines(&offer),
        cap: Uint128::new(cap),
        slack: Uint128::new(slack.unwrap_or(cap)),
        expires: now.saturating_add(expires.as_secs()),
        auth: account.secrets().auth(counter, countersign)?,
    };
    let sessions = vec![session];
    let token = token_address(token);
    let outcome = account
        .call(&ExecuteMsg::OpenSessions {
            token,
            sessions,
            padding: None,
        })
        .await?;
    let OpenAnswer { session_ids } = answer(&outcome)?;
    for id in session_ids {
        println!("session   {id}");
    }
    println!("worker    {} at {}", offer.worker_id, offer.url);
    println!("rates     {} base units per 1,000,000", describe(&offer));
    println!("tx        {} ({} gas)", outcome.hash, outcome.gas_used);
    Ok(())
}

/// Shows all sessions.
pub async fn usage(account: &Account) -> Result<()> {
    let sessions = account.sessions().await?;
    if sessions.is_empty() {
        println!("no sessions yet; see `secret-ai open --help`");
    }
    for OwnSession { session, counter } in sessions {
        let status = status_name(session.status);
        println!(
            "#{counter} {}  {status}  worker {}",
            session.session_id, session.worker_id
        );
        for (line, count) in session.lines.iter().zip(&session.counters) {
            println!("  {:<14}{count:>12}  {}", unit_name(line.unit), line.model);
        }
        println!("  paid {} of {}", session.paid, session.cap);
    }
    Ok(())
}

/// Prints the API key of a session.
pub async fn key(account: &Account, session: Option<&str>) -> Result<()> {
    let own = find(account, session, None).await?;
    println!("{}", *account.secrets().api_key(&own)?);
    Ok(())
}

/// Closes a session.
pub async fn close(account: &Account, session: Option<&str>) -> Result<()> {
    let session_id = find(account, session, None).await?.session.session_id;
    let outcome = account
        .call(&ExecuteMsg::CloseSession {
            session_id,
            padding: None,
        })
        .await?;
    let seconds = account.config.timing.challenge_s;
    println!(
        "closed    {session_id}, tx {} ({} gas)",
        outcome.hash, outcome.gas_used
    );
    println!("the rest can be reclaimed {seconds} s from now, once that epoch is finalized");
    Ok(())
}

/// The session whose id begins with these digits, or the newest open one (that has the model).
pub async fn find(
    account: &Account,
    prefix: Option<&str>,
    model: Option<&str>,
) -> Result<OwnSession> {
    let mut sessions = account.sessions().await?;
    let has_model = |own: &OwnSession| {
        model.is_none_or(|m| own.session.lines.iter().any(|line| line.model == m))
    };
    sessions.retain(has_model);
    match prefix {
        None => {
            let open = |own: &OwnSession| own.session.status == SessionStatus::Open;
            let newest = sessions.into_iter().rfind(open);
            newest.ok_or_else(|| ClientError::input("session", "none is open"))
        }
        Some(prefix) => {
            sessions.retain(|own| own.session.session_id.to_string().starts_with(prefix));
            let found = sessions.len();
            match sessions.pop() {
                Some(only) if found == 1 => Ok(only),
                _ => {
                    let problem = format!("{found} sessions begin with {prefix:?}, must be 1");
                    Err(ClientError::input("session", problem))
                }
            }
        }
    }
}

fn status_name(status: SessionStatus) -> &'static str {
    match status {
        SessionStatus::Open => "open",
        SessionStatus::Closing => "closing",
        SessionStatus::Ended => "ended",
        SessionStatus::Reclaimed => "reclaimed",
    }
}
