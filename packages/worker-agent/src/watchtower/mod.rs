//! The watchtower: keeps the newest receipts of workers and hands them in when a worker has been
//! silent for too long. It needs nobody's trust: receipts are signed, it can change nothing about
//! them, and billing pays the operator of the key whoever hands them in.

mod batch;
mod config;
mod intake;
mod keys;
mod rounds;
mod run;

pub use batch::{Batch, Shipped, Taken, MAX_RECORDS, PATH};
pub use config::{TowerConfig, TowerTls};
pub use intake::router;
pub use run::run;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use secret_ai_interface::billing::Timing;
use secret_ai_interface::WorkerId;
use secret_ai_receipts::{sha256, Domain};

use self::keys::Keys;
use crate::chain::Chain;
use crate::clock::Clock;
use crate::handing::{Desk, Unconfirmed};
use crate::journal::Journal;

/// Most workers, and most receipt keys, that are remembered.
const MAX_REMEMBERED: usize = 10_000;

/// What a watchtower is made of.
pub struct Parts {
    pub chain: Arc<dyn Chain>,
    pub journal: Journal,
    pub clock: Arc<dyn Clock>,
    /// Chain and billing contract whose receipts it keeps.
    pub domain: Domain,
    /// What agents must show.
    pub token: String,
    /// A worker that was not heard of for this long is gone, seconds.
    pub silent_s: u64,
    /// From round to round.
    pub interval: Duration,
    /// Billing's.
    pub timing: Timing,
}

/// A watchtower.
pub struct Tower {
    chain: Arc<dyn Chain>,
    journal: Journal,
    clock: Arc<dyn Clock>,
    domain: Domain,
    token_sha256: [u8; 32],
    silent_s: u64,
    interval: Duration,
    timing: Timing,
    unconfirmed: Unconfirmed,
    /// Uptime at which it began.
    started: u64,
    /// Uptime at which each worker was heard of last.
    heard: Mutex<HashMap<WorkerId, u64>>,
    /// Receipt keys and whose they are; neither changes.
    keys: Mutex<Keys>,
}

impl Tower {
    /// Puts a watchtower together.
    pub fn new(parts: Parts) -> Arc<Self> {
        Arc::new(Tower {
            chain: parts.chain,
            journal: parts.journal,
            started: parts.clock.uptime(),
            clock: parts.clock,
            domain: parts.domain,
            token_sha256: sha256(parts.token.as_bytes()),
            silent_s: parts.silent_s,
            interval: parts.interval,
            timing: parts.timing,
            unconfirmed: Unconfirmed::default(),
            heard: Mutex::default(),
            keys: Mutex::default(),
        })
    }

    /// The journal of what was shipped.
    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    fn desk(&self) -> Desk<'_> {
        Desk {
            chain: self.chain.as_ref(),
            journal: &self.journal,
            unconfirmed: &self.unconfirmed,
        }
    }
}
