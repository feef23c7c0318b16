//! What OpenAI-compatible servers send besides answers.

use serde::Deserialize;
use serde_json::Value;

use crate::EngineError;

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

/// Serde's own messages may quote the answer, so they are left out.
pub(super) fn models(json: &[u8]) -> Result<Vec<ModelJson>, EngineError> {
    let models: Result<Models, _> = serde_json::from_slice(json);
    Ok(models.map_err(|_| protocol("not a list of models"))?.data)
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
