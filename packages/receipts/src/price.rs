//! The one price formula of the product: contract, agent and client compute it with this code.

use thiserror::Error;

/// Units are priced per this many.
const UNITS_PER_RATE: u128 = 1_000_000;

/// One line's counter with its rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineCount {
    /// Units used.
    pub count: u64,
    /// Base units per 1,000,000 units.
    pub rate: u64,
}

/// A counter or rate is out of range.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{field}: {value} is not below 2^56")]
pub struct PriceError {
    pub field: &'static str,
    pub value: u64,
}

/// Price in base units: ⌈Σ countᵢ·rateᵢ / 10⁶⌉, rounded up once (docs/protocol.md, "Finalize").
/// Fails if a counter or rate is not below 2⁵⁶.
pub fn amount(lines: impl IntoIterator<Item = LineCount>) -> Result<u128, PriceError> {
    let mut sum = 0u128;
    for LineCount { count, rate } in lines {
        for (field, value) in [("counter", count), ("rate", rate)] {
            if value >= crate::MAX_COUNT {
                return Err(PriceError { field, value });
            }
        }
        // At most 8 products below 2^112 each: neither operation can saturate.
        sum = sum.saturating_add(u128::from(count).saturating_mul(u128::from(rate)));
    }
    Ok(sum.div_ceil(UNITS_PER_RATE))
}
