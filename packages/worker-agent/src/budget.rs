//! How long an answer may be: what the client asked for, what the model's context leaves, what the
//! client wants to spend at most, and what the session can still pay.

use secret_ai_engine::Tokens;
use snafu::Snafu;

use crate::count::{Meter, TokenLimit};
use crate::ledger::{Ledger, Reservation, Shortage};

/// Shortest answer that is worth starting when the client did not say how long it may be, tokens.
pub const LEAST_OUTPUT: u64 = 16;

/// What decides about the length of an answer.
#[derive(Clone, Copy, Debug)]
pub struct Wish {
    /// Tokens of the prompt, or a bound of them.
    pub prompt: Tokens,
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
    /// Tokens of each answer, to be told to the engine; `None` if the model's context alone ends it.
    pub max_tokens: Option<u64>,
}

/// Why a request is not started.
#[derive(Clone, Debug, Snafu, PartialEq, Eq)]
pub enum Refusal {
    #[snafu(transparent)]
    Session { source: Shortage },
    #[snafu(display("x-max-charge: {needed} base units needed at most, {available} allowed"))]
    MaxCharge { needed: u128, available: u128 },
}

/// Bytes that make a token of most texts: a bound of a prompt's tokens counts its bytes.
const BYTES_PER_TOKEN: u64 = 4;
/// The same for texts with unusually many tokens.
const FEW_BYTES_PER_TOKEN: u64 = 2;

/// What the model's context leaves for each answer, tokens.
struct Room {
    /// Prompt, at most.
    prompt: u64,
    /// Answer, at most.
    longest: u64,
    /// Answer that fits beside nearly every prompt with this bound.
    likely: u64,
    context: u64,
}

impl Room {
    fn new(wish: &Wish) -> Self {
        let Wish {
            prompt, context, ..
        } = *wish;
        // A prompt's count may be an upper bound: whether it really fits is the engine's to say.
        let most = prompt.count.min(context);
        let least = LEAST_OUTPUT.min(context);
        let beside = |prompt: u64| context.saturating_sub(prompt).max(least);
        let (longest, likely) = if prompt.exact {
            (beside(most), beside(most))
        } else {
            let of_bound = |bytes: u64| beside((prompt.count / bytes).min(context));
            (of_bound(BYTES_PER_TOKEN), of_bound(FEW_BYTES_PER_TOKEN))
        };
        Room {
            prompt: most,
            longest,
            likely,
            context,
        }
    }

    /// The dearer of the two ways to fill the context: with as much prompt or as much answer as can
    /// be. Prompt and each of the answers have room in it together.
    fn worst(&self, meter: &Meter, ledger: &Ledger, choices: u32, max_tokens: u64) -> Vec<u64> {
        let units = |prompt: u64, answer: u64| {
            meter.worst(TokenLimit {
                prompt,
                output: answer.saturating_mul(choices.into()),
            })
        };
        let beside = |tokens: u64| self.context.saturating_sub(tokens);
        let answer = max_tokens.min(beside(self.prompt).max(LEAST_OUTPUT.min(max_tokens)));
        let much_prompt = units(self.prompt, answer);
        let much_answer = units(self.prompt.min(beside(max_tokens)), max_tokens);
        let price = |units: &[u64]| ledger.price(units).unwrap_or(u128::MAX);
        if price(&much_prompt) >= price(&much_answer) {
            much_prompt
        } else {
            much_answer
        }
    }
}

/// Reserves the worst case of a request. Without `max_tokens` the longest answer that can be paid
/// is allowed; `max_charge` shortens an answer, the session's means never shorten one that the
/// client has asked for.
///
/// # Errors
/// [`Refusal`], if not even the shortest answer can be paid; nothing is reserved then.
pub fn reserve(ledger: &mut Ledger, meter: &Meter, wish: &Wish) -> Result<Budget, Refusal> {
    let room = Room::new(wish);
    let wanted = wish.max_tokens.unwrap_or(room.longest);
    let longest = wanted.min(wish.context).max(1);
    let shortest = longest.min(LEAST_OUTPUT);
    let units = |max_tokens: u64| match wish.max_tokens {
        // As the client has asked for it, which the engine may refuse.
        Some(_) => meter.worst(TokenLimit {
            prompt: room.prompt,
            output: max_tokens.saturating_mul(wish.choices.into()),
        }),
        None => room.worst(meter, ledger, wish.choices, max_tokens),
    };

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
    let payable = match wish.max_tokens {
        Some(_) => affordable,
        None => {
            largest(shortest, affordable, |t| ledger.check(&units(t)).is_ok()).unwrap_or(shortest)
        }
    };
    let is_free = wish.max_tokens.is_none() && !wish.prompt.exact && payable == longest;
    let told = match wish.max_tokens {
        Some(_) => payable,
        None => payable.min(room.likely),
    };
    let max_tokens = if is_free { payable } else { told };
    let held = units(max_tokens);
    let reservation = ledger.reserve(held)?;
    Ok(Budget {
        reservation,
        limit: TokenLimit {
            prompt: room.prompt,
            output: max_tokens.saturating_mul(wish.choices.into()),
        },
        max_tokens: (!is_free).then_some(max_tokens),
    })
}

/// Reserves `units`, one per line, the most that a request can use.
///
/// # Errors
/// [`Refusal`]; nothing is reserved then.
pub fn reserve_units(
    ledger: &mut Ledger,
    units: Vec<u64>,
    max_charge: Option<u128>,
) -> Result<Reservation, Refusal> {
    let needed = ledger.price(&units).unwrap_or(u128::MAX);
    if let Some(available) = max_charge.filter(|available| needed > *available) {
        return Err(Refusal::MaxCharge { needed, available });
    }
    Ok(ledger.reserve(units)?)
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
