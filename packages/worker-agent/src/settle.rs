//! Background work: hand in receipts, crank epochs that have ended, keep the attestation fresh.

use std::sync::Arc;
use std::time::Duration;

use cosmwasm_std::Binary;
use secret_ai_chain_client::ChainError;
use secret_ai_interface::billing::{ClockAnswer, EntryStatus, SettleEntry, MAX_BATCH};
use secret_ai_interface::Hex;
use snafu::Snafu;
use tokio_util::sync::CancellationToken;

use crate::agent::Agent;
use crate::boot::Attester;
use crate::journal::{Journal, JournalError, Record};
use crate::retry::Retry;
use crate::short;

/// Most transactions of one kind in one round.
const MAX_ROUNDS: u32 = 64;
/// How long after a session's deadline its settled receipts are kept, seconds.
const KEEP_S: u64 = 86_400;
/// How often the lease is looked at.
const LEASE_CHECK: Duration = Duration::from_secs(5);

/// Why a round of background work ended early; the next one goes on.
#[derive(Debug, Snafu)]
pub enum SettleError {
    #[snafu(transparent)]
    Chain { source: ChainError },
    #[snafu(transparent)]
    Journal { source: JournalError },
    #[snafu(display("settle: {got} statuses for {sent} entries"))]
    Statuses { got: usize, sent: usize },
}

/// What one round of settling did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// Receipts that joined the epoch's pending set.
    pub pending: usize,
    /// Receipts that billing refuses for good.
    pub refused: usize,
}

/// Settles, and if `finalize` is set cranks, every `interval` until `stop`.
pub async fn settle_loop(
    agent: Arc<Agent>,
    interval: Duration,
    finalize: bool,
    stop: CancellationToken,
) {
    while stop
        .run_until_cancelled(tokio::time::sleep(interval))
        .await
        .is_some()
    {
        if let Err(error) = round(&agent, finalize).await {
            tracing::warn!(%error, "settling will be tried again");
        }
    }
}

/// One round: look at billing's clock, settle all that is new, crank what has ended, tidy up.
///
/// # Errors
/// [`SettleError`]; what was done stays done.
pub async fn round(agent: &Agent, finalize: bool) -> Result<Settled, SettleError> {
    let clock = agent.chain.clock().await?;
    agent.sessions.set_contract_time(clock.now);
    let settled = if clock.paused {
        Settled::default()
    } else {
        settle_all(agent).await?
    };
    if finalize {
        crank(agent, &clock).await?;
    }
    agent.sessions.drop_idle();
    agent
        .journal
        .prune(clock.now.saturating_sub(KEEP_S))
        .await?;
    Ok(settled)
}

/// Hands in every receipt and ack that is newer than what was handed in before, those of earlier
/// boots too.
///
/// # Errors
/// [`SettleError`]; batches that went through stay noted.
pub async fn settle_all(agent: &Agent) -> Result<Settled, SettleError> {
    let mut settled = Settled::default();
    for _ in 0..MAX_ROUNDS {
        let records = agent.journal.unsettled(MAX_BATCH)?;
        if records.is_empty() {
            break;
        }
        let is_last = records.len() < MAX_BATCH;
        let entries: Vec<_> = records.iter().map(entry).collect();
        let sent = entries.len();
        let answer = agent.chain.settle(entries).await?;
        let got = answer.statuses.len();
        if got != sent {
            return Err(SettleError::Statuses { got, sent });
        }
        for (record, status) in records.iter().zip(answer.statuses) {
            note(&agent.journal, record, status, &mut settled).await?;
        }
        tracing::info!(entries = sent, epoch = answer.epoch, "settled");
        if is_last {
            break;
        }
    }
    Ok(settled)
}

/// Takes note of what became of one entry. Whatever billing refuses once it refuses always.
async fn note(
    journal: &Journal,
    record: &Record,
    status: EntryStatus,
    settled: &mut Settled,
) -> Result<(), JournalError> {
    match status {
        EntryStatus::Pending => settled.pending = settled.pending.saturating_add(1),
        EntryStatus::BadReceipt
        | EntryStatus::BadAck
        | EntryStatus::UnknownKid
        | EntryStatus::LeaseOver
        | EntryStatus::BadSignature => {
            let session = short(&Hex(record.receipt.body.session_id));
            tracing::error!(session, ?status, "billing refuses a receipt");
            settled.refused = settled.refused.saturating_add(1);
        }
    }
    journal.settled(record).await
}

fn entry(record: &Record) -> SettleEntry {
    SettleEntry {
        receipt: Binary(record.receipt.encode()),
        ack: record.ack.as_ref().map(|ack| Binary(ack.encode())),
    }
}

/// Works off what waits in epochs that have ended.
async fn crank(agent: &Agent, clock: &ClockAnswer) -> Result<(), SettleError> {
    let Some(ended) = clock.epoch.checked_sub(1) else {
        return Ok(());
    };
    if clock.pending == 0 || clock.finalized_before > ended {
        return Ok(());
    }
    for _ in 0..MAX_ROUNDS {
        let limit = u32::try_from(MAX_BATCH).unwrap_or(u32::MAX);
        let answer = agent.chain.finalize(ended, limit).await?;
        tracing::info!(epoch = ended, remaining = answer.remaining, "finalized");
        if answer.finalized < limit {
            break;
        }
    }
    Ok(())
}

/// Renews the lease from the middle of it on, until `stop`.
pub async fn renew_loop(agent: Arc<Agent>, attester: Attester, stop: CancellationToken) {
    let mut granted_at = agent.sessions.contract_time();
    let (mut pause, mut retry) = (LEASE_CHECK, Retry::new());
    while stop
        .run_until_cancelled(tokio::time::sleep(pause))
        .await
        .is_some()
    {
        pause = LEASE_CHECK;
        let (now, until) = (agent.sessions.contract_time(), agent.attested().lease_until);
        let half = granted_at.saturating_add(until.saturating_sub(granted_at) / 2);
        if now <= half {
            continue;
        }
        match attester.renew().await {
            Ok(attested) => {
                tracing::info!(lease_until = attested.lease_until, "lease renewed");
                granted_at = now;
                retry = Retry::new();
                agent.set_attested(attested);
            }
            Err(error) => {
                tracing::warn!(%error, "the lease could not be renewed");
                pause = retry.pause();
            }
        }
    }
}
