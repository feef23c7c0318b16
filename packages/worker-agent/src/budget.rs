//! How long an answer may be: what the client asked for, what the model's context leaves, what the
//! client wants to spend at most, and what the session can still pay.

use snafu::Snafu;

use crate::count::{Meter, TokenLimit};
use crate::ledger::{Ledger, Reservation, Shortage};

/// Shortest answer that is worth starting when the client did not say how long it may be, tokens.
pub const LEAST_OUTPUT: u64 = 16;

/// What decides about the length of an answer.
#[derive(Clone, Copy, Debug)]
pub struct Wish {
    /// Tokens of the prompt, at most.
    pub prompt: u64,
    /// Tokens that the model can take, prompt and answer together.
    pub context: u64,
    /// Tokens of each answer that the client allows.
    pub max_tokens: Option<u64>,
    /// Number of answers.
    pub choices: u32,
    /// Most that the client wants to pay for this request, base units.
    pub max_charge: Option<u128>,
}

/// What was set aside for a request.
#[derive(Debug)]
pub struct Budget {
    pub reservation: Reservation,
    pub limit: TokenLimit,
    /// Tokens of each answer.
    pub max_tokens: u64,
}

/// Why a request is not started.
#[derive(Clone, Debug, Snafu, PartialEq, Eq)]
pub enum Refusal {
    #[snafu(transparent)]
    Session { source: Shortage },
    #[snafu(display("x-max-charge: {needed} base units needed at most, {available} allowed"))]
    MaxCharge { needed: u128, available: u128 },
}

/// Reserves the worst case of a request. Without `max_tokens` the longest answer that can be paid
/// is allowed; `max_charge` shortens an answer, the session's means never shorten one that the
/// client has asked for.
///
/// # Errors
/// [`Refusal`], if not even the shortest answer can be paid; nothing is reserved then.
pub fn reserve(ledger: &mut Ledger, meter: &Meter, wish: &Wish) -> Result<Budget, Refusal> {
    // A prompt's count may be an upper bound: whether it really fits is the engine's to say.
    let prompt = wish.prompt.min(wish.context);
    let rest = wish
        .context
        .saturating_sub(prompt)
        .max(LEAST_OUTPUT.min(wish.context));
    let longest = wish.max_tokens.unwrap_or(rest).min(wish.context).max(1);
    let shortest = longest.min(LEAST_OUTPUT);
    let limit = |max_tokens: u64| TokenLimit {
        prompt,
        output: max_tokens.saturating_mul(wish.choices.into()),
    };
    let units = |max_tokens: u64| meter.worst(limit(max_tokens));

    let charge = |max_tokens: u64| ledger.price(&units(max_tokens)).unwrap_or(u128::MAX);
    let affordable = match wish.max_charge {
        None => longest,
        Some(available) => {
            largest(shortest, longest, |t| charge(t) <= available).ok_or_else(|| {
                Refusal::MaxCharge {
                    needed: charge(shortest),
                    available,
                }
            })?
        }
    };
    let max_tokens = match wish.max_tokens {
        Some(_) => affordable,
        None => {
            largest(shortest, affordable, |t| ledger.check(&units(t)).is_ok()).unwrap_or(shortest)
        }
    };
    let reservation = ledger.reserve(units(max_tokens))?;
    Ok(Budget {
        reservation,
        limit: limit(max_tokens),
        max_tokens,
    })
}

/// The largest number from `low` to `high` for which `fits` holds, if it holds for all smaller ones.
fn largest(low: u64, high: u64, fits: impl Fn(u64) -> bool) -> Option<u64> {
    if !fits(low) {
        return None;
    }
    let (mut good, mut beyond) = (low, high.saturating_add(1));
    while beyond - good > 1 {
        let middle = good + (beyond - good) / 2;
        if fits(middle) {
            good = middle;
        } else {
            beyond = middle;
        }
    }
    Some(good)
}
