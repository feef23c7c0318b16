//! What OpenAI-compatible servers send, as far as it is looked into.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{Delta, EngineError, Usage};

/// A chunk of a stream, or a whole plain answer (`message` instead of `delta`).
#[derive(Deserialize)]
pub(super) struct Answer {
    #[serde(default)]
    choices: Vec<Choice>,
    #[serde(default)]
    usage: Option<UsageJson>,
    /// Some servers report trouble in the middle of a stream this way.
    #[serde(default)]
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Choice {
    #[serde(default)]
    index: u32,
    #[serde(default, alias = "message")]
    delta: Option<Piece>,
    #[serde(default)]
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Piece {
    #[serde(default)]
    role: Option<String>,
    #[serde(default)]
    content: Option<String>,
    #[serde(flatten)]
    extra: Map<String, Value>,
}

#[derive(Deserialize)]
struct UsageJson {
    prompt_tokens: u64,
    #[serde(default)]
    completion_tokens: u64,
    #[serde(default)]
    prompt_tokens_details: Option<PromptDetails>,
}

#[derive(Deserialize)]
struct PromptDetails {
    #[serde(default)]
    cached_tokens: Option<u64>,
}

#[derive(Deserialize)]
struct Models {
    data: Vec<ModelJson>,
}

/// An entry of `GET /v1/models`.
#[derive(Deserialize)]
pub(super) struct ModelJson {
    pub(super) id: String,
    /// vLLM's and SGLang's field, in tokens.
    #[serde(default)]
    pub(super) max_model_len: Option<u64>,
}

impl Answer {
    pub(super) fn parse(json: &[u8]) -> Result<Self, EngineError> {
        let answer: Self = parse(json, "a chat completion")?;
        match answer.error {
            Some(_) => Err(protocol("an error in the middle of the answer")),
            None => Ok(answer),
        }
    }

    /// The usage, refused if it contradicts itself.
    pub(super) fn usage(&self) -> Result<Option<Usage>, EngineError> {
        let Some(usage) = &self.usage else {
            return Ok(None);
        };
        let details = usage.prompt_tokens_details.as_ref();
        let cached_tokens = details
            .and_then(|details| details.cached_tokens)
            .unwrap_or(0);
        if cached_tokens > usage.prompt_tokens {
            return Err(protocol("usage has more cached tokens than prompt tokens"));
        }
        Ok(Some(Usage {
            prompt_tokens: usage.prompt_tokens,
            cached_tokens,
            completion_tokens: usage.completion_tokens,
        }))
    }

    pub(super) fn into_deltas(self) -> impl Iterator<Item = Delta> {
        self.choices.into_iter().map(|choice| {
            let piece = choice.delta.unwrap_or(Piece {
                role: None,
                content: None,
                extra: Map::new(),
            });
            let mut extra = piece.extra;
            extra.retain(|_, value| !value.is_null());
            Delta {
                index: choice.index,
                role: piece.role,
                text: piece.content.filter(|text| !text.is_empty()),
                finish_reason: choice.finish_reason,
                extra,
            }
        })
    }
}

/// Whether a delta shows that tokens were produced.
pub(super) fn carries_tokens(delta: &Delta) -> bool {
    delta.text.is_some() || !delta.extra.is_empty()
}

pub(super) fn models(json: &[u8]) -> Result<Vec<ModelJson>, EngineError> {
    Ok(parse::<Models>(json, "a list of models")?.data)
}

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

/// Serde's own messages may quote the answer, so they are left out.
fn parse<'a, T: Deserialize<'a>>(json: &'a [u8], what: &str) -> Result<T, EngineError> {
    serde_json::from_slice(json).map_err(|_| protocol(&format!("not {what}")))
}
