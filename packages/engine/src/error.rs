//! What can go wrong, without a word of prompts or answers in it.

use thiserror::Error;

/// Text that may quote a prompt (an upstream's error message): can be handed to the client who wrote the
/// prompt, never shows up in `Debug`, `Display` or logs.
#[derive(Clone, PartialEq, Eq)]
pub struct Hidden(String);

impl Hidden {
    /// Hides `text`.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, for the client only.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Hidden {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "<{} bytes hidden>", self.0.len())
    }
}

/// Why an engine did not answer.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The request names a model that the engine does not serve.
    #[error("field model: no model {model:?} here")]
    UnknownModel {
        /// The name asked for, shortened to 128 characters.
        model: String,
    },
    /// A field of the request is missing or outside its limits.
    #[error("field {field}: {reason}")]
    BadRequest {
        /// Name of the field.
        field: &'static str,
        /// What is wrong with it, with the limit.
        reason: String,
    },
    /// Prompt and answer do not fit the model.
    #[error(
        "field messages: {prompt_tokens} prompt tokens and at least one of the answer are above the \
         model's context of {context_length} tokens"
    )]
    ContextOverflow {
        /// Tokens of the prompt.
        prompt_tokens: u64,
        /// The model's limit for prompt and answer together.
        context_length: u64,
    },
    /// No connection to the upstream.
    #[error("no connection to the upstream engine: {reason}")]
    Connect {
        /// Kind of failure, without addresses.
        reason: String,
    },
    /// The upstream sent nothing for too long.
    #[error("the upstream engine sent nothing for {seconds} s, the limit")]
    Timeout {
        /// The limit, in seconds.
        seconds: u64,
    },
    /// The upstream answered with an HTTP error.
    #[error("the upstream engine answered with http status {status}")]
    Status {
        /// HTTP status code.
        status: u16,
        /// The upstream's own message (may quote the prompt), at most 1,024 characters.
        message: Hidden,
    },
    /// The upstream went away in the middle of an answer.
    #[error("the upstream engine closed the connection before the end of its answer")]
    Disconnected,
    /// The upstream sent something that is not an OpenAI answer.
    #[error("the upstream engine's answer is not understood: {reason}")]
    Protocol {
        /// What was wrong, without content.
        reason: String,
    },
    /// The upstream sent an event or a body larger than this engine buffers.
    #[error("the upstream engine sent {what} above the limit of {limit} bytes")]
    TooLarge {
        /// What it was: `an event` or `a body`.
        what: &'static str,
        /// Most bytes that are buffered.
        limit: usize,
    },
    /// Every engine that serves the model has as many requests as it may have.
    #[error("every engine that serves this model is busy")]
    Busy,
    /// No engine that serves the model is up.
    #[error("no engine that serves this model is up")]
    Down,
    /// A model file could not be loaded or run.
    #[error("model {model:?}: {reason}")]
    Model {
        /// The model's id.
        model: String,
        /// What failed.
        reason: String,
    },
}

impl EngineError {
    /// The HTTP status that a client of the agent should see: 4xx where the request is to blame, 502 to
    /// 504 where the upstream is, 500 for the embedded engine's own failures.
    pub fn http_status(&self) -> u16 {
        match self {
            Self::UnknownModel { .. } => 404,
            Self::BadRequest { .. } | Self::ContextOverflow { .. } => 400,
            Self::Status { status, .. } => match status {
                400 | 404 | 413 | 422 | 429 | 503 => *status,
                _ => 502,
            },
            Self::Busy | Self::Down => 503,
            Self::Timeout { .. } => 504,
            Self::Model { .. } => 500,
            Self::Connect { .. }
            | Self::Disconnected
            | Self::Protocol { .. }
            | Self::TooLarge { .. } => 502,
        }
    }

    /// An [`EngineError::UnknownModel`] with a bounded name in it.
    pub fn unknown_model(model: &str) -> Self {
        Self::UnknownModel {
            model: model.chars().take(128).collect(),
        }
    }
}
