//! `POST /v1/audio/speech`: counted in milliseconds of the sound that came, measured in the file.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use bytes::Bytes;
use secret_ai_engine::{Endpoint, Engine, EngineError, ModelInfo, SoundFormat, SpeechRequest};

use super::body::BodyKind;
use super::plain::{protocol, serve, Finished, Raw, Task};
use crate::agent::Agent;
use crate::count::Counts;
use crate::error::ApiError;
use crate::{fields, sound};

/// Most milliseconds that a character takes, at a voice's own speed: a digit of a number, or a syllable.
const MS_PER_CHARACTER: f64 = 500.0;
/// Silence around what is said, milliseconds.
const SILENCE_MS: f64 = 5_000.0;

/// Most bytes of an answer: the longest text, read at a quarter of the speed, in 48,000 samples of 16 bits
/// per second, with room to spare.
const MAX_SOUND: usize = 256 << 20;

/// `POST /v1/audio/speech`.
pub async fn create(
    State(agent): State<Arc<Agent>>,
    request: Request,
) -> Result<Response, ApiError> {
    serve(agent, request, |_, body| {
        let request = SpeechRequest::from_json(body)?;
        fields::check(Endpoint::Speech, &request.extra)?;
        Ok(Speech(request))
    })
    .await
}

struct Speech(SpeechRequest);

fn counts(audio_ms: u64) -> Counts {
    Counts {
        audio_ms,
        ..Counts::default()
    }
}

impl Task for Speech {
    const BODY: BodyKind = BodyKind::Json;

    fn endpoint(&self) -> Endpoint {
        Endpoint::Speech
    }

    fn model(&self) -> &str {
        &self.0.model
    }

    fn worst(&self, _model: &ModelInfo) -> Counts {
        let text = self.0.characters() as f64 * MS_PER_CHARACTER;
        // At most 4,096 characters at a quarter of the speed: far below 2^53.
        counts(((text + SILENCE_MS) / self.0.speed()).ceil() as u64)
    }

    fn most_bytes(&self) -> usize {
        MAX_SOUND
    }

    fn to_engine(&self, model: &str) -> Result<(String, Bytes), ApiError> {
        let mut request = self.0.clone();
        model.clone_into(&mut request.model);
        Ok(("application/json".to_owned(), request.into_body()?))
    }

    fn finish(&self, raw: Raw, _engine: &dyn Engine) -> Result<Finished, EngineError> {
        let kind = raw.content_type.as_str();
        let is_sound = kind.starts_with("audio/") || kind.starts_with("application/octet-stream");
        if !is_sound || raw.body.is_empty() {
            return Err(protocol("no sound in the answer"));
        }
        let format = self.0.format();
        let length = match format {
            SoundFormat::Pcm => Some(sound::pcm_ms(raw.body.len())),
            _ => sound::duration_ms(&raw.body),
        };
        let length = length.ok_or_else(|| protocol("sound that cannot be measured"))?;
        Ok(Finished {
            counts: counts(length),
            estimated: false,
            content_type: media_type(format),
            body: raw.body,
        })
    }
}

fn media_type(format: SoundFormat) -> &'static str {
    match format {
        SoundFormat::Mp3 => "audio/mpeg",
        SoundFormat::Opus => "audio/ogg",
        SoundFormat::Aac => "audio/aac",
        SoundFormat::Flac => "audio/flac",
        SoundFormat::Wav => "audio/wav",
        SoundFormat::Pcm => "audio/pcm",
    }
}
