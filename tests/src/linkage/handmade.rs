//! Traces made by hand: what the contracts would show if they kept, or broke, each rule. They prove
//! that the adversary sees each leak, without any contract.

use std::collections::BTreeSet;

use secret_devnet::observer::{CallView, MessageView, OpKind, StorageOp, TxView};
use secret_devnet::EntryPoint;

use super::day::{live, Entry, Ledger};
use super::plan::{Plan, Size, MODELS, SMALL};
use super::prng::Prng;
use super::score::{score, Outcome};
use super::stage::{own, public};
use super::trace::{Class, Evidence, Game, Seen};

const LIMIT: usize = 8;
const COHORT: usize = 32;
const PHANTOMS: usize = 16;

/// What is broken.
#[derive(Clone, Copy, Default)]
struct Leaks {
    no_cover: bool,
    /// Pages are worked off in order, without decoys.
    order: bool,
    /// Each page is read just before its sessions.
    page_by_page: bool,
    gas: bool,
    /// Openings touch a slot of the worker.
    worker_slot: bool,
    /// Only rows that earned are touched.
    rows: bool,
}

/// A chain on paper.
struct Paper<'a> {
    plan: &'a Plan,
    leaks: Leaks,
    prng: Prng,
    time_s: u64,
    /// Pages that wait: number, worker, sessions.
    pages: Vec<(usize, usize, Vec<usize>)>,
    settled: usize,
    opened: usize,
    trace: Vec<Seen>,
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

impl Paper<'_> {
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

    fn operator(&self, worker: usize) -> String {
        crate::local::address(&format!("operator {worker}"))
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
        let operator = self.operator(worker);
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
        let operator = self.operator(worker);
        self.show(Class::Claim, &operator, vec![call("rewards", 60_000, ops)]);
    }

    fn close(&mut self, _: usize) {}

    fn reclaim(&mut self, _: usize) {}

    fn wait_for_the_end(&mut self) {}
}

fn outcome(leaks: Leaks) -> Outcome {
    outcome_of(SMALL, 11, leaks)
}

fn outcome_of(size: Size, seed: u64, leaks: Leaks) -> Outcome {
    let plan = Plan::new(size, seed);
    let mut paper = Paper {
        plan: &plan,
        leaks,
        prng: Prng::new(seed),
        time_s: 0,
        pages: Vec::new(),
        settled: 0,
        opened: 0,
        trace: Vec::new(),
    };
    let tally = live(&plan, !leaks.no_cover, &mut paper);
    let truth = plan.sessions.iter().map(|session| session.choice).collect();
    let outcome = score(&Game {
        evidence: Evidence {
            public: public(&plan, "rewards", LIMIT as u32),
            own: own(&plan),
            trace: paper.trace,
        },
        truth,
        entries: tally.entries,
        late: tally.late,
    });
    outcome
}

fn wins(leaks: Leaks, at_least: f64) {
    let pairs = outcome(leaks).pairs;
    assert!(pairs.interval.0 > 0.0, "{pairs:?}");
    assert!(pairs.mean() > at_least, "{pairs:?}");
}

#[test]
fn without_a_leak_it_can_only_guess() {
    let outcome = outcome(Leaks::default());
    assert!(outcome.pairs.may_be_none(), "{outcome:?}");
    assert!(outcome.worker.may_be_none(), "{outcome:?}");
    assert!(outcome.model.may_be_none(), "{outcome:?}");
}

#[test]
fn nor_does_it_learn_over_many_days() {
    let days = (0..16).map(|seed| outcome_of(SMALL, seed, Leaks::default()));
    let mean = days.map(|day| day.pairs.mean()).sum::<f64>() / 16.0;
    assert!(mean.abs() < 0.04, "{mean}");
}

#[test]
fn silence_of_idle_workers_tells() {
    let no_cover = true;
    wins(
        Leaks {
            no_cover,
            ..Leaks::default()
        },
        0.1,
    );
}

#[test]
fn pages_worked_off_in_order_tell() {
    let order = true;
    wins(
        Leaks {
            order,
            ..Leaks::default()
        },
        0.3,
    );
    let page_by_page = true;
    wins(
        Leaks {
            order,
            page_by_page,
            ..Leaks::default()
        },
        0.4,
    );
}

#[test]
fn a_slot_of_the_worker_tells() {
    let worker_slot = true;
    wins(
        Leaks {
            worker_slot,
            ..Leaks::default()
        },
        0.4,
    );
}

#[test]
fn gas_tells_the_model_and_the_idle() {
    let gas = true;
    let outcome = outcome(Leaks {
        gas,
        ..Leaks::default()
    });
    assert!(outcome.model.interval.0 > 0.2, "{outcome:?}");
    assert!(outcome.pairs.interval.0 > 0.05, "{outcome:?}");
}

#[test]
fn rows_that_earned_tell() {
    let rows = true;
    wins(
        Leaks {
            rows,
            ..Leaks::default()
        },
        0.1,
    );
}

#[test]
fn zz_sweep() {
    let all: [(&str, Leaks); 6] = [
        ("none", Leaks::default()),
        (
            "no cover",
            Leaks {
                no_cover: true,
                ..Leaks::default()
            },
        ),
        (
            "order",
            Leaks {
                order: true,
                ..Leaks::default()
            },
        ),
        (
            "order no cover",
            Leaks {
                order: true,
                no_cover: true,
                ..Leaks::default()
            },
        ),
        (
            "gas",
            Leaks {
                gas: true,
                ..Leaks::default()
            },
        ),
        (
            "rows",
            Leaks {
                rows: true,
                ..Leaks::default()
            },
        ),
    ];
    for (size_name, size, seeds) in [("small", SMALL, 12u64), ("full", super::plan::FULL, 4)] {
        for (name, leaks) in all {
            let n = seeds as f64;
            let outs: Vec<Outcome> = (0..seeds).map(|s| outcome_of(size, s, leaks)).collect();
            let mean = |f: &dyn Fn(&Outcome) -> f64| outs.iter().map(f).sum::<f64>() / n;
            let none = outs.iter().filter(|o| o.pairs.may_be_none()).count();
            let clues: Vec<String> = (0..8)
                .map(|c| format!("{:.3}", mean(&|o| o.pairs_by_clue[c].mean())))
                .collect();
            println!("{size_name} {name}: n {} worker {:.3} [{:.3}] model {:.3} pairs {:.3} [{:.3}, {:.3}] none {none} clues {clues:?}",
                outs[0].sessions, mean(&|o| o.worker.mean()), mean(&|o| o.worker.baseline), mean(&|o| o.model.mean()), mean(&|o| o.pairs.mean()),
                mean(&|o| o.pairs.interval.0), mean(&|o| o.pairs.interval.1));
        }
        let plan = Plan::new(size, 3);
        struct Null;
        impl Ledger for Null {
            fn wait_until(&mut self, _: u64) {}
            fn open(&mut self, _: usize) {}
            fn settle(&mut self, _: usize, _: &[Entry]) {}
            fn finalize(&mut self) {}
            fn claim(&mut self, _: usize) {}
            fn close(&mut self, _: usize) {}
            fn reclaim(&mut self, _: usize) {}
            fn wait_for_the_end(&mut self) {}
        }
        println!("{:?}", live(&plan, true, &mut Null));
    }
}
