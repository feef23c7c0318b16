//! What the journal knows of one session under one receipt key.

use secret_ai_receipts::{Ack, Receipt, Signed};

use crate::journal_error::JournalError;
use crate::journal_queue::NewReceipt;
use crate::journal_tables::{key, Key, Row};

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

    pub(crate) fn decode(row: Row) -> Result<Self, JournalError> {
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

/// Puts a receipt that is not on disk in its record's place.
pub(crate) fn put(records: &mut Vec<Record>, new: NewReceipt) {
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
