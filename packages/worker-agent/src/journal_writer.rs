//! The thread that puts receipts on the disk.

use std::sync::Arc;
use std::time::{Duration, Instant};

use redb::Database;

use crate::journal_queue::Queue;
use crate::journal_stats::Stats;
use crate::journal_tables::{commit, Change, Key};
use crate::outbox::Outbox;

/// What the journal's thread needs.
pub(crate) struct Writer {
    pub db: Arc<Database>,
    pub queue: Arc<Queue>,
    pub stats: Arc<Stats>,
    pub outbox: Arc<Outbox>,
}

impl Writer {
    /// The journal's thread: ends when the journal is dropped, or at the first failure.
    pub fn write_groups(self, pace: Duration) {
        while let Some(mut group) = self.queue.next(pace) {
            let start = Instant::now();
            let changes = std::mem::take(&mut group.changes);
            let changed: Vec<Key> = changes.iter().filter_map(Change::key).collect();
            if let Err(error) = commit(&self.db, &group.receipts, changes) {
                tracing::error!(%error, "the journal cannot be written, no more requests are served");
                // Known before those who wait are told.
                self.queue.fail();
                break;
            }
            self.stats.committed(group.receipts.len(), start.elapsed());
            let keys = group.receipts.keys().copied();
            self.outbox.note(keys.chain(changed));
            self.queue.written(group);
        }
    }
}

impl Drop for Writer {
    /// However the thread ends: nobody waits for it in vain.
    fn drop(&mut self) {
        self.queue.fail();
    }
}
