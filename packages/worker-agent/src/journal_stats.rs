//! Figures of the journal.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::metrics::JournalMetrics;

/// What the journal did since it was opened, and what waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JournalStats {
    /// Groups written.
    pub commits: u64,
    /// Receipts written; several of one session and key in one group are one.
    pub receipts: u64,
    /// Time spent on commits, microseconds.
    pub commit_us: u64,
    /// The longest commit, microseconds.
    pub longest_us: u64,
    /// Receipts that wait for the disk now.
    pub waiting: u64,
    /// How long the oldest of them has been waiting, microseconds.
    pub waits_us: u64,
}

/// The running figures.
#[derive(Default)]
pub struct Stats {
    pub metrics: JournalMetrics,
    commits: AtomicU64,
    receipts: AtomicU64,
    commit_us: AtomicU64,
    longest_us: AtomicU64,
}

impl Stats {
    /// Counts a group that is on disk.
    pub fn committed(&self, receipts: usize, took: Duration) {
        self.commits.fetch_add(1, Ordering::Relaxed);
        self.receipts.fetch_add(receipts as u64, Ordering::Relaxed);
        self.commit_us.fetch_add(micros(took), Ordering::Relaxed);
        self.longest_us.fetch_max(micros(took), Ordering::Relaxed);
        self.metrics.committed(receipts, took);
    }

    /// The figures with what waits now: how many receipts, the oldest for how long.
    pub fn read(&self, (waiting, waits): (usize, Duration)) -> JournalStats {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        JournalStats {
            commits: of(&self.commits),
            receipts: of(&self.receipts),
            commit_us: of(&self.commit_us),
            longest_us: of(&self.longest_us),
            waiting: waiting as u64,
            waits_us: micros(waits),
        }
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
