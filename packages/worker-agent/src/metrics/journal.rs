//! Receipts on their way to the disk.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::journal_stats::JournalStats;

/// Bounds, seconds: a sync takes a fraction of a millisecond on a disk that keeps its cache, some
/// milliseconds on another, and a second where something is wrong.
const SECONDS: [f64; 12] = [
    0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0,
];
/// Bounds, receipts of one commit.
const RECEIPTS: [f64; 9] = [
    1.0, 4.0, 16.0, 64.0, 256.0, 1_024.0, 4_096.0, 8_192.0, 16_384.0,
];
/// In a second.
const MICROSECONDS: f64 = 1e6;

/// The journal and its disk.
#[derive(Clone)]
pub struct JournalMetrics {
    durations: Histogram,
    receipts: Histogram,
    queue: Gauge,
    oldest: Gauge<f64, AtomicU64>,
}

impl Default for JournalMetrics {
    fn default() -> Self {
        JournalMetrics {
            durations: Histogram::new(SECONDS),
            receipts: Histogram::new(RECEIPTS),
            queue: Gauge::default(),
            oldest: Gauge::default(),
        }
    }
}

impl JournalMetrics {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register_with_unit(
            "secret_ai_journal_commit_duration",
            "How long groups of receipts took to the disk",
            Unit::Seconds,
            self.durations.clone(),
        );
        registry.register(
            "secret_ai_journal_commit_receipts",
            "How many receipts were in each of them",
            self.receipts.clone(),
        );
        let help = "Receipts that wait for the disk";
        registry.register("secret_ai_journal_queue", help, self.queue.clone());
        registry.register_with_unit(
            "secret_ai_journal_oldest",
            "How long the oldest of them has been waiting",
            Unit::Seconds,
            self.oldest.clone(),
        );
    }

    /// A group of receipts is on disk.
    pub fn committed(&self, receipts: usize, took: Duration) {
        self.durations.observe(took.as_secs_f64());
        self.receipts.observe(receipts as f64);
    }

    /// What waits now.
    pub fn waiting(&self, stats: &JournalStats) {
        let waiting = i64::try_from(stats.waiting).unwrap_or(i64::MAX);
        self.queue.set(waiting);
        self.oldest.set(stats.waits_us as f64 / MICROSECONDS);
    }
}
