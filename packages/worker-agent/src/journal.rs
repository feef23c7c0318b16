//! The durable part of the agent: per session and receipt key, the newest signed receipt and ack,
//! and how far they are settled.
//!
//! Receipts are signed already, so an agent that comes back after a crash can settle them although
//! the key that signed them is gone. A receipt is released to its client only after it is on disk;
//! one thread commits everything that has come in meanwhile at once (group commit), so that a sync
//! is shared by all requests that finish during the sync before it.

use std::path::Path;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::Arc;
use std::thread::JoinHandle;

use redb::{Database, ReadTransaction, ReadableDatabase, ReadableTable};
use secret_ai_receipts::{Ack, Receipt, Signed};
use snafu::{ResultExt, Snafu};
use tokio::sync::oneshot;

use crate::journal_tables::{
    commit, fetch, key, make_tables, Change, Key, Row, RECEIPTS, UNSETTLED,
};

/// Most changes in one commit.
const MAX_GROUP: usize = 1_024;

/// The journal cannot be read or written.
#[derive(Debug, Snafu)]
pub enum JournalError {
    #[snafu(display("journal: {source}"))]
    Database { source: redb::Error },
    #[snafu(display("journal: a record is damaged"))]
    Damaged,
    #[snafu(display("journal: its thread has ended after an earlier failure"))]
    Closed,
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
    fn key(&self) -> Key {
        let body = &self.receipt.body;
        key(&body.session_id, &body.kid)
    }

    fn decode(row: Row) -> Result<Self, JournalError> {
        let receipt = Signed::decode(&row.receipt).map_err(|_| JournalError::Damaged)?;
        let ack = row.ack.map(|ack| Signed::decode(&ack));
        Ok(Record {
            receipt,
            ack: ack.transpose().map_err(|_| JournalError::Damaged)?,
            deadline: row.deadline,
            since: row.since,
        })
    }
}

type Waiter = oneshot::Sender<bool>;

/// Handle of the journal; the file is open until it is dropped.
pub struct Journal {
    db: Arc<Database>,
    changes: Option<Sender<(Change, Waiter)>>,
    thread: Option<JoinHandle<()>>,
}

impl Journal {
    /// Opens the journal at `path`, which is made if it is missing.
    ///
    /// # Errors
    /// [`JournalError::Database`], also if another process has it open.
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        let db = Database::create(path)
            .map_err(redb::Error::from)
            .context(DatabaseSnafu)?;
        make_tables(&db).context(DatabaseSnafu)?;
        let db = Arc::new(db);
        let (changes, inbox) = mpsc::channel();
        let writer = db.clone();
        let thread = std::thread::Builder::new()
            .name("journal".into())
            .spawn(move || write_groups(&writer, &inbox))
            .map_err(redb::Error::Io)
            .context(DatabaseSnafu)?;
        Ok(Journal {
            db,
            changes: Some(changes),
            thread: Some(thread),
        })
    }

    /// Stores a receipt, unless a newer one of its session and key is stored already; returns when
    /// it is on disk. `deadline`: the session's; both times are unix seconds of contract time.
    pub async fn receipt(
        &self,
        receipt: Signed<Receipt>,
        deadline: u64,
        now: u64,
    ) -> Result<(), JournalError> {
        self.write(Change::Receipt {
            receipt,
            deadline,
            now,
        })
        .await
    }

    /// Hands over a receipt, which will be on disk a moment later; [`Journal::flush`] waits for it.
    /// Otherwise as [`Journal::receipt`].
    ///
    /// # Errors
    /// [`JournalError::Closed`] after an earlier failure.
    pub fn put_receipt(
        &self,
        receipt: Signed<Receipt>,
        deadline: u64,
        now: u64,
    ) -> Result<(), JournalError> {
        let (waiter, _) = oneshot::channel();
        let changes = self.changes.as_ref().ok_or(JournalError::Closed)?;
        let change = Change::Receipt {
            receipt,
            deadline,
            now,
        };
        changes
            .send((change, waiter))
            .map_err(|_| JournalError::Closed)
    }

    /// Returns when everything that was handed over is on disk.
    ///
    /// # Errors
    /// [`JournalError::Closed`] after a failure.
    pub async fn flush(&self) -> Result<(), JournalError> {
        self.write(Change::Prune { now: 0 }).await
    }

    /// Stores an ack, unless a larger one is stored already. `now`: unix seconds of contract time.
    pub async fn ack(&self, ack: Signed<Ack>, now: u64) -> Result<(), JournalError> {
        self.write(Change::Ack { ack, now }).await
    }

    /// Notes that a record has been handed in. What came meanwhile waits from `now` on, unix
    /// seconds of contract time.
    pub async fn settled(&self, record: &Record, now: u64) -> Result<(), JournalError> {
        let change = Change::Settled {
            key: record.key(),
            seq: record.receipt.body.seq,
            acked: record.ack.as_ref().map_or(0, |ack| ack.body.amount),
            now,
        };
        self.write(change).await
    }

    /// Forgets the record's ack; the receipt still waits to be settled.
    pub async fn drop_ack(&self, record: &Record) -> Result<(), JournalError> {
        let Some(ack) = &record.ack else {
            return Ok(());
        };
        let (key, amount) = (record.key(), ack.body.amount);
        self.write(Change::DropAck { key, amount }).await
    }

    /// Forgets settled records whose deadline was before `now`, unix seconds of contract time.
    pub async fn prune(&self, now: u64) -> Result<(), JournalError> {
        self.write(Change::Prune { now }).await
    }

    /// All records of one session, one for each receipt key.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn session(&self, session_id: &[u8; 16]) -> Result<Vec<Record>, JournalError> {
        let range = key(session_id, &[0; 20])..=key(session_id, &[0xff; 20]);
        self.read(|read| {
            let rows = read.open_table(RECEIPTS)?;
            let rows = rows.range(range)?;
            rows.map(|row| row.map(|(key, _)| key.value()).map_err(redb::Error::from))
                .collect()
        })
    }

    /// All records with something that is not settled yet.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn unsettled(&self) -> Result<Vec<Record>, JournalError> {
        self.read(|read| {
            let rows = read.open_table(UNSETTLED)?;
            let rows = rows.iter()?;
            rows.map(|row| row.map(|(key, _)| key.value()).map_err(redb::Error::from))
                .collect()
        })
    }

    /// False once a write has failed: nothing may be promised any more.
    pub fn is_healthy(&self) -> bool {
        self.thread
            .as_ref()
            .is_some_and(|thread| !thread.is_finished())
    }

    /// Reads the records of the keys that `select` names, all of one moment.
    fn read(
        &self,
        select: impl FnOnce(&ReadTransaction) -> Result<Vec<Key>, redb::Error>,
    ) -> Result<Vec<Record>, JournalError> {
        let read = self
            .db
            .begin_read()
            .map_err(redb::Error::from)
            .context(DatabaseSnafu)?;
        let keys = select(&read).context(DatabaseSnafu)?;
        let rows = fetch(&read, &keys).context(DatabaseSnafu)?;
        rows.into_iter().map(Record::decode).collect()
    }

    async fn write(&self, change: Change) -> Result<(), JournalError> {
        let (waiter, done) = oneshot::channel();
        let changes = self.changes.as_ref().ok_or(JournalError::Closed)?;
        changes
            .send((change, waiter))
            .map_err(|_| JournalError::Closed)?;
        match done.await {
            Ok(true) => Ok(()),
            _ => Err(JournalError::Closed),
        }
    }
}

impl Drop for Journal {
    /// Commits what is under way.
    fn drop(&mut self) {
        self.changes = None;
        if let Some(thread) = self.thread.take() {
            if thread.join().is_err() {
                tracing::error!("the journal's thread had panicked");
            }
        }
    }
}

/// The journal's thread: ends when all handles are gone, or at the first failure.
fn write_groups(db: &Database, inbox: &Receiver<(Change, Waiter)>) {
    while let Ok(first) = inbox.recv() {
        let (mut changes, mut waiters) = (vec![first.0], vec![first.1]);
        for (change, waiter) in inbox.try_iter().take(MAX_GROUP) {
            changes.push(change);
            waiters.push(waiter);
        }
        let result = commit(db, changes);
        for waiter in waiters {
            // A request that was cancelled meanwhile waits no more.
            let _ = waiter.send(result.is_ok());
        }
        if let Err(error) = result {
            tracing::error!(%error, "the journal cannot be written, no more requests are served");
            return;
        }
    }
}
