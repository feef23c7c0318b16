//! What the trace says, put in order: which slots are a session's, which sessions were touched by
//! which cohort of pages, and what each opening looked like.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use secret_devnet::observer::OpKind;

use super::pages::Pages;
use super::trace::{Class, Evidence, Seen};

/// A slot, numbered in the order of first appearance.
pub type Slot = usize;

/// A storage operation.
#[derive(Clone, Copy)]
pub struct Op {
    pub write: bool,
    pub slot: Slot,
}

/// How an `open_sessions` looked.
pub struct Opening {
    pub time_s: u64,
    /// Bytes of message and response.
    pub lengths: (usize, Option<usize>),
    /// SDK gas of the transaction.
    pub gas: u64,
    /// Slots touched that are not this session's alone.
    pub shared: BTreeSet<Slot>,
}

/// A session's slot touched by a `finalize`.
#[derive(Clone, Copy)]
pub struct Touch {
    pub session: usize,
    /// How many of the cohort's pages this call had read before.
    pub pages_before: usize,
}

/// Consecutive `finalize`s that read the same pages.
pub struct Cohort {
    pub time_s: u64,
    pub pages: Vec<Page>,
    /// Sessions touched by each call, in order, each once per call.
    pub calls: Vec<Vec<Touch>>,
    /// Slots of the rewards contract that were touched.
    pub rewarded: BTreeSet<Slot>,
}

/// A page: one `settle` of a worker.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// Place among the `settle`s.
    pub number: usize,
    pub worker: usize,
    /// SDK gas that its `settle` computed for.
    pub gas: u64,
}

pub struct Facts {
    pub openings: Vec<Opening>,
    pub cohorts: Vec<Cohort>,
    /// Slots touched by the own transactions of one worker only.
    pub workers_slots: BTreeMap<Slot, usize>,
}

/// Gives numbers to slots.
#[derive(Default)]
struct Names(HashMap<(String, String), Slot>);

impl Names {
    /// All storage operations of a transaction, in order; with `contract`, only that one's.
    fn ops(&mut self, seen: &Seen, contract: Option<&str>) -> Vec<Op> {
        let wanted = |of: &str| contract.is_none_or(|contract| contract == of);
        let calls = seen.view.calls.iter().filter(|c| wanted(&c.contract));
        let mut ops = Vec::new();
        for call in calls {
            for op in &call.storage {
                let next = self.0.len();
                let name = (call.contract.clone(), op.slot.clone());
                ops.push(Op {
                    write: op.kind != OpKind::Read,
                    slot: *self.0.entry(name).or_insert(next),
                });
            }
        }
        ops
    }
}

impl Facts {
    /// Reads the whole trace.
    pub fn new(evidence: &Evidence) -> Facts {
        let mut names = Names::default();
        let trace = &evidence.trace;
        let ops: Vec<Vec<Op>> = trace.iter().map(|seen| names.ops(seen, None)).collect();
        let (openings, session_of) = openings(trace, &ops);
        let mut pages = Pages::new(evidence, &ops);
        let mut cohorts: Vec<Cohort> = Vec::new();
        for (seen, ops) in trace.iter().zip(&ops) {
            match seen.class {
                Class::Settle => pages.settled(evidence, seen, ops),
                Class::Finalize => {
                    let rewarded = names.ops(seen, Some(&evidence.public.rewards));
                    let rewarded = rewarded.iter().map(|op| op.slot);
                    let (read, call) = finalized(ops, &mut pages, &session_of);
                    match cohorts.last_mut() {
                        Some(last) if same(&last.pages, &read) => {
                            last.calls.push(call);
                            last.rewarded.extend(rewarded);
                        }
                        _ => cohorts.push(Cohort {
                            time_s: seen.time_s,
                            pages: read,
                            calls: vec![call],
                            rewarded: rewarded.collect(),
                        }),
                    }
                }
                _ => {}
            }
        }
        Facts {
            openings,
            cohorts,
            workers_slots: workers_slots(evidence, &ops),
        }
    }
}

fn same(known: &[Page], read: &[Page]) -> bool {
    !read.is_empty() && known.len() == read.len() && read.iter().all(|page| known.contains(page))
}

/// A session's slots are those that appear first in its opening and in no other opening.
fn openings(trace: &[Seen], ops: &[Vec<Op>]) -> (Vec<Opening>, HashMap<Slot, usize>) {
    let mut openers: HashMap<Slot, usize> = HashMap::new();
    let opened = trace
        .iter()
        .zip(ops)
        .filter(|(seen, _)| seen.class == Class::Open);
    for (_, ops) in opened {
        for slot in distinct(ops) {
            *openers.entry(slot).or_default() += 1;
        }
    }
    let (mut seen_before, mut session_of) = (BTreeSet::new(), HashMap::new());
    let mut openings = Vec::new();
    for (seen, ops) in trace.iter().zip(ops) {
        let slots = distinct(ops);
        if seen.class == Class::Open {
            let is_own = |slot: &Slot| !seen_before.contains(slot) && openers[slot] == 1;
            let (own, shared): (Vec<Slot>, Vec<Slot>) = slots.iter().partition(|s| is_own(s));
            session_of.extend(own.into_iter().map(|slot| (slot, openings.len())));
            let call = seen.view.calls.first();
            openings.push(Opening {
                time_s: seen.time_s,
                lengths: (
                    seen.view.messages.first().map_or(0, |m| m.length),
                    call.and_then(|call| call.response_length),
                ),
                gas: seen.view.gas_used,
                shared: shared.into_iter().collect(),
            });
        }
        seen_before.extend(slots);
    }
    (openings, session_of)
}

fn distinct(ops: &[Op]) -> BTreeSet<Slot> {
    ops.iter().map(|op| op.slot).collect()
}

/// The pages that a `finalize` read, and the sessions that it touched.
fn finalized(
    ops: &[Op],
    pages: &mut Pages,
    session_of: &HashMap<Slot, usize>,
) -> (Vec<Page>, Vec<Touch>) {
    let (mut read, mut call): (Vec<Page>, Vec<Touch>) = (Vec::new(), Vec::new());
    for op in ops {
        if let Some(page) = pages.read(op.slot) {
            if !read.contains(&page) {
                read.push(page);
            }
        }
        if let Some(session) = session_of.get(&op.slot) {
            if !call.iter().any(|touch| touch.session == *session) {
                call.push(Touch {
                    session: *session,
                    pages_before: read.len(),
                });
            }
        }
    }
    (read, call)
}

/// Slots that the registration, the settlements and the claims of exactly one worker touch.
fn workers_slots(evidence: &Evidence, ops: &[Vec<Op>]) -> BTreeMap<Slot, usize> {
    let mut found: BTreeMap<Slot, Option<usize>> = BTreeMap::new();
    for (seen, ops) in evidence.trace.iter().zip(ops) {
        if !matches!(seen.class, Class::Register | Class::Settle | Class::Claim) {
            continue;
        }
        let worker = evidence.public.worker(seen);
        for slot in distinct(ops) {
            let known = found.entry(slot).or_insert(worker);
            if *known != worker {
                *known = None;
            }
        }
    }
    found
        .into_iter()
        .filter_map(|(slot, worker)| Some((slot, worker?)))
        .collect()
}
