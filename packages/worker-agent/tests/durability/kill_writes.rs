//! The power goes at every single write and sync of a workload, with any part of what was not synced
//! on the disk. Whatever was confirmed is there afterwards, and nothing is damaged.

use std::collections::BTreeMap;

use crate::common::{ack, receipt, NOW};
use crate::disk::{after_power_cut, Disk, CUTS};
use secret_ai_worker_agent::journal::{Journal, JournalConfig, Record};

/// Session and receipt key, each a byte throughout.
type Key = (u8, u8);

/// What is known of one session and key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Known {
    seq: u64,
    acked: u128,
    /// Number and ack that were noted as settled last.
    settled: (u64, u128),
}

impl Known {
    fn is_unsettled(&self) -> bool {
        self.seq > self.settled.0 || self.acked > self.settled.1
    }
}

type State = BTreeMap<Key, Known>;

/// What must be on disk from some event on, and what may be by then.
struct Promise {
    /// Events after which it holds.
    from: usize,
    state: State,
}

fn open(disk: &Disk) -> Result<Journal, redb::Error> {
    let config = JournalConfig { commit_ms: 1 };
    Journal::on_storage(|| Ok(disk.clone()), &config)
}

/// Receipts, acks and settlements of three sessions under two keys; two of the newest are handed
/// over and not waited for.
async fn workload(disk: &Disk) -> Vec<Promise> {
    let journal = open(disk).unwrap();
    let (mut state, mut promises) = (State::new(), Vec::new());
    for round in 1..=6u64 {
        for (session, kid) in [(1, 1), (2, 1), (3, 2)] {
            journal
                .put_receipt(receipt(session, kid, round), NOW + 9, NOW)
                .unwrap();
            state.entry((session, kid)).or_default().seq = round;
        }
        if round % 2 == 0 {
            let amount = u128::from(round);
            journal.ack(ack(2, 1, amount), NOW).await.unwrap();
            state.entry((2, 1)).or_default().acked = amount;
        }
        journal.flush().await.unwrap();
        promises.push(promise(disk, &state));
        if round % 3 == 0 {
            for record in journal.unsettled().unwrap() {
                journal.settled(&record, NOW).await.unwrap();
                let known = state.get_mut(&key(&record)).unwrap();
                known.settled = (known.seq, known.acked);
                promises.push(promise(disk, &state));
            }
        }
    }
    for session in [1, 2] {
        let last = receipt(session, 1, 7);
        journal.put_receipt(last, NOW + 9, NOW).unwrap();
        state.entry((session, 1)).or_default().seq = 7;
    }
    drop(journal);
    promises.push(promise(disk, &state));
    promises
}

fn promise(disk: &Disk, state: &State) -> Promise {
    Promise {
        from: disk.len_of_trace(),
        state: state.clone(),
    }
}

fn key(record: &Record) -> Key {
    let body = &record.receipt.body;
    (body.session_id[0], body.kid[0])
}

/// What a journal holds: of each key the newest number, the ack, and whether it waits.
fn found(journal: &Journal) -> BTreeMap<Key, (u64, u128, bool)> {
    let unsettled: Vec<Key> = journal.unsettled().unwrap().iter().map(key).collect();
    let sessions = (1..=3).flat_map(|session: u8| journal.session(&[session; 16]).unwrap());
    let row = |record: Record| {
        let acked = record.ack.as_ref().map_or(0, |ack| ack.body.amount);
        let waits = unsettled.contains(&key(&record));
        (key(&record), (record.receipt.body.seq, acked, waits))
    };
    sessions.map(row).collect()
}

#[tokio::test]
async fn a_power_cut_at_any_write_loses_nothing_that_was_confirmed() {
    let disk = Disk::with(Vec::new());
    let promises = workload(&disk).await;
    let events = disk.events();
    assert!(events.len() > 100, "{} events", events.len());
    let last = &promises.last().unwrap().state;
    for count in 0..=events.len() {
        let kept = promises.iter().rev().find(|promise| promise.from <= count);
        let kept = kept
            .map(|promise| promise.state.clone())
            .unwrap_or_default();
        for cut in CUTS {
            let place = format!("after {count} of {} events, {cut:?}", events.len());
            let left = Disk::with(after_power_cut(&events, count, cut));
            let journal = match open(&left) {
                // Of a file that was not yet made nothing is believed; nothing was promised either.
                Err(_) if kept.is_empty() => continue,
                opened => opened.unwrap_or_else(|error| panic!("{place}: {error}")),
            };
            let found = found(&journal);
            for (key, known) in &kept {
                let (seq, acked, waits) = found.get(key).copied().unwrap_or_default();
                assert!(seq >= known.seq, "{place}: {key:?} {seq} {known:?}");
                assert!(acked >= known.acked, "{place}: {key:?} {acked} {known:?}");
                // Settled stays settled until something newer came.
                let is_newer = (seq, acked) != (known.seq, known.acked);
                let was_settled_meanwhile = !waits && last[key].settled >= (seq, acked);
                assert!(
                    waits == known.is_unsettled() || is_newer || was_settled_meanwhile,
                    "{place}: {key:?} {waits} {known:?}"
                );
            }
            for (key, (seq, acked, waits)) in &found {
                let most = last[key];
                assert!(*seq <= most.seq && *acked <= most.acked, "{place}");
                // What nobody has handed in waits.
                assert!(*waits || most.settled.0 >= *seq, "{place}: {key:?} is lost");
            }
        }
    }
}

#[tokio::test]
async fn a_journal_that_survived_goes_on() {
    let disk = Disk::with(Vec::new());
    workload(&disk).await;
    let events = disk.events();
    for count in (0..=events.len()).step_by(7) {
        let left = Disk::with(after_power_cut(&events, count, CUTS[count % CUTS.len()]));
        let journal = open(&left).unwrap();
        journal.put_receipt(receipt(1, 1, 99), NOW, NOW).unwrap();
        journal.flush().await.unwrap();
        let again = open(&Disk::with(left.content())).unwrap();
        assert_eq!(found(&again)[&(1, 1)].0, 99, "after {count} events");
    }
}
