//! What OpenAI-compatible servers send besides answers.

use serde_json::Value;

use crate::EngineError;

/// The `error.message` (or `message`) of an error body, at most 1,024 characters.
pub(super) fn error_message(json: &[u8]) -> String {
    let body: Value = serde_json::from_slice(json).unwrap_or_default();
    let message = body
        .pointer("/error/message")
        .or_else(|| body.pointer("/message"));
    message
        .and_then(Value::as_str)
        .unwrap_or_default()
        .chars()
        .take(1_024)
        .collect()
}

pub(super) fn protocol(reason: &str) -> EngineError {
    EngineError::Protocol {
        reason: reason.to_owned(),
    }
}
