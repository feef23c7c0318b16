//! OpenAI's request for pictures (<https://platform.openai.com/docs/api-reference/images/create>).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::json_body::{bad, check_model, read_valid, to_body};
use crate::EngineError;

/// Most pictures of one request (OpenAI's limit).
const MAX_PICTURES: u32 = 10;
/// Longest prompt, characters (OpenAI's limit).
const MAX_PROMPT: usize = 32_000;
/// Longest side of a picture, pixels.
const MAX_SIDE: u32 = 4_096;
/// Side of a picture when the client does not say, pixels (OpenAI's default).
const DEFAULT_SIDE: u32 = 1_024;
/// Pixels of one unit `image`.
const UNIT_PIXELS: u64 = 1_024 * 1_024;

/// A request. Fields that are not named here are kept in `extra`.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct ImageRequest {
    /// Id of the model.
    pub model: String,
    /// What to show.
    pub prompt: String,
    /// Number of pictures, 1 if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub n: Option<u32>,
    /// Width and height in pixels, such as `1024x1024`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<String>,
    /// `standard` or `auto`: what takes more work is another model on the price list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quality: Option<String>,
    /// `b64_json`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_format: Option<String>,
    /// Everything else.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl ImageRequest {
    /// Parses and validates the body of a request.
    ///
    /// # Errors
    /// [`EngineError::BadRequest`] naming the field and its limit.
    pub fn from_json(body: &[u8]) -> Result<Self, EngineError> {
        read_valid(body, Self::validate)
    }

    fn validate(&self) -> Result<(), EngineError> {
        check_model(&self.model)?;
        let characters = self.prompt.chars().count();
        if !(1..=MAX_PROMPT).contains(&characters) {
            let reason = format!("{characters} characters, limit 1 to {MAX_PROMPT}");
            return Err(bad("prompt", reason));
        }
        let pictures = self.pictures();
        if !(1..=MAX_PICTURES).contains(&pictures) {
            return Err(bad(
                "n",
                format!("is {pictures}, limit 1 to {MAX_PICTURES}"),
            ));
        }
        self.sides()?;
        if !matches!(self.quality.as_deref(), None | Some("standard" | "auto")) {
            return Err(bad("quality", "is neither standard nor auto"));
        }
        // A picture at an address of the server's own is out of a client's reach.
        if !matches!(self.response_format.as_deref(), None | Some("b64_json")) {
            return Err(bad("response_format", "is not b64_json"));
        }
        Ok(())
    }

    /// Number of pictures.
    pub fn pictures(&self) -> u32 {
        self.n.unwrap_or(1)
    }

    /// Width and height in pixels.
    ///
    /// # Errors
    /// [`EngineError::BadRequest`] about `size`.
    pub fn sides(&self) -> Result<(u32, u32), EngineError> {
        let size = self.size.as_deref().filter(|size| *size != "auto");
        let Some(size) = size else {
            return Ok((DEFAULT_SIDE, DEFAULT_SIDE));
        };
        let side = |text: &str| {
            let side = text.parse::<u32>().ok();
            side.filter(|side| (1..=MAX_SIDE).contains(side))
        };
        let sides = size
            .split_once('x')
            .and_then(|(w, h)| Some((side(w)?, side(h)?)));
        let reason = format!("is not WIDTHxHEIGHT in pixels, limit {MAX_SIDE} each");
        sides.ok_or_else(|| bad("size", reason))
    }

    /// Units `image` of one picture: one for each 1024 × 1024 pixels or part of them.
    ///
    /// # Errors
    /// As [`ImageRequest::sides`].
    pub fn units_per_picture(&self) -> Result<u64, EngineError> {
        let (width, height) = self.sides()?;
        let pixels = u64::from(width).saturating_mul(height.into());
        Ok(pixels.div_ceil(UNIT_PIXELS))
    }

    /// The request as a server gets it: its size is said, because it decides about the price, and
    /// pictures come in the answer itself.
    ///
    /// # Errors
    /// As [`ImageRequest::sides`].
    pub fn into_body(mut self) -> Result<bytes::Bytes, EngineError> {
        let (width, height) = self.sides()?;
        self.size = Some(format!("{width}x{height}"));
        self.response_format = Some("b64_json".into());
        to_body(&self)
    }
}

impl std::fmt::Debug for ImageRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ImageRequest")
            .field("model", &self.model)
            .field("n", &self.n)
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}
