//! From an engine's token counts to the units of a session's lines: pure.

use secret_ai_interface::billing::Line;
use secret_ai_interface::Unit;

use crate::usage::Usage;

/// Tokens that a request may use at most; what is billed never exceeds them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenLimit {
    pub prompt: u64,
    /// Over all choices.
    pub output: u64,
}

impl TokenLimit {
    /// Brings an engine's report inside the limit, and cached tokens inside the prompt: a request
    /// is never billed for more than was reserved, nor for less than nothing.
    pub fn clamp(&self, usage: Usage) -> Usage {
        let prompt_tokens = usage.prompt_tokens.min(self.prompt);
        Usage {
            prompt_tokens,
            cached_tokens: usage.cached_tokens.min(prompt_tokens),
            completion_tokens: usage.completion_tokens.min(self.output),
        }
    }
}

/// Which lines of a session count requests for one model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meter {
    lines: usize,
    input: usize,
    output: usize,
    cached: Option<usize>,
    request: Option<usize>,
    /// True if a cached token may cost more than another one.
    cached_is_dearer: bool,
}

impl Meter {
    /// Meter of chat requests for `model`; `Err` names the unit whose line is missing.
    pub fn new(lines: &[Line], model: &str) -> Result<Self, Unit> {
        let find = |unit| {
            lines
                .iter()
                .position(|l| l.model == model && l.unit == unit)
        };
        let rate = |at: usize| lines.get(at).map_or(0, |line| line.rate);
        let input = find(Unit::Input).ok_or(Unit::Input)?;
        let cached = find(Unit::CachedInput);
        Ok(Meter {
            lines: lines.len(),
            input,
            output: find(Unit::Output).ok_or(Unit::Output)?,
            cached,
            request: find(Unit::Request),
            cached_is_dearer: cached.is_some_and(|at| rate(at) > rate(input)),
        })
    }

    /// Units of the dearest request inside the limit.
    pub fn worst(&self, limit: TokenLimit) -> Vec<u64> {
        self.units(Usage {
            prompt_tokens: limit.prompt,
            cached_tokens: if self.cached_is_dearer {
                limit.prompt
            } else {
                0
            },
            completion_tokens: limit.output,
        })
    }

    /// Units of a request that used this much: one per line of the session, 0 for lines of other
    /// models. Cached tokens are not charged in a session without a line for them.
    pub fn units(&self, usage: Usage) -> Vec<u64> {
        let cached = usage.cached_tokens.min(usage.prompt_tokens);
        let mut units = vec![0; self.lines];
        let mut set = |at: usize, count: u64| {
            if let Some(unit) = units.get_mut(at) {
                *unit = count;
            }
        };
        set(self.input, usage.prompt_tokens.saturating_sub(cached));
        set(self.output, usage.completion_tokens);
        if let Some(at) = self.cached {
            set(at, cached);
        }
        if let Some(at) = self.request {
            set(at, 1);
        }
        units
    }
}
