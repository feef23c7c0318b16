//! A loaded model.

use std::sync::Arc;

use serde_json::Value;

use super::llama::Llama;
use super::template::Template;
use super::tokenizer::Tokenizer;
use crate::json_body::bad;
use crate::{ChatRequest, EngineError};

/// What an answer needs of a model.
pub(super) struct Model {
    pub id: String,
    pub context: usize,
    pub llama: Llama,
    pub tokenizer: Tokenizer,
    pub template: Template,
}

impl Model {
    /// Whether this model can answer the request.
    ///
    /// # Errors
    /// A field that it cannot heed, or another model.
    pub fn check(&self, request: &ChatRequest) -> Result<(), EngineError> {
        request.validate()?;
        if request.model != self.id {
            return Err(EngineError::unknown_model(&request.model));
        }
        if request.choices() != 1 {
            return Err(bad(
                "n",
                format!("is {}, limit 1 with this engine", request.choices()),
            ));
        }
        for field in [
            "tools",
            "functions",
            "response_format",
            "logprobs",
            "logit_bias",
        ] {
            if request.extra.get(field).is_some_and(asks_for_something) {
                return Err(bad(field, "is not supported by this engine"));
            }
        }
        Ok(())
    }

    /// The prompt's tokens. A long one takes its time, and other answers run on this thread.
    ///
    /// # Errors
    /// Content that is not text, or has no tokens.
    pub async fn tokens(self: &Arc<Self>, request: &ChatRequest) -> Result<Vec<u32>, EngineError> {
        let (model, request) = (self.clone(), request.clone());
        let tokens = tokio::task::spawn_blocking(move || model.prompt(&request)).await;
        tokens.map_err(|_| EngineError::Model {
            model: self.id.clone(),
            reason: "its tokenizer has failed".into(),
        })?
    }

    fn prompt(&self, request: &ChatRequest) -> Result<Vec<u32>, EngineError> {
        let text = self.template.render(request, &self.tokenizer)?;
        self.tokenizer
            .encode_prompt(&text)
            .map_err(|error| bad("messages", error.to_string()))
    }
}

/// Whether a field's value differs from leaving it out.
fn asks_for_something(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::Array(items) => !items.is_empty(),
        value => value.get("type").and_then(Value::as_str) != Some("text"),
    }
}
