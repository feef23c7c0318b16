//! How long a file is: measured here, or told by the engine within a bound.

use serde_json::Value;

use super::duration_ms;

/// Most milliseconds of sound in a byte: 4 kbit/s, less than speech can be squeezed into.
const MS_PER_BYTE: u64 = 2;

/// How long a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// Milliseconds, measured.
    Measured(u64),
    /// Milliseconds at most; the engine has to tell.
    AtMost(u64),
}

impl Length {
    /// Measures a file, or bounds its length if it is MP4, WebM or another kind of Ogg than Opus; `None`
    /// for everything else.
    pub fn of(file: &[u8]) -> Option<Self> {
        if let Some(length) = duration_ms(file) {
            return Some(Length::Measured(length));
        }
        let is_mp4 = file.get(4..8) == Some(b"ftyp");
        let is_webm = file.starts_with(&[0x1a, 0x45, 0xdf, 0xa3]);
        let is_ogg = file.starts_with(b"OggS");
        let bound = (file.len() as u64).saturating_mul(MS_PER_BYTE);
        (is_mp4 || is_webm || is_ogg).then_some(Length::AtMost(bound))
    }
}

/// The length that an engine tells in a transcript, in milliseconds: OpenAI's `duration` (a number, or one
/// in a string), or `usage.seconds`.
pub fn told_ms(answer: &Value) -> Option<u64> {
    let duration = answer.get("duration");
    let told = duration.or_else(|| answer.pointer("/usage/seconds"))?;
    let seconds = match told {
        Value::String(text) => text.parse().ok()?,
        told => told.as_f64()?,
    };
    let milliseconds = (seconds * 1_000.0).ceil();
    // Also false for what is no number.
    (milliseconds > 0.0 && milliseconds < 9e15).then_some(milliseconds as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn lengths_are_told_in_many_ways() {
        for (answer, expected) in [
            (json!({ "duration": 1.5 }), Some(1_500)),
            (json!({ "duration": "2.0001" }), Some(2_001)),
            (
                json!({ "usage": { "type": "duration", "seconds": 3 } }),
                Some(3_000),
            ),
            (json!({ "duration": 0 }), None),
            (json!({ "duration": -1 }), None),
            (json!({ "duration": "NaN" }), None),
            (json!({ "duration": 1e300 }), None),
            (json!({ "text": "x" }), None),
            (Value::Null, None),
        ] {
            assert_eq!(told_ms(&answer), expected, "{answer}");
        }
    }

    #[test]
    fn only_known_containers_are_left_to_the_engine() {
        let webm = [&[0x1a, 0x45, 0xdf, 0xa3][..], &[0; 96]].concat();
        assert_eq!(Length::of(&webm), Some(Length::AtMost(200)));
        let mp4 = b"\0\0\0\x18ftypM4A ";
        assert_eq!(Length::of(mp4), Some(Length::AtMost(24)));
        assert_eq!(Length::of(b"OggS\0"), Some(Length::AtMost(10)));
        assert_eq!(Length::of(b"something else"), None);
    }
}
