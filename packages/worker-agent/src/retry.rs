//! How soon something that failed is tried again: soon at first, since a node is back within seconds,
//! then ever later, since what a contract refuses costs gas every time.

use std::time::Duration;

const FIRST: Duration = Duration::from_secs(1);
/// The longest pause.
pub const LONGEST: Duration = Duration::from_secs(600);

/// Pauses between tries; each is twice as long as the one before.
pub struct Retry(Duration);

impl Retry {
    /// Nothing has failed yet.
    pub fn new() -> Self {
        Retry(FIRST)
    }

    /// The pause after one more failure.
    pub fn pause(&mut self) -> Duration {
        let pause = self.0;
        self.0 = pause.saturating_mul(2).min(LONGEST);
        pause
    }
}
