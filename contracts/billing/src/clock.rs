//! The contract's time.
//!
//! Deadlines count *contract time*. It follows block time, except that it stands still while the
//! admin has paused the contract, and that it advances by at most an hour (and a minute per block)
//! from one observed block to the next, so that a halt of the chain eats nobody's window. Counting
//! blocks tells a halt from a time in which merely nobody called this contract.

/// Longest advance in seconds that a gap without blocks may cause.
const MAX_GAP_S: u64 = 3_600;
/// Longest advance in seconds per block; ten times the chain's usual six seconds.
const MAX_BLOCK_S: u64 = 60;
/// A pause lapses after this many seconds of block time, and the next one must wait as long.
pub const PAUSE_S: u64 = 7 * 24 * 3_600;

/// Contract time and what it was derived from; all times in unix seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    /// Contract time at the last observed block.
    pub now: u64,
    /// Block time of the last observed block.
    pub block_s: u64,
    /// Height of the last observed block.
    pub height: u64,
    /// Block time at which the running pause began.
    pub paused_at: Option<u64>,
    /// Block time before which no pause may begin.
    pub no_pause_before: u64,
}

/// Why a pause cannot begin or end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PauseError {
    AlreadyPaused,
    NotPaused,
    /// Block time from which a pause may begin.
    TooSoon(u64),
}

impl Clock {
    /// A clock that starts at a block.
    pub fn new(block_s: u64, height: u64) -> Self {
        Clock {
            now: block_s,
            block_s,
            height,
            paused_at: None,
            no_pause_before: 0,
        }
    }

    /// The clock at a later block. Block time never runs backwards; if it seems to, time stands.
    pub fn at(mut self, block_s: u64, height: u64) -> Self {
        let mut counted_from = self.block_s;
        if let Some(paused_at) = self.paused_at {
            let lapse = paused_at.saturating_add(PAUSE_S);
            if block_s >= lapse {
                self.paused_at = None;
                self.no_pause_before = lapse.saturating_add(PAUSE_S);
                counted_from = lapse;
            } else {
                counted_from = block_s;
            }
        }
        let blocks = height.saturating_sub(self.height);
        let allowed = MAX_GAP_S.saturating_add(blocks.saturating_mul(MAX_BLOCK_S));
        let passed = block_s.saturating_sub(counted_from).min(allowed);
        self.now = self.now.saturating_add(passed);
        self.block_s = self.block_s.max(block_s);
        self.height = self.height.max(height);
        self
    }

    /// True while `open_sessions` and `settle` are stopped.
    pub fn paused(&self) -> bool {
        self.paused_at.is_some()
    }

    /// Begins a pause at the last observed block.
    pub fn pause(&mut self) -> Result<(), PauseError> {
        if self.paused() {
            return Err(PauseError::AlreadyPaused);
        }
        if self.block_s < self.no_pause_before {
            return Err(PauseError::TooSoon(self.no_pause_before));
        }
        self.paused_at = Some(self.block_s);
        Ok(())
    }

    /// Ends a pause at the last observed block.
    pub fn unpause(&mut self) -> Result<(), PauseError> {
        if self.paused_at.take().is_none() {
            return Err(PauseError::NotPaused);
        }
        self.no_pause_before = self.block_s.saturating_add(PAUSE_S);
        Ok(())
    }
}

/// The epoch of a contract time; epochs are `epoch_s` > 0 seconds long.
pub fn epoch_of(now: u64, epoch_s: u64) -> u64 {
    now.checked_div(epoch_s).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn follows_block_time_between_calls_far_apart() {
        let start = Clock::new(1_000, 10);
        let later = start.at(1_000 + 72 * 3_600, 10 + 72 * 600);
        assert_eq!(later.now, 1_000 + 72 * 3_600);
    }

    #[test]
    fn a_halt_of_the_chain_eats_at_most_an_hour() {
        let later = Clock::new(1_000, 10).at(1_000 + 72 * 3_600, 11);
        assert_eq!(later.now, 1_000 + 3_600 + 60);
    }

    #[test]
    fn stands_still_while_paused_and_lapses_by_itself() {
        let mut clock = Clock::new(1_000, 10);
        clock.pause().unwrap();
        assert_eq!(clock.pause(), Err(PauseError::AlreadyPaused));
        let paused = clock.at(1_000 + PAUSE_S - 1, 100_000);
        assert!(paused.paused());
        assert_eq!(paused.now, 1_000);
        let mut lapsed = paused.at(1_000 + PAUSE_S + 5, 100_001);
        assert!(!lapsed.paused());
        assert_eq!(lapsed.now, 1_005);
        assert_eq!(
            lapsed.pause(),
            Err(PauseError::TooSoon(1_000 + 2 * PAUSE_S))
        );
        let mut rested = lapsed.at(1_000 + 2 * PAUSE_S, 300_000);
        assert_eq!(rested.pause(), Ok(()));
    }

    #[test]
    fn unpausing_starts_the_rest_too() {
        let mut clock = Clock::new(1_000, 10);
        assert_eq!(clock.unpause(), Err(PauseError::NotPaused));
        clock.pause().unwrap();
        let mut clock = clock.at(1_100, 20);
        clock.unpause().unwrap();
        assert_eq!(clock.now, 1_000);
        assert_eq!(clock.pause(), Err(PauseError::TooSoon(1_100 + PAUSE_S)));
    }
}
