//! Secret randomness: the chain's, per call, and what is derived from it.

use cosmwasm_std::{Env, StdError, StdResult};

use crate::sha256;

/// 32 random bytes of this call that nobody outside of the enclave knows. `label` separates uses.
/// Fails in queries, which have none.
pub fn random(env: &Env, label: &str) -> StdResult<[u8; 32]> {
    let seed = env.block.random.as_ref();
    let seed = seed.ok_or_else(|| StdError::generic_err("env.block.random: missing"))?;
    Ok(sha256(&[b"secret-ai/random/1", seed, label.as_bytes()]))
}

/// A deterministic stream of random numbers from a seed.
pub struct Stream {
    seed: [u8; 32],
    counter: u64,
}

impl Stream {
    pub fn new(seed: [u8; 32]) -> Self {
        Stream { seed, counter: 0 }
    }

    /// The next 32 bytes.
    pub fn next_bytes(&mut self) -> [u8; 32] {
        self.counter = self.counter.wrapping_add(1);
        sha256(&[&self.seed, &self.counter.to_be_bytes()])
    }

    /// A number below `bound` (0 if that is 0); the bias is below 2⁻⁶⁴ for bounds below 2⁶⁴.
    fn below(&mut self, bound: usize) -> usize {
        let bytes = self.next_bytes();
        let wide = bytes
            .iter()
            .take(16)
            .fold(0u128, |n, b| (n << 8) | u128::from(*b));
        let rest = wide.checked_rem(bound as u128).unwrap_or(0);
        usize::try_from(rest).unwrap_or(0)
    }

    /// A number below `bound`; 0 if that is 0.
    pub fn number(&mut self, bound: u64) -> u64 {
        let bound = usize::try_from(bound).unwrap_or(usize::MAX);
        u64::try_from(self.below(bound)).unwrap_or(0)
    }

    /// Takes one item out; `None` if there are none. Changes the order of the others.
    pub fn pick<T>(&mut self, items: &mut Vec<T>) -> Option<T> {
        let place = self.below(items.len());
        (place < items.len()).then(|| items.swap_remove(place))
    }

    /// Shuffles in place (Fisher and Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let other = self.below(last.saturating_add(1));
            items.swap(last, other);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn picks_each_item_once_and_then_none() {
        let mut stream = Stream::new([7; 32]);
        let mut items = vec![1, 2, 3];
        let mut picked: Vec<_> = (0..3).filter_map(|_| stream.pick(&mut items)).collect();
        picked.sort_unstable();
        assert_eq!((picked, stream.pick(&mut items)), (vec![1, 2, 3], None));
    }

    #[test]
    fn shuffle_is_a_fair_permutation() {
        let mut stream = Stream::new([7; 32]);
        let mut firsts = [0u32; 4];
        for _ in 0..4_000 {
            let mut items = [0, 1, 2, 3];
            stream.shuffle(&mut items);
            let mut sorted = items;
            sorted.sort_unstable();
            assert_eq!(sorted, [0, 1, 2, 3]);
            firsts[items[0]] += 1;
        }
        assert!(
            firsts.iter().all(|n| (850..1_150).contains(n)),
            "{firsts:?}"
        );
    }
}
