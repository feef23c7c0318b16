//! `POST /v1/embeddings`, and Ollama's `/api/embed` and `/api/embeddings`: counted in tokens of the texts, as the engine reports them.

use std::sync::Arc;
use std::time::Instant;

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
use crate::ollama::EmbedRoute;
use crate::tally::guess_tokens;
use crate::usage::Report;
use crate::whole::MAX_WHOLE;

/// Numbers of a vector if the client does not say: more than today's models have.
const MOST_NUMBERS: u32 = 8_192;
/// Bytes of a number in JSON.
const NUMBER_BYTES: u64 = 24;
/// Most bytes of an answer.
const MAX_ANSWER: usize = 512 << 20;

/// `POST /v1/embeddings`.
pub async fn create(
    State(agent): State<Arc<Agent>>,
    request: Request,
) -> Result<Response, ApiError> {
    serve(agent, request, |_, body| {
        let request = EmbeddingRequest::from_json(body)?;
        fields::check(Endpoint::Embeddings, &request.extra)?;
        Embeddings::new(request, None)
    })
    .await
}

/// The same for a request in Ollama's words.
pub async fn create_for(
    agent: Arc<Agent>,
    request: Request,
    route: EmbedRoute,
) -> Result<Response, ApiError> {
    serve(agent, request, move |_, body| {
        Embeddings::new(route.read(body)?, Some(route))
    })
    .await
}

struct Embeddings {
    request: EmbeddingRequest,
    /// The client wants the answer in Ollama's words.
    ollama: Option<EmbedRoute>,
    /// When it was read.
    since: Instant,
}

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
        &self.request.model
    }

    fn worst(&self, model: &ModelInfo) -> Counts {
        Counts {
            embedding: self.request.bound(model.context_length),
            ..Counts::default()
        }
    }

    fn most_bytes(&self) -> usize {
        let numbers = u64::from(self.request.dimensions.unwrap_or(MOST_NUMBERS));
        let bytes = numbers.saturating_mul(self.request.input.items() as u64);
        let bytes = bytes.saturating_mul(NUMBER_BYTES);
        usize::try_from(bytes).map_or(MAX_ANSWER, |bytes| bytes.clamp(MAX_WHOLE, MAX_ANSWER))
    }

    fn to_engine(&self, model: &str) -> Result<(String, Bytes), ApiError> {
        let mut request = self.request.clone();
        model.clone_into(&mut request.model);
        Ok(("application/json".to_owned(), request.into_body()?))
    }

    fn finish(&self, raw: Raw, engine: &dyn Engine) -> Result<Finished, EngineError> {
        let answer: Answer =
            serde_json::from_slice(&raw.body).map_err(|_| protocol("not embeddings"))?;
        if answer.error.is_some() {
            return Err(protocol("an error in the place of an answer"));
        }
        let (texts, vectors) = (self.request.input.items(), answer.data.len());
        if vectors != texts {
            return Err(protocol("another number of embeddings than of texts"));
        }
        // Something was embedded: that it took no token is no count.
        let told = Report::read(answer.usage).and_then(|report| report.prompt);
        let told = told.filter(|tokens| *tokens > 0);
        let tokens = told.unwrap_or_else(|| self.own_count(engine, &raw.model));
        let billed = tokens.min(raw.limit.embedding);
        let body = match self.ollama {
            Some(route) => route.write(&raw.model, &raw.body, billed, self.since.elapsed())?,
            None if told == Some(billed) => raw.body,
            None => with_usage(&raw.body, billed, told.is_none())?,
        };
        Ok(Finished {
            counts: Counts {
                embedding: tokens,
                ..Counts::default()
            },
            estimated: told.is_none(),
            content_type: "application/json",
            body,
        })
    }
}

impl Embeddings {
    /// # Errors
    /// 400 for more numbers than an answer may have.
    fn new(request: EmbeddingRequest, ollama: Option<EmbedRoute>) -> Result<Self, ApiError> {
        let numbers = u64::from(request.dimensions.unwrap_or(0));
        let numbers = numbers.saturating_mul(request.input.items() as u64);
        let most = MAX_ANSWER as u64 / NUMBER_BYTES;
        if numbers > most {
            let message = format!("dimensions: {numbers} numbers in all, limit {most}");
            return Err(ApiError::bad_request("dimensions", message));
        }
        Ok(Embeddings {
            request,
            ollama,
            since: Instant::now(),
        })
    }

    /// Tokens as this agent counts them: with the model's tokenizer, or by a rule of thumb.
    fn own_count(&self, engine: &dyn Engine, model: &str) -> u64 {
        let counted = self
            .request
            .input
            .tokens(|text| engine.count_text(model, text));
        let guess = || {
            self.request
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
