//! Sealed requests that were seen before. Whoever carries them could send one again, and a bearer
//! session would pay for it again.

use std::collections::HashSet;

use secret_ai_e2ee::MAX_SKEW_S;

use crate::error::ApiError;

/// Requests remembered in one generation; more within [`GENERATION_S`] are refused.
const MOST: usize = 500_000;
/// A request may come from [`MAX_SKEW_S`] before its time until as long after it.
const GENERATION_S: u64 = 2 * MAX_SKEW_S;

/// The senders' keys of recent requests, in two generations: when the younger is full of time, the
/// older is forgotten. 16 of 32 bytes tell keys apart: they are random, and bound by the seal.
#[derive(Default)]
pub struct Replays {
    young: Generation,
    old: Generation,
    /// When the younger began, Unix seconds.
    since: u64,
    /// Requests of this time or before may have been forgotten, whatever the clock says now.
    forgotten: Option<u64>,
}

#[derive(Default)]
struct Generation {
    keys: HashSet<[u8; 16]>,
    /// Latest time of its requests, Unix seconds.
    newest: Option<u64>,
}

impl Replays {
    /// Takes a request in.
    ///
    /// # Errors
    /// 401 if it is old or known, 503 if there are too many to remember.
    pub fn take(&mut self, enc: &[u8; 32], time: u64, now: u64) -> Result<(), ApiError> {
        self.turn(now);
        let is_forgotten = self.forgotten.is_some_and(|until| time <= until);
        if time.abs_diff(now) > MAX_SKEW_S || is_forgotten {
            let message = format!("e2ee: time {time} is not within {MAX_SKEW_S} s of {now}");
            return Err(ApiError::unauthorized("stale_request", message).about("e2ee"));
        }
        let (key, _) = enc.split_first_chunk::<16>().unwrap_or((&[0; 16], &[]));
        if self.young.keys.contains(key) || self.old.keys.contains(key) {
            let message = "e2ee: this sealed request was seen before";
            return Err(ApiError::unauthorized("replayed", message).about("e2ee"));
        }
        if self.young.keys.len() >= MOST {
            return Err(ApiError::busy("too many sealed requests at once"));
        }
        self.young.keys.insert(*key);
        self.young.newest = self.young.newest.max(Some(time));
        Ok(())
    }

    /// Begins a new generation if it is time for one.
    fn turn(&mut self, now: u64) {
        if now < self.since {
            // The clock was set back; what is remembered stays for a while longer.
            self.since = now;
        }
        if now - self.since < GENERATION_S {
            return;
        }
        let forgotten = std::mem::replace(&mut self.old, std::mem::take(&mut self.young));
        self.forgotten = self.forgotten.max(forgotten.newest);
        self.since = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::response::IntoResponse;

    const NOW: u64 = 1_800_000_000;

    fn status(result: Result<(), ApiError>) -> u16 {
        match result {
            Ok(()) => 200,
            Err(error) => error.into_response().status().as_u16(),
        }
    }

    #[test]
    fn a_request_is_good_once_whenever_it_comes_again() {
        for early in [0, MAX_SKEW_S] {
            let mut replays = Replays::default();
            assert_eq!(status(replays.take(&[1; 32], NOW + early, NOW)), 200);
            for later in 0..4 * GENERATION_S {
                let other = (later as u128).to_be_bytes();
                let other = [other, other].concat().try_into().unwrap();
                assert_eq!(status(replays.take(&other, NOW + later, NOW + later)), 200);
                let again = replays.take(&[1; 32], NOW + early, NOW + later);
                assert_eq!(status(again), 401, "{later} s later");
            }
            // A clock that was set back makes nothing good again.
            assert_eq!(status(replays.take(&[1; 32], NOW + early, NOW)), 401);
        }
    }

    #[test]
    fn times_far_from_the_clock_are_refused() {
        let mut replays = Replays::default();
        for time in [NOW - MAX_SKEW_S - 1, NOW + MAX_SKEW_S + 1, 0, u64::MAX] {
            assert_eq!(status(replays.take(&[1; 32], time, NOW)), 401, "{time}");
        }
        assert_eq!(status(replays.take(&[1; 32], NOW - MAX_SKEW_S, NOW)), 200);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut replays = Replays::default();
        let enc = |i: usize| {
            let bytes = (i as u128).to_be_bytes();
            [bytes, bytes].concat().try_into().unwrap()
        };
        for i in 0..MOST {
            replays.take(&enc(i), NOW, NOW).unwrap();
        }
        assert_eq!(status(replays.take(&enc(MOST), NOW, NOW)), 503);
        let later = NOW + GENERATION_S;
        assert_eq!(status(replays.take(&enc(MOST), later, later)), 200);
    }
}
