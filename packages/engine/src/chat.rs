//! The OpenAI chat-completions request, as far as the agent and the engines look into it.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{json, Map, Value};

use crate::json_body::{bad, check_model, read_valid, to_body};
use crate::sampling::{check_sampling, check_stops};
use crate::{ChatMessage, EngineError};

/// Most messages in one request.
const MAX_MESSAGES: usize = 4_096;

/// A chat-completions request (<https://platform.openai.com/docs/api-reference/chat>). Fields that are not
/// named here are kept in `extra` and go to an upstream unchanged.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct ChatRequest {
    /// Id of the model.
    pub model: String,
    /// The conversation, oldest first.
    pub messages: Vec<ChatMessage>,
    /// Most tokens of the answer; the older name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u64>,
    /// Most tokens of the answer; the newer name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_completion_tokens: Option<u64>,
    /// 0 (always the likeliest token) to 2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// Sample from the likeliest tokens that together have this probability, above 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top_p: Option<f64>,
    /// Makes sampling repeatable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<i64>,
    /// Strings that end the answer; they are not part of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop: Option<Stop>,
    /// Number of answers, 1 if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub n: Option<u32>,
    /// Whether the client wants server-sent events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<bool>,
    /// Everything else.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// OpenAI's `stop`: one string or several.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Stop {
    /// `"stop": "x"`
    One(String),
    /// `"stop": ["x", "y"]`
    Many(Vec<String>),
}

impl Stop {
    /// The strings, in order.
    pub fn as_slice(&self) -> &[String] {
        match self {
            Self::One(text) => std::slice::from_ref(text),
            Self::Many(texts) => texts,
        }
    }
}

impl ChatRequest {
    /// A request with one user message and nothing else set.
    pub fn from_user(model: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            model: model.into(),
            messages: vec![ChatMessage::new("user", text)],
            max_tokens: None,
            max_completion_tokens: None,
            temperature: None,
            top_p: None,
            seed: None,
            stop: None,
            n: None,
            stream: None,
            extra: Map::new(),
        }
    }

    /// Parses and validates the body of a request.
    ///
    /// # Errors
    /// As [`crate::from_json`], and for a field outside its limits.
    pub fn from_json(body: &[u8]) -> Result<Self, EngineError> {
        read_valid(body, Self::validate)
    }

    /// Checks every field against its limits.
    ///
    /// # Errors
    /// [`EngineError::BadRequest`] naming the field, its value and the limit.
    pub fn validate(&self) -> Result<(), EngineError> {
        check_model(&self.model)?;
        if self.messages.is_empty() || self.messages.len() > MAX_MESSAGES {
            let count = self.messages.len();
            return Err(bad(
                "messages",
                format!("{count} messages, limit 1 to {MAX_MESSAGES}"),
            ));
        }
        for message in &self.messages {
            message.validate()?;
        }
        if self.max_tokens == Some(0) {
            return Err(bad("max_tokens", "is 0, limit at least 1"));
        }
        if self.max_completion_tokens == Some(0) {
            return Err(bad("max_completion_tokens", "is 0, limit at least 1"));
        }
        check_sampling(self.temperature, self.top_p)?;
        if self.n == Some(0) {
            return Err(bad("n", "is 0, limit at least 1"));
        }
        check_stops(self.stops())
    }

    /// Most tokens of each answer that the client allows: the smaller of `max_tokens` and
    /// `max_completion_tokens`, `None` if neither is given.
    pub fn output_limit(&self) -> Option<u64> {
        match (self.max_tokens, self.max_completion_tokens) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }

    /// Strings that end the answer; none if the request has none.
    pub fn stops(&self) -> &[String] {
        self.stop.as_ref().map_or(&[], Stop::as_slice)
    }

    /// Number of answers asked for.
    pub fn choices(&self) -> u32 {
        self.n.unwrap_or(1)
    }

    /// Whether the client wants server-sent events.
    pub fn is_stream(&self) -> bool {
        self.stream.unwrap_or(false)
    }

    /// The request as a server gets it: its answer is bounded by `max_tokens` (the name that all
    /// servers know) if a bound is given, and a stream ends with its usage whatever the client asked
    /// for, because the bill depends on it.
    ///
    /// # Errors
    /// None for a request that came as JSON.
    pub fn into_body(mut self, max_tokens: Option<u64>) -> Result<Bytes, EngineError> {
        self.max_completion_tokens = None;
        self.max_tokens = max_tokens;
        let stream = self.is_stream();
        self.stream = Some(stream);
        if stream {
            let options = json!({ "include_usage": true });
            self.extra.insert("stream_options".into(), options);
        } else {
            self.extra.remove("stream_options");
        }
        to_body(&self)
    }
}

impl std::fmt::Debug for ChatRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ChatRequest")
            .field("model", &self.model)
            .field("messages", &self.messages.len())
            .field("max_tokens", &self.output_limit())
            .field("stream", &self.is_stream())
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Stop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Stop({} strings)", self.as_slice().len())
    }
}
