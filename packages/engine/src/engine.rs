//! The trait every engine implements and the events it streams.

use std::pin::Pin;

use async_trait::async_trait;
use futures_util::Stream;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

use crate::{ChatRequest, EngineError};

/// A model that an engine serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelInfo {
    /// Name that requests use in their `model` field.
    pub id: String,
    /// Most tokens that prompt and answer may have together.
    pub context_length: u64,
}

/// What a finished, cancelled or broken request used, in tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// Tokens of the prompt, cached ones included.
    pub prompt_tokens: u64,
    /// Tokens of the prompt that came from the engine's prefix cache; never above `prompt_tokens`.
    pub cached_tokens: u64,
    /// Tokens produced, reasoning included, over all choices.
    pub completion_tokens: u64,
}

/// A piece of one choice's answer.
#[derive(Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Delta {
    /// Which of the `n` answers this belongs to.
    pub index: u32,
    /// Set on the first piece: `assistant`.
    pub role: Option<String>,
    /// Text to append.
    pub text: Option<String>,
    /// Set on the last piece: `stop`, `length`, `tool_calls`, …
    pub finish_reason: Option<String>,
    /// Fields of the upstream's `delta` (or `message`) that have no place above, such as `tool_calls`
    /// and `reasoning_content`; to be merged into the client's `delta`.
    pub extra: Map<String, Value>,
}

impl std::fmt::Debug for Delta {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Delta")
            .field("index", &self.index)
            .field("text_bytes", &self.text.as_ref().map(String::len))
            .field("finish_reason", &self.finish_reason)
            .finish_non_exhaustive()
    }
}

/// What an engine says while it answers.
#[derive(Debug, Clone, PartialEq)]
pub enum ChatEvent {
    /// More of the answer.
    Delta(Delta),
    /// The engine's own count.
    Usage(Usage),
    /// The engine gave no count (it does not report usage, broke off, or was cancelled before its
    /// report): the agent has to count, and flag that it did.
    UsageMissing {
        /// Pieces of the answer that carried something. Servers send at least one token in each, so this is a
        /// lower bound of the tokens produced (exact for servers that send every token by itself).
        deltas: u64,
    },
    /// The answer is complete, or was cancelled.
    Done,
}

/// The events of one answer.
///
/// Every stream ends with exactly one `Usage` or `UsageMissing`, followed by exactly one
/// `Ok(ChatEvent::Done)` or `Err(_)`, followed by `None`. Deltas come before that. A cancelled stream ends
/// with `Done` like a complete one, its last delta without a `finish_reason`. Dropping the stream
/// cancels it too.
pub type ChatStream = Pin<Box<dyn Stream<Item = Result<ChatEvent, EngineError>> + Send>>;

/// Something that answers chat requests.
#[async_trait]
pub trait Engine: Send + Sync {
    /// The models served now.
    ///
    /// # Errors
    /// An upstream that cannot be reached or does not answer as OpenAI's `GET /v1/models`.
    async fn models(&self) -> Result<Vec<ModelInfo>, EngineError>;

    /// Tokens that the prompt of `request` will count, chat template included; where an engine has no
    /// tokenizer at hand, an upper bound of it. Nothing is generated.
    ///
    /// # Errors
    /// An unknown model, or content that the engine cannot count.
    async fn count_prompt(&self, request: &ChatRequest) -> Result<u64, EngineError>;

    /// Starts to answer. `request.stream` says only how an upstream is asked; events come in one shape:
    /// a plain answer is one delta per choice.
    ///
    /// # Errors
    /// Whatever is known before the first token: a bad request, an unknown model, a prompt that does
    /// not fit the context, an upstream that refuses or cannot be reached. What happens later comes
    /// through the stream.
    async fn chat(
        &self,
        request: ChatRequest,
        cancel: CancellationToken,
    ) -> Result<ChatStream, EngineError>;
}
