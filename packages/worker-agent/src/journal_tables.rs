//! The journal's tables, and the transactions on them.

use redb::{
    Database, ReadOnlyTable, ReadTransaction, ReadableTable, TableDefinition, WriteTransaction,
};
use secret_ai_receipts::{Ack, Receipt, Signed};

/// Session id ‖ kid.
pub type Key = [u8; 36];

pub const RECEIPTS: TableDefinition<Key, &[u8]> = TableDefinition::new("receipts");
const ACKS: TableDefinition<Key, &[u8]> = TableDefinition::new("acks");
/// Number of the newest settled receipt, largest settled ack.
const SETTLED: TableDefinition<Key, (u64, u128)> = TableDefinition::new("settled");
/// Keys with something to settle.
pub const UNSETTLED: TableDefinition<Key, ()> = TableDefinition::new("unsettled");
/// Unix seconds of contract time since when something waits to be settled.
const SINCE: TableDefinition<Key, u64> = TableDefinition::new("since");
/// Unix seconds of contract time after which nothing can be settled.
const DEADLINES: TableDefinition<Key, u64> = TableDefinition::new("deadlines");

/// What the tables hold of one key; 0 for a time that is missing.
pub struct Row {
    pub receipt: Vec<u8>,
    pub ack: Option<Vec<u8>>,
    pub deadline: u64,
    pub since: u64,
}

/// A change of the tables. `now`: unix seconds of contract time.
pub enum Change {
    /// A newer receipt, with the session's deadline.
    Receipt {
        receipt: Signed<Receipt>,
        deadline: u64,
        now: u64,
    },
    Ack {
        ack: Signed<Ack>,
        now: u64,
    },
    /// Receipts up to this number and acks up to this amount are settled.
    Settled {
        key: Key,
        seq: u64,
        acked: u128,
        now: u64,
    },
    /// The ack of this amount is worthless.
    DropAck {
        key: Key,
        amount: u128,
    },
    /// Drop what is settled and over.
    Prune {
        now: u64,
    },
}

/// The key of a session's records under one receipt key.
pub fn key(session_id: &[u8; 16], kid: &[u8; 20]) -> Key {
    let mut key = [0; 36];
    for (to, from) in key.iter_mut().zip(session_id.iter().chain(kid)) {
        *to = *from;
    }
    key
}

/// Makes the tables that are missing.
pub fn make_tables(db: &Database) -> Result<(), redb::Error> {
    let write = db.begin_write()?;
    write.open_table(RECEIPTS)?;
    write.open_table(ACKS)?;
    write.open_table(SETTLED)?;
    write.open_table(UNSETTLED)?;
    write.open_table(SINCE)?;
    write.open_table(DEADLINES)?;
    Ok(write.commit()?)
}

/// Rows of the keys that have a receipt.
pub fn fetch(read: &ReadTransaction, keys: &[Key]) -> Result<Vec<Row>, redb::Error> {
    let (receipts, acks) = (read.open_table(RECEIPTS)?, read.open_table(ACKS)?);
    let (deadlines, since) = (read.open_table(DEADLINES)?, read.open_table(SINCE)?);
    let time = |table: &ReadOnlyTable<Key, u64>, key: &Key| {
        let row = table.get(key)?;
        Ok::<_, redb::Error>(row.map_or(0, |row| row.value()))
    };
    let mut found = Vec::with_capacity(keys.len());
    for key in keys {
        let Some(receipt) = receipts.get(key)? else {
            continue;
        };
        found.push(Row {
            receipt: receipt.value().to_vec(),
            ack: acks.get(key)?.map(|ack| ack.value().to_vec()),
            deadline: time(&deadlines, key)?,
            since: time(&since, key)?,
        });
    }
    Ok(found)
}

/// Makes all changes, or none.
pub fn commit(db: &Database, changes: Vec<Change>) -> Result<(), redb::Error> {
    let mut write = db.begin_write()?;
    // A file that was not closed is usable at once.
    write.set_quick_repair(true);
    for change in changes {
        apply(&write, change)?;
    }
    Ok(write.commit()?)
}

fn apply(write: &WriteTransaction, change: Change) -> Result<(), redb::Error> {
    match change {
        Change::Receipt {
            receipt,
            deadline,
            now,
        } => put_receipt(write, &receipt, deadline, now),
        Change::Ack { ack, now } => put_ack(write, &ack, now),
        Change::Settled {
            key,
            seq,
            acked,
            now,
        } => put_settled(write, key, seq, acked, now),
        Change::DropAck { key, amount } => drop_ack(write, key, amount),
        Change::Prune { now } => prune(write, now),
    }
}

fn put_receipt(
    write: &WriteTransaction,
    receipt: &Signed<Receipt>,
    deadline: u64,
    now: u64,
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
    wait(write, key, now)
}

fn put_ack(write: &WriteTransaction, ack: &Signed<Ack>, now: u64) -> Result<(), redb::Error> {
    let key = key(&ack.body.session_id, &ack.body.kid);
    let mut acks = write.open_table(ACKS)?;
    let known = acks
        .get(key)?
        .and_then(|old| Signed::<Ack>::decode(old.value()).ok());
    if known.is_some_and(|old| old.body.amount >= ack.body.amount) {
        return Ok(());
    }
    acks.insert(key, ack.encode().as_slice())?;
    wait(write, key, now)
}

/// Notes that a key has something to settle; `now` counts if it had nothing before.
fn wait(write: &WriteTransaction, key: Key, now: u64) -> Result<(), redb::Error> {
    if write.open_table(UNSETTLED)?.insert(key, ())?.is_none() {
        write.open_table(SINCE)?.insert(key, now)?;
    }
    Ok(())
}

fn drop_ack(write: &WriteTransaction, key: Key, amount: u128) -> Result<(), redb::Error> {
    let mut acks = write.open_table(ACKS)?;
    let known = acks
        .get(key)?
        .and_then(|row| Signed::<Ack>::decode(row.value()).ok());
    // A larger one may have come meanwhile.
    if known.is_some_and(|ack| ack.body.amount == amount) {
        acks.remove(key)?;
    }
    Ok(())
}

fn put_settled(
    write: &WriteTransaction,
    key: Key,
    seq: u64,
    acked: u128,
    now: u64,
) -> Result<(), redb::Error> {
    let mut settled = write.open_table(SETTLED)?;
    let before = settled.get(key)?.map_or((0, 0), |row| row.value());
    let known = (before.0.max(seq), before.1.max(acked));
    settled.insert(key, known)?;
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
    let mut since = write.open_table(SINCE)?;
    if seq <= known.0 && acked <= known.1 {
        write.open_table(UNSETTLED)?.remove(key)?;
        since.remove(key)?;
    } else {
        since.insert(key, now)?;
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
