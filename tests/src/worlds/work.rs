//! What workers hand in.

use cosmwasm_std::Binary;
use secret_ai_interface::billing::{ExecuteMsg, SettleEntry};
use secret_ai_interface::{Hex, SessionId};
use secret_ai_receipts::{kid, sign, Ack, Receipt, SigningKey};

use super::scene::{Scene, OPERATORS};

/// What one worker hands in for one session.
#[derive(Clone)]
pub struct Work {
    pub session: SessionId,
    pub seq: u64,
    /// Cumulative counts, one per line.
    pub counters: Vec<u64>,
    pub is_final: bool,
    /// The client's key and the amount that it acknowledges, base units.
    pub ack: Option<(SigningKey, u128)>,
}

impl Work {
    /// Not the last of its session, not acknowledged.
    pub fn new(session: SessionId, seq: u64, counters: impl Into<Vec<u64>>) -> Work {
        Work {
            session,
            seq,
            counters: counters.into(),
            is_final: false,
            ack: None,
        }
    }
}

impl Scene {
    /// A page entry of a worker.
    pub fn entry(&self, worker: usize, work: &Work) -> SettleEntry {
        let key = &self.workers[worker].key;
        let kid = kid(key);
        let receipt = Receipt {
            session_id: work.session.0,
            kid,
            seq: work.seq,
            is_final: work.is_final,
            aborted: false,
            counters: work.counters.clone(),
            evidence: [0xee; 32],
        };
        let domain = self.local.domain();
        let ack = work.ack.as_ref().map(|(client, amount)| {
            let ack = Ack {
                session_id: work.session.0,
                kid,
                seq: work.seq,
                amount: *amount,
            };
            Binary(sign(client, &domain, ack).encode())
        });
        SettleEntry {
            receipt: Binary(sign(key, &domain, receipt).encode()),
            ack,
        }
    }

    /// A worker's operator hands in a page of these entries.
    pub fn page(&mut self, worker: usize, entries: Vec<SettleEntry>) {
        let settle = ExecuteMsg::Settle {
            kid: Hex(kid(&self.workers[worker].key)),
            entries,
            padding: None,
        };
        self.must(OPERATORS[worker], "settle", &settle);
    }

    /// One round of settling: every worker hands in one page, with work in it or without.
    pub fn round(&mut self, work: [&[Work]; 3]) {
        for (worker, work) in work.into_iter().enumerate() {
            let entries = work.iter().map(|work| self.entry(worker, work)).collect();
            self.page(worker, entries);
        }
    }
}
