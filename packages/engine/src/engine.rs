//! The trait every engine implements: an OpenAI-compatible server, in this process or not.
//!
//! An engine passes bytes on as they come and looks into none of them; whoever calls it scans them
//! for what counting needs.

use std::pin::Pin;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::Stream;

use crate::{ChatRequest, EngineError, MemberState, TraceParent};

/// A model that an engine serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelInfo {
    /// Name that requests use in their `model` field.
    pub id: String,
    /// Most tokens that prompt and answer may have together.
    pub context_length: u64,
}

/// A route of OpenAI's API (<https://platform.openai.com/docs/api-reference>) that makes an engine work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// Chat, plain or streamed.
    ChatCompletions,
    /// Text that goes on, plain or streamed.
    Completions,
    /// Vectors of texts.
    Embeddings,
    /// Sound of a text.
    Speech,
    /// Text of a sound.
    Transcriptions,
    /// English text of a sound.
    Translations,
    /// Pictures of a text.
    Images,
}

impl Endpoint {
    /// All of them.
    pub const ALL: [Endpoint; 7] = [
        Self::ChatCompletions,
        Self::Completions,
        Self::Embeddings,
        Self::Speech,
        Self::Transcriptions,
        Self::Translations,
        Self::Images,
    ];

    /// The route's path below `/v1/`.
    pub const fn path(self) -> &'static str {
        match self {
            Self::ChatCompletions => "chat/completions",
            Self::Completions => "completions",
            Self::Embeddings => "embeddings",
            Self::Speech => "audio/speech",
            Self::Transcriptions => "audio/transcriptions",
            Self::Translations => "audio/translations",
            Self::Images => "images/generations",
        }
    }
}

/// One request to an engine, ready to be sent: whoever makes it has set its limits and asked for the
/// usage of a stream (`stream_options.include_usage`).
#[derive(Clone)]
pub struct Call {
    /// Where it goes.
    pub endpoint: Endpoint,
    /// The body's `model`, for engines that choose by it.
    pub model: String,
    /// `application/json`, or `multipart/form-data` with its boundary.
    pub content_type: String,
    /// The body.
    pub body: Bytes,
    /// The body asks for server-sent events.
    pub stream: bool,
    /// What the engine's spans belong to. Servers behind TLS, which may be anybody's, are not told.
    pub trace: Option<TraceParent>,
}

/// Bytes of a reply as they come. Dropping it stops the engine.
///
/// An item is an error only if the reply ends there; nothing follows it.
pub type ByteStream = Pin<Box<dyn Stream<Item = Result<Bytes, EngineError>> + Send>>;

/// What an engine answers with.
pub struct Reply {
    /// Media type of the body.
    pub content_type: String,
    /// Server-sent events, one JSON body, or a file.
    pub body: ByteStream,
}

/// A number of tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tokens {
    /// How many, or how many at most.
    pub count: u64,
    /// True if it is not merely an upper bound.
    pub exact: bool,
}

/// Something that answers requests.
#[async_trait]
pub trait Engine: Send + Sync {
    /// The models served now.
    ///
    /// # Errors
    /// An upstream that cannot be reached or does not answer as OpenAI's `GET /v1/models`.
    async fn models(&self) -> Result<Vec<ModelInfo>, EngineError>;

    /// Tokens of the prompt of `request`, chat template included, as exactly as can be told without
    /// asking anybody. Nothing is generated. An engine with a tokenizer may still give the upper bound
    /// of its bytes, which costs nothing, as long as that is at most half of the model's context.
    ///
    /// # Errors
    /// An unknown model, or content that the engine cannot count.
    async fn count_prompt(&self, request: &ChatRequest) -> Result<Tokens, EngineError>;

    /// Tokens of a text that `model` has written, for answers that come without usage; `None` if no
    /// tokenizer of the model is at hand.
    fn count_text(&self, model: &str, text: &str) -> Option<u64>;

    /// Sends a request.
    ///
    /// # Errors
    /// Whatever is known before the first byte of the body: a bad request, an unknown model, a prompt
    /// that does not fit the context, an upstream that refuses or cannot be reached. What happens
    /// later comes through the body.
    async fn call(&self, call: Call) -> Result<Reply, EngineError>;

    /// Whether it works now. Cheap; nothing is generated for a client.
    ///
    /// # Errors
    /// What keeps it from working.
    async fn health(&self) -> Result<(), EngineError> {
        self.models().await.map(drop)
    }

    /// The engines that this one is made of and how they are, for metrics and readiness; none for an
    /// engine by itself.
    fn members(&self) -> Vec<MemberState> {
        Vec::new()
    }
}

impl std::fmt::Debug for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Call")
            .field("endpoint", &self.endpoint)
            .field("model", &self.model)
            .field("body_bytes", &self.body.len())
            .field("stream", &self.stream)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reply")
            .field("content_type", &self.content_type)
            .finish_non_exhaustive()
    }
}
