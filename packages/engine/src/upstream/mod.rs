//! Any OpenAI-compatible server as an engine: vLLM first of all, and whatever speaks OpenAI's API under
//! `/v1`.
//!
//! Bytes go through as they come and nothing runs between the server and the reader: no task, no queue.
//! The connection lives in the body, so dropping the body closes the connection, upon which servers
//! stop generating, and a slow reader holds back the server by TCP alone.

mod body;
mod direct;
mod kind;
mod listing;
mod wire;

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt;
use http_body_util::Full;
use hyper::header::{HeaderMap, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HOST};
use reqwest::{Client, RequestBuilder, Response, Url};
use tokio::sync::Semaphore;

use self::body::Chunks;
use crate::error::Hidden;
use crate::json_body::bad;
use crate::{
    upper_bound, Call, ChatRequest, Engine, EngineError, ModelInfo, Reply, Tokenizer, Tokens,
};

pub use self::kind::Kind;

/// How to reach a server, and how far to trust its sizes.
#[derive(Clone)]
pub struct UpstreamConfig {
    /// Address up to and including `/v1`, such as `http://127.0.0.1:8000/v1`.
    pub base_url: String,
    /// Bearer token that the server wants, if any.
    pub api_key: Option<String>,
    /// What kind of server it is.
    pub kind: Kind,
    /// Context in tokens of models for which the server does not tell.
    pub context_length: Option<u64>,
    /// Counts tokens of the models that have nothing in `tokenizers`.
    pub tokenizer: Option<Tokenizer>,
    /// Count tokens of single models, by the server's names.
    pub tokenizers: BTreeMap<String, Tokenizer>,
    /// Longest time to wait for a connection.
    pub connect_timeout: Duration,
    /// Longest silence of the server, the wait for its first byte included.
    pub idle_timeout: Duration,
    /// Most bytes of a list of models, or of an error.
    pub max_body_bytes: usize,
}

impl UpstreamConfig {
    /// The server at `base_url`; no key, no tokenizer, of no certain kind, 8,192 tokens of context (Ollama: 4,096), 5 s to
    /// connect, 300 s of silence, lists of models up to 1 MiB.
    pub fn new(base_url: impl Into<String>) -> Self {
        Self {
            base_url: base_url.into(),
            api_key: None,
            kind: Kind::default(),
            context_length: None,
            tokenizer: None,
            tokenizers: BTreeMap::new(),
            connect_timeout: Duration::from_secs(5),
            idle_timeout: Duration::from_secs(300),
            max_body_bytes: 1 << 20,
        }
    }
}

/// An engine behind an OpenAI-compatible server.
pub struct UpstreamEngine {
    config: UpstreamConfig,
    client: Client,
    /// `host:port` of a server without TLS, which is called directly.
    plain: Option<Plain>,
    /// Prompts that may be counted at once: half of the cores stay free for answers.
    counting: Arc<Semaphore>,
}

/// What a request without TLS needs to know of its server.
struct Plain {
    /// `host:port`
    authority: String,
    /// Path of `base_url`.
    path: String,
}

impl UpstreamEngine {
    /// Prepares connections; nothing is sent yet.
    ///
    /// # Errors
    /// [`EngineError::BadRequest`] for a `base_url` that is no http address.
    pub fn new(config: UpstreamConfig) -> Result<Self, EngineError> {
        let url = Url::parse(&config.base_url).ok();
        let url = url.filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        let url = url.ok_or_else(|| bad("base_url", "is not an http address"))?;
        let plain = (url.scheme() == "http").then(|| Plain {
            authority: format!(
                "{}:{}",
                url.host_str().unwrap_or_default(),
                url.port_or_known_default().unwrap_or(80)
            ),
            path: url.path().trim_end_matches('/').to_owned(),
        });
        // reqwest comes without cryptography of its own; whoever has chosen one before keeps it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .connect_timeout(config.connect_timeout)
            .tcp_nodelay(true)
            .pool_idle_timeout(direct::LONGEST_IDLE)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .map_err(|error| connect_error(&error))?;
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        Ok(Self {
            config,
            client,
            plain,
            counting: Arc::new(Semaphore::new(cores.div_ceil(2))),
        })
    }

    fn tokenizer(&self, model: &str) -> Option<&Tokenizer> {
        let own = self.config.tokenizers.get(model);
        own.or(self.config.tokenizer.as_ref())
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
        self.whole(self.chunks(response)).await
    }

    async fn whole(&self, mut chunks: Chunks) -> Result<Vec<u8>, EngineError> {
        let (limit, mut body) = (self.config.max_body_bytes, Vec::new());
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk?;
            if body.len().saturating_add(chunk.len()) > limit {
                return Err(EngineError::TooLarge {
                    what: "a body",
                    limit,
                });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    fn chunks(&self, response: Response) -> Chunks {
        let bytes = response.bytes_stream();
        let bytes = bytes.map(|bytes| bytes.map_err(|_| EngineError::Disconnected));
        Chunks::new(bytes, self.config.idle_timeout)
    }

    /// Sends a call to a server without TLS.
    async fn call_plain(&self, plain: &Plain, call: Call) -> Result<Reply, EngineError> {
        let path = format!("{}/{}", plain.path, call.endpoint.path());
        let mut request = hyper::Request::post(path)
            .header(HOST, &plain.authority)
            .header(CONTENT_TYPE, call.content_type);
        if let Some(key) = &self.config.api_key {
            request = request.header(AUTHORIZATION, format!("Bearer {key}"));
        }
        if let Some(parent) = call.trace {
            request = request.header("traceparent", parent.to_string());
        }
        let request = request
            .body(Full::new(call.body))
            .map_err(|_| bad("base_url", "is not an http address"))?;
        let (limit, connect) = (self.config.idle_timeout, self.config.connect_timeout);
        let sent = direct::send(&plain.authority, request, connect);
        let (head, body) = tokio::time::timeout(limit, sent)
            .await
            .map_err(|_| timeout(limit))??;
        let body = Chunks::new(body, limit);
        if !head.status.is_success() {
            let body = self.whole(body).await.unwrap_or_default();
            return Err(EngineError::Status {
                status: head.status.as_u16(),
                message: Hidden::new(wire::error_message(&body)),
            });
        }
        reply(&head.headers, body)
    }
}

#[async_trait]
impl Engine for UpstreamEngine {
    async fn models(&self) -> Result<Vec<ModelInfo>, EngineError> {
        self.ask_models().await
    }

    async fn health(&self) -> Result<(), EngineError> {
        self.ask_health().await
    }

    /// An upper bound if no tokenizer is here: no token stands for less than one byte.
    async fn count_prompt(&self, request: &ChatRequest) -> Result<Tokens, EngineError> {
        request.validate()?;
        if let Some(tokenizer) = self.tokenizer(&request.model) {
            // A long prompt takes seconds, and other answers run on this thread.
            let turn = self.counting.clone().acquire_owned().await;
            let (tokenizer, prompt) = (tokenizer.clone(), request.clone());
            let counted = tokio::task::spawn_blocking(move || {
                let _turn = turn;
                tokenizer.count_prompt(&prompt)
            });
            return counted.await.map_err(|_| EngineError::Model {
                model: request.model.clone(),
                reason: "its tokenizer has failed".into(),
            })?;
        }
        Ok(Tokens {
            count: upper_bound::prompt_tokens(request)?,
            exact: false,
        })
    }

    fn count_text(&self, model: &str, text: &str) -> Option<u64> {
        self.tokenizer(model)?.count_text(text)
    }

    async fn call(&self, call: Call) -> Result<Reply, EngineError> {
        if let Some(plain) = &self.plain {
            return self.call_plain(plain, call).await;
        }
        let post = self.client.post(self.url(call.endpoint.path()));
        let post = post.header(CONTENT_TYPE, call.content_type);
        let response = self.send(post.body(call.body)).await?;
        let headers = response.headers().clone();
        reply(&headers, self.chunks(response))
    }
}

fn reply(headers: &HeaderMap, body: Chunks) -> Result<Reply, EngineError> {
    let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
    // Nothing was offered in `accept-encoding`, and nobody could count what is compressed.
    if header(CONTENT_ENCODING).is_some_and(|coding| coding != "identity") {
        return Err(wire::protocol("a compressed body"));
    }
    Ok(Reply {
        content_type: header(CONTENT_TYPE).unwrap_or_default().to_owned(),
        body: Box::pin(body),
    })
}

/// Kinds only: reqwest's own text has the address in it. A connection that was there and broke is not
/// [`EngineError::Connect`], upon which a request may be sent elsewhere: the server may have begun to work.
fn connect_error(error: &reqwest::Error) -> EngineError {
    let reason = if error.is_timeout() {
        "timed out"
    } else if error.is_connect() {
        "refused or unreachable"
    } else if error.is_builder() {
        "the client cannot be set up"
    } else {
        return EngineError::Disconnected;
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
