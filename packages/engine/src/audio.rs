//! OpenAI's speech request (<https://platform.openai.com/docs/api-reference/audio/createSpeech>).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::json_body::{bad, check_model, read_valid, to_body};
use crate::EngineError;

/// Longest text of one request, characters (OpenAI's limit).
const MAX_INPUT: usize = 4_096;
/// Longest name of a voice, bytes.
const MAX_VOICE: usize = 128;
/// Longest description of how to speak, bytes.
const MAX_INSTRUCTIONS: usize = 4_096;

/// How sound is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SoundFormat {
    /// MPEG layer III.
    Mp3,
    /// Opus in Ogg.
    Opus,
    /// AAC in ADTS.
    Aac,
    /// FLAC.
    Flac,
    /// WAV.
    Wav,
    /// Samples of 16 bits, one channel, 24,000 per second.
    Pcm,
}

/// A request. Fields that are not named here are kept in `extra`.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct SpeechRequest {
    /// Id of the model.
    pub model: String,
    /// What to say.
    pub input: String,
    /// Name of the voice.
    pub voice: String,
    /// How to write the sound; MP3 if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_format: Option<SoundFormat>,
    /// 0.25 to 4, 1 if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speed: Option<f64>,
    /// How to speak.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instructions: Option<String>,
    /// Everything else.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl SpeechRequest {
    /// Parses and validates the body of a request.
    ///
    /// # Errors
    /// [`EngineError::BadRequest`] naming the field and its limit.
    pub fn from_json(body: &[u8]) -> Result<Self, EngineError> {
        read_valid(body, Self::validate)
    }

    fn validate(&self) -> Result<(), EngineError> {
        check_model(&self.model)?;
        let characters = self.characters();
        if !(1..=MAX_INPUT).contains(&characters) {
            let reason = format!("{characters} characters, limit 1 to {MAX_INPUT}");
            return Err(bad("input", reason));
        }
        // A name, not an address or a path that the server might open.
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"_-+.() ".contains(&byte);
        if !(1..=MAX_VOICE).contains(&self.voice.len()) || !self.voice.bytes().all(is_name) {
            let reason = format!("must be a name of 1 to {MAX_VOICE} letters, digits, _-+.()");
            return Err(bad("voice", reason));
        }
        let speed = self.speed();
        if !(0.25..=4.0).contains(&speed) {
            return Err(bad("speed", format!("is {speed}, limit 0.25 to 4")));
        }
        let length = self.instructions.as_ref().map_or(0, String::len);
        if length > MAX_INSTRUCTIONS {
            let reason = format!("{length} bytes, limit {MAX_INSTRUCTIONS}");
            return Err(bad("instructions", reason));
        }
        Ok(())
    }

    /// The request as a server gets it.
    ///
    /// # Errors
    /// None for a request that came as JSON.
    pub fn into_body(self) -> Result<bytes::Bytes, EngineError> {
        to_body(&self)
    }

    /// Characters of the text.
    pub fn characters(&self) -> usize {
        self.input.chars().count()
    }

    /// How fast to speak; 1 is the voice's own speed.
    pub fn speed(&self) -> f64 {
        self.speed.unwrap_or(1.0)
    }

    /// How to write the sound.
    pub fn format(&self) -> SoundFormat {
        self.response_format.unwrap_or(SoundFormat::Mp3)
    }
}

impl std::fmt::Debug for SpeechRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SpeechRequest")
            .field("model", &self.model)
            .field("characters", &self.characters())
            .finish_non_exhaustive()
    }
}
