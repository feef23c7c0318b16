//! Which slots hold pages, and whose.

use std::collections::{BTreeSet, HashMap};

use super::facts::{Op, Page, Slot};
use super::trace::{Class, Evidence, Public, Seen};

impl Public {
    /// The worker whose operator sent a transaction.
    pub fn worker(&self, seen: &Seen) -> Option<usize> {
        self.operators.iter().position(|o| *o == seen.view.sender)
    }
}

/// A slot holds a page if exactly one `settle` wrote it since a `finalize` read it last. Slots that
/// other messages write too (clock, accounts) hold none; slots that all `settle`s write (the queue)
/// have many writers.
pub struct Pages {
    common: BTreeSet<Slot>,
    written: HashMap<Slot, Written>,
    count: usize,
}

#[derive(Default)]
struct Written {
    by: Vec<Page>,
    read: bool,
}

impl Pages {
    pub fn new(evidence: &Evidence, ops: &[Vec<Op>]) -> Pages {
        let others = evidence.trace.iter().zip(ops);
        let others = others.filter(|(s, _)| !matches!(s.class, Class::Settle | Class::Finalize));
        let ops = others.flat_map(|(_, ops)| ops);
        Pages {
            common: ops.filter(|op| op.write).map(|op| op.slot).collect(),
            written: HashMap::new(),
            count: 0,
        }
    }

    /// Takes note of a `settle`; one that no operator sent says nothing.
    pub fn settled(&mut self, evidence: &Evidence, seen: &Seen, ops: &[Op]) {
        let Some(worker) = evidence.public.worker(seen) else {
            return;
        };
        let page = Page {
            number: self.count,
            worker,
            gas: seen.view.calls.first().map_or(0, |call| call.gas_used),
        };
        self.count += 1;
        for op in ops.iter().filter(|op| op.write) {
            if self.common.contains(&op.slot) {
                continue;
            }
            let written = self.written.entry(op.slot).or_default();
            if written.read {
                *written = Written::default();
            }
            if written.by.last() != Some(&page) {
                written.by.push(page);
            }
        }
    }

    /// The page in a slot that a `finalize` touches.
    pub fn read(&mut self, slot: Slot) -> Option<Page> {
        let written = self.written.get_mut(&slot)?;
        written.read = true;
        match written.by.as_slice() {
            [page] => Some(*page),
            _ => None,
        }
    }
}
