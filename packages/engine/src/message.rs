//! One message of a chat.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::json_body::bad;
use crate::EngineError;

/// One message of a conversation.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct ChatMessage {
    /// `system`, `user`, `assistant`, `tool`, …
    pub role: String,
    /// A string, a list of content parts, or null (an assistant's message with tool calls only).
    #[serde(default)]
    pub content: Value,
    /// Everything else, such as `name`, `tool_calls` and `tool_call_id`.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl ChatMessage {
    /// A message of text.
    pub fn new(role: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            role: role.into(),
            content: Value::String(text.into()),
            extra: Map::new(),
        }
    }

    /// The message's text: its string, or its text parts put together; empty for null.
    ///
    /// # Errors
    /// [`EngineError::BadRequest`] for a part that is not text.
    pub fn text(&self) -> Result<String, EngineError> {
        match &self.content {
            Value::Null => Ok(String::new()),
            Value::String(text) => Ok(text.clone()),
            Value::Array(parts) => parts.iter().map(text_of_part).collect(),
            _ => Err(bad(
                "messages.content",
                "is neither a string nor a list of parts",
            )),
        }
    }

    /// Whether the message is text only.
    ///
    /// # Errors
    /// As [`ChatMessage::text`].
    pub(crate) fn check_text(&self) -> Result<(), EngineError> {
        match &self.content {
            Value::Array(parts) => parts
                .iter()
                .try_for_each(|part| text_of_part(part).map(drop)),
            _ => self.validate(),
        }
    }

    /// Checks role and content.
    pub(crate) fn validate(&self) -> Result<(), EngineError> {
        if self.role.is_empty() || self.role.len() > 64 {
            let len = self.role.len();
            return Err(bad("messages.role", format!("{len} bytes, limit 1 to 64")));
        }
        match self.content {
            Value::Null | Value::String(_) | Value::Array(_) => Ok(()),
            _ => Err(bad(
                "messages.content",
                "is neither a string nor a list of parts",
            )),
        }
    }
}

fn text_of_part(part: &Value) -> Result<&str, EngineError> {
    match (
        part.get("type").and_then(Value::as_str),
        part.get("text").and_then(Value::as_str),
    ) {
        (Some("text"), Some(text)) => Ok(text),
        _ => Err(bad(
            "messages.content",
            "has a part that is not text; only text is counted here",
        )),
    }
}

impl std::fmt::Debug for ChatMessage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ChatMessage")
            .field("role", &self.role)
            .finish_non_exhaustive()
    }
}
