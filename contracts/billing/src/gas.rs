//! SDK gas to which each class of messages is evaporated: what `check_gas` shows at the end of a
//! call, held write gas included (contract-kit's `flat_gas`). A class is a kind of message and
//! counts that everybody sees. Measured on the wasm with the dearest messages of a class, with some
//! room; `tests/tests/two_worlds.rs` shows that it suffices.

/// `receive` with a deposit.
pub const DEPOSIT: u64 = 2_300;
/// `settle`.
pub const SETTLE: u64 = 7_900;
/// `finalize` when nothing waits.
pub const FINALIZE_NOTHING: u64 = 2_000;
/// `close_session`.
pub const CLOSE_SESSION: u64 = 4_100;
/// `withdraw`.
pub const WITHDRAW: u64 = 2_000;
/// `payout`.
pub const PAYOUT: u64 = 2_000;
/// What concerns the sender's own rights: viewing keys, permits, the notification seed.
pub const RIGHTS: u64 = 3_500;

/// `open_sessions`.
pub fn open_sessions(sessions: usize) -> u64 {
    linear(1_800, 7_400, sessions)
}

/// `receive` with a deposit and sessions to open.
pub fn deposit_and_open(sessions: usize) -> u64 {
    linear(3_100, 7_500, sessions)
}

/// `reclaim`.
pub fn reclaim(sessions: usize) -> u64 {
    linear(1_500, 3_200, sessions)
}

/// `finalize`, by the sessions that it touches and the pages that it reads.
pub fn finalize(limit: u32, pages: u64) -> u64 {
    let touched = u64::from(limit).saturating_mul(3_700);
    let read = pages.saturating_mul(1_700);
    touched.saturating_add(read).saturating_add(7_000)
}

fn linear(base: u64, each: u64, count: usize) -> u64 {
    let count = u64::try_from(count).unwrap_or(u64::MAX);
    each.saturating_mul(count).saturating_add(base)
}
