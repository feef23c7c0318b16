//! Which of two members is the better choice.

use std::cmp::Ordering;

/// What the choice looks at; less is better.
#[derive(Debug, Clone, Copy)]
pub(super) struct Load {
    /// It has just said that it is too busy.
    pub(super) rests: bool,
    /// Requests in progress.
    pub(super) in_flight: usize,
    /// Most requests in progress.
    pub(super) max_requests: usize,
    /// Places until its turn among equals.
    pub(super) distance: usize,
}

impl Load {
    /// Whether it may have no more requests.
    pub(super) fn is_full(&self) -> bool {
        self.in_flight >= self.max_requests
    }
}

impl Ord for Load {
    fn cmp(&self, other: &Self) -> Ordering {
        // a / A < b / B as a * B < b * A.
        let share = |one: &Self, two: &Self| one.in_flight as u128 * two.max_requests as u128;
        self.rests
            .cmp(&other.rests)
            .then_with(|| share(self, other).cmp(&share(other, self)))
            .then_with(|| self.distance.cmp(&other.distance))
    }
}

impl PartialOrd for Load {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Load {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Load {}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(in_flight: usize, max_requests: usize, distance: usize) -> Load {
        Load {
            rests: false,
            in_flight,
            max_requests,
            distance,
        }
    }

    #[test]
    fn load_is_relative_then_turns_decide() {
        assert!(load(3, 100, 1) < load(1, 10, 0));
        assert!(load(2, 4, 0) < load(1, 2, 1));
        assert!(load(1, 2, 0) < load(2, 4, 1));
        assert!(load(usize::MAX, usize::MAX, 0) > load(1, 2, 1));
    }

    #[test]
    fn who_rests_comes_last_and_full_is_full() {
        let resting = Load {
            rests: true,
            ..load(0, 10, 0)
        };
        assert!(load(9, 10, 5) < resting);
        assert!(load(10, 10, 0).is_full() && !load(9, 10, 0).is_full());
    }
}
