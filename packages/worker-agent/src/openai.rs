//! OpenAI's API for text as far as this worker speaks it
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
//!
//! All but the end are the engine's own bytes.

use bytes::Bytes;
use secret_ai_engine::{ChatRequest, CompletionRequest, ModelInfo};
use serde::Serialize;
use serde_json::{json, Map, Value};

use crate::ask::Ask;
use crate::error::ApiError;
use crate::events::event;
use crate::receipts::Proof;
use crate::words::{Asked, Event, Figures, Head, Words};

const DONE: &[u8] = b"data: [DONE]\n\n";

/// Reads a request.
///
/// # Errors
/// 400 naming the field at fault.
pub fn read(body: &[u8]) -> Result<Asked, ApiError> {
    let chat = ChatRequest::from_json(body)?;
    let include_usage = wants_usage(&chat.extra);
    Ok(asked(Ask::Chat(chat), include_usage))
}

/// Reads a request to go on with a text.
///
/// # Errors
/// 400 naming the field at fault.
pub fn read_text(body: &[u8]) -> Result<Asked, ApiError> {
    let text = CompletionRequest::from_json(body)?;
    let include_usage = wants_usage(&text.extra);
    Ok(asked(Ask::Text(text), include_usage))
}

fn asked(request: Ask, include_usage: bool) -> Asked {
    let words = OpenAiWords {
        opening: None,
        include_usage,
        object: match request {
            Ask::Chat(_) => "chat.completion.chunk",
            Ask::Text(_) => "text_completion",
        },
    };
    Asked {
        stream: request.is_stream(),
        words: Box::new(words),
        request,
    }
}

fn wants_usage(fields: &Map<String, Value>) -> bool {
    let options = fields.get("stream_options");
    options
        .and_then(|o| o.get("include_usage"))
        .and_then(Value::as_bool)
        .unwrap_or(false)
}

/// One answer.
struct OpenAiWords {
    /// The engine's first chunk that was read: a chunk of the agent's own has its id.
    opening: Option<Value>,
    /// The client wants the usage in a chunk of its own.
    include_usage: bool,
    /// What a chunk is.
    object: &'static str,
}

impl OpenAiWords {
    /// An event with the usage alone.
    fn usage_chunk(&self, head: &Head, usage: Value) -> Bytes {
        let of_engine = |name: &str| self.opening.as_ref().and_then(|chunk| chunk.get(name));
        let id = of_engine("id").cloned().unwrap_or_else(|| {
            let id = rand::random::<u128>();
            format!("chatcmpl-{id:032x}").into()
        });
        event(&json!({
            "id": id,
            "object": of_engine("object").unwrap_or(&json!(self.object)),
            "created": of_engine("created").unwrap_or(&json!(head.created)),
            "model": of_engine("model").unwrap_or(&json!(head.model)),
            "choices": [],
            "usage": usage,
        }))
    }
}

impl Words for OpenAiWords {
    fn media_type(&self) -> &'static str {
        "text/event-stream"
    }

    fn event(&mut self, _head: &Head, event: Event) -> Bytes {
        if self.opening.is_none() {
            self.opening = event.chunk;
        }
        event.raw
    }

    fn end(
        &mut self,
        head: &Head,
        last: Option<Event>,
        error: Option<&ApiError>,
        figures: &Figures,
    ) -> Bytes {
        let mut end = Vec::new();
        if let Some(error) = error {
            end.extend_from_slice(&event(&error.body()));
        }
        let usage = figures.usage_json();
        match last {
            Some(Event {
                chunk: Some(mut chunk),
                ..
            }) if !self.include_usage => {
                chunk["usage"] = usage;
                end.extend_from_slice(&event(&chunk));
            }
            last => {
                end.extend(last.into_iter().flat_map(|last| self.event(head, last)));
                end.extend_from_slice(&self.usage_chunk(head, usage));
            }
        }
        end.extend_from_slice(DONE);
        end.into()
    }

    fn proof(&self, proof: Option<&Proof>) -> Bytes {
        let event = |proof: &Proof| format!("event: receipt\ndata: {}\n\n", proof.to_json());
        proof.map_or_else(Bytes::new, |proof| event(proof).into())
    }

    fn failure(&self, error: &ApiError) -> Bytes {
        [&event(&error.body()), DONE].concat().into()
    }

    fn whole(&self, answer: Bytes, figures: &Figures) -> Bytes {
        if figures.report.is_some() {
            return answer;
        }
        match serde_json::from_slice::<Value>(&answer) {
            Ok(Value::Object(mut whole)) => {
                whole.insert("usage".into(), figures.usage_json());
                Value::Object(whole).to_string().into()
            }
            _ => answer,
        }
    }
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

impl From<&ModelInfo> for Model {
    fn from(info: &ModelInfo) -> Self {
        Model {
            id: info.id.clone(),
            object: "model",
            created: 0,
            owned_by: "secret-ai",
            max_model_len: info.context_length,
        }
    }
}

impl From<&[ModelInfo]> for ModelList {
    fn from(models: &[ModelInfo]) -> Self {
        ModelList {
            object: "list",
            data: models.iter().map(Model::from).collect(),
        }
    }
}
