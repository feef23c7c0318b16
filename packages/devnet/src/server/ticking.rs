//! Blocks that come with the wall clock.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The clock of a chain that makes its blocks by itself.
pub(super) struct Ticking {
    started: Instant,
    block_time: Duration,
    /// Blocks told so far.
    ticks: u64,
}

impl Ticking {
    /// A clock that begins now. `block_time` is at least a millisecond.
    pub fn start(block_time: Duration) -> Self {
        Self {
            started: Instant::now(),
            block_time,
            ticks: 0,
        }
    }

    /// Blocks since it was last asked, and the nanoseconds that they take; none if there is none.
    pub fn due(&mut self) -> Option<(u64, u64)> {
        let block_ns = self.block_time.as_nanos();
        let ticks = u64::try_from(self.started.elapsed().as_nanos() / block_ns);
        let ticks = ticks.unwrap_or(u64::MAX);
        let blocks = ticks.saturating_sub(self.ticks);
        self.ticks = ticks;
        let nanos = u64::try_from(u128::from(blocks) * block_ns).unwrap_or(u64::MAX);
        (blocks > 0).then_some((blocks, nanos))
    }
}

/// Milliseconds since 1970; 0 on a machine whose clock is before that.
pub(super) fn wall_clock_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |time| {
        u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
    })
}
