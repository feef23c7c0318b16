//! OpenAI's chat API as far as this worker speaks it
//! (<https://platform.openai.com/docs/api-reference/chat>).
//!
//! A stream is server-sent events, then one event with the receipt:
//!
//! ```text
//! data: {chunk}            any number; the last one carries `usage`
//! data: [DONE]             the response hash of the receipt covers all bytes up to here
//! event: receipt
//! data: {"receipt":"…","evidence":"…"}
//! ```

use bytes::Bytes;
use secret_ai_engine::{ChatRequest, Delta, ModelInfo, Usage};
use serde::Serialize;
use serde_json::{json, Value};

use crate::choice::Choice;
use crate::error::ApiError;
use crate::receipts::Proof;
use crate::words::{Asked, Figures, Head, Words};

const DONE: &str = "data: [DONE]\n\n";

/// Reads a request.
///
/// # Errors
/// 400 naming the field at fault.
pub fn read(body: &[u8]) -> Result<Asked, ApiError> {
    let request = ChatRequest::from_json(body)?;
    let words = OpenAiWords {
        id: format!("chatcmpl-{:032x}", rand::random::<u128>()),
        include_usage: wants_usage(&request),
    };
    Ok(Asked {
        stream: request.is_stream(),
        words: Box::new(words),
        request,
    })
}

fn wants_usage(request: &ChatRequest) -> bool {
    let options = request.extra.get("stream_options");
    options
        .and_then(|o| o.get("include_usage"))
        .and_then(Value::as_bool)
        .unwrap_or(false)
}

/// One answer.
struct OpenAiWords {
    /// `chatcmpl-…`
    id: String,
    /// The client wants the usage in a chunk of its own.
    include_usage: bool,
}

impl OpenAiWords {
    /// An event with a piece of one choice, and the usage if it is the last.
    fn chunk(&self, head: &Head, delta: Delta, usage: Option<&Usage>) -> String {
        let mut content = delta.extra;
        if let Some(role) = delta.role {
            content.insert("role".into(), role.into());
        }
        if let Some(text) = delta.text {
            content.insert("content".into(), text.into());
        }
        let choice = json!({
            "index": delta.index,
            "delta": content,
            "finish_reason": delta.finish_reason,
        });
        event(&self.part(head, "chat.completion.chunk", vec![choice], usage))
    }

    /// An event with the usage alone.
    fn usage_chunk(&self, head: &Head, usage: &Usage) -> String {
        event(&self.part(head, "chat.completion.chunk", Vec::new(), Some(usage)))
    }

    fn part(&self, head: &Head, object: &str, choices: Vec<Value>, usage: Option<&Usage>) -> Value {
        let mut part = json!({
            "id": self.id,
            "object": object,
            "created": head.created,
            "model": head.model,
            "choices": choices,
        });
        if let Some(usage) = usage {
            part["usage"] = usage_json(usage);
        }
        part
    }
}

impl Words for OpenAiWords {
    fn media_type(&self) -> &'static str {
        "text/event-stream"
    }

    fn whole(&self, head: &Head, choices: Vec<Choice>, figures: &Figures) -> Bytes {
        let choices = choices.into_iter().map(choice_json).collect();
        let whole = self.part(head, "chat.completion", choices, Some(&figures.usage));
        whole.to_string().into()
    }

    fn piece(&mut self, head: &Head, delta: Delta) -> Bytes {
        self.chunk(head, delta, None).into()
    }

    fn end(
        &mut self,
        head: &Head,
        last: Option<Delta>,
        error: Option<&ApiError>,
        figures: &Figures,
    ) -> Bytes {
        let mut end = error.map_or_else(String::new, |error| event(&error.body()));
        let usage = &figures.usage;
        match last {
            Some(delta) if self.include_usage => {
                end += &self.chunk(head, delta, None);
                end += &self.usage_chunk(head, usage);
            }
            Some(delta) => end += &self.chunk(head, delta, Some(usage)),
            None => end += &self.usage_chunk(head, usage),
        }
        end += DONE;
        end.into()
    }

    fn proof(&self, proof: Option<&Proof>) -> Bytes {
        let event = |proof: &Proof| format!("event: receipt\ndata: {}\n\n", proof.to_json());
        proof.map_or_else(Bytes::new, |proof| event(proof).into())
    }

    fn failure(&self, error: &ApiError) -> Bytes {
        let mut end = event(&error.body());
        end += DONE;
        end.into()
    }
}

fn event(data: &Value) -> String {
    format!("data: {data}\n\n")
}

fn choice_json(mut choice: Choice) -> Value {
    let mut message = choice.take_extra();
    message.insert("role".into(), "assistant".into());
    message.insert("content".into(), choice.text.into());
    json!({ "index": choice.index, "message": message, "finish_reason": choice.finish_reason })
}

fn usage_json(usage: &Usage) -> Value {
    json!({
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.prompt_tokens.saturating_add(usage.completion_tokens),
        "prompt_tokens_details": { "cached_tokens": usage.cached_tokens },
    })
}

/// Answer of `GET /v1/models`.
#[derive(Debug, Serialize)]
pub struct ModelList {
    object: &'static str,
    data: Vec<Model>,
}

/// Answer of `GET /v1/models/{id}`.
#[derive(Debug, Serialize)]
pub struct Model {
    id: String,
    object: &'static str,
    created: u64,
    owned_by: &'static str,
    /// As vLLM calls it.
    max_model_len: u64,
}

impl From<ModelInfo> for Model {
    fn from(info: ModelInfo) -> Self {
        Model {
            id: info.id,
            object: "model",
            created: 0,
            owned_by: "secret-ai",
            max_model_len: info.context_length,
        }
    }
}

impl From<Vec<ModelInfo>> for ModelList {
    fn from(models: Vec<ModelInfo>) -> Self {
        ModelList {
            object: "list",
            data: models.into_iter().map(Model::from).collect(),
        }
    }
}
