//! Embeddings in Ollama's words: `/api/embed`, and the older `/api/embeddings` for one text
//! (<https://github.com/ollama/ollama/blob/main/docs/api.md#generate-embeddings>).
//!
//! Texts are never cut here: one that does not fit is refused by the engine, whatever `truncate` says.
//! `options` and `keep_alive` are ignored.

use std::time::Duration;

use bytes::Bytes;
use secret_ai_engine::{from_json, EmbeddingRequest, EngineError, Input};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::answer::nanoseconds;
use crate::error::ApiError;

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmbedRoute {
    /// `/api/embed`
    Embed,
    /// `/api/embeddings`
    Embeddings,
}

/// Body of `POST /api/embed`.
#[derive(Deserialize)]
struct Embed {
    model: String,
    input: Texts,
    dimensions: Option<u32>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Texts {
    One(String),
    Many(Vec<String>),
}

/// Body of `POST /api/embeddings`.
#[derive(Deserialize)]
struct Embeddings {
    model: String,
    prompt: String,
}

impl EmbedRoute {
    /// Reads a request.
    ///
    /// # Errors
    /// 400 naming the field at fault.
    pub fn read(self, body: &[u8]) -> Result<EmbeddingRequest, ApiError> {
        let (model, input, dimensions) = match self {
            EmbedRoute::Embed => {
                let embed: Embed = from_json(body)?;
                let input = match embed.input {
                    Texts::One(text) => Input::Text(text),
                    Texts::Many(texts) => Input::Texts(texts),
                };
                (embed.model, input, embed.dimensions)
            }
            EmbedRoute::Embeddings => {
                let one: Embeddings = from_json(body)?;
                (one.model, Input::Text(one.prompt), None)
            }
        };
        let request = EmbeddingRequest {
            model,
            input,
            dimensions,
            encoding_format: Some("float".to_owned()),
            extra: Map::new(),
        };
        request.validate()?;
        Ok(request)
    }

    /// Words an answer in OpenAI's form. `tokens`: what is billed; `took`: since the request came.
    ///
    /// # Errors
    /// Vectors that are no lists of numbers.
    pub fn write(
        self,
        model: &str,
        answer: &[u8],
        tokens: u64,
        took: Duration,
    ) -> Result<Bytes, EngineError> {
        let broken = |_| EngineError::Protocol {
            reason: "not embeddings".to_owned(),
        };
        let mut answer: Vectors = serde_json::from_slice(answer).map_err(broken)?;
        answer.data.sort_by_key(|vector| vector.index);
        let mut vectors = answer.data.into_iter().map(|vector| vector.embedding);
        let written = match self {
            EmbedRoute::Embed => serde_json::to_vec(&Embedded {
                model,
                embeddings: vectors.collect(),
                total_duration: nanoseconds(took),
                load_duration: 0,
                prompt_eval_count: tokens,
            }),
            EmbedRoute::Embeddings => serde_json::to_vec(&OneEmbedded {
                embedding: vectors.next().unwrap_or_default(),
            }),
        };
        written.map(Bytes::from).map_err(broken)
    }
}

/// An answer in OpenAI's form.
#[derive(Deserialize)]
struct Vectors {
    data: Vec<Vector>,
}

#[derive(Deserialize)]
struct Vector {
    #[serde(default)]
    index: u64,
    embedding: Vec<f64>,
}

/// Answer of `/api/embed`; durations in nanoseconds.
#[derive(Serialize)]
struct Embedded<'a> {
    model: &'a str,
    embeddings: Vec<Vec<f64>>,
    total_duration: Value,
    load_duration: u64,
    prompt_eval_count: u64,
}

/// Answer of `/api/embeddings`.
#[derive(Serialize)]
struct OneEmbedded {
    embedding: Vec<f64>,
}
