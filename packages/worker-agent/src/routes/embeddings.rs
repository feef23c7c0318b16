//! `POST /v1/embeddings`: counted in tokens of the texts, as the engine reports them.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use bytes::Bytes;
use secret_ai_engine::{EmbeddingRequest, Endpoint, Engine, EngineError, ModelInfo};
use serde::de::IgnoredAny;
use serde::Deserialize;
use serde_json::{json, Map, Value};

use super::body::BodyKind;
use super::plain::{protocol, serve, Finished, Raw, Task};
use crate::agent::Agent;
use crate::count::Counts;
use crate::error::ApiError;
use crate::fields;
use crate::tally::guess_tokens;
use crate::usage::Report;

/// `POST /v1/embeddings`.
pub async fn create(
    State(agent): State<Arc<Agent>>,
    request: Request,
) -> Result<Response, ApiError> {
    serve(agent, request, |_, body| {
        let request = EmbeddingRequest::from_json(body)?;
        fields::check(Endpoint::Embeddings, &request.extra)?;
        Ok(Embeddings(request))
    })
    .await
}

struct Embeddings(EmbeddingRequest);

/// As much of an answer as has to be looked into.
#[derive(Deserialize)]
struct Answer {
    data: Vec<IgnoredAny>,
    #[serde(default)]
    usage: Value,
    #[serde(default)]
    error: Option<IgnoredAny>,
}

impl Task for Embeddings {
    const BODY: BodyKind = BodyKind::Json;

    fn endpoint(&self) -> Endpoint {
        Endpoint::Embeddings
    }

    fn model(&self) -> &str {
        &self.0.model
    }

    fn worst(&self, model: &ModelInfo) -> Counts {
        Counts {
            embedding: self.0.bound(model.context_length),
            ..Counts::default()
        }
    }

    fn to_engine(&self, model: &str) -> Result<(String, Bytes), ApiError> {
        let mut request = self.0.clone();
        model.clone_into(&mut request.model);
        Ok(("application/json".to_owned(), request.into_body()?))
    }

    fn finish(&self, raw: Raw, engine: &dyn Engine) -> Result<Finished, EngineError> {
        let answer: Answer =
            serde_json::from_slice(&raw.body).map_err(|_| protocol("not embeddings"))?;
        if answer.error.is_some() {
            return Err(protocol("an error in the place of an answer"));
        }
        let (texts, vectors) = (self.0.input.items(), answer.data.len());
        if vectors != texts {
            return Err(protocol("another number of embeddings than of texts"));
        }
        // Something was embedded: that it took no token is no count.
        let told = Report::read(answer.usage).and_then(|report| report.prompt);
        let told = told.filter(|tokens| *tokens > 0);
        let tokens = told.unwrap_or_else(|| self.own_count(engine, &raw.model));
        let billed = tokens.min(raw.limit.embedding);
        let is_true = told == Some(billed);
        Ok(Finished {
            counts: Counts {
                embedding: tokens,
                ..Counts::default()
            },
            estimated: told.is_none(),
            content_type: "application/json",
            body: if is_true {
                raw.body
            } else {
                with_usage(&raw.body, billed, told.is_none())?
            },
        })
    }
}

impl Embeddings {
    /// Tokens as this agent counts them: with the model's tokenizer, or by a rule of thumb.
    fn own_count(&self, engine: &dyn Engine, model: &str) -> u64 {
        let counted = self.0.input.tokens(|text| engine.count_text(model, text));
        let guess = || {
            self.0
                .input
                .tokens(|text| Some(guess_tokens(text.len() as u64)))
        };
        counted.or_else(guess).unwrap_or(0)
    }
}

/// The answer with the usage that is billed.
fn with_usage(body: &[u8], tokens: u64, estimated: bool) -> Result<Bytes, EngineError> {
    let answer: Result<Map<String, Value>, _> = serde_json::from_slice(body);
    let mut answer = answer.map_err(|_| protocol("not embeddings"))?;
    let mut usage = json!({ "prompt_tokens": tokens, "total_tokens": tokens });
    if estimated {
        usage["estimated"] = true.into();
    }
    answer.insert("usage".into(), usage);
    Ok(Value::Object(answer).to_string().into())
}
