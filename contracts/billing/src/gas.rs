//! SDK gas to which each class of messages is evaporated: what `check_gas` shows at the end of a
//! call, held write gas included (contract-kit's `flat_gas`). A class is a kind of message and
//! counts that everybody sees. `tests/tests/two_worlds.rs` proves that the targets suffice.

/// `receive` with a deposit.
pub const DEPOSIT: u64 = 10_000;
/// `settle`.
pub const SETTLE: u64 = 20_000;
/// `finalize` when nothing waits.
pub const FINALIZE_NOTHING: u64 = 10_000;
/// `close_session`.
pub const CLOSE_SESSION: u64 = 10_000;
/// `withdraw`.
pub const WITHDRAW: u64 = 10_000;
/// `payout`.
pub const PAYOUT: u64 = 10_000;

/// `open_sessions`.
pub fn open_sessions(sessions: usize) -> u64 {
    linear(10_000, 10_000, sessions)
}

/// `receive` with a deposit and sessions to open.
pub fn deposit_and_open(sessions: usize) -> u64 {
    linear(10_000, 10_000, sessions)
}

/// `reclaim`.
pub fn reclaim(sessions: usize) -> u64 {
    linear(10_000, 10_000, sessions)
}

/// `finalize`, by the sessions that it touches and the pages of the cohort.
pub fn finalize(limit: u32, pages: u64) -> u64 {
    let touched = u64::from(limit).saturating_mul(10_000);
    let read = pages.saturating_mul(1_000);
    touched.saturating_add(read).saturating_add(10_000)
}

fn linear(base: u64, each: u64, count: usize) -> u64 {
    let count = u64::try_from(count).unwrap_or(u64::MAX);
    each.saturating_mul(count).saturating_add(base)
}
