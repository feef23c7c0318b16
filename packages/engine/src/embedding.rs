//! OpenAI's embeddings request (<https://platform.openai.com/docs/api-reference/embeddings>).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::json_body::{bad, check_model, read_valid, to_body};
use crate::{EngineError, Input};

/// Most texts of one request (OpenAI's limit).
const MAX_INPUTS: usize = 2_048;
/// Most numbers of one vector that may be asked for.
const MAX_DIMENSIONS: u32 = 65_536;

/// A request. Fields that are not named here are kept in `extra`.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct EmbeddingRequest {
    /// Id of the model.
    pub model: String,
    /// One or several texts.
    pub input: Input,
    /// Numbers of each vector.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dimensions: Option<u32>,
    /// `float` or `base64`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding_format: Option<String>,
    /// Everything else.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl EmbeddingRequest {
    /// Parses and validates the body of a request.
    ///
    /// # Errors
    /// [`EngineError::BadRequest`] naming the field and its limit.
    pub fn from_json(body: &[u8]) -> Result<Self, EngineError> {
        read_valid(body, Self::validate)
    }

    /// Checks every field against its limits.
    ///
    /// # Errors
    /// [`EngineError::BadRequest`] naming the field and its limit.
    pub fn validate(&self) -> Result<(), EngineError> {
        check_model(&self.model)?;
        self.input.validate("input", MAX_INPUTS)?;
        let dimensions = self.dimensions.unwrap_or(1);
        if !(1..=MAX_DIMENSIONS).contains(&dimensions) {
            let reason = format!("is {dimensions}, limit 1 to {MAX_DIMENSIONS}");
            return Err(bad("dimensions", reason));
        }
        match self.encoding_format.as_deref() {
            None | Some("float" | "base64") => Ok(()),
            Some(_) => Err(bad("encoding_format", "is neither float nor base64")),
        }
    }

    /// The request as a server gets it.
    ///
    /// # Errors
    /// None for a request that came as JSON.
    pub fn into_body(self) -> Result<bytes::Bytes, EngineError> {
        to_body(&self)
    }

    /// Most tokens that the texts can have in a model that takes `context` tokens of each.
    pub fn bound(&self, context: u64) -> u64 {
        let bounds = self.input.bounds().map(|bound| bound.min(context));
        bounds.fold(0, u64::saturating_add)
    }
}

impl std::fmt::Debug for EmbeddingRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EmbeddingRequest")
            .field("model", &self.model)
            .field("input", &self.input)
            .finish_non_exhaustive()
    }
}
