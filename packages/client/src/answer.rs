//! A streamed answer, event by event, up to the receipt that vouches for it.

use std::collections::VecDeque;

use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64::Engine;
use secret_ai_receipts::sha256;
use serde::Deserialize;
use serde_json::Value;

use crate::error::{ClientError, Result};
use crate::sse::{Event, Parser};
use crate::transport::Reply;
use crate::verify::Usage;

/// What a stream consists of.
pub enum Item {
    /// Part of the answer.
    Event(Event),
    /// What is said about it at the end.
    End(Proof),
}

/// What vouches for an answer, not verified yet.
pub struct Proof {
    /// SHA-256 of the answer as received, up to the receipt.
    pub response_sha256: [u8; 32],
    /// Usage, if the answer told it.
    pub usage: Option<Usage>,
    pub receipt: Vec<u8>,
    pub evidence: Vec<u8>,
}

#[derive(Deserialize)]
struct ReceiptEvent {
    receipt: String,
    evidence: String,
}

/// Reads a stream.
pub struct AnswerStream {
    reply: Reply,
    parser: Parser,
    ready: VecDeque<Event>,
    answered: Vec<u8>,
    usage: Option<Usage>,
    done: bool,
}

impl AnswerStream {
    /// Of a reply whose body are server-sent events.
    pub fn new(reply: Reply) -> Self {
        AnswerStream {
            reply,
            parser: Parser::default(),
            ready: VecDeque::new(),
            answered: Vec::new(),
            usage: None,
            done: false,
        }
    }

    /// The next event, or the end.
    ///
    /// # Errors
    /// The stream broke off, or is none.
    pub async fn next(&mut self) -> Result<Item> {
        let broken = || ClientError::verification("the answer broke off before its receipt");
        loop {
            if let Some(event) = self.ready.pop_front() {
                if event.name == "receipt" {
                    return self.end(&event).map(Item::End);
                }
                if self.done {
                    return Err(broken());
                }
                self.answered.extend_from_slice(&event.raw);
                self.done = event.data == "[DONE]";
                self.usage = usage_in(event.data.as_bytes()).or(self.usage);
                return Ok(Item::Event(event));
            }
            let bytes = self.reply.chunk().await?.ok_or_else(broken)?;
            let events = self.parser.push(&bytes);
            let events =
                events.map_err(|_| ClientError::verification("the answer is no event stream"))?;
            self.ready.extend(events);
        }
    }

    fn end(&self, event: &Event) -> Result<Proof> {
        let told: ReceiptEvent = serde_json::from_str(&event.data)
            .map_err(|_| ClientError::verification("receipt event: unreadable"))?;
        Ok(Proof {
            response_sha256: sha256(&self.answered),
            usage: self.usage,
            receipt: decode("receipt", &told.receipt)?,
            evidence: decode("evidence", &told.evidence)?,
        })
    }
}

/// `usage` of a JSON object, if it has one of that form.
pub fn usage_in(json: &[u8]) -> Option<Usage> {
    let mut object: Value = serde_json::from_slice(json).ok()?;
    serde_json::from_value(object.get_mut("usage")?.take()).ok()
}

/// Reads a receipt or evidence as it travels: base64url without padding.
///
/// # Errors
/// It is none.
pub fn decode(what: &str, text: &str) -> Result<Vec<u8>> {
    let bytes = URL_SAFE_NO_PAD.decode(text);
    bytes.map_err(|_| ClientError::verification(format!("{what}: unreadable")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_that_are_not_told_are_none() {
        let told = |details: &str| {
            let counts = r#""prompt_tokens":10,"completion_tokens":2"#;
            let usage = usage_in(format!(r#"{{"usage":{{{counts}{details}}}}}"#).as_bytes());
            usage.map(|usage| usage.prompt_tokens_details.cached_tokens)
        };
        for nothing in [
            "",
            r#","prompt_tokens_details":null"#,
            r#","prompt_tokens_details":{"cached_tokens":null,"audio_tokens":0}"#,
        ] {
            assert_eq!(told(nothing), Some(0), "{nothing}");
        }
        let some = r#","prompt_tokens_details":{"cached_tokens":4}"#;
        assert_eq!(told(some), Some(4));
        assert_eq!(told(r#","prompt_tokens_details":4"#), None);
    }
}
