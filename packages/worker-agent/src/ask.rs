//! What a client wants to have written: a chat's next message, or a text to go on.

use secret_ai_engine::{
    Call, ChatRequest, CompletionRequest, Endpoint, Engine, EngineError, Tokens,
};
use serde_json::Value;

use crate::error::ApiError;
use crate::fields;
use crate::parts::Parts;
use crate::tally::{guess_prompt, guess_tokens, prompt_bytes};
use crate::telemetry;

/// Most answers to one prompt.
const MAX_CHOICES: u32 = 8;

/// A text with more bytes for each token of the context does not fit, in no language and no tokenizer: it
/// is not counted. Only runs of one character have such long tokens.
const MAX_BYTES_PER_TOKEN: u64 = 16;

/// A request for text.
pub enum Ask {
    Chat(ChatRequest),
    Text(CompletionRequest),
}

impl Ask {
    /// Where it goes.
    pub fn endpoint(&self) -> Endpoint {
        match self {
            Ask::Chat(_) => Endpoint::ChatCompletions,
            Ask::Text(_) => Endpoint::Completions,
        }
    }

    /// The model that the client names.
    pub fn model(&self) -> &str {
        match self {
            Ask::Chat(chat) => &chat.model,
            Ask::Text(text) => &text.model,
        }
    }

    /// Puts the model's full name in.
    pub fn set_model(&mut self, model: &str) {
        let name = match self {
            Ask::Chat(chat) => &mut chat.model,
            Ask::Text(text) => &mut text.model,
        };
        model.clone_into(name);
    }

    /// What comes with the text, if everything about the request can be counted.
    ///
    /// # Errors
    /// 400 naming the field that cannot.
    pub fn check(&self) -> Result<Parts, ApiError> {
        let (n, extra) = match self {
            Ask::Chat(chat) => (chat.choices(), &chat.extra),
            Ask::Text(text) => (text.n.unwrap_or(1), &text.extra),
        };
        if n > MAX_CHOICES {
            let message = format!("n: {n} answers, at most {MAX_CHOICES}");
            return Err(ApiError::bad_request("n", message));
        }
        fields::check(self.endpoint(), extra)?;
        match self {
            Ask::Chat(chat) => Parts::of(chat),
            Ask::Text(_) => Ok(Parts::default()),
        }
    }

    /// Number of answers.
    pub fn choices(&self) -> u32 {
        match self {
            Ask::Chat(chat) => chat.choices(),
            Ask::Text(text) => text.choices(),
        }
    }

    /// Most tokens of each answer that the client allows.
    pub fn output_limit(&self) -> Option<u64> {
        match self {
            Ask::Chat(chat) => chat.output_limit(),
            Ask::Text(text) => Some(text.output_limit()),
        }
    }

    /// Tokens whose probabilities come with each token of an answer, itself among them.
    pub fn logprobs(&self) -> u64 {
        let beside = match self {
            Ask::Chat(chat) => {
                let field = |name| chat.extra.get(name);
                let is_on = field("logprobs").and_then(Value::as_bool) == Some(true);
                let beside = field("top_logprobs").and_then(Value::as_u64);
                is_on.then(|| beside.unwrap_or(0))
            }
            Ask::Text(text) => text.logprobs.map(u64::from),
        };
        beside.map_or(0, |beside| beside.saturating_add(1))
    }

    /// Tokens that all prompts and one answer can have together in a model that takes `context`.
    pub fn context(&self, context: u64) -> u64 {
        match self {
            Ask::Chat(_) => context,
            Ask::Text(text) => context.saturating_mul(text.prompt.items() as u64),
        }
    }

    /// Tokens of the prompt. How many an engine makes of pictures and sound, nobody knows: the whole
    /// context at most.
    ///
    /// # Errors
    /// 400 for what the engine cannot count, and for what certainly does not fit.
    pub async fn prompt(
        &self,
        engine: &dyn Engine,
        parts: Parts,
        context: u64,
    ) -> Result<Tokens, ApiError> {
        let at_most = |count| Tokens {
            count,
            exact: false,
        };
        match self {
            Ask::Chat(_) if !parts.is_empty() => Ok(at_most(context)),
            Ask::Chat(chat) => {
                let least = prompt_bytes(chat) / MAX_BYTES_PER_TOKEN;
                check_fits(least, context)?;
                let prompt = engine.count_prompt(chat).await?;
                check_fits(if prompt.exact { prompt.count } else { least }, context)?;
                Ok(prompt)
            }
            Ask::Text(text) => Ok(at_most(text.prompt_bound(context))),
        }
    }

    /// Tokens of the prompt by a rule of thumb.
    pub fn guess(&self) -> u64 {
        match self {
            Ask::Chat(chat) => guess_prompt(chat),
            Ask::Text(text) => {
                let by_rule = |text: &str| Some(guess_tokens(text.len() as u64));
                text.prompt.tokens(by_rule).unwrap_or(0)
            }
        }
    }

    /// Whether the engine answers in pieces.
    pub fn is_stream(&self) -> bool {
        match self {
            Ask::Chat(chat) => chat.is_stream(),
            Ask::Text(text) => text.is_stream(),
        }
    }

    /// The request as the engine gets it, part of the current request's trace. `max_tokens`: most of each answer, if that is bounded at all.
    ///
    /// # Errors
    /// None for a request that came as JSON.
    pub fn into_call(self, max_tokens: Option<u64>) -> Result<Call, ApiError> {
        let (endpoint, stream) = (self.endpoint(), self.is_stream());
        let model = self.model().to_owned();
        let body = match self {
            Ask::Chat(chat) => chat.into_body(max_tokens)?,
            Ask::Text(text) => text.into_body(max_tokens)?,
        };
        Ok(Call {
            endpoint,
            model,
            content_type: "application/json".to_owned(),
            stream,
            body,
            trace: telemetry::trace(),
        })
    }
}

/// A prompt of at least so many tokens leaves room for an answer.
fn check_fits(prompt_tokens: u64, context_length: u64) -> Result<(), EngineError> {
    if prompt_tokens < context_length {
        return Ok(());
    }
    Err(EngineError::ContextOverflow {
        prompt_tokens,
        context_length,
    })
}
