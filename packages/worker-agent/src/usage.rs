//! What a request used: the engine's report, read without trust, or an estimate in its place.

use serde_json::{json, Value};

/// What a request used, in tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// Tokens of the prompt, cached ones included.
    pub prompt_tokens: u64,
    /// Tokens of the prompt that came from the engine's prefix cache; never above `prompt_tokens`.
    pub cached_tokens: u64,
    /// Tokens of the prompt that stand for sound, if the engine tells them; with the cached ones never
    /// above `prompt_tokens`.
    pub audio_tokens: u64,
    /// Tokens produced, reasoning included, over all choices.
    pub completion_tokens: u64,
}

impl Usage {
    /// OpenAI's `usage` object
    /// (<https://platform.openai.com/docs/api-reference/chat/object#chat/object-usage>); `estimated` is
    /// this agent's own field.
    pub fn to_json(self, estimated: bool) -> Value {
        let mut usage = json!({
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "total_tokens": self.prompt_tokens.saturating_add(self.completion_tokens),
            "prompt_tokens_details": { "cached_tokens": self.cached_tokens },
        });
        if estimated {
            usage["estimated"] = true.into();
        }
        usage
    }
}

/// An engine's `usage` object. What is no number of tokens counts as not said: an answer that was
/// delivered is never refused for it.
#[derive(Clone, Debug)]
pub struct Report {
    /// Tokens of the prompt.
    pub prompt: Option<u64>,
    /// Tokens of the prompt from the cache; 0 if the engine says nothing of it.
    pub cached: u64,
    /// Tokens of the prompt that stand for sound; 0 likewise.
    pub audio: u64,
    /// Tokens produced.
    pub completion: Option<u64>,
    /// As the engine wrote it.
    pub raw: Value,
}

impl Report {
    /// Reads a `usage` object; `None` for null.
    pub fn read(raw: Value) -> Option<Self> {
        if raw.is_null() {
            return None;
        }
        let detail = |name: &str| {
            let details = raw.get("prompt_tokens_details");
            details
                .and_then(|details| details.get(name))
                .and_then(tokens)
                .unwrap_or(0)
        };
        Some(Report {
            prompt: raw.get("prompt_tokens").and_then(tokens),
            cached: detail("cached_tokens"),
            audio: detail("audio_tokens"),
            completion: raw.get("completion_tokens").and_then(tokens),
            raw,
        })
    }
}

/// Some servers write whole numbers with a point.
fn tokens(value: &Value) -> Option<u64> {
    let whole = |number: f64| {
        let is_count = number.fract() == 0.0 && (0.0..9e15).contains(&number);
        is_count.then_some(number as u64)
    };
    value.as_u64().or_else(|| value.as_f64().and_then(whole))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_numbers_of_tokens_are_believed() {
        let read = |value: Value| Report::read(json!({ "completion_tokens": value })).unwrap();
        for (value, expected) in [
            (json!(5), Some(5)),
            (json!(5.0), Some(5)),
            (json!(5.5), None),
            (json!(-5), None),
            (json!("5"), None),
            (json!(1e300), None),
            (json!(null), None),
        ] {
            assert_eq!(read(value.clone()).completion, expected, "{value}");
        }
        assert!(Report::read(Value::Null).is_none());
    }
}
