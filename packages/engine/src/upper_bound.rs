//! An upper bound of a prompt's tokens for engines whose tokenizer is not here.
//!
//! Tokenizers of today's language models work on bytes in the end: every token of a text stands for at
//! least one of its bytes. So a prompt never has more tokens than its messages, tools and other
//! templated fields have bytes, plus what the chat template writes around them. The JSON form of the
//! request holds all of those, and is longer than what any known template makes of them. Pictures and
//! sound are not bounded by their bytes (a link is short), so they are refused.

use std::io::{self, Write};

use crate::{ChatRequest, EngineError};

/// What a template may add once: a default system prompt, a date, the opening of the answer.
const PER_PROMPT: u64 = 256;
/// What a template may add around each message: role markers and separators.
const PER_MESSAGE: u64 = 32;

/// Upper bound of the prompt's tokens.
///
/// # Errors
/// Content that is not text.
pub(crate) fn prompt_tokens(request: &ChatRequest) -> Result<u64, EngineError> {
    for message in &request.messages {
        message.check_text()?;
    }
    let mut json = Length(0);
    serde_json::to_writer(&mut json, &(&request.messages, &request.extra)).map_err(|_| {
        EngineError::Protocol {
            reason: "the request cannot be written as json".into(),
        }
    })?;
    let messages = request.messages.len() as u64;
    Ok(PER_PROMPT
        .saturating_add(messages.saturating_mul(PER_MESSAGE))
        .saturating_add(json.0))
}

/// Counts what is written, bytes.
struct Length(u64);

impl Write for Length {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.saturating_add(bytes.len() as u64);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
