//! The durable part of the agent: per session and receipt key, the newest signed receipt and ack,
//! and how far they are settled.
//!
//! Receipts are signed already, so an agent that comes back after a crash can settle them although
//! the key that signed them is gone, and so can the client that holds one. A receipt is therefore
//! handed over without waiting; one thread commits all that came within a few milliseconds at once
//! (group commit). A crash loses at most those, and only what no client holds is lost to anybody.
//! Whatever counts as soon as it is accepted (an ack, what is settled) is on disk first.

use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use redb::backends::FileBackend;
use redb::{Database, ReadTransaction, ReadableDatabase, ReadableTable, StorageBackend};
use secret_ai_receipts::{Ack, Receipt, Signed};
use serde::Deserialize;

pub use crate::journal_error::JournalError;
use crate::journal_file::open_database;
use crate::journal_queue::{NewReceipt, Queue};
use crate::journal_stats::{JournalStats, Stats};
use crate::journal_tables::{commit, fetch, key, Change, Key, Row, RECEIPTS, UNSETTLED};
use crate::metrics::JournalMetrics;
use crate::outbox::Outbox;

/// Most receipts that may wait for the disk before requests are refused.
const MAX_BACKLOG: usize = 16_384;
/// Longest that a receipt may wait for the disk before requests are refused: the disk hangs.
const MAX_LAG: Duration = Duration::from_secs(5);

/// How receipts get to the disk.
#[derive(Clone, Copy, Debug, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct JournalConfig {
    /// How long receipts are gathered for one commit, milliseconds, 1 to 20; default 20. A crash of
    /// the machine loses at most the receipts of this time and of the syncs under way, and only
    /// those that no client holds are lost to anybody.
    pub commit_ms: u64,
}

impl Default for JournalConfig {
    fn default() -> Self {
        JournalConfig { commit_ms: 20 }
    }
}

impl JournalConfig {
    /// # Errors
    /// What is wrong with `commit_ms`.
    pub fn check(&self) -> Result<(), String> {
        match self.commit_ms {
            1..=20 => Ok(()),
            other => Err(format!("{other}, must be 1 to 20")),
        }
    }
}

/// What the journal knows of one session under one receipt key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub receipt: Signed<Receipt>,
    pub ack: Option<Signed<Ack>>,
    /// The session's deadline when the receipt was made, unix seconds of contract time.
    pub deadline: u64,
    /// Since when something of it waits to be settled, unix seconds of contract time; 0 if nothing
    /// does, or if that is not known.
    pub since: u64,
}

impl Record {
    pub(crate) fn key(&self) -> Key {
        let body = &self.receipt.body;
        key(&body.session_id, &body.kid)
    }

    /// The ack's amount, base units; 0 without one.
    pub(crate) fn acked(&self) -> u128 {
        self.ack.as_ref().map_or(0, |ack| ack.body.amount)
    }

    fn decode(row: Row) -> Result<Self, JournalError> {
        let receipt = Signed::decode(&row.receipt).map_err(|_| JournalError::Record)?;
        let ack = row.ack.map(|ack| Signed::decode(&ack));
        Ok(Record {
            receipt,
            ack: ack.transpose().map_err(|_| JournalError::Record)?,
            deadline: row.deadline,
            since: row.since,
        })
    }
}

/// Handle of the journal; the file is open until it is dropped.
pub struct Journal {
    db: Arc<Database>,
    queue: Arc<Queue>,
    stats: Arc<Stats>,
    outbox: Arc<Outbox>,
    thread: Option<JoinHandle<()>>,
}

impl Journal {
    /// Opens the journal at `path`, which is made if it is missing, at the default pace.
    ///
    /// # Errors
    /// As [`Journal::open_with`].
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        Self::open_with(path, &JournalConfig::default())
    }

    /// Opens the journal at `path`, which is made if it is missing. Every page of it is checked.
    ///
    /// # Errors
    /// [`JournalError::InUse`] if another process has it open, [`JournalError::Damaged`],
    /// [`JournalError::File`].
    pub fn open_with(path: &Path, config: &JournalConfig) -> Result<Self, JournalError> {
        let file = || {
            let mut options = std::fs::OpenOptions::new();
            options.read(true).write(true).create(true).truncate(false);
            let file = options.open(path).map_err(redb::DatabaseError::from)?;
            FileBackend::new(file)
        };
        Self::on_storage(file, config).map_err(|error| JournalError::at(path, error))
    }

    /// Opens the journal on a storage of another kind; `storage` is asked for it anew for every try.
    ///
    /// # Errors
    /// The storage's, or [`redb::Error`] for what is no journal.
    pub fn on_storage<S: StorageBackend>(
        storage: impl Fn() -> Result<S, redb::DatabaseError>,
        config: &JournalConfig,
    ) -> Result<Self, redb::Error> {
        let db = Arc::new(open_database(storage)?);
        let (queue, stats) = (Arc::new(Queue::default()), Arc::new(Stats::default()));
        let outbox = Arc::new(Outbox::default());
        let pace = Duration::from_millis(config.commit_ms);
        let writer = Writer {
            db: db.clone(),
            queue: queue.clone(),
            stats: stats.clone(),
            outbox: outbox.clone(),
        };
        let thread = std::thread::Builder::new()
            .name("journal".into())
            .spawn(move || writer.write_groups(pace))
            .map_err(redb::Error::Io)?;
        Ok(Journal {
            db,
            queue,
            stats,
            outbox,
            thread: Some(thread),
        })
    }

    /// Hands over a receipt without waiting; it is dropped if a newer one of its session and key is
    /// known. `deadline`: the session's; both times are unix seconds of contract time.
    ///
    /// # Errors
    /// [`JournalError::Closed`] if nothing is written any more. The receipt counts all the same; it
    /// is kept in memory, and the client should get it.
    pub fn put_receipt(
        &self,
        receipt: Signed<Receipt>,
        deadline: u64,
        now: u64,
    ) -> Result<(), JournalError> {
        let key = key(&receipt.body.session_id, &receipt.body.kid);
        let new = NewReceipt {
            receipt,
            deadline,
            now,
        };
        match self.queue.put(key, new) {
            true => Ok(()),
            false => Err(JournalError::Closed),
        }
    }

    /// Asked before any work: whether the disk keeps up, so that no more is done than can be stored.
    ///
    /// # Errors
    /// [`JournalError::Closed`] after a failure, [`JournalError::Behind`] if too much waits.
    pub fn check_room(&self) -> Result<(), JournalError> {
        if !self.is_healthy() {
            return Err(JournalError::Closed);
        }
        let (receipts, waits) = self.queue.backlog();
        if receipts >= MAX_BACKLOG || waits > MAX_LAG {
            let waits_ms = u64::try_from(waits.as_millis()).unwrap_or(u64::MAX);
            return Err(JournalError::Behind { receipts, waits_ms });
        }
        Ok(())
    }

    /// Waits until everything that was handed over is on disk.
    ///
    /// # Errors
    /// [`JournalError::Closed`] if something is not, and never will be.
    pub async fn flush(&self) -> Result<(), JournalError> {
        self.write(None).await
    }

    /// Stores an ack, unless a larger one is stored already; returns when it is on disk. `now`: unix
    /// seconds of contract time.
    pub async fn ack(&self, ack: Signed<Ack>, now: u64) -> Result<(), JournalError> {
        self.write(Some(Change::Ack { ack, now })).await
    }

    /// Notes that a record has been handed in. What came meanwhile waits from `now` on, unix
    /// seconds of contract time.
    pub async fn settled(&self, record: &Record, now: u64) -> Result<(), JournalError> {
        let change = Change::Settled {
            key: record.key(),
            seq: record.receipt.body.seq,
            acked: record.acked(),
            now,
        };
        self.write(Some(change)).await
    }

    /// Forgets the record's ack; the receipt still waits to be settled.
    pub async fn drop_ack(&self, record: &Record) -> Result<(), JournalError> {
        let Some(ack) = &record.ack else {
            return Ok(());
        };
        let (key, amount) = (record.key(), ack.body.amount);
        self.write(Some(Change::DropAck { key, amount })).await
    }

    /// Forgets settled records whose deadline was before `now`, unix seconds of contract time.
    pub async fn prune(&self, now: u64) -> Result<(), JournalError> {
        self.write(Some(Change::Prune { now })).await
    }

    /// All records of one session, one for each receipt key; what is not on disk yet is among them.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn session(&self, session_id: &[u8; 16]) -> Result<Vec<Record>, JournalError> {
        let range = key(session_id, &[0; 20])..=key(session_id, &[0xff; 20]);
        let keys = range.clone();
        // Memory first: what is committed in between is found on disk.
        let waiting = self.queue.waiting(&range);
        let mut records = self.read(|read| {
            let rows = read.open_table(RECEIPTS)?;
            let rows = rows.range(keys)?;
            rows.map(|row| row.map(|(key, _)| key.value()).map_err(redb::Error::from))
                .collect()
        })?;
        waiting.into_values().for_each(|new| put(&mut records, new));
        Ok(records)
    }

    /// All records on disk with something that is not settled yet. Once the disk has failed, also
    /// those that could not be written: they can still be handed in.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn unsettled(&self) -> Result<Vec<Record>, JournalError> {
        let stored = self.read(|read| {
            let rows = read.open_table(UNSETTLED)?;
            let rows = rows.iter()?;
            rows.map(|row| row.map(|(key, _)| key.value()).map_err(redb::Error::from))
                .collect()
        });
        if self.is_healthy() {
            return stored;
        }
        let mut records = stored.unwrap_or_default();
        let waiting = self.queue.waiting(&ALL).into_values();
        waiting.for_each(|new| put(&mut records, new));
        Ok(records)
    }

    /// The records of these keys that are on disk.
    ///
    /// # Errors
    /// [`JournalError`].
    pub(crate) fn records(&self, keys: &[Key]) -> Result<Vec<Record>, JournalError> {
        self.read(|_| Ok(keys.to_vec()))
    }

    /// What a watchtower is to be told.
    pub(crate) fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    /// False once a write has failed: nothing may be promised any more.
    pub fn is_healthy(&self) -> bool {
        let thread = self.thread.as_ref();
        !self.queue.has_failed() && thread.is_some_and(|thread| !thread.is_finished())
    }

    /// The journal's part of the metrics.
    pub fn metrics(&self) -> JournalMetrics {
        self.stats.metrics.clone()
    }

    /// What the journal did so far, and what waits.
    pub fn stats(&self) -> JournalStats {
        self.stats.read(self.queue.backlog())
    }

    /// Reads the records of the keys that `select` names, all of one moment.
    fn read(
        &self,
        select: impl FnOnce(&ReadTransaction) -> Result<Vec<Key>, redb::Error>,
    ) -> Result<Vec<Record>, JournalError> {
        let read = self.db.begin_read().map_err(redb::Error::from)?;
        let keys = select(&read)?;
        let rows = fetch(&read, &keys)?;
        rows.into_iter().map(Record::decode).collect()
    }

    async fn write(&self, change: Option<Change>) -> Result<(), JournalError> {
        let done = self.queue.hurry(change).ok_or(JournalError::Closed)?;
        match done.await {
            Ok(true) => Ok(()),
            _ => Err(JournalError::Closed),
        }
    }
}

const ALL: RangeInclusive<Key> = [0; 36]..=[0xff; 36];

/// Puts a receipt that is not on disk in its record's place.
fn put(records: &mut Vec<Record>, new: NewReceipt) {
    let NewReceipt {
        receipt,
        deadline,
        now,
    } = new;
    let key = key(&receipt.body.session_id, &receipt.body.kid);
    match records.iter_mut().find(|record| record.key() == key) {
        Some(record) if record.receipt.body.seq < receipt.body.seq => {
            (record.receipt, record.deadline) = (receipt, deadline);
        }
        Some(_) => {}
        None => records.push(Record {
            receipt,
            ack: None,
            deadline,
            since: now,
        }),
    }
}

impl Drop for Journal {
    /// Commits what is under way.
    fn drop(&mut self) {
        self.queue.close();
        if let Some(thread) = self.thread.take() {
            if thread.join().is_err() {
                tracing::error!("the journal's thread had panicked");
            }
        }
    }
}

/// What the journal's thread needs.
struct Writer {
    db: Arc<Database>,
    queue: Arc<Queue>,
    stats: Arc<Stats>,
    outbox: Arc<Outbox>,
}

impl Writer {
    /// The journal's thread: ends when the journal is dropped, or at the first failure.
    fn write_groups(self, pace: Duration) {
        while let Some(mut group) = self.queue.next(pace) {
            let start = std::time::Instant::now();
            let changes = std::mem::take(&mut group.changes);
            let changed: Vec<Key> = changes.iter().filter_map(Change::key).collect();
            if let Err(error) = commit(&self.db, &group.receipts, changes) {
                tracing::error!(%error, "the journal cannot be written, no more requests are served");
                // Known before those who wait are told.
                self.queue.fail();
                break;
            }
            self.stats.committed(group.receipts.len(), start.elapsed());
            let keys = group.receipts.keys().copied();
            self.outbox.note(keys.chain(changed));
            self.queue.written(group);
        }
    }
}

impl Drop for Writer {
    /// However the thread ends: nobody waits for it in vain.
    fn drop(&mut self) {
        self.queue.fail();
    }
}
