//! From what a request used to the units of a session's lines: pure.

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
        let cached_tokens = usage.cached_tokens.min(prompt_tokens);
        Usage {
            prompt_tokens,
            cached_tokens,
            audio_tokens: usage
                .audio_tokens
                .min(prompt_tokens.saturating_sub(cached_tokens)),
            completion_tokens: usage.completion_tokens.min(self.output),
        }
    }
}

/// What a request used, by class. The classes are disjoint (docs/counting.md).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Tokens of the prompt that did not come from a cache.
    pub input: u64,
    /// Tokens of the prompt that did.
    pub cached_input: u64,
    /// Tokens produced, reasoning included.
    pub output: u64,
    /// Pictures: of up to 1024 × 1024 pixels where they are produced, of any size in a prompt.
    pub image: u64,
    /// Milliseconds of sound, taken in or produced.
    pub audio_ms: u64,
    /// Tokens that were embedded.
    pub embedding: u64,
}

impl Counts {
    /// The count of one class. A request is one request.
    pub fn of(&self, unit: Unit) -> u64 {
        match unit {
            Unit::Input => self.input,
            Unit::CachedInput => self.cached_input,
            Unit::Output => self.output,
            Unit::Image => self.image,
            Unit::AudioMs => self.audio_ms,
            Unit::Embedding => self.embedding,
            Unit::Request => 1,
        }
    }

    /// Brings what was used inside what was allowed.
    #[must_use]
    pub fn within(self, limit: &Counts) -> Counts {
        Counts {
            input: self.input.min(limit.input),
            cached_input: self.cached_input.min(limit.cached_input),
            output: self.output.min(limit.output),
            image: self.image.min(limit.image),
            audio_ms: self.audio_ms.min(limit.audio_ms),
            embedding: self.embedding.min(limit.embedding),
        }
    }
}

/// What chats and text completions cannot do without.
const TEXT: &[Unit] = &[Unit::Input, Unit::Output];

/// Which lines of a session count requests for one model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meter {
    /// One per line of the session: what it counts; `None` if it is another model's.
    lines: Vec<Option<Unit>>,
    /// True if a cached token may cost more than another one.
    cached_is_dearer: bool,
    /// Pictures that come with the prompt, counted with every answer.
    pictures: u64,
    /// Milliseconds of sound, likewise.
    audio_ms: u64,
}

impl Meter {
    /// Meter of requests for text; `Err` names the unit whose line is missing.
    pub fn new(lines: &[Line], model: &str) -> Result<Self, Unit> {
        Self::of(lines, model, TEXT)
    }

    /// Meter of requests that cannot do without lines for `units`; `Err` names the one that is missing.
    pub fn of(lines: &[Line], model: &str, units: &[Unit]) -> Result<Self, Unit> {
        let rate = |unit| {
            let line = lines.iter().find(|l| l.model == model && l.unit == unit);
            line.map(|line| line.rate)
        };
        if let Some(missing) = units.iter().find(|unit| rate(**unit).is_none()) {
            return Err(*missing);
        }
        let of_model = |line: &Line| (line.model == model).then_some(line.unit);
        Ok(Meter {
            lines: lines.iter().map(of_model).collect(),
            cached_is_dearer: rate(Unit::CachedInput) > rate(Unit::Input),
            pictures: 0,
            audio_ms: 0,
        })
    }

    /// Whether the session has a line for this unit of the model.
    pub fn has(&self, unit: Unit) -> bool {
        self.lines.contains(&Some(unit))
    }

    /// Counts what comes with the prompt, too.
    #[must_use]
    pub fn with(mut self, pictures: u64, audio_ms: u64) -> Self {
        self.pictures = pictures;
        self.audio_ms = audio_ms;
        self
    }

    /// Units of these counts: one per line of the session, 0 for lines of other models. What has no line
    /// is not charged.
    pub fn count(&self, counts: &Counts) -> Vec<u64> {
        let of_line = |unit: &Option<Unit>| unit.map_or(0, |unit| counts.of(unit));
        self.lines.iter().map(of_line).collect()
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
            audio_tokens: 0,
            completion_tokens: limit.output,
        })
    }

    /// Units of a request for text that used this much.
    pub fn units(&self, usage: Usage) -> Vec<u64> {
        let cached_input = usage.cached_tokens.min(usage.prompt_tokens);
        // Sound that is counted by its length is not counted again by its tokens.
        let audio = if self.audio_ms > 0 {
            usage.audio_tokens
        } else {
            0
        };
        let input = usage.prompt_tokens.saturating_sub(cached_input);
        self.count(&Counts {
            input: input.saturating_sub(audio),
            cached_input,
            output: usage.completion_tokens,
            image: self.pictures,
            audio_ms: self.audio_ms,
            embedding: 0,
        })
    }
}
