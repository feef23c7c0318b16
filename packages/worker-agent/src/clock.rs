//! Time: the machine's, which may jump, the time since start, which only goes forward, and the
//! chain's.

use std::sync::{Arc, LazyLock, Mutex};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use crate::session::lock;

static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Tells the time.
pub trait Clock: Send + Sync {
    /// Unix seconds, as far as the machine knows; somebody may set it forward and back.
    fn now(&self) -> u64;

    /// Seconds since some moment in the past; never goes back. Ages are counted in these.
    fn uptime(&self) -> u64;
}

/// The machine's clock.
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> u64 {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_secs())
    }

    fn uptime(&self) -> u64 {
        START.elapsed().as_secs()
    }
}

/// A time of the chain's, carried on from its last answer without the machine's clock.
pub struct ChainTime {
    clock: Arc<dyn Clock>,
    /// The newest answer, unix seconds, and the uptime at which it came.
    newest: Mutex<Option<(u64, u64)>>,
}

impl ChainTime {
    /// The machine's time until the chain has told its own.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        ChainTime {
            clock,
            newest: Mutex::default(),
        }
    }

    /// Takes note of an answer, unix seconds. One that is older than an answer before is of a node
    /// that lags behind, and changes nothing.
    pub fn learn(&self, told: u64) {
        let mut newest = lock(&self.newest);
        match *newest {
            Some((known, _)) if told < known => {
                tracing::warn!(
                    told,
                    known,
                    "the node answers with an old time, it lags behind"
                );
            }
            _ => *newest = Some((told, self.clock.uptime())),
        }
    }

    /// Unix seconds.
    pub fn now(&self) -> u64 {
        match *lock(&self.newest) {
            Some((told, at)) => told.saturating_add(self.clock.uptime().saturating_sub(at)),
            None => self.clock.now(),
        }
    }
}
