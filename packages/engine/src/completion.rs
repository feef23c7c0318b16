//! OpenAI's text-completion request (<https://platform.openai.com/docs/api-reference/completions>), the
//! older way to make a model go on with a text.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::json_body::{bad, check_model, read_valid, to_body};
use crate::{EngineError, Input, Stop};

/// Tokens of an answer when the client does not say (OpenAI's default).
const DEFAULT_MAX_TOKENS: u64 = 16;
/// Most prompts of one request.
const MAX_PROMPTS: usize = 64;
/// Most probabilities per token.
const MAX_LOGPROBS: u32 = 20;

/// A request. Fields that are not named here are kept in `extra`.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct CompletionRequest {
    /// Id of the model.
    pub model: String,
    /// What the answers go on with; each prompt gets its own.
    pub prompt: Input,
    /// What comes after the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suffix: Option<String>,
    /// Most tokens of each answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u64>,
    /// 0 (always the likeliest token) to 2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// Sample from the likeliest tokens that together have this probability, above 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top_p: Option<f64>,
    /// Strings that end an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop: Option<Stop>,
    /// Answers per prompt, 1 if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub n: Option<u32>,
    /// Probabilities of this many tokens beside each one of the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logprobs: Option<u32>,
    /// Whether the prompt is repeated before the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub echo: Option<bool>,
    /// Whether the client wants server-sent events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<bool>,
    /// Everything else.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl CompletionRequest {
    /// Parses and validates the body of a request.
    ///
    /// # Errors
    /// [`EngineError::BadRequest`] naming the field and its limit.
    pub fn from_json(body: &[u8]) -> Result<Self, EngineError> {
        read_valid(body, Self::validate)
    }

    fn validate(&self) -> Result<(), EngineError> {
        check_model(&self.model)?;
        self.prompt.validate("prompt", MAX_PROMPTS)?;
        if self.max_tokens == Some(0) {
            return Err(bad("max_tokens", "is 0, limit at least 1"));
        }
        if self.n == Some(0) {
            return Err(bad("n", "is 0, limit at least 1"));
        }
        if self.logprobs.is_some_and(|count| count > MAX_LOGPROBS) {
            return Err(bad("logprobs", format!("limit {MAX_LOGPROBS}")));
        }
        // With `logprobs`, an echo makes an engine work out what no token count shows.
        if self.echo == Some(true) {
            return Err(bad("echo", "is not offered here"));
        }
        crate::sampling::check_sampling(self.temperature, self.top_p)?;
        crate::sampling::check_stops(self.stop.as_ref().map_or(&[], Stop::as_slice))
    }

    /// Most tokens of each answer.
    pub fn output_limit(&self) -> u64 {
        self.max_tokens.unwrap_or(DEFAULT_MAX_TOKENS)
    }

    /// Number of answers, over all prompts.
    pub fn choices(&self) -> u32 {
        let prompts = u32::try_from(self.prompt.items()).unwrap_or(u32::MAX);
        self.n.unwrap_or(1).saturating_mul(prompts)
    }

    /// Most tokens that the prompts can have in a model with a context of `context` tokens.
    pub fn prompt_bound(&self, context: u64) -> u64 {
        let suffix = self.suffix.as_ref().map_or(0, |text| text.len() as u64);
        let bounds = self.prompt.bounds();
        let bounds = bounds.map(|bound| bound.saturating_add(suffix).min(context));
        bounds.fold(0, u64::saturating_add)
    }

    /// Whether the client wants server-sent events.
    pub fn is_stream(&self) -> bool {
        self.stream.unwrap_or(false)
    }

    /// The request as a server gets it: its answers are bounded, by the default if by nothing else, and a
    /// stream ends with its usage.
    ///
    /// # Errors
    /// None for a request that came as JSON.
    pub fn into_body(mut self, max_tokens: Option<u64>) -> Result<bytes::Bytes, EngineError> {
        self.max_tokens = Some(max_tokens.unwrap_or_else(|| self.output_limit()));
        let stream = self.is_stream();
        self.stream = Some(stream);
        if stream {
            let options = serde_json::json!({ "include_usage": true });
            self.extra.insert("stream_options".into(), options);
        } else {
            self.extra.remove("stream_options");
        }
        to_body(&self)
    }
}

impl std::fmt::Debug for CompletionRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CompletionRequest")
            .field("model", &self.model)
            .field("prompts", &self.prompt.items())
            .finish_non_exhaustive()
    }
}
