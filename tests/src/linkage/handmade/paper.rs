//! A chain on paper: traces as the contracts would show them.

use std::collections::BTreeSet;

use secret_devnet::observer::{CallView, MessageView, OpKind, StorageOp, TxView};
use secret_devnet::EntryPoint;

use crate::linkage::day::{Entry, Ledger};
use crate::linkage::known::operator;
use crate::linkage::plan::{Plan, MODELS};
use crate::linkage::prng::Prng;
use crate::linkage::trace::{Class, Seen};
use crate::local::address;

/// Sessions that one `finalize` touches.
pub const LIMIT: usize = 8;
const COHORT: usize = 32;
const PHANTOMS: usize = 16;

/// What is broken.
#[derive(Clone, Copy, Default)]
pub struct Leaks {
    pub no_cover: bool,
    /// Pages are worked off in order, without decoys.
    pub order: bool,
    /// Each page is read just before its sessions.
    pub page_by_page: bool,
    pub gas: bool,
    /// Openings touch a slot of the worker.
    pub worker_slot: bool,
    /// Only rows that earned are touched.
    pub rows: bool,
}

/// A chain on paper.
pub struct Paper<'a> {
    plan: &'a Plan,
    leaks: Leaks,
    prng: Prng,
    time_s: u64,
    /// Pages that wait: number, worker, sessions.
    pages: Vec<(usize, usize, Vec<usize>)>,
    settled: usize,
    opened: usize,
    pub trace: Vec<Seen>,
}

fn touch(name: String) -> [StorageOp; 2] {
    [OpKind::Read, OpKind::Write].map(|kind| StorageOp {
        kind,
        slot: name.clone(),
        length: Some(64),
    })
}

fn call(contract: &str, gas_used: u64, storage: Vec<StorageOp>) -> CallView {
    CallView {
        parent: None,
        sender: String::new(),
        contract: contract.into(),
        entry: EntryPoint::Execute,
        message_length: 512,
        response_length: Some(256),
        funds: vec![],
        gas_used,
        callback_gas: 0,
        success: true,
        storage,
    }
}

impl<'a> Paper<'a> {
    pub fn new(plan: &'a Plan, leaks: Leaks, seed: u64) -> Paper<'a> {
        Paper {
            plan,
            leaks,
            prng: Prng::new(seed),
            time_s: 0,
            pages: Vec::new(),
            settled: 0,
            opened: 0,
            trace: Vec::new(),
        }
    }

    fn show(&mut self, class: Class, sender: &str, calls: Vec<CallView>) {
        let message = MessageView {
            type_url: String::new(),
            target: None,
            length: 1_024,
            funds: vec![],
        };
        let view = TxView {
            sender: sender.into(),
            messages: vec![message],
            gas_used: calls.iter().map(|call| call.gas_used).sum(),
            calls,
            success: true,
            ..TxView::default()
        };
        self.time_s += 6;
        self.trace.push(Seen {
            class,
            height: self.trace.len() as u64,
            time_s: self.time_s,
            view,
        });
    }

    /// Distinct sessions that a batch touches: its own, and decoys up to the limit.
    fn batch(&mut self, real: &[usize]) -> Vec<String> {
        let mut sessions: BTreeSet<usize> = real.iter().map(|s| s + PHANTOMS).collect();
        if self.leaks.order {
            return real.iter().map(|s| format!("{}", s + PHANTOMS)).collect();
        }
        while sessions.len() < LIMIT {
            let known = self.opened + PHANTOMS;
            sessions.insert(known - 1 - self.prng.below(known.min(256)));
        }
        let mut batch: Vec<String> = sessions.iter().map(usize::to_string).collect();
        self.prng.shuffle(&mut batch);
        batch
    }

    fn finalize_cohort(&mut self, pages: Vec<(usize, usize, Vec<usize>)>) {
        let mut entries: Vec<Option<usize>> = pages
            .iter()
            .flat_map(|(_, _, sessions)| (0..4).map(|place| sessions.get(place).copied()))
            .collect();
        if !self.leaks.order {
            self.prng.shuffle(&mut entries);
        }
        let batches = entries.len().div_ceil(LIMIT);
        for (number, entries) in entries.chunks(LIMIT).enumerate() {
            let real: Vec<usize> = entries.iter().flatten().copied().collect();
            let mut ops = touch("queue".into()).to_vec();
            let reads = pages.iter().map(|(page, ..)| touch(format!("page {page}")));
            if self.leaks.page_by_page {
                for (page, session) in reads.skip(number * LIMIT / 4).zip(entries.chunks(4)) {
                    ops.extend(page);
                    let sessions = session.iter().flatten();
                    ops.extend(sessions.flat_map(|s| touch(format!("terms {}", s + PHANTOMS))));
                }
            } else {
                ops.extend(reads.flatten());
                let sessions = self.batch(&real);
                ops.extend(sessions.iter().flat_map(|s| touch(format!("terms {s}"))));
            }
            let mut calls = vec![call("billing", 90_000, ops)];
            if number + 1 == batches {
                calls.push(call("rewards", 30_000, self.rows(&pages)));
            }
            self.show(Class::Finalize, "crank", calls);
        }
    }

    fn rows(&mut self, pages: &[(usize, usize, Vec<usize>)]) -> Vec<StorageOp> {
        let earns = |sessions: &Vec<usize>| !self.leaks.rows || !sessions.is_empty();
        let earning = pages.iter().filter(|(_, _, sessions)| earns(sessions));
        let workers: BTreeSet<usize> = earning.map(|(_, worker, _)| *worker).collect();
        let mut workers: Vec<usize> = workers.into_iter().collect();
        self.prng.shuffle(&mut workers);
        let rows = workers.iter().flat_map(|w| touch(format!("earned {w}")));
        rows.collect()
    }
}

impl Ledger for Paper<'_> {
    fn wait_until(&mut self, time_s: u64) {
        self.time_s = self.time_s.max(time_s);
    }

    fn open(&mut self, session: usize) {
        let planned = &self.plan.sessions[session];
        let number = session + PHANTOMS;
        let names = [
            "clock".to_string(),
            format!("account {}", planned.wallet),
            format!("terms {number}"),
        ];
        let mut ops: Vec<StorageOp> = names.into_iter().flat_map(touch).collect();
        if self.leaks.worker_slot {
            ops.extend(touch(format!("seen {}", planned.choice.worker)));
        }
        let mut gas = 100_000;
        if self.leaks.gas {
            gas += 10 * MODELS[planned.choice.model].len() as u64 + self.prng.draw() % 20;
        }
        self.opened += 1;
        let wallet = planned.wallet.clone();
        self.show(Class::Open, &wallet, vec![call("billing", gas, ops)]);
    }

    fn settle(&mut self, worker: usize, entries: &[Entry]) {
        let sessions: Vec<usize> = entries.iter().map(|entry| entry.session).collect();
        let gas = match self.leaks.gas {
            true => 50_000 + 3_000 * sessions.len() as u64,
            false => 70_000,
        };
        let names = [
            "queue".to_string(),
            "clock".to_string(),
            format!("page {}", self.settled),
        ];
        let ops = names.into_iter().flat_map(touch).collect();
        self.pages.push((self.settled, worker, sessions));
        self.settled += 1;
        let operator = address(&operator(worker));
        self.show(Class::Settle, &operator, vec![call("billing", gas, ops)]);
    }

    fn finalize(&mut self) {
        let pages = std::mem::take(&mut self.pages);
        for cohort in pages.chunks(COHORT) {
            self.finalize_cohort(cohort.to_vec());
        }
    }

    fn claim(&mut self, worker: usize) {
        let ops = touch(format!("earned {worker}")).to_vec();
        let operator = address(&operator(worker));
        self.show(Class::Claim, &operator, vec![call("rewards", 60_000, ops)]);
    }

    fn close(&mut self, _: usize) {}

    fn reclaim(&mut self, _: usize) {}

    fn wait_for_the_end(&mut self) {}
}
