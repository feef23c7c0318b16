//! SDK gas to which each class of messages is evaporated (contract-kit's `flat_gas`): what
//! `check_gas` shows at the end of a call, held write gas included.

/// `claim`.
pub const CLAIM: u64 = 2_200;
/// What concerns the sender's own rights: viewing keys, permits, the notification seed.
pub const RIGHTS: u64 = 3_500;

/// `credit` of a cohort with this many operators.
pub fn credit(operators: usize) -> u64 {
    let operators = u64::try_from(operators).unwrap_or(u64::MAX);
    operators.saturating_mul(1_250).saturating_add(1_600)
}
