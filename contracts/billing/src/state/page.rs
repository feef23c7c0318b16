//! Pages of settled receipts, and the line in which they wait.

use cosmwasm_std::{Addr, StdResult, Storage};
use secret_ai_contract_kit::row::{key, load, may_load, save, Reader, Row, Writer};
use secret_ai_interface::billing::PAGE_ENTRIES;
use secret_ai_interface::{Hex, Kid, SessionId, WorkerId, ADDRESS_LENGTH, MAX_LINES};

use super::session::read_counters;

const QUEUE: &[u8] = b"queue";

/// The pending sets of all epochs in one line: pages `head` to `tail`, oldest epoch first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Queue {
    pub head: u64,
    pub tail: u64,
    /// Epoch of the page at the head, if there is one.
    pub head_epoch: u64,
}

impl Queue {
    pub fn is_empty(&self) -> bool {
        self.head == self.tail
    }

    /// Pages that wait.
    pub fn len(&self) -> u64 {
        self.tail.saturating_sub(self.head)
    }

    /// The first epoch that may still have pending pages: all before it are finalized.
    pub fn finalized_before(&self, current_epoch: u64) -> u64 {
        if self.is_empty() {
            current_epoch
        } else {
            self.head_epoch.min(current_epoch)
        }
    }
}

impl Row for Queue {
    const SIZE: usize = 3 * 8;

    fn write(&self, out: &mut Writer) {
        out.u64(self.head);
        out.u64(self.tail);
        out.u64(self.head_epoch);
    }

    fn read(from: &mut Reader) -> StdResult<Self> {
        Ok(Queue {
            head: from.u64()?,
            tail: from.u64()?,
            head_epoch: from.u64()?,
        })
    }
}

pub fn queue(storage: &dyn Storage) -> StdResult<Queue> {
    Ok(may_load(storage, QUEUE)?.unwrap_or_default())
}

pub fn save_queue(storage: &mut dyn Storage, queue: &Queue) {
    save(storage, QUEUE, queue);
}

/// What one `settle` brought: receipts of one key that wait for their epoch to end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    pub epoch: u64,
    /// Contract time, unix seconds.
    pub settled_at: u64,
    /// Sessions opened by then.
    pub opened: u64,
    pub kid: Kid,
    pub worker_id: WorkerId,
    pub operator: Addr,
    pub compromised: bool,
    pub entries: [Option<Entry>; PAGE_ENTRIES],
}

/// A settled receipt. Its key's signature has been checked, the ack's has not: that needs the
/// session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    pub session_id: SessionId,
    pub is_final: bool,
    /// Lines that the receipt counted, 1 to 8.
    pub lines: u8,
    pub counters: [u64; MAX_LINES],
    pub ack: Option<PendingAck>,
}

/// An ack whose signature is still to be checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PendingAck {
    pub seq: u64,
    pub amount: u128,
    pub signature: [u8; 64],
}

/// What stands in the place of an entry, or of an ack, that is not there.
const EMPTY: Entry = Entry {
    session_id: Hex([0; 16]),
    is_final: false,
    lines: 0,
    counters: [0; MAX_LINES],
    ack: None,
};
const NO_ACK: PendingAck = PendingAck {
    seq: 0,
    amount: 0,
    signature: [0; 64],
};

const ENTRY_SIZE: usize = 16 + 1 + 1 + MAX_LINES * 8 + (1 + 8 + 16 + 64);

impl Row for Page {
    const SIZE: usize = 8 + 8 + 8 + 20 + 16 + ADDRESS_LENGTH + 1 + PAGE_ENTRIES * ENTRY_SIZE;

    fn write(&self, out: &mut Writer) {
        out.u64(self.epoch);
        out.u64(self.settled_at);
        out.u64(self.opened);
        out.hex(&self.kid);
        out.hex(&self.worker_id);
        out.address(&self.operator);
        out.bool(self.compromised);
        for entry in &self.entries {
            let entry = entry.unwrap_or(EMPTY);
            out.hex(&entry.session_id);
            out.bool(entry.is_final);
            out.u8(entry.lines);
            entry.counters.iter().for_each(|c| out.u64(*c));
            out.bool(entry.ack.is_some());
            let ack = entry.ack.unwrap_or(NO_ACK);
            out.u64(ack.seq);
            out.u128(ack.amount);
            out.bytes(&ack.signature);
        }
    }

    fn read(from: &mut Reader) -> StdResult<Self> {
        let mut page = Page {
            epoch: from.u64()?,
            settled_at: from.u64()?,
            opened: from.u64()?,
            kid: from.hex()?,
            worker_id: from.hex()?,
            operator: from.address()?,
            compromised: from.bool()?,
            entries: [None; PAGE_ENTRIES],
        };
        for entry in &mut page.entries {
            *entry = read_entry(from)?;
        }
        Ok(page)
    }
}

fn read_entry(from: &mut Reader) -> StdResult<Option<Entry>> {
    let (session_id, is_final, lines) = (from.hex()?, from.bool()?, from.u8()?);
    let counters = read_counters(from)?;
    let has_ack = from.bool()?;
    let ack = PendingAck {
        seq: from.u64()?,
        amount: from.u128()?,
        signature: from.array()?,
    };
    let entry = Entry {
        session_id,
        is_final,
        lines,
        counters,
        ack: has_ack.then_some(ack),
    };
    Ok((lines > 0).then_some(entry))
}

/// Pages that one receipt key brought in an epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeyPages {
    pub epoch: u64,
    /// By its operator.
    pub own: u32,
    /// By others.
    pub others: u32,
}

impl Row for KeyPages {
    const SIZE: usize = 8 + 4 + 4;

    fn write(&self, out: &mut Writer) {
        out.u64(self.epoch);
        out.u32(self.own);
        out.u32(self.others);
    }

    fn read(from: &mut Reader) -> StdResult<Self> {
        Ok(KeyPages {
            epoch: from.u64()?,
            own: from.u32()?,
            others: from.u32()?,
        })
    }
}

/// What a receipt key brought in this epoch so far.
pub fn key_pages(storage: &dyn Storage, kid: &Kid, epoch: u64) -> StdResult<KeyPages> {
    let stored: Option<KeyPages> = may_load(storage, &key("key_pages", &[&kid.0]))?;
    let none = KeyPages {
        epoch,
        ..KeyPages::default()
    };
    Ok(stored.filter(|s| s.epoch == epoch).unwrap_or(none))
}

pub fn save_key_pages(storage: &mut dyn Storage, kid: &Kid, pages: &KeyPages) {
    save(storage, &key("key_pages", &[&kid.0]), pages);
}

pub fn page(storage: &dyn Storage, index: u64) -> StdResult<Page> {
    load(storage, &page_key(index))
}

pub fn save_page(storage: &mut dyn Storage, index: u64, page: &Page) {
    save(storage, &page_key(index), page);
}

pub fn remove_page(storage: &mut dyn Storage, index: u64) {
    storage.remove(&page_key(index));
}

fn page_key(index: u64) -> Vec<u8> {
    key("page", &[&index.to_be_bytes()])
}
