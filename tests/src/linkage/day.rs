//! Lives a planned day: users open, close and reclaim, workers settle and claim, somebody cranks.

use super::plan::Plan;
use super::prng::Prng;

/// Seconds into a round at which the epoch before is cranked, and at which the first worker settles.
const CRANK_S: u64 = 30;
const FIRST_TURN_S: u64 = 180;
/// A worker claims every so many rounds.
const CLAIM_ROUNDS: usize = 12;
/// Entries of one page: what one worker settles per round.
const PAGE: usize = secret_ai_interface::billing::PAGE_ENTRIES;

/// The newest receipt of a session.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Place in [`Plan::sessions`].
    pub session: usize,
    pub seq: u64,
    /// Input and output tokens so far.
    pub counters: [u64; 2],
}

/// What a day is lived on. Times are seconds after the day's begin; sessions are places in
/// [`Plan::sessions`].
pub trait Ledger {
    /// Lets time pass until then, unless it has already.
    fn wait_until(&mut self, time_s: u64);
    fn open(&mut self, session: usize);
    fn settle(&mut self, worker: usize, entries: &[Entry]);
    /// Cranks until nothing of ended epochs waits.
    fn finalize(&mut self);
    fn claim(&mut self, worker: usize);
    fn close(&mut self, session: usize);
    fn reclaim(&mut self, session: usize);
    /// Lets every window pass.
    fn wait_for_the_end(&mut self);
}

/// What happened, as nobody outside sees it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    /// Receipts settled.
    pub entries: usize,
    /// Receipts that had to wait for the next round.
    pub late: usize,
}

#[derive(Clone, Copy)]
enum Event {
    Crank,
    Open(usize),
    Close(usize),
    Settle { worker: usize, round: usize },
    Claim(usize),
}

/// Use of a session that was opened.
#[derive(Clone, Copy, Default)]
struct Usage {
    open: bool,
    /// The first round not counted yet.
    next_round: usize,
    seq: u64,
    counters: [u64; 2],
    /// Round of the first use that is not settled yet.
    unsettled: Option<usize>,
}

/// Lives the day. With `cover`, every worker sends its page in every round; without, only if there
/// is something in it.
pub fn live(plan: &Plan, cover: bool, ledger: &mut impl Ledger) -> Tally {
    let mut prng = Prng::new(plan.seed);
    let mut usages = vec![Usage::default(); plan.sessions.len()];
    let mut tally = Tally::default();
    for (time_s, event) in events(plan) {
        ledger.wait_until(time_s);
        match event {
            Event::Crank => ledger.finalize(),
            Event::Claim(worker) => ledger.claim(worker),
            Event::Close(session) => ledger.close(session),
            Event::Open(session) => {
                ledger.open(session);
                usages[session].open = true;
                usages[session].next_round = (time_s / plan.size.round_s) as usize;
            }
            Event::Settle { worker, round } => {
                use_sessions(plan, &mut usages, worker, round, &mut prng);
                let (page, late) = page(plan, &mut usages, worker);
                tally.entries += page.len();
                tally.late += late;
                if cover || !page.is_empty() {
                    ledger.settle(worker, &page);
                }
            }
        }
    }
    ledger.wait_for_the_end();
    for (session, planned) in plan.sessions.iter().enumerate() {
        if planned.closes {
            ledger.reclaim(session);
        }
    }
    for worker in 0..plan.size.workers {
        ledger.claim(worker);
    }
    tally
}

/// What happens when, in order.
fn events(plan: &Plan) -> Vec<(u64, Event)> {
    let size = &plan.size;
    let turn_s = (size.round_s - FIRST_TURN_S) / (size.workers as u64 + 1);
    let mut events = Vec::new();
    for round in 0..size.rounds {
        let begin = round as u64 * size.round_s;
        events.push((begin + size.round_s + CRANK_S, Event::Crank));
        for (worker, turn) in plan.turns.iter().enumerate() {
            let at = begin + FIRST_TURN_S + *turn as u64 * turn_s;
            events.push((at, Event::Settle { worker, round }));
            if round % CLAIM_ROUNDS == worker % CLAIM_ROUNDS {
                events.push((at, Event::Claim(worker)));
            }
        }
    }
    for (index, session) in plan.sessions.iter().enumerate() {
        events.push((session.opens_s, Event::Open(index)));
        let last = session.active.iter().rposition(|active| *active);
        if let (true, Some(last)) = (session.closes, last) {
            let at = (last as u64 + 1) * size.round_s - 1;
            events.push((at, Event::Close(index)));
        }
    }
    events.sort_by_key(|(time_s, _)| *time_s);
    events
}

/// Counts what the worker's sessions used up to this round.
fn use_sessions(plan: &Plan, usages: &mut [Usage], worker: usize, round: usize, prng: &mut Prng) {
    for (session, usage) in plan.sessions.iter().zip(usages.iter_mut()) {
        if session.choice.worker != worker || !usage.open {
            continue;
        }
        for now in usage.next_round..=round {
            if session.active[now] {
                usage.seq += 1 + prng.below(9) as u64;
                usage.counters[0] += 100 + prng.below(2_000) as u64;
                usage.counters[1] += 50 + prng.below(1_000) as u64;
                usage.unsettled = usage.unsettled.or(Some(now));
            }
        }
        usage.next_round = round + 1;
    }
}

/// The worker's next page, oldest first, and how many receipts found no room in it.
fn page(plan: &Plan, usages: &mut [Usage], worker: usize) -> (Vec<Entry>, usize) {
    let served = |session: &usize| plan.sessions[*session].choice.worker == worker;
    let mut waiting: Vec<(usize, usize)> = (0..usages.len())
        .filter(served)
        .filter_map(|session| Some((usages[session].unsettled?, session)))
        .collect();
    waiting.sort_unstable();
    let late = waiting.len().saturating_sub(PAGE);
    waiting.truncate(PAGE);
    let entry = |(_, session): (usize, usize)| {
        let usage = &mut usages[session];
        usage.unsettled = None;
        Entry {
            session,
            seq: usage.seq,
            counters: usage.counters,
        }
    };
    let page = waiting.into_iter().map(entry).collect();
    (page, late)
}

#[cfg(test)]
mod tests {
    use super::super::plan::SMALL;
    use super::*;

    #[derive(Default)]
    struct Notes {
        now: u64,
        opened: Vec<usize>,
        pages: Vec<usize>,
    }

    impl Ledger for Notes {
        fn wait_until(&mut self, time_s: u64) {
            assert!(time_s >= self.now);
            self.now = time_s;
        }
        fn open(&mut self, session: usize) {
            self.opened.push(session);
        }
        fn settle(&mut self, _: usize, entries: &[Entry]) {
            assert!(entries.iter().all(|e| self.opened.contains(&e.session)));
            self.pages.push(entries.len());
        }
        fn finalize(&mut self) {}
        fn claim(&mut self, _: usize) {}
        fn close(&mut self, session: usize) {
            assert!(self.opened.contains(&session));
        }
        fn reclaim(&mut self, _: usize) {}
        fn wait_for_the_end(&mut self) {}
    }

    #[test]
    fn cover_traffic_fills_every_round_and_changes_no_receipt() {
        let plan = Plan::new(SMALL, 1);
        let (mut covered, mut bare) = (Notes::default(), Notes::default());
        let with = live(&plan, true, &mut covered);
        let without = live(&plan, false, &mut bare);
        assert_eq!(with.entries, without.entries);
        assert_eq!(covered.pages.len(), SMALL.rounds * SMALL.workers);
        assert!(bare
            .pages
            .iter()
            .all(|entries| (1..=PAGE).contains(entries)));
        assert!(bare.pages.len() < covered.pages.len());
        let in_order: Vec<usize> = (0..plan.sessions.len()).collect();
        assert_eq!(covered.opened, in_order);
    }
}
