//! Background work: hand in receipts and crank epochs that have ended.

use std::sync::Arc;
use std::time::Duration;

use secret_ai_chain_client::ChainError;
use secret_ai_interface::billing::{ClockAnswer, Timing};
use secret_ai_interface::Hex;
use tokio::time::{interval, timeout, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use crate::agent::Agent;
pub use crate::handing::{SettleError, Settled};
use crate::journal::Record;
use crate::leases::Leases;
use crate::pages::{pages, Rules, MAX_PAGES};

/// Sessions that one `finalize` touches. Public, so it is the same for all agents.
const BATCH: u32 = 8;
/// Most calls of `finalize` in one round.
const MAX_BATCHES: u32 = 64;
/// How long after a session's deadline its settled receipts are kept, seconds.
const KEEP_S: u64 = 86_400;
/// How long an agent that stops waits for its last pages to be confirmed, and how often it looks.
const LAST_LOOKS: Duration = Duration::from_secs(30);
const LOOK_AGAIN: Duration = Duration::from_secs(1);

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
    fn rules(&self, agent: &Agent, leases: Leases, now: u64) -> Rules {
        Rules {
            own: Some(Hex(agent.keys.kid())),
            pages: self.pages,
            most: MAX_PAGES,
            cover_traffic: self.cover_traffic,
            challenge_s: self.timing.challenge_s,
            settles_until: leases.settle_until(self.timing.grace_s),
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
    let clock = learn_time(agent).await?;
    let settled = match clock.paused {
        true => Ok(Settled::default()),
        false => settle(agent, plan, clock.now).await,
    };
    // Epochs end, and others are paid, whatever became of the own pages.
    if plan.finalize {
        crank(agent, clock).await?;
    }
    agent.sessions.drop_idle();
    agent.strangers.forget(agent.clock.uptime());
    let over = agent.sessions.contract_time().saturating_sub(KEEP_S);
    // A journal that cannot be written any more is tidied up by the next start.
    if agent.journal.is_healthy() {
        agent.journal.prune(over).await?;
    }
    settled
}

/// Asks the chain for its times: contract time, in which deadlines count, and block time, in which
/// leases do.
///
/// # Errors
/// The node's.
pub async fn learn_time(agent: &Agent) -> Result<ClockAnswer, ChainError> {
    let clock = agent.chain.clock().await?;
    agent.sessions.set_contract_time(clock.now);
    agent.block_time.learn(agent.chain.block_time().await?);
    Ok(clock)
}

/// Hands in one round's pages: receipts and acks that are newer than what was handed in before,
/// those of earlier boots too.
async fn settle(agent: &Agent, plan: &Plan, now: u64) -> Result<Settled, SettleError> {
    let desk = agent.desk();
    // What cannot be confirmed now is confirmed later.
    if let Err(error) = desk.confirm().await {
        tracing::warn!(%error, "the pages of earlier rounds could not be looked at");
    }
    let records = desk.waiting().await?;
    let leases = leases(agent, &records).await;
    desk.hand_in(pages(records, &plan.rules(agent, leases, now)), now)
        .await
}

/// What the registry says of the receipt keys at hand. An own key that has fallen serves no more.
async fn leases(agent: &Agent, records: &[Record]) -> Leases {
    let own = Hex(agent.keys.kid());
    let leases = Leases::ask(agent.chain.as_ref(), Some(own), records).await;
    if let Some(until) = leases.fallen(&own) {
        agent.cut_lease(until);
    }
    leases
}

/// Hands in everything, for an agent that stops: everybody sees that it does, and a boot after this
/// one could be too late. Only what 64 pages of a key do not hold stays in the journal, and what
/// the chain does not confirm soon.
///
/// # Errors
/// [`SettleError`]; pages that went through stay noted.
pub async fn last_round(agent: &Agent, plan: &Plan) -> Result<Settled, SettleError> {
    let clock = agent.chain.clock().await?;
    if clock.paused {
        return Ok(Settled::default());
    }
    let desk = agent.desk();
    if let Err(error) = desk.confirm().await {
        tracing::warn!(%error, "the pages of earlier rounds could not be looked at");
    }
    let rules = Rules {
        margin_s: u64::MAX,
        ..plan.rules(agent, Leases::default(), clock.now)
    };
    let records = desk.waiting().await?;
    let settled = desk.hand_in(pages(records, &rules), clock.now).await?;
    let confirmed = timeout(LAST_LOOKS, async {
        while desk.confirm().await.is_err() || !desk.unconfirmed.is_empty() {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    });
    if confirmed.await.is_err() {
        tracing::warn!("the last pages are not confirmed yet, their receipts would go again");
    }
    Ok(settled)
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
