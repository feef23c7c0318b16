//! What waits in memory for the journal's next commit.
//!
//! Receipts are handed over without waiting; only the newest one of a session and key is kept, so
//! that a group holds each of them once however many requests have finished. Changes that somebody
//! waits for (acks, what is settled) hurry the commit.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use secret_ai_receipts::{Receipt, Signed};
use tokio::sync::oneshot;

use crate::journal_tables::{Change, Key};
use crate::session::lock;

/// A receipt that is not on disk yet. Times are unix seconds of contract time.
#[derive(Clone, Debug)]
pub struct NewReceipt {
    pub receipt: Signed<Receipt>,
    /// The session's.
    pub deadline: u64,
    /// When it was made.
    pub now: u64,
}

/// Receipts by session and key, the newest of each.
pub type NewReceipts = BTreeMap<Key, NewReceipt>;

/// Told true when what somebody waits for is on disk.
type Waiter = oneshot::Sender<bool>;

/// What one commit writes.
pub struct Group {
    pub receipts: Arc<NewReceipts>,
    pub changes: Vec<Change>,
    waiters: Vec<Waiter>,
}

#[derive(Default)]
struct State {
    receipts: NewReceipts,
    changes: Vec<Change>,
    waiters: Vec<Waiter>,
    /// Since when the oldest of `receipts` waits.
    since: Option<Instant>,
    /// The group that is being written, or that could not be.
    writing: Arc<NewReceipts>,
    /// Since when the oldest of `writing` waits.
    writing_since: Option<Instant>,
    is_closing: bool,
    has_failed: bool,
}

/// The queue before the journal's thread.
#[derive(Default)]
pub struct Queue {
    state: Mutex<State>,
    wake: Condvar,
}

impl Queue {
    /// Keeps a receipt for the next commit, unless a newer one of its session and key waits already.
    /// False if there are no commits any more; it is kept in memory all the same.
    pub fn put(&self, key: Key, new: NewReceipt) -> bool {
        let mut state = self.state();
        newer(&mut state.receipts, key, new);
        // Whom the first one has woken waits for the pace, and takes the others with it.
        if state.since.is_none() {
            state.since = Some(Instant::now());
            self.wake.notify_one();
        }
        !state.has_failed
    }

    /// Has a change, or only what waits, written without delay; `None` if there are no commits any
    /// more.
    pub fn hurry(&self, change: Option<Change>) -> Option<oneshot::Receiver<bool>> {
        let mut state = self.state();
        if state.has_failed || state.is_closing {
            return None;
        }
        let (waiter, done) = oneshot::channel();
        state.changes.extend(change);
        state.waiters.push(waiter);
        self.wake.notify_one();
        Some(done)
    }

    /// Waits for something to write, and then as long as nobody is in a hurry and the oldest receipt
    /// is younger than `pace`. `None` once the queue is closed and empty.
    pub fn next(&self, pace: Duration) -> Option<Group> {
        let mut state = self.state();
        loop {
            let is_hurried = !state.waiters.is_empty() || state.is_closing;
            let age = state.since.map(|since| since.elapsed());
            state = match age {
                _ if is_hurried => break,
                Some(age) if age >= pace => break,
                Some(age) => {
                    let left = pace.saturating_sub(age);
                    let waited = self.wake.wait_timeout(state, left);
                    waited.unwrap_or_else(|e| e.into_inner()).0
                }
                None => self.wake.wait(state).unwrap_or_else(|e| e.into_inner()),
            };
        }
        let is_empty = state.receipts.is_empty() && state.waiters.is_empty();
        if state.is_closing && is_empty {
            return None;
        }
        let state = &mut *state;
        state.writing = Arc::new(std::mem::take(&mut state.receipts));
        state.writing_since = state.since.take();
        Some(Group {
            receipts: state.writing.clone(),
            changes: std::mem::take(&mut state.changes),
            waiters: std::mem::take(&mut state.waiters),
        })
    }

    /// Takes note that a group is on disk and tells those who wait for it.
    pub fn written(&self, group: Group) {
        let mut state = self.state();
        state.writing = Arc::default();
        state.writing_since = None;
        drop(state);
        for waiter in group.waiters {
            // A request that was cancelled meanwhile waits no more.
            let _ = waiter.send(true);
        }
    }

    /// Nothing is written any more. What could not be written stays in memory.
    pub fn fail(&self) {
        let mut state = self.state();
        state.has_failed = true;
        state.waiters.clear();
    }

    /// Nothing new comes; what waits is written at once.
    pub fn close(&self) {
        self.state().is_closing = true;
        self.wake.notify_one();
    }

    /// True once writing has failed.
    pub fn has_failed(&self) -> bool {
        self.state().has_failed
    }

    /// How many receipts are not on disk yet, and for how long the oldest has been waiting.
    pub fn backlog(&self) -> (usize, Duration) {
        let state = self.state();
        let oldest = state.writing_since.or(state.since);
        let waits = oldest.map_or(Duration::ZERO, |since| since.elapsed());
        (
            state.receipts.len().saturating_add(state.writing.len()),
            waits,
        )
    }

    /// The newest receipts of these keys that are not on disk yet.
    pub fn waiting(&self, keys: &RangeInclusive<Key>) -> NewReceipts {
        let state = self.state();
        let written = state.writing.range(keys.clone());
        let mut found: NewReceipts = written.map(|(key, new)| (*key, new.clone())).collect();
        for (key, new) in state.receipts.range(keys.clone()) {
            newer(&mut found, *key, new.clone());
        }
        found
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

/// Puts a receipt in its place unless a newer one is there.
fn newer(receipts: &mut NewReceipts, key: Key, new: NewReceipt) {
    let known = receipts.get(&key).map(|known| known.receipt.body.seq);
    if known.is_none_or(|seq| seq < new.receipt.body.seq) {
        receipts.insert(key, new);
    }
}
