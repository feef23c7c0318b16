//! Any OpenAI-compatible server as an engine: vLLM first of all, and whatever speaks
//! `POST /v1/chat/completions` and `GET /v1/models`.
//!
//! Bytes are parsed as they come and nothing runs between the server and the reader: no task, no queue.
//! The connection lives in the stream, so dropping the stream (or cancelling it) closes the connection,
//! upon which servers stop generating, and a slow reader holds back the server by TCP alone. The
//! only memory is one event, or one plain answer, each with a limit.
//!
//! Usage is forced: `stream_options.include_usage` is set whatever the client asked for, because the bill
//! depends on it. Limits of the answer go upstream as `max_tokens`, the name that all servers know.

mod sse;
mod stream;
mod wire;

use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt;
use reqwest::{Client, RequestBuilder, Response};
use serde_json::{json, Value};
use tokio_util::sync::CancellationToken;

use crate::chat::bad;
use crate::error::Hidden;
use crate::{upper_bound, ChatRequest, ChatStream, Engine, EngineError, ModelInfo};

/// How to reach a server, and how far to trust its sizes.
#[derive(Clone)]
pub struct UpstreamConfig {
    /// Address up to and including `/v1`, such as `http://127.0.0.1:8000/v1`.
    pub base_url: String,
    /// Bearer token that the server wants, if any.
    pub api_key: Option<String>,
    /// Context in tokens of models for which the server does not tell (`max_model_len`).
    pub context_length: u64,
    /// Longest time to wait for a connection.
    pub connect_timeout: Duration,
    /// Longest silence of the server, the wait for its first byte included.
    pub idle_timeout: Duration,
    /// Most bytes of one event of a stream.
    pub max_event_bytes: usize,
    /// Most bytes of a plain answer.
    pub max_body_bytes: usize,
}

impl UpstreamConfig {
    /// The server at `base_url`; no key, 8,192 tokens of context, 5 s to connect, 300 s of silence, 1 MiB per
    /// event, 16 MiB per answer.
    pub fn new(base_url: impl Into<String>) -> Self {
        Self {
            base_url: base_url.into(),
            api_key: None,
            context_length: 8_192,
            connect_timeout: Duration::from_secs(5),
            idle_timeout: Duration::from_secs(300),
            max_event_bytes: 1 << 20,
            max_body_bytes: 16 << 20,
        }
    }
}

/// An engine behind an OpenAI-compatible server.
pub struct UpstreamEngine {
    config: UpstreamConfig,
    client: Client,
}

impl UpstreamEngine {
    /// Prepares connections; nothing is sent yet.
    ///
    /// # Errors
    /// [`EngineError::BadRequest`] for a `base_url` that is no http address.
    pub fn new(config: UpstreamConfig) -> Result<Self, EngineError> {
        let url = reqwest::Url::parse(&config.base_url);
        if !url.is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host()) {
            return Err(bad("base_url", "is not an http address"));
        }
        let client = Client::builder()
            .connect_timeout(config.connect_timeout)
            .tcp_nodelay(true)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .map_err(|error| connect_error(&error))?;
        Ok(Self { config, client })
    }

    fn url(&self, path: &str) -> String {
        format!("{}/{path}", self.config.base_url.trim_end_matches('/'))
    }

    /// Sends a request and returns the answer's head, or the server's refusal as an error.
    async fn send(&self, request: RequestBuilder) -> Result<Response, EngineError> {
        let request = match &self.config.api_key {
            Some(key) => request.bearer_auth(key),
            None => request,
        };
        let limit = self.config.idle_timeout;
        let response = tokio::time::timeout(limit, request.send())
            .await
            .map_err(|_| timeout(limit))?
            .map_err(|error| connect_error(&error))?;
        if response.status().is_success() {
            return Ok(response);
        }
        let status = response.status().as_u16();
        let body = self.body(response).await.unwrap_or_default();
        Err(EngineError::Status {
            status,
            message: Hidden::new(wire::error_message(&body)),
        })
    }

    /// A whole body, within the limits of size and silence.
    async fn body(&self, response: Response) -> Result<Vec<u8>, EngineError> {
        let limit = self.config.max_body_bytes;
        let (mut body, mut chunks) = (Vec::new(), response.bytes_stream());
        loop {
            let next = tokio::time::timeout(self.config.idle_timeout, chunks.next());
            let Some(chunk) = next.await.map_err(|_| timeout(self.config.idle_timeout))? else {
                return Ok(body);
            };
            let chunk = chunk.map_err(|_| EngineError::Disconnected)?;
            if body.len().saturating_add(chunk.len()) > limit {
                return Err(EngineError::TooLarge {
                    what: "a body",
                    limit,
                });
            }
            body.extend_from_slice(&chunk);
        }
    }

    async fn start(
        &self,
        request: &ChatRequest,
        cancel: CancellationToken,
    ) -> Result<ChatStream, EngineError> {
        let body = body_for_server(request)?;
        let post = self.client.post(self.url("chat/completions")).json(&body);
        let response = self.send(post).await?;
        if request.is_stream() {
            return Ok(stream::events(response, &self.config, cancel));
        }
        let body = self.body(response).await?;
        stream::plain(&body)
    }
}

#[async_trait]
impl Engine for UpstreamEngine {
    async fn models(&self) -> Result<Vec<ModelInfo>, EngineError> {
        let response = self.send(self.client.get(self.url("models"))).await?;
        let models = wire::models(&self.body(response).await?)?;
        let info = |model: wire::ModelJson| ModelInfo {
            id: model.id,
            context_length: model.max_model_len.unwrap_or(self.config.context_length),
        };
        Ok(models.into_iter().map(info).collect())
    }

    /// An upper bound: no tokenizer is here, and no token stands for less than one byte.
    async fn count_prompt(&self, request: &ChatRequest) -> Result<u64, EngineError> {
        request.validate()?;
        upper_bound::prompt_tokens(request)
    }

    async fn chat(
        &self,
        request: ChatRequest,
        cancel: CancellationToken,
    ) -> Result<ChatStream, EngineError> {
        request.validate()?;
        tokio::select! {
            started = self.start(&request, cancel.clone()) => started,
            () = cancel.cancelled() => Ok(stream::nothing()),
        }
    }
}

/// The request as the server gets it.
fn body_for_server(request: &ChatRequest) -> Result<Value, EngineError> {
    let mut body = serde_json::to_value(request)
        .map_err(|_| wire::protocol("the request cannot be written as json"))?;
    let Some(fields) = body.as_object_mut() else {
        return Err(wire::protocol("the request is not an object"));
    };
    fields.remove("max_completion_tokens");
    if let Some(limit) = request.output_limit() {
        fields.insert("max_tokens".into(), json!(limit));
    }
    fields.insert("stream".into(), json!(request.is_stream()));
    if request.is_stream() {
        let options = fields.entry("stream_options").or_insert_with(|| json!({}));
        if !options.is_object() {
            *options = json!({});
        }
        options["include_usage"] = json!(true);
    } else {
        fields.remove("stream_options");
    }
    Ok(body)
}

/// Kinds only: reqwest's own text has the address in it.
fn connect_error(error: &reqwest::Error) -> EngineError {
    let reason = if error.is_timeout() {
        "timed out"
    } else if error.is_connect() {
        "refused or unreachable"
    } else if error.is_builder() {
        "the client cannot be set up"
    } else {
        "broke before the answer began"
    };
    EngineError::Connect {
        reason: reason.into(),
    }
}

fn timeout(limit: Duration) -> EngineError {
    EngineError::Timeout {
        seconds: limit.as_secs(),
    }
}
