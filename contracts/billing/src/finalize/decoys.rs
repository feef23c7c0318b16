//! Sessions that stand in for empty entries.

use std::collections::{BTreeMap, BTreeSet};

use secret_ai_contract_kit::random::Stream;

/// Every second decoy is one of this many sessions, the most recently opened ones; the others are
/// any. If there are not more, all are.
const RECENT: u64 = 1_024;

/// Draws sessions for which nothing is due. All are different until there are no more; then they come
/// again in the same order. There are never fewer than a batch: the contract opened as many of
/// nobody's sessions when it was made.
pub struct Decoys {
    recent: Vec<u64>,
    /// Sessions before the recent ones.
    older: u64,
    due: BTreeSet<u64>,
    drawn: Vec<u64>,
    repeated: usize,
}

impl Decoys {
    /// Decoys of the first `opened` sessions.
    pub fn new<T>(due: &BTreeMap<u64, T>, opened: u64) -> Self {
        let older = opened.saturating_sub(RECENT);
        Decoys {
            recent: (older..opened).filter(|n| !due.contains_key(n)).collect(),
            older,
            due: due.keys().copied().collect(),
            drawn: Vec::new(),
            repeated: 0,
        }
    }

    /// The next decoy; 0 if there is no session at all.
    pub fn next(&mut self, stream: &mut Stream) -> u64 {
        let older = stream.number(self.older);
        let takes_older = stream.number(2) == 0
            && self.older > 0
            && !self.due.contains(&older)
            && !self.drawn.contains(&older);
        let new = match takes_older {
            true => Some(older),
            false => stream.pick(&mut self.recent),
        };
        match new {
            Some(number) => {
                self.drawn.push(number);
                number
            }
            None => {
                let again = self.repeated.checked_rem(self.drawn.len()).unwrap_or(0);
                self.repeated = self.repeated.saturating_add(1);
                self.drawn.get(again).copied().unwrap_or(0)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw(due: &[u64], opened: u64, count: usize) -> Vec<u64> {
        let due: BTreeMap<u64, ()> = due.iter().map(|n| (*n, ())).collect();
        let mut decoys = Decoys::new(&due, opened);
        let mut stream = Stream::new([7; 32]);
        (0..count).map(|_| decoys.next(&mut stream)).collect()
    }

    #[test]
    fn are_never_due_and_differ_within_a_batch() {
        for (due, opened) in [(&[][..], 16), (&[17, 19][..], 20), (&[3, 5_000][..], 9_000)] {
            let drawn = draw(due, opened, 144);
            for batch in drawn.windows(16) {
                let different: BTreeSet<_> = batch.iter().collect();
                assert_eq!(different.len(), 16, "{batch:?}");
            }
            let fits = |n: &u64| *n < opened && !due.contains(n);
            assert!(drawn.iter().all(fits), "{drawn:?}");
        }
    }

    #[test]
    fn about_half_are_old_once_there_are_old_ones() {
        let drawn = draw(&[], 100_000, 128);
        let old = drawn.iter().filter(|n| **n < 100_000 - RECENT).count();
        assert!((40..90).contains(&old), "{old}");
    }
}
