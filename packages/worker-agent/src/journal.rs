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

use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition, WriteTransaction};
use secret_ai_receipts::{Ack, Receipt, Signed};
use snafu::{ResultExt, Snafu};
use tokio::sync::oneshot;

/// Session id ‖ kid.
type Key = [u8; 36];

const RECEIPTS: TableDefinition<Key, &[u8]> = TableDefinition::new("receipts");
const ACKS: TableDefinition<Key, &[u8]> = TableDefinition::new("acks");
/// Number of the newest settled receipt, largest settled ack.
const SETTLED: TableDefinition<Key, (u64, u128)> = TableDefinition::new("settled");
/// Keys with something to settle.
const UNSETTLED: TableDefinition<Key, ()> = TableDefinition::new("unsettled");
/// Unix seconds of contract time after which nothing can be settled.
const DEADLINES: TableDefinition<Key, u64> = TableDefinition::new("deadlines");
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
}

enum Change {
    /// A newer receipt, with the session's deadline.
    Receipt(Signed<Receipt>, u64),
    Ack(Signed<Ack>),
    /// Receipts up to this number and acks up to this amount are settled.
    Settled(Key, u64, u128),
    /// Drop what is settled and over at this contract time.
    Prune(u64),
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
    /// it is on disk. `deadline`: the session's, unix seconds of contract time.
    pub async fn receipt(
        &self,
        receipt: Signed<Receipt>,
        deadline: u64,
    ) -> Result<(), JournalError> {
        self.write(Change::Receipt(receipt, deadline)).await
    }

    /// Stores an ack, unless a larger one is stored already.
    pub async fn ack(&self, ack: Signed<Ack>) -> Result<(), JournalError> {
        self.write(Change::Ack(ack)).await
    }

    /// Notes that a record has been handed in.
    pub async fn settled(&self, record: &Record) -> Result<(), JournalError> {
        let body = &record.receipt.body;
        let acked = record.ack.as_ref().map_or(0, |ack| ack.body.amount);
        self.write(Change::Settled(
            key(&body.session_id, &body.kid),
            body.seq,
            acked,
        ))
        .await
    }

    /// Forgets settled records whose deadline was before `now`, unix seconds of contract time.
    pub async fn prune(&self, now: u64) -> Result<(), JournalError> {
        self.write(Change::Prune(now)).await
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

    /// At most `limit` records with something that is not settled yet.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn unsettled(&self, limit: usize) -> Result<Vec<Record>, JournalError> {
        self.read(|read| {
            let rows = read.open_table(UNSETTLED)?;
            let rows = rows.iter()?.take(limit);
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
        select: impl FnOnce(&redb::ReadTransaction) -> Result<Vec<Key>, redb::Error>,
    ) -> Result<Vec<Record>, JournalError> {
        let read = self
            .db
            .begin_read()
            .map_err(redb::Error::from)
            .context(DatabaseSnafu)?;
        let keys = select(&read).context(DatabaseSnafu)?;
        let encoded = fetch(&read, &keys).context(DatabaseSnafu)?;
        let decode = |(receipt, ack): (Vec<u8>, Option<Vec<u8>>)| {
            let receipt = Signed::decode(&receipt).map_err(|_| JournalError::Damaged)?;
            let ack = ack.map(|ack| Signed::decode(&ack).map_err(|_| JournalError::Damaged));
            Ok(Record {
                receipt,
                ack: ack.transpose()?,
            })
        };
        encoded.into_iter().map(decode).collect()
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

fn key(session_id: &[u8; 16], kid: &[u8; 20]) -> Key {
    let mut key = [0; 36];
    for (to, from) in key.iter_mut().zip(session_id.iter().chain(kid)) {
        *to = *from;
    }
    key
}

fn make_tables(db: &Database) -> Result<(), redb::Error> {
    let write = db.begin_write()?;
    write.open_table(RECEIPTS)?;
    write.open_table(ACKS)?;
    write.open_table(SETTLED)?;
    write.open_table(UNSETTLED)?;
    write.open_table(DEADLINES)?;
    Ok(write.commit()?)
}

type Encoded = (Vec<u8>, Option<Vec<u8>>);

fn fetch(read: &redb::ReadTransaction, keys: &[Key]) -> Result<Vec<Encoded>, redb::Error> {
    let (receipts, acks) = (read.open_table(RECEIPTS)?, read.open_table(ACKS)?);
    let mut found = Vec::with_capacity(keys.len());
    for key in keys {
        let Some(receipt) = receipts.get(key)? else {
            continue;
        };
        let ack = acks.get(key)?.map(|ack| ack.value().to_vec());
        found.push((receipt.value().to_vec(), ack));
    }
    Ok(found)
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

fn commit(db: &Database, changes: Vec<Change>) -> Result<(), redb::Error> {
    let mut write = db.begin_write()?;
    // A file that was not closed is usable at once.
    write.set_quick_repair(true);
    for change in changes {
        match change {
            Change::Receipt(receipt, deadline) => put_receipt(&write, &receipt, deadline)?,
            Change::Ack(ack) => put_ack(&write, &ack)?,
            Change::Settled(key, seq, acked) => put_settled(&write, key, seq, acked)?,
            Change::Prune(now) => prune(&write, now)?,
        }
    }
    Ok(write.commit()?)
}

fn put_receipt(
    write: &WriteTransaction,
    receipt: &Signed<Receipt>,
    deadline: u64,
) -> Result<(), redb::Error> {
    let key = key(&receipt.body.session_id, &receipt.body.kid);
    let mut receipts = write.open_table(RECEIPTS)?;
    let known = receipts
        .get(key)?
        .and_then(|old| Signed::<Receipt>::decode(old.value()).ok());
    if known.is_some_and(|old| old.body.seq >= receipt.body.seq) {
        return Ok(());
    }
    receipts.insert(key, receipt.encode().as_slice())?;
    write.open_table(DEADLINES)?.insert(key, deadline)?;
    write.open_table(UNSETTLED)?.insert(key, ())?;
    Ok(())
}

fn put_ack(write: &WriteTransaction, ack: &Signed<Ack>) -> Result<(), redb::Error> {
    let key = key(&ack.body.session_id, &ack.body.kid);
    let mut acks = write.open_table(ACKS)?;
    let known = acks
        .get(key)?
        .and_then(|old| Signed::<Ack>::decode(old.value()).ok());
    if known.is_some_and(|old| old.body.amount >= ack.body.amount) {
        return Ok(());
    }
    acks.insert(key, ack.encode().as_slice())?;
    write.open_table(UNSETTLED)?.insert(key, ())?;
    Ok(())
}

fn put_settled(
    write: &WriteTransaction,
    key: Key,
    seq: u64,
    acked: u128,
) -> Result<(), redb::Error> {
    let mut settled = write.open_table(SETTLED)?;
    let before = settled.get(key)?.map_or((0, 0), |row| row.value());
    let now = (before.0.max(seq), before.1.max(acked));
    settled.insert(key, now)?;
    let receipt = write.open_table(RECEIPTS)?;
    let receipt = receipt
        .get(key)?
        .and_then(|row| Signed::<Receipt>::decode(row.value()).ok());
    let ack = write.open_table(ACKS)?;
    let ack = ack
        .get(key)?
        .and_then(|row| Signed::<Ack>::decode(row.value()).ok());
    let seq = receipt.map_or(0, |receipt| receipt.body.seq);
    let acked = ack.map_or(0, |ack| ack.body.amount);
    if seq <= now.0 && acked <= now.1 {
        write.open_table(UNSETTLED)?.remove(key)?;
    }
    Ok(())
}

fn prune(write: &WriteTransaction, now: u64) -> Result<(), redb::Error> {
    let mut deadlines = write.open_table(DEADLINES)?;
    let unsettled = write.open_table(UNSETTLED)?;
    let mut over = Vec::new();
    for row in deadlines.iter()? {
        let (key, deadline) = row?;
        if deadline.value() < now && unsettled.get(key.value())?.is_none() {
            over.push(key.value());
        }
    }
    for key in over {
        deadlines.remove(key)?;
        write.open_table(RECEIPTS)?.remove(key)?;
        write.open_table(ACKS)?.remove(key)?;
        write.open_table(SETTLED)?.remove(key)?;
    }
    Ok(())
}
