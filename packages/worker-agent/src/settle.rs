//! Background work: hand in receipts and crank epochs that have ended.

use std::sync::Arc;
use std::time::Duration;

use cosmwasm_std::Binary;
use secret_ai_chain_client::ChainError;
use secret_ai_interface::billing::{ClockAnswer, EntryStatus, SettleEntry, Timing};
use secret_ai_interface::Hex;
use snafu::Snafu;
use tokio::time::{interval, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use crate::agent::Agent;
use crate::journal::{JournalError, Record};
use crate::pages::{pages, Page, Rules};
use crate::short;

/// Sessions that one `finalize` touches. Public, so it is the same for all agents.
const BATCH: u32 = 8;
/// Most calls of `finalize` in one round.
const MAX_BATCHES: u32 = 64;
/// How long after a session's deadline its settled receipts are kept, seconds.
const KEEP_S: u64 = 86_400;

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

/// When and how receipts are handed in.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// From round to round, whatever there is to do.
    pub interval: Duration,
    /// Pages of a round.
    pub pages: usize,
    /// Send pages also when they are empty.
    pub cover_traffic: bool,
    /// Crank `finalize` too.
    pub finalize: bool,
    /// Billing's.
    pub timing: Timing,
}

impl Plan {
    /// How pages are filled at `now`, unix seconds of contract time. A receipt that has to be in by
    /// then or within two rounds and two epochs goes now: one round and one epoch more can fail.
    fn rules(&self, agent: &Agent, now: u64) -> Rules {
        Rules {
            own: Hex(agent.keys.kid()),
            pages: self.pages,
            cover_traffic: self.cover_traffic,
            challenge_s: self.timing.challenge_s,
            now,
            round_s: self.interval.as_secs(),
            margin_s: self.margin_s(),
        }
    }

    /// Whether rounds come often enough for billing's timing.
    ///
    /// # Errors
    /// What is wrong, naming both fields.
    pub fn check(&self) -> Result<(), String> {
        let (round_s, challenge_s) = (self.interval.as_secs(), self.timing.challenge_s);
        if round_s > challenge_s {
            return Err(format!(
                "settle_interval_s: {round_s}, must be at most billing's challenge_s, {challenge_s}"
            ));
        }
        Ok(())
    }

    /// What makes this plan hide less than it could.
    pub fn warnings(&self) -> Vec<String> {
        let round_s = self.interval.as_secs();
        let Timing {
            epoch_s,
            challenge_s,
            ..
        } = self.timing;
        let margin_s = self.margin_s();
        let no_time = (margin_s >= challenge_s).then(|| {
            format!(
                "settle_interval_s: two rounds and two epochs, {margin_s} s, are not below billing's \
                 challenge_s, {challenge_s}: every receipt is urgent, the number of pages follows \
                 the load"
            )
        });
        let is_rare = (round_s > epoch_s).then(|| {
            format!(
                "settle_interval_s: {round_s}, more than billing's epoch_s, {epoch_s}: few pages an \
                 epoch, small cohorts"
            )
        });
        no_time.into_iter().chain(is_rare).collect()
    }

    fn margin_s(&self) -> u64 {
        let one = self.interval.as_secs().saturating_add(self.timing.epoch_s);
        one.saturating_mul(2)
    }
}

/// What one round of settling did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// Pages sent, empty ones too.
    pub pages: usize,
    /// Receipts that joined the epoch's pending set.
    pub pending: usize,
    /// Receipts that go again: without their ack, or because the epoch has no page left for the key.
    pub again: usize,
    /// Receipts that billing refuses for good.
    pub refused: usize,
}

/// A round at once, since receipts of the boot before may be due and everybody has seen this one
/// register, then one at every interval until `stop`. How long a round takes moves no other round:
/// the times at which an agent speaks must not tell how busy it is.
pub async fn settle_loop(agent: Arc<Agent>, plan: Plan, stop: CancellationToken) {
    let mut ticks = interval(plan.interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        let result = round(&agent, &plan).await;
        if let Err(error) = &result {
            tracing::warn!(%error, "settling will be tried again");
        }
        tell(&agent, result.ok().as_ref());
    }
}

/// Tells the metrics what a round did and what still waits.
fn tell(agent: &Agent, settled: Option<&Settled>) {
    let money = &agent.metrics.money;
    money.round(settled, agent.clock.now());
    if let Ok(records) = agent.journal.unsettled() {
        money.unsettled(records.len(), &agent.sessions.value(&records));
    }
}

/// One round: look at billing's clock, hand in one round's pages, crank what has ended, tidy up.
///
/// # Errors
/// [`SettleError`]; what was done stays done.
pub async fn round(agent: &Agent, plan: &Plan) -> Result<Settled, SettleError> {
    let clock = agent.chain.clock().await?;
    agent.sessions.set_contract_time(clock.now);
    let rules = plan.rules(agent, clock.now);
    let settled = match clock.paused {
        true => Ok(Settled::default()),
        false => settle(agent, &rules).await,
    };
    // Epochs end, and others are paid, whatever became of the own pages.
    if plan.finalize {
        crank(agent, clock).await?;
    }
    agent.sessions.drop_idle();
    agent.strangers.forget(agent.clock.now());
    let over = agent.sessions.contract_time().saturating_sub(KEEP_S);
    agent.journal.prune(over).await?;
    settled
}

/// Hands in everything, for an agent that stops: everybody sees that it does, and a boot after this
/// one could be too late. Only what 64 pages of a key do not hold stays in the journal.
///
/// # Errors
/// [`SettleError`]; pages that went through stay noted.
pub async fn last_round(agent: &Agent, plan: &Plan) -> Result<Settled, SettleError> {
    let clock = agent.chain.clock().await?;
    if clock.paused {
        return Ok(Settled::default());
    }
    let rules = Rules {
        margin_s: u64::MAX,
        ..plan.rules(agent, clock.now)
    };
    settle(agent, &rules).await
}

/// Hands in one round's pages: receipts and acks that are newer than what was handed in before,
/// those of earlier boots too. A page that fails holds up no other, unless the node is gone.
///
/// # Errors
/// The first one; pages that went through stay noted.
async fn settle(agent: &Agent, rules: &Rules) -> Result<Settled, SettleError> {
    let mut settled = Settled::default();
    let mut first_error = None;
    let pages = pages(agent.journal.unsettled()?, rules);
    let of = pages.len();
    for (page, number) in pages.into_iter().zip(1_usize..) {
        let entries = page.records.len();
        match hand_in(agent, page, rules.now, &mut settled).await {
            Ok(()) => tracing::info!(page = number, of, entries, "page sent"),
            Err(error) => {
                tracing::warn!(page = number, of, %error, "a page failed");
                let is_gone = is_unreachable(&error);
                first_error.get_or_insert(error);
                if is_gone {
                    break;
                }
            }
        }
    }
    first_error.map_or(Ok(settled), Err)
}

fn is_unreachable(error: &SettleError) -> bool {
    let SettleError::Chain { source } = error else {
        return false;
    };
    matches!(source, ChainError::Unreachable { .. })
}

async fn hand_in(
    agent: &Agent,
    page: Page,
    now: u64,
    settled: &mut Settled,
) -> Result<(), SettleError> {
    let Page { kid, records } = page;
    let entries: Vec<_> = records.iter().map(entry).collect();
    let sent = entries.len();
    let answer = agent.chain.settle(kid, entries).await?;
    let got = answer.statuses.len();
    if got != sent {
        return Err(SettleError::Statuses { got, sent });
    }
    settled.pages = settled.pages.saturating_add(1);
    for (record, status) in records.iter().zip(answer.statuses) {
        note(agent, record, status, now, settled).await?;
    }
    Ok(())
}

/// Takes note of what became of one entry. Whatever billing refuses once it refuses always, but a
/// receipt may be good without its ack, and pages come back with the next epoch.
async fn note(
    agent: &Agent,
    record: &Record,
    status: EntryStatus,
    now: u64,
    settled: &mut Settled,
) -> Result<(), JournalError> {
    let session = || short(&Hex(record.receipt.body.session_id));
    match status {
        EntryStatus::Pending => settled.pending = settled.pending.saturating_add(1),
        EntryStatus::BadAck if record.ack.is_some() => {
            tracing::error!(session = session(), "billing refuses an ack");
            settled.again = settled.again.saturating_add(1);
            return agent.journal.drop_ack(record).await;
        }
        EntryStatus::TooManyPages => {
            tracing::debug!(
                session = session(),
                "the epoch has no page left, it goes again"
            );
            settled.again = settled.again.saturating_add(1);
            return Ok(());
        }
        EntryStatus::BadReceipt
        | EntryStatus::BadAck
        | EntryStatus::UnknownKid
        | EntryStatus::LeaseOver
        | EntryStatus::BadSignature => {
            tracing::error!(session = session(), ?status, "billing refuses a receipt");
            settled.refused = settled.refused.saturating_add(1);
        }
    }
    agent.journal.settled(record, now).await
}

fn entry(record: &Record) -> SettleEntry {
    SettleEntry {
        receipt: Binary(record.receipt.encode()),
        ack: record.ack.as_ref().map(|ack| Binary(ack.encode())),
    }
}

/// Works off what waits in epochs that have ended.
async fn crank(agent: &Agent, mut clock: ClockAnswer) -> Result<(), SettleError> {
    let Some(ended) = clock.epoch.checked_sub(1) else {
        return Ok(());
    };
    for _ in 0..MAX_BATCHES {
        if clock.pending == 0 || clock.finalized_before > ended {
            break;
        }
        let answer = agent.chain.finalize(ended, BATCH, clock.pending).await?;
        tracing::info!(epoch = ended, remaining = answer.remaining, "finalized");
        if answer.finalized == 0 || answer.remaining == 0 {
            break;
        }
        // What remains may be of epochs that have not ended.
        clock = agent.chain.clock().await?;
    }
    Ok(())
}
