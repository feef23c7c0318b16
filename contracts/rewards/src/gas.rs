//! SDK gas to which each class of messages is evaporated (contract-kit's `flat_gas`).

/// `claim`.
pub const CLAIM: u64 = 10_000;

/// `credit` of a cohort with this many operators.
pub fn credit(operators: usize) -> u64 {
    let operators = u64::try_from(operators).unwrap_or(u64::MAX);
    operators.saturating_mul(4_000).saturating_add(10_000)
}
