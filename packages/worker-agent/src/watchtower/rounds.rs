//! Hands in the receipts of workers that have gone silent.

use std::sync::Arc;

use secret_ai_interface::Hex;
use tokio::time::{interval, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use super::keys::Keys;
use super::Tower;
use crate::handing::{SettleError, Settled};
use crate::journal::Record;
use crate::leases::Leases;
use crate::pages::{pages, Rules};
use crate::session::lock;

/// Pages of one receipt key that billing takes in an epoch of all who are not its operator.
const MAX_PAGES: usize = 4;
/// How long after a session's deadline its settled receipts are kept, seconds.
const KEEP_S: u64 = 86_400;

impl Tower {
    /// Rounds at every interval until `stop`.
    pub async fn watch(self: Arc<Self>, stop: CancellationToken) {
        let mut ticks = interval(self.interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        while stop.run_until_cancelled(ticks.tick()).await.is_some() {
            match self.round().await {
                Ok(settled) if settled.pages > 0 => tracing::info!(?settled, "handed in"),
                Ok(_) => {}
                Err(error) => tracing::warn!(%error, "settling will be tried again"),
            }
        }
    }

    /// One round: confirms earlier pages, hands in what silent workers have left, tidies up. What
    /// waits goes as soon as its worker is silent: billing takes few pages in an epoch from others
    /// than the operator.
    ///
    /// # Errors
    /// [`SettleError`]; what was done stays done.
    pub async fn round(&self) -> Result<Settled, SettleError> {
        let clock = self.chain.clock().await?;
        if clock.paused {
            return Ok(Settled::default());
        }
        let desk = self.desk();
        // What cannot be confirmed now is confirmed later.
        if let Err(error) = desk.confirm().await {
            tracing::warn!(%error, "the pages of earlier rounds could not be looked at");
        }
        let mut records = desk.waiting().await?;
        let keys = self.keys_of(&records).await?;
        records.retain(|record| self.is_silent(record, &keys));
        let leases = Leases::ask(self.chain.as_ref(), None, &records).await;
        let round_s = self.interval.as_secs();
        let rules = Rules {
            own: None,
            pages: 1,
            most: MAX_PAGES,
            cover_traffic: false,
            challenge_s: self.timing.challenge_s,
            settles_until: leases.settle_until(self.timing.grace_s),
            now: clock.now,
            round_s,
            margin_s: round_s
                .saturating_add(self.timing.epoch_s)
                .saturating_mul(2),
        };
        let settled = desk.hand_in(pages(records, &rules), clock.now).await;
        let over = clock.now.saturating_sub(KEEP_S);
        self.journal.prune(over).await?;
        settled
    }

    /// Whether the worker of a record was not heard of for too long. What a restart forgot counts
    /// from then.
    fn is_silent(&self, record: &Record, keys: &Keys) -> bool {
        let worker = keys.get(&Hex(record.receipt.body.kid));
        let heard = worker.and_then(|key| lock(&self.heard).get(&key.worker_id).copied());
        let since = heard.unwrap_or(self.started);
        self.clock.uptime().saturating_sub(since) >= self.silent_s
    }
}
