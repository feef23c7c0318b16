//! What is known of an answer while it comes, and what it comes to in the end.

use std::time::Instant;

use secret_ai_engine::{ChatRequest, Engine, Tokens};
use serde_json::Value;

use crate::apart::SHORT_TEXT;
use crate::count::TokenLimit;
use crate::events::{append_text, choices, data, piece, read, says_something};
use crate::usage::{Report, Usage};
use crate::words::{Event, Figures};

/// Bytes of text that make a token, as a rule of thumb for what nobody has counted.
const BYTES_PER_TOKEN: u64 = 4;
/// Tokens that a chat template adds to each message, likewise.
const TOKENS_PER_MESSAGE: u64 = 8;

/// What a request has taken so far.
pub struct Tally {
    /// When the request came.
    arrived: Instant,
    /// When the engine was asked.
    asked: Instant,
    /// When its first piece came.
    first: Option<Instant>,
    /// Pieces that carried something. Servers send at least one token in each.
    pieces: u64,
    /// What they said, if the engine can count it.
    text: Option<String>,
    report: Option<Report>,
    /// Pieces that had come when the engine reported.
    reported: u64,
}

/// Whom to ask about the tokens of an answer.
pub struct Counter<'a> {
    pub engine: &'a dyn Engine,
    pub model: &'a str,
    /// Tokens of the prompt, or the bound of them.
    pub prompt: Tokens,
    /// Tokens of the prompt by a rule of thumb.
    pub guess: u64,
    pub limit: TokenLimit,
}

impl Tally {
    /// Of an engine that is asked now. `keep_text`: it can count text.
    pub fn start(arrived: Instant, keep_text: bool) -> Self {
        Tally {
            arrived,
            asked: Instant::now(),
            first: None,
            pieces: 0,
            text: keep_text.then(String::new),
            report: None,
            reported: 0,
        }
    }

    /// Pieces that carried something.
    pub fn pieces(&self) -> u64 {
        self.pieces
    }

    /// Takes note of an event that goes to the client.
    pub fn event(&mut self, event: &Event) {
        let chunk = event.chunk.as_ref();
        let says = chunk.is_none_or(|chunk| choices(chunk).iter().any(says_something));
        if !says {
            return;
        }
        self.first.get_or_insert_with(Instant::now);
        self.pieces = self.pieces.saturating_add(1);
        if let Some(text) = &mut self.text {
            let own = || read(&data(&event.raw)?).ok();
            let read = chunk.is_none().then(own).flatten();
            for choice in chunk.or(read.as_ref()).map_or(&[][..], choices) {
                append_text(text, piece(choice));
            }
        }
    }

    /// Takes note of a plain answer.
    pub fn whole(&mut self, answer: &Value) {
        self.first.get_or_insert_with(Instant::now);
        let mut text = String::new();
        for choice in choices(answer) {
            append_text(&mut text, piece(choice));
        }
        self.pieces = (text.len() as u64).div_ceil(BYTES_PER_TOKEN);
        self.text = Some(text);
    }

    /// Takes note of the engine's count of all that has come.
    pub fn report(&mut self, report: Report) {
        self.report = Some(report);
        self.reported = self.pieces;
    }

    /// Whether there is a long text to count.
    pub fn is_long(&self) -> bool {
        let text = self.text.as_ref();
        text.is_some_and(|text| text.len() > SHORT_TEXT) && self.counted().is_none()
    }

    /// The engine's count of what was said. Something was said: that it took no token is no count. More was
    /// said since: nor is that one.
    fn counted(&self) -> Option<u64> {
        let counted = self.report.as_ref().and_then(|report| report.completion);
        let is_whole = self.reported == self.pieces;
        counted.filter(|count| is_whole && (*count > 0 || self.pieces == 0))
    }

    /// What an answer took that ends now: the engine's count, where it makes sense, or this agent's;
    /// never more than was reserved.
    pub fn figures(&mut self, counter: &Counter) -> Figures {
        let completion = self.counted();
        let report = self.report.take();
        let prompt = report.as_ref().and_then(|report| report.prompt);
        let counted = report.as_ref().and_then(|report| report.completion);
        let own_prompt = if counter.prompt.exact {
            counter.prompt.count
        } else {
            counter.guess.min(counter.prompt.count)
        };
        // Some servers report no prompt when all of it was in their cache.
        let prompt = prompt.filter(|count| *count > 0 || own_prompt == 0);
        let said = Usage {
            prompt_tokens: prompt.unwrap_or(own_prompt),
            cached_tokens: report.as_ref().map_or(0, |report| report.cached),
            audio_tokens: report.as_ref().map_or(0, |report| report.audio),
            completion_tokens: completion
                .unwrap_or_else(|| self.completion(counter).max(counted.unwrap_or(0))),
        };
        let usage = counter.limit.clamp(said);
        let estimated = prompt.is_none() || completion.is_none();
        let (now, asked) = (Instant::now(), self.asked);
        let first = self.first.unwrap_or(now);
        Figures {
            usage,
            estimated,
            corrected: usage != said,
            report: report
                .map(|report| report.raw)
                .filter(|_| usage == said && !estimated),
            total: now.duration_since(self.arrived),
            load: asked.duration_since(self.arrived),
            prompt: first.duration_since(asked),
            output: now.duration_since(first),
        }
    }

    /// Tokens of what was said.
    fn completion(&self, counter: &Counter) -> u64 {
        let text = self.text.as_deref().filter(|text| !text.is_empty());
        let counted = text.and_then(|text| counter.engine.count_text(counter.model, text));
        counted.unwrap_or(self.pieces)
    }
}

/// Tokens of a prompt by a rule of thumb.
pub fn guess_prompt(request: &ChatRequest) -> u64 {
    let markers = TOKENS_PER_MESSAGE.saturating_mul(request.messages.len() as u64);
    guess_tokens(prompt_bytes(request)).saturating_add(markers)
}

/// Bytes of a prompt's texts.
pub fn prompt_bytes(request: &ChatRequest) -> u64 {
    let bytes = request.messages.iter().map(|m| text_bytes(&m.content));
    bytes.fold(0, u64::saturating_add)
}

/// Tokens of a text of `bytes` by a rule of thumb.
pub fn guess_tokens(bytes: u64) -> u64 {
    bytes.div_ceil(BYTES_PER_TOKEN)
}

fn text_bytes(content: &Value) -> u64 {
    match content {
        Value::String(text) => text.len() as u64,
        Value::Array(parts) => parts
            .iter()
            .filter_map(|part| part.get("text")?.as_str())
            .map(|text| text.len() as u64)
            .fold(0, u64::saturating_add),
        _ => 0,
    }
}
