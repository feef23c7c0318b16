//! Pictures and sound in the messages of a chat: which are taken, and how much they are.
//!
//! They have to be in the request itself. An address would make the engine fetch it: for whom, and how
//! much, nobody could see here.

use base64::engine::general_purpose::STANDARD;
use base64::Engine;
use secret_ai_engine::ChatRequest;
use serde_json::Value;

use crate::error::ApiError;
use crate::sound;

/// Most pictures of one request.
const MAX_PICTURES: u64 = 64;
/// Pictures that every engine with eyes reads.
const PICTURES: [&str; 4] = ["image/png", "image/jpeg", "image/webp", "image/gif"];
const FIELD: &str = "messages.content";

/// What comes with the text of a chat.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    /// Number of pictures.
    pub pictures: u64,
    /// Milliseconds of sound, as measured here.
    pub audio_ms: u64,
}

impl Parts {
    /// Whether there is text only.
    pub fn is_empty(&self) -> bool {
        *self == Parts::default()
    }

    /// Measures what comes with a chat.
    ///
    /// # Errors
    /// 400 for parts of other kinds, for addresses, and for sound that cannot be measured.
    pub fn of(request: &ChatRequest) -> Result<Self, ApiError> {
        let mut parts = Parts::default();
        for message in &request.messages {
            if message.extra.keys().any(|name| is_disguised(name)) {
                return Err(refused("stands twice, in other letters"));
            }
            if message
                .extra
                .get("audio")
                .is_some_and(|audio| !audio.is_null())
            {
                return Err(refused("sound of an earlier answer is not kept here"));
            }
            let Value::Array(list) = &message.content else {
                continue;
            };
            list.iter().try_for_each(|part| parts.add(part))?;
        }
        if parts.pictures > MAX_PICTURES {
            let pictures = parts.pictures;
            return Err(refused(&format!(
                "{pictures} pictures, limit {MAX_PICTURES}"
            )));
        }
        Ok(parts)
    }

    fn add(&mut self, part: &Value) -> Result<(), ApiError> {
        // Engines may look for other kinds' fields whatever the type says.
        let is_alone = part.as_object().is_some_and(|fields| {
            let kind = part.get("type").and_then(Value::as_str);
            fields
                .keys()
                .all(|name| name == "type" || Some(name.as_str()) == kind)
        });
        if !is_alone {
            return Err(refused("has a part with fields of another kind"));
        }
        match part.get("type").and_then(Value::as_str) {
            Some("text") if part.get("text").is_some_and(Value::is_string) => Ok(()),
            Some("image_url") => {
                let url = part.pointer("/image_url/url").and_then(Value::as_str);
                check_picture(url.ok_or_else(|| refused("a picture has no url"))?)?;
                self.pictures = self.pictures.saturating_add(1);
                Ok(())
            }
            Some("input_audio") => {
                let data = part.pointer("/input_audio/data").and_then(Value::as_str);
                let sound = data.and_then(|data| STANDARD.decode(data).ok());
                let sound = sound.ok_or_else(|| refused("a sound is not base64"))?;
                let length = sound::duration_ms(&sound);
                let length = length.ok_or_else(|| refused(sound::MEASURED))?;
                self.audio_ms = self.audio_ms.saturating_add(length);
                Ok(())
            }
            _ => Err(refused(
                "has a part that is not text; this kind is not counted here",
            )),
        }
    }
}

/// Whether some engines would take this name for one that is read here: they do not tell capital letters
/// from small ones.
fn is_disguised(name: &str) -> bool {
    ["audio", "content", "role"]
        .iter()
        .any(|read| name != *read && name.eq_ignore_ascii_case(read))
}

fn check_picture(url: &str) -> Result<(), ApiError> {
    let data = url.strip_prefix("data:").ok_or_else(|| {
        refused("a picture must be a data: url, nothing is fetched from other addresses")
    })?;
    let (kind, data) = data.split_once(";base64,").unwrap_or_default();
    if !PICTURES.contains(&kind) {
        return Err(refused(
            "a picture must be PNG, JPEG, WebP or GIF in base64",
        ));
    }
    match STANDARD.decode(data) {
        Ok(bytes) if !bytes.is_empty() => Ok(()),
        _ => Err(refused("a picture is not base64")),
    }
}

fn refused(what: &str) -> ApiError {
    ApiError::bad_request(FIELD, format!("{FIELD}: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn parts(content: Value) -> Option<Parts> {
        let mut request = ChatRequest::from_user("m", "");
        request.messages[0].content = content;
        Parts::of(&request).ok()
    }

    fn sound(ms: usize) -> Value {
        let mut wav = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0".to_vec();
        wav.extend([0x40, 0x1f, 0, 0, 0, 0, 0, 0, 1, 0, 8, 0]);
        wav.extend(b"data\0\0\0\0");
        wav.extend(vec![128; ms * 8]);
        json!({ "type": "input_audio", "input_audio": { "data": STANDARD.encode(wav), "format": "wav" } })
    }

    fn picture(url: &str) -> Value {
        json!({ "type": "image_url", "image_url": { "url": url } })
    }

    #[test]
    fn pictures_and_sound_are_measured() {
        assert_eq!(parts(json!("text")), Some(Parts::default()));
        assert_eq!(parts(Value::Null), Some(Parts::default()));
        let content = json!([
            { "type": "text", "text": "What is this?" },
            picture("data:image/png;base64,AA=="),
            picture("data:image/jpeg;base64,AAAA"),
            sound(250),
            sound(1_000),
        ]);
        let expected = Parts {
            pictures: 2,
            audio_ms: 1_250,
        };
        assert_eq!(parts(content), Some(expected));
    }

    #[test]
    fn names_in_other_letters_are_refused() {
        for (name, is_taken) in [("Content", false), ("AUDIO", false), ("name", true)] {
            let mut request = ChatRequest::from_user("m", "hi");
            let extra = &mut request.messages[0].extra;
            extra.insert(name.into(), json!([picture("https://example.com/cat.png")]));
            assert_eq!(Parts::of(&request).is_ok(), is_taken, "{name}");
        }
    }

    #[test]
    fn addresses_and_other_kinds_are_refused() {
        for part in [
            picture("https://example.com/cat.png"),
            picture("http://169.254.169.254/latest"),
            picture("file:///etc/passwd"),
            picture("data:image/svg+xml;base64,AA=="),
            picture("data:text/html;base64,AA=="),
            picture("data:image/png;base64,%41"),
            picture("data:image/png;base64,"),
            picture("DATA:image/png;base64,AA=="),
            json!({ "type": "image_url", "image_url": "data:image/png;base64,AA==" }),
            json!({ "image_url": { "url": "data:image/png;base64,AA==" } }),
            json!({ "type": "video_url", "video_url": { "url": "data:video/mp4;base64,AA==" } }),
            json!({ "type": "audio_url", "audio_url": { "url": "data:audio/wav;base64,AA==" } }),
            json!({ "type": "input_audio", "input_audio": { "data": "AAAA", "format": "wav" } }),
            json!({ "type": "input_audio", "input_audio": { "data": "***" } }),
            json!({ "type": "file", "file": { "file_id": "x" } }),
            json!({ "type": "text" }),
            json!({ "type": "text", "text": "x", "image_url": { "url": "http://a/" } }),
            json!({ "type": "image_url", "uuid": "x", "image_url": { "url": "data:image/png;base64,AA==" } }),
            json!("text"),
        ] {
            assert_eq!(parts(json!([part.clone()])), None, "{part}");
        }
        let many = vec![picture("data:image/png;base64,AA=="); 65];
        assert_eq!(parts(many.into()), None);
    }
}
