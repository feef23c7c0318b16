//! The journal's tables, and the transactions on them.

use redb::{
    Database, ReadOnlyTable, ReadTransaction, ReadableTable, Table, TableDefinition,
    WriteTransaction,
};
use secret_ai_receipts::{Ack, Body, Receipt, Signed};

use crate::journal_queue::{NewReceipt, NewReceipts};

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

/// A change of the tables besides a receipt. `now`: unix seconds of contract time.
pub enum Change {
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

impl Change {
    /// Whose record changes so that others should know.
    pub fn key(&self) -> Option<Key> {
        match self {
            Change::Ack { ack, .. } => Some(key(&ack.body.session_id, &ack.body.kid)),
            Change::Settled { key, .. } => Some(*key),
            Change::DropAck { .. } | Change::Prune { .. } => None,
        }
    }
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
    Tables::open(&write)?;
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

/// Writes all receipts and makes all changes, or none.
pub fn commit(
    db: &Database,
    receipts: &NewReceipts,
    changes: Vec<Change>,
) -> Result<(), redb::Error> {
    let mut write = db.begin_write()?;
    // A file that was not closed is usable at once.
    write.set_quick_repair(true);
    let mut tables = Tables::open(&write)?;
    for (key, new) in receipts {
        tables.put_receipt(*key, new)?;
    }
    for change in changes {
        tables.apply(change)?;
    }
    drop(tables);
    Ok(write.commit()?)
}

/// All tables within one transaction.
struct Tables<'a> {
    receipts: Table<'a, Key, &'static [u8]>,
    acks: Table<'a, Key, &'static [u8]>,
    settled: Table<'a, Key, (u64, u128)>,
    unsettled: Table<'a, Key, ()>,
    since: Table<'a, Key, u64>,
    deadlines: Table<'a, Key, u64>,
}

impl<'a> Tables<'a> {
    fn open(write: &'a WriteTransaction) -> Result<Self, redb::Error> {
        Ok(Tables {
            receipts: write.open_table(RECEIPTS)?,
            acks: write.open_table(ACKS)?,
            settled: write.open_table(SETTLED)?,
            unsettled: write.open_table(UNSETTLED)?,
            since: write.open_table(SINCE)?,
            deadlines: write.open_table(DEADLINES)?,
        })
    }

    fn apply(&mut self, change: Change) -> Result<(), redb::Error> {
        match change {
            Change::Ack { ack, now } => self.put_ack(&ack, now),
            Change::Settled {
                key,
                seq,
                acked,
                now,
            } => self.put_settled(key, seq, acked, now),
            Change::DropAck { key, amount } => self.drop_ack(key, amount),
            Change::Prune { now } => self.prune(now),
        }
    }

    fn put_receipt(&mut self, key: Key, new: &NewReceipt) -> Result<(), redb::Error> {
        if self.seq(&key)? >= new.receipt.body.seq {
            return Ok(());
        }
        let bytes = new.receipt.encode();
        self.receipts.insert(key, bytes.as_slice())?;
        // Pages that stay as they are need not be written.
        let known = self.deadlines.get(key)?.map(|row| row.value());
        if known != Some(new.deadline) {
            self.deadlines.insert(key, new.deadline)?;
        }
        self.wait(key, new.now)
    }

    fn put_ack(&mut self, ack: &Signed<Ack>, now: u64) -> Result<(), redb::Error> {
        let key = key(&ack.body.session_id, &ack.body.kid);
        if self.acked(&key)? >= ack.body.amount {
            return Ok(());
        }
        self.acks.insert(key, ack.encode().as_slice())?;
        self.wait(key, now)
    }

    /// Notes that a key has something to settle; `now` counts if it had nothing before.
    fn wait(&mut self, key: Key, now: u64) -> Result<(), redb::Error> {
        if self.unsettled.get(key)?.is_none() {
            self.unsettled.insert(key, ())?;
            self.since.insert(key, now)?;
        }
        Ok(())
    }

    fn drop_ack(&mut self, key: Key, amount: u128) -> Result<(), redb::Error> {
        // A larger one may have come meanwhile.
        if self.acked(&key)? == amount {
            self.acks.remove(key)?;
        }
        Ok(())
    }

    fn put_settled(
        &mut self,
        key: Key,
        seq: u64,
        acked: u128,
        now: u64,
    ) -> Result<(), redb::Error> {
        let before = self.settled.get(key)?.map_or((0, 0), |row| row.value());
        let known = (before.0.max(seq), before.1.max(acked));
        self.settled.insert(key, known)?;
        if self.seq(&key)? <= known.0 && self.acked(&key)? <= known.1 {
            self.unsettled.remove(key)?;
            self.since.remove(key)?;
        } else {
            self.since.insert(key, now)?;
        }
        Ok(())
    }

    fn prune(&mut self, now: u64) -> Result<(), redb::Error> {
        let mut over = Vec::new();
        for row in self.deadlines.iter()? {
            let (key, deadline) = row?;
            if deadline.value() < now && self.unsettled.get(key.value())?.is_none() {
                over.push(key.value());
            }
        }
        for key in over {
            self.deadlines.remove(key)?;
            self.receipts.remove(key)?;
            self.acks.remove(key)?;
            self.settled.remove(key)?;
        }
        Ok(())
    }

    /// Number of the newest receipt, 0 if there is none.
    fn seq(&self, key: &Key) -> Result<u64, redb::Error> {
        let row = self.receipts.get(key)?;
        let known = row.map(|row| decode::<Receipt>(row.value())).transpose()?;
        Ok(known.map_or(0, |receipt| receipt.body.seq))
    }

    /// Amount of the largest ack, 0 if there is none.
    fn acked(&self, key: &Key) -> Result<u128, redb::Error> {
        let row = self.acks.get(key)?;
        let known = row.map(|row| decode::<Ack>(row.value())).transpose()?;
        Ok(known.map_or(0, |ack| ack.body.amount))
    }
}

/// A stored record. One that is damaged is never written over: whoever opened the journal must hear
/// of it.
fn decode<B: Body>(bytes: &[u8]) -> Result<Signed<B>, redb::Error> {
    Signed::decode(bytes).map_err(|error| redb::Error::Corrupted(error.to_string()))
}
