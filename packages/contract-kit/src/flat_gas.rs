//! One amount of gas per class of messages (docs/privacy.md, rule P2).
//!
//! What a call computes depends a little on what it is told: digits, branches, how far a check gets.
//! A handler first names the gas that its class shall come to; when everything else is done, the
//! entry point ([`crate::entry`]) burns what is missing. Storage is not hidden by this: the chain
//! publishes its gas apart.
//!
//! The chain charges whole SDK gas, rounded down from CosmWasm gas (1,000 to 1), and `check_gas`
//! rounds likewise, so two calls a few CosmWasm gas apart can stand on two sides of a boundary.
//! `settle_up` therefore asks until the answer crosses one: then the hidden remainder is below what
//! one question adds to it, and the few instructions up to the end of the call stay on that side.

/// What a target must leave, in SDK gas, above the most that a class uses by itself: at most seven
/// questions of 8.3, and the least that can be burnt.
pub const MARGIN: u64 = 70;

/// Sets the gas of this call: the value of `check_gas` at its end, in SDK gas. It counts the gas
/// held for writes, which is given back to a call that succeeds. Call it first in a handler, before
/// anything can fail; the last value counts. A call that has used more is left as it is.
#[cfg(target_arch = "wasm32")]
pub fn target(sdk_gas: u64) {
    metered::TARGET.store(sdk_gas, core::sync::atomic::Ordering::Relaxed);
}

/// Outside of the chain nothing is metered.
#[cfg(not(target_arch = "wasm32"))]
pub fn target(_sdk_gas: u64) {}

/// Bytes of the execute message that this call was given, spaces included. Anybody sees them, so a
/// target may grow with them. 0 outside of the chain.
pub fn message_length() -> u64 {
    #[cfg(target_arch = "wasm32")]
    let length = metered::LENGTH
        .load(core::sync::atomic::Ordering::Relaxed)
        .into();
    #[cfg(not(target_arch = "wasm32"))]
    let length = 0;
    length
}

#[cfg(target_arch = "wasm32")]
pub(crate) use metered::{begin, settle_up};

#[cfg(target_arch = "wasm32")]
mod metered {
    use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};

    use cosmwasm_std::{Api, ExternalApi, StdResult};

    /// SDK gas; 0 leaves the call as it is. Every call has a memory of its own.
    pub static TARGET: AtomicU64 = AtomicU64::new(0);
    /// Bytes.
    pub static LENGTH: AtomicU32 = AtomicU32::new(0);
    /// Whole SDK gas of one `check_gas`, which costs 8,192 CosmWasm gas.
    const QUESTION: u64 = 8;
    /// Least SDK gas that `gas_evaporate` burns.
    const LEAST: u64 = 8;
    /// Questions after the first: each adds at least 192 CosmWasm gas to the remainder.
    const MOST_QUESTIONS: usize = 6;

    /// Notes the length of the message in a region of the host's: offset, capacity and length, 32
    /// bits each.
    pub fn begin(msg: u32) {
        // SAFETY: the host made the region by `allocate`, and the entry point has not taken it yet.
        let [_, _, length] = unsafe { *(msg as *const [u32; 3]) };
        LENGTH.store(length, Ordering::Relaxed);
    }

    /// Burns up to the target. Nothing whose cost varies may come after it.
    pub fn settle_up() {
        let target = TARGET.load(Ordering::Relaxed);
        if target == 0 || cfg!(feature = "leak-p2") {
            return;
        }
        let api = ExternalApi::new();
        let used = past_a_boundary(&api).unwrap_or(target);
        let missing = target.saturating_sub(used);
        if let (LEAST.., Ok(missing)) = (missing, u32::try_from(missing)) {
            // It fails only by ending the call.
            let _ = api.gas_evaporate(missing);
        }
    }

    /// SDK gas used, just after it has risen by one more than a question costs.
    fn past_a_boundary(api: &ExternalApi) -> StdResult<u64> {
        let mut used = api.check_gas()?;
        for _ in 0..MOST_QUESTIONS {
            let before = used;
            used = api.check_gas()?;
            if used.saturating_sub(before) > QUESTION {
                break;
            }
        }
        Ok(used)
    }
}
