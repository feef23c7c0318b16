//! Which records a watchtower has not been told of yet: keys only, since of each only the newest
//! state matters, and a bounded number of them. When there are more, or after a start, everything
//! that is not settled is told anew: the journal has it.

use std::collections::BTreeSet;
use std::sync::Mutex;

use tokio::sync::Notify;

use crate::journal_tables::Key;
use crate::session::lock;

/// Most keys that are remembered one by one.
const MAX_KEYS: usize = 65_536;

/// What is to be told.
#[derive(Debug, PartialEq, Eq)]
pub enum News {
    /// All that is not settled.
    Everything,
    /// What the journal has of these keys.
    Of(Vec<Key>),
}

#[derive(Default)]
struct State {
    keys: BTreeSet<Key>,
    everything: bool,
}

/// Notes what changes, once it has been started.
#[derive(Default)]
pub struct Outbox {
    state: Mutex<Option<State>>,
    wake: Notify,
}

impl Outbox {
    /// Notes from now on; everything is news at first.
    pub fn start(&self) {
        let everything = true;
        let keys = BTreeSet::new();
        *lock(&self.state) = Some(State { keys, everything });
        self.wake.notify_one();
    }

    /// Notes keys whose records have changed on disk.
    pub fn note(&self, keys: impl Iterator<Item = Key>) {
        let mut state = lock(&self.state);
        let Some(state) = state.as_mut() else {
            return;
        };
        state.keys.extend(keys);
        if state.keys.len() > MAX_KEYS {
            state.keys.clear();
            state.everything = true;
        }
        self.wake.notify_one();
    }

    /// Everything is news again.
    pub fn note_everything(&self) {
        if let Some(state) = lock(&self.state).as_mut() {
            state.everything = true;
        }
        self.wake.notify_one();
    }

    /// Waits until there may be news.
    pub async fn news(&self) {
        self.wake.notified().await;
    }

    /// Takes everything, or at most `most` keys, out.
    pub fn take(&self, most: usize) -> News {
        let mut state = lock(&self.state);
        let Some(state) = state.as_mut() else {
            return News::Of(Vec::new());
        };
        if std::mem::take(&mut state.everything) {
            state.keys.clear();
            return News::Everything;
        }
        let rest = state.keys.iter().nth(most).copied();
        let rest = rest.map_or_else(BTreeSet::new, |key| state.keys.split_off(&key));
        let taken = std::mem::replace(&mut state.keys, rest);
        News::Of(taken.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(from: u32, to: u32) -> impl Iterator<Item = Key> {
        (from..to).map(|number| {
            let mut key = [0; 36];
            key[..4].copy_from_slice(&number.to_be_bytes());
            key
        })
    }

    #[test]
    fn what_is_taken_is_gone_and_too_much_is_everything() {
        let outbox = Outbox::default();
        outbox.note(keys(0, 3));
        assert_eq!(outbox.take(9), News::Of(vec![]), "nobody has started it");
        outbox.start();
        assert_eq!(outbox.take(9), News::Everything);
        outbox.note(keys(0, 3));
        outbox.note(keys(1, 4));
        assert_eq!(outbox.take(3), News::Of(keys(0, 3).collect()));
        assert_eq!(outbox.take(3), News::Of(keys(3, 4).collect()));
        assert_eq!(outbox.take(3), News::Of(vec![]));
        outbox.note(keys(0, MAX_KEYS as u32 + 1));
        assert_eq!(outbox.take(3), News::Everything);
        assert_eq!(outbox.take(3), News::Of(vec![]));
    }
}
