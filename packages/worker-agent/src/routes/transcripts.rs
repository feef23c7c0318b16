//! `POST /v1/audio/transcriptions` and `/v1/audio/translations`: counted in milliseconds of the sound that
//! was sent.
//!
//! The agent measures the file itself where it can ([`sound`]). Of other containers (MP4, WebM, Vorbis in
//! Ogg) the engine has to tell the length, which is held to a bound by the file's size: it is asked for
//! `verbose_json`, which has a `duration`, whatever the client wants.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use bytes::Bytes;
use secret_ai_engine::{Endpoint, Engine, EngineError, ModelInfo};
use serde_json::{json, Value};

use super::body::BodyKind;
use super::plain::{protocol, serve, Finished, Raw, Task};
use crate::agent::Agent;
use crate::count::Counts;
use crate::error::ApiError;
use crate::fields;
use crate::multipart::{self, Part};
use crate::sound::{self, told_ms, Length};

/// Longest field besides the file, bytes.
const MAX_FIELD: usize = 4_096;
/// How much more than was measured here an engine may say before it is logged, milliseconds.
const TOLERANCE_MS: u64 = 1_000;

/// `POST /v1/audio/transcriptions`.
pub async fn transcribe(
    State(agent): State<Arc<Agent>>,
    request: Request,
) -> Result<Response, ApiError> {
    serve(agent, request, |content_type, body| {
        read(Endpoint::Transcriptions, content_type, body)
    })
    .await
}

/// `POST /v1/audio/translations`.
pub async fn translate(
    State(agent): State<Arc<Agent>>,
    request: Request,
) -> Result<Response, ApiError> {
    serve(agent, request, |content_type, body| {
        read(Endpoint::Translations, content_type, body)
    })
    .await
}

/// What the client gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Json,
    VerboseJson,
    Text,
    Srt,
    Vtt,
}

impl Format {
    const ALL: [(&'static str, Format); 5] = [
        ("json", Format::Json),
        ("verbose_json", Format::VerboseJson),
        ("text", Format::Text),
        ("srt", Format::Srt),
        ("vtt", Format::Vtt),
    ];

    fn read(name: &str) -> Option<Self> {
        let known = Self::ALL.iter().find(|(known, _)| *known == name);
        known.map(|(_, format)| *format)
    }

    fn name(self) -> &'static str {
        let known = Self::ALL.iter().find(|(_, format)| *format == self);
        known.map_or("json", |(name, _)| name)
    }
}

struct Transcript {
    endpoint: Endpoint,
    model: String,
    file: Bytes,
    /// Tells the engine what the file is.
    filename: String,
    fields: Vec<Part>,
    format: Format,
    length: Length,
}

fn read(endpoint: Endpoint, content_type: &str, body: &Bytes) -> Result<Transcript, ApiError> {
    let boundary = multipart::boundary(content_type).ok_or_else(|| {
        let message = "content-type: must be multipart/form-data with a boundary";
        ApiError::unsupported("content-type", message)
    })?;
    let (mut file, mut model, mut format) = (None, None, Format::Json);
    let mut fields = Vec::new();
    for part in multipart::read(body, boundary)? {
        match part.name.as_str() {
            "file" => file = Some(part),
            "model" => model = Some(text(&part)?.to_owned()),
            "response_format" => {
                let known = Format::read(text(&part)?);
                format = known.ok_or_else(|| bad("response_format", "is not known"))?;
            }
            name => {
                fields::check_text(endpoint, name, text(&part)?)?;
                fields.push(part);
            }
        }
    }
    let model = model.filter(|model| !model.is_empty());
    let model = model.ok_or_else(|| bad("model", "is missing"))?;
    let Part { filename, data, .. } = file.ok_or_else(|| bad("file", "is missing"))?;
    let length = Length::of(&data).ok_or_else(|| {
        bad(
            "file",
            &format!("{}, or MP4, WebM or Vorbis in Ogg", sound::MEASURED),
        )
    })?;
    let is_subtitle = matches!(format, Format::Srt | Format::Vtt);
    if is_subtitle && matches!(length, Length::AtMost(_)) {
        let problem = "srt and vtt need a sound in WAV, FLAC, MP3, Opus in Ogg, or AAC in ADTS";
        return Err(bad("response_format", problem));
    }
    Ok(Transcript {
        endpoint,
        model,
        filename: plain_name(filename.as_deref()),
        file: data,
        fields,
        format,
        length,
    })
}

fn text(part: &Part) -> Result<&str, ApiError> {
    let is_short = part.filename.is_none() && part.data.len() <= MAX_FIELD;
    let text = std::str::from_utf8(&part.data).ok().filter(|_| is_short);
    text.ok_or_else(|| {
        let message = format!("{}: must be text of at most {MAX_FIELD} bytes", part.name);
        ApiError::bad_request(part.name.clone(), message)
    })
}

/// A name with the client's extension, by which some engines tell formats apart.
fn plain_name(name: Option<&str>) -> String {
    let extension = name.and_then(|name| name.rsplit_once('.'));
    let extension = extension.map(|(_, extension)| extension.to_ascii_lowercase());
    let is_plain = |text: &String| {
        (1..=5).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    let extension = extension.filter(is_plain);
    format!("sound.{}", extension.as_deref().unwrap_or("bin"))
}

fn bad(field: &'static str, problem: &str) -> ApiError {
    ApiError::bad_request(field, format!("{field}: {problem}"))
}

fn field(name: &str, value: &str) -> Part {
    Part {
        name: name.to_owned(),
        filename: None,
        data: Bytes::copy_from_slice(value.as_bytes()),
    }
}

impl Task for Transcript {
    const BODY: BodyKind = BodyKind::Form;

    fn endpoint(&self) -> Endpoint {
        self.endpoint
    }

    fn model(&self) -> &str {
        &self.model
    }

    fn worst(&self, _model: &ModelInfo) -> Counts {
        let (Length::Measured(audio_ms) | Length::AtMost(audio_ms)) = self.length;
        Counts {
            audio_ms,
            ..Counts::default()
        }
    }

    fn to_engine(&self, model: &str) -> Result<(String, Bytes), ApiError> {
        let format = match self.length {
            Length::Measured(_) => self.format,
            Length::AtMost(_) => Format::VerboseJson,
        };
        let mut form = vec![
            field("model", model),
            field("response_format", format.name()),
        ];
        form.extend(self.fields.iter().cloned());
        form.push(Part {
            name: "file".to_owned(),
            filename: Some(self.filename.clone()),
            data: self.file.clone(),
        });
        Ok(multipart::write(&form))
    }

    fn finish(&self, raw: Raw, _engine: &dyn Engine) -> Result<Finished, EngineError> {
        let read: Value = serde_json::from_slice(&raw.body).unwrap_or_default();
        let told = told_ms(&read);
        let is_json = matches!(self.format, Format::Json | Format::VerboseJson);
        let (audio_ms, body) = match self.length {
            Length::Measured(length) => {
                check_answer(&raw.body, &read, is_json)?;
                if told.is_some_and(|told| told > length.saturating_add(TOLERANCE_MS)) {
                    tracing::warn!(length, told, "an engine finds more sound in a file, ms");
                }
                (length, raw.body)
            }
            Length::AtMost(_) => {
                check_answer(&raw.body, &read, true)?;
                let told = told.ok_or_else(|| protocol("the length of the sound is not told"))?;
                (told, self.shorten(&read, raw.body))
            }
        };
        Ok(Finished {
            counts: Counts {
                audio_ms,
                ..Counts::default()
            },
            estimated: false,
            content_type: match is_json {
                true => "application/json",
                false => "text/plain; charset=utf-8",
            },
            body,
        })
    }
}

impl Transcript {
    /// What the client wants of an answer in `verbose_json`.
    fn shorten(&self, read: &Value, body: Bytes) -> Bytes {
        match self.format {
            Format::Json => json!({ "text": read["text"] }).to_string().into(),
            Format::VerboseJson => body,
            Format::Text | Format::Srt | Format::Vtt => {
                let text = read["text"].as_str().unwrap_or_default();
                format!("{text}\n").into()
            }
        }
    }
}

/// Checks that an answer is a transcript.
fn check_answer(body: &[u8], read: &Value, is_json: bool) -> Result<(), EngineError> {
    if read.get("error").is_some_and(|error| !error.is_null()) {
        return Err(protocol("an error in the place of an answer"));
    }
    let is_transcript = match is_json {
        true => read.get("text").is_some_and(Value::is_string),
        false => std::str::from_utf8(body).is_ok(),
    };
    is_transcript
        .then_some(())
        .ok_or_else(|| protocol("not a transcript"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_nothing_but_a_plain_extension() {
        assert_eq!(plain_name(Some("my voice.M4A")), "sound.m4a");
        assert_eq!(plain_name(Some("x.\"\r\nX: y")), "sound.bin");
        assert_eq!(plain_name(Some("../../etc/passwd")), "sound.bin");
        assert_eq!(plain_name(None), "sound.bin");
    }
}
