//! Hands pages of receipts to billing and sees to it that they stay there.
//!
//! A page that is in a block counts as settled only once the node still knows its transaction some
//! blocks later: a node that was set back to an earlier state, or that has made the block up, knows
//! it no more, and then its receipts go again. Whatever goes twice is paid once (docs/protocol.md,
//! I8), so what is not known to have arrived is simply sent again.

use std::collections::HashMap;
use std::sync::Mutex;

use cosmwasm_std::Binary;
use secret_ai_chain_client::ChainError;
use secret_ai_interface::billing::{EntryStatus, SettleEntry};
use secret_ai_interface::Hex;
use snafu::Snafu;

use crate::chain::{Chain, Fate, HandedIn};
use crate::journal::{Journal, JournalError, Record};
use crate::journal_tables::Key;
use crate::pages::Page;
use crate::session::lock;
use crate::short;

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

impl SettleError {
    fn is_unreachable(&self) -> bool {
        let SettleError::Chain { source } = self else {
            return false;
        };
        matches!(source, ChainError::Unreachable { .. })
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

/// What billing has answered and the journal does not say. After a crash it is unknown, and billing is
/// asked again.
#[derive(Default)]
pub struct Unconfirmed {
    /// Pages that are in a block and not relied on yet.
    pages: Mutex<Vec<Sent>>,
    /// Amounts, base units, up to which acks are refused: a journal that cannot be written keeps them.
    bad_acks: Mutex<HashMap<Key, u128>>,
}

#[derive(Clone)]
struct Sent {
    txhash: String,
    height: u64,
    /// When it was sent, unix seconds of contract time.
    at: u64,
    records: Vec<Record>,
}

impl Unconfirmed {
    /// True if nothing is awaited.
    pub fn is_empty(&self) -> bool {
        lock(&self.pages).is_empty()
    }

    /// Leaves out what is on its way already, and acks that are refused.
    fn skip(&self, mut records: Vec<Record>) -> Vec<Record> {
        let bad_acks = lock(&self.bad_acks);
        for record in &mut records {
            let refused = bad_acks.get(&record.key());
            if refused.is_some_and(|amount| record.acked() <= *amount) {
                record.ack = None;
            }
        }
        let pages = lock(&self.pages);
        // Of two pages with receipts of one session and key the later one has the newer.
        let sent = pages.iter().flat_map(|page| &page.records);
        let sent: HashMap<_, _> = sent.map(|record| (record.key(), record)).collect();
        let is_sent = |record: &Record| {
            sent.get(&record.key()).is_some_and(|sent| {
                sent.receipt.body.seq >= record.receipt.body.seq && sent.acked() >= record.acked()
            })
        };
        let waits = records.into_iter().filter(|record| !is_sent(record));
        waits.collect()
    }
}

/// Where receipts come from and where they go.
#[derive(Clone, Copy)]
pub struct Desk<'a> {
    pub chain: &'a dyn Chain,
    pub journal: &'a Journal,
    pub unconfirmed: &'a Unconfirmed,
}

impl Desk<'_> {
    /// What has to be handed in: not settled, and not on its way.
    ///
    /// # Errors
    /// The journal's.
    pub async fn waiting(&self) -> Result<Vec<Record>, SettleError> {
        if self.journal.is_healthy() {
            self.journal.flush().await?;
        }
        Ok(self.unconfirmed.skip(self.journal.unsettled()?))
    }

    /// Looks again at the pages of earlier rounds: those that stayed are settled, those that have
    /// vanished wait again. One that cannot be looked at holds up no other, unless the node is gone.
    ///
    /// # Errors
    /// The node's first one, or the journal's; what was not looked at stays as it is.
    pub async fn confirm(&self) -> Result<(), SettleError> {
        let sent = lock(&self.unconfirmed.pages).clone();
        let mut first_error = None;
        for page in sent {
            let fate = match self.chain.fate(&page.txhash, page.height).await {
                Ok(fate) => fate,
                Err(error) => {
                    let error = SettleError::from(error);
                    let is_gone = error.is_unreachable();
                    first_error.get_or_insert(error);
                    if is_gone {
                        break;
                    }
                    continue;
                }
            };
            match fate {
                Fate::Unsure => continue,
                Fate::Vanished => tracing::warn!(
                    txhash = page.txhash,
                    height = page.height,
                    "a page has vanished from the chain, its receipts go again"
                ),
                Fate::Confirmed => {
                    if let Err(error) = self.note_settled(&page).await {
                        first_error.get_or_insert(error.into());
                        continue;
                    }
                }
            }
            lock(&self.unconfirmed.pages).retain(|other| other.txhash != page.txhash);
        }
        first_error.map_or(Ok(()), Err)
    }

    async fn note_settled(&self, page: &Sent) -> Result<(), JournalError> {
        for record in &page.records {
            self.journal.settled(record, page.at).await?;
        }
        Ok(())
    }

    /// Hands in pages. One that fails holds up no other, unless the node is gone. `now`: unix seconds
    /// of contract time.
    ///
    /// # Errors
    /// The first one; pages that went through stay noted.
    pub async fn hand_in(&self, pages: Vec<Page>, now: u64) -> Result<Settled, SettleError> {
        let mut settled = Settled::default();
        let mut first_error = None;
        let of = pages.len();
        for (page, number) in pages.into_iter().zip(1_usize..) {
            let entries = page.records.len();
            match self.hand_in_one(page, now, &mut settled).await {
                Ok(()) => tracing::info!(page = number, of, entries, "page sent"),
                Err(error) => {
                    tracing::warn!(page = number, of, %error, "a page failed");
                    let is_gone = error.is_unreachable();
                    first_error.get_or_insert(error);
                    if is_gone {
                        break;
                    }
                }
            }
        }
        first_error.map_or(Ok(settled), Err)
    }

    async fn hand_in_one(
        &self,
        page: Page,
        now: u64,
        settled: &mut Settled,
    ) -> Result<(), SettleError> {
        let Page { kid, records } = page;
        let entries: Vec<_> = records.iter().map(entry).collect();
        let sent = entries.len();
        let HandedIn {
            answer,
            txhash,
            height,
        } = self.chain.settle(kid, entries).await?;
        let got = answer.statuses.len();
        if got != sent {
            return Err(SettleError::Statuses { got, sent });
        }
        settled.pages = settled.pages.saturating_add(1);
        let mut done = Vec::with_capacity(sent);
        for (record, status) in records.into_iter().zip(answer.statuses) {
            if self.is_done(&record, status, settled).await {
                done.push(record);
            }
        }
        if !done.is_empty() {
            lock(&self.unconfirmed.pages).push(Sent {
                txhash,
                height,
                at: now,
                records: done,
            });
        }
        Ok(())
    }

    /// Whether an entry is done with, once its page is confirmed. Whatever billing refuses once it
    /// refuses always, but a receipt may be good without its ack, and pages come back with the next
    /// epoch.
    async fn is_done(&self, record: &Record, status: EntryStatus, settled: &mut Settled) -> bool {
        let session = || short(&Hex(record.receipt.body.session_id));
        match status {
            EntryStatus::Pending => settled.pending = settled.pending.saturating_add(1),
            EntryStatus::BadAck if record.ack.is_some() => {
                tracing::error!(session = session(), "billing refuses an ack");
                settled.again = settled.again.saturating_add(1);
                self.drop_ack(record).await;
                return false;
            }
            EntryStatus::TooManyPages => {
                tracing::debug!(
                    session = session(),
                    "the epoch has no page left, it goes again"
                );
                settled.again = settled.again.saturating_add(1);
                return false;
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
        true
    }

    /// Forgets a refused ack; it never keeps its receipt, nor others of its page, from being handed in.
    async fn drop_ack(&self, record: &Record) {
        if let Err(error) = self.journal.drop_ack(record).await {
            tracing::warn!(%error, "the journal keeps a refused ack, it is left out");
            let mut bad_acks = lock(&self.unconfirmed.bad_acks);
            bad_acks.insert(record.key(), record.acked());
        }
    }
}

fn entry(record: &Record) -> SettleEntry {
    SettleEntry {
        receipt: Binary(record.receipt.encode()),
        ack: record.ack.as_ref().map(|ack| Binary(ack.encode())),
    }
}
