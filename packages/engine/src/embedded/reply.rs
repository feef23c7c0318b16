//! Answers as OpenAI's servers write them (<https://platform.openai.com/docs/api-reference/chat>).

use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use serde_json::{json, Value};

use super::rng::Rng;

/// Writes the chunks of one streamed answer, or one plain answer.
pub(super) struct Writer {
    id: String,
    model: String,
    /// Unix seconds.
    created: u64,
    stream: bool,
    include_usage: bool,
    /// The text of a plain answer so far.
    text: String,
}

impl Writer {
    pub(super) fn new(model: &str, stream: bool, include_usage: bool) -> Self {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let seed = u64::try_from(now.as_nanos()).unwrap_or(u64::MAX);
        Self {
            id: format!("chatcmpl-{:016x}", Rng::new(seed).next_u64()),
            model: model.to_owned(),
            created: now.as_secs(),
            stream,
            include_usage,
            text: String::new(),
        }
    }

    /// The first chunk.
    pub(super) fn begin(&self) -> Option<Bytes> {
        let delta = json!({ "role": "assistant", "content": "" });
        self.stream.then(|| self.chunk(delta, None))
    }

    /// More text; a plain answer is written at its end.
    pub(super) fn text(&mut self, text: &str) -> Option<Bytes> {
        if !self.stream {
            self.text.push_str(text);
            return None;
        }
        (!text.is_empty()).then(|| self.chunk(json!({ "content": text }), None))
    }

    /// What is left to write when `tokens` of prompt and answer were used.
    pub(super) fn end(self, finish_reason: &str, tokens: (u64, u64)) -> Bytes {
        let (prompt, completion) = tokens;
        let usage = json!({
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "total_tokens": prompt.saturating_add(completion),
        });
        if !self.stream {
            let message = json!({ "role": "assistant", "content": self.text });
            let choice = json!({ "index": 0, "message": message, "finish_reason": finish_reason });
            let mut whole = self.part("chat.completion", json!([choice]));
            whole["usage"] = usage;
            return whole.to_string().into();
        }
        let mut end = self.chunk(json!({}), Some(finish_reason)).to_vec();
        if self.include_usage {
            let mut chunk = self.part("chat.completion.chunk", json!([]));
            chunk["usage"] = usage;
            end.extend_from_slice(format!("data: {chunk}\n\n").as_bytes());
        }
        end.extend_from_slice(b"data: [DONE]\n\n");
        end.into()
    }

    fn chunk(&self, delta: Value, finish_reason: Option<&str>) -> Bytes {
        let choice = json!({ "index": 0, "delta": delta, "finish_reason": finish_reason });
        let chunk = self.part("chat.completion.chunk", json!([choice]));
        format!("data: {chunk}\n\n").into()
    }

    fn part(&self, object: &str, choices: Value) -> Value {
        json!({
            "id": self.id,
            "object": object,
            "created": self.created,
            "model": self.model,
            "choices": choices,
        })
    }
}
