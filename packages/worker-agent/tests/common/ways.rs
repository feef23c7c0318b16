//! The ways to make an engine work: what must hold for one must hold for all.

use serde_json::{json, Value};

use super::MODEL;

/// One route, and how its requests look.
#[derive(Clone, Copy)]
pub struct Way {
    pub path: &'static str,
    is_chat: bool,
    is_ollama: bool,
}

pub const OPENAI: Way = Way {
    path: "/v1/chat/completions",
    is_chat: true,
    is_ollama: false,
};
pub const OLLAMA_CHAT: Way = Way {
    path: "/api/chat",
    is_chat: true,
    is_ollama: true,
};
pub const GENERATE: Way = Way {
    path: "/api/generate",
    is_chat: false,
    is_ollama: true,
};
pub const WAYS: [Way; 3] = [OPENAI, OLLAMA_CHAT, GENERATE];

impl Way {
    /// A request for a plain answer.
    pub fn plain(&self, text: &str) -> Value {
        let mut body = if self.is_chat {
            json!({ "model": MODEL, "messages": [{ "role": "user", "content": text }] })
        } else {
            json!({ "model": MODEL, "prompt": text })
        };
        if self.is_ollama {
            body["stream"] = false.into();
        }
        body
    }

    /// A request for a stream.
    pub fn stream(&self, text: &str) -> Value {
        let mut body = self.plain(text);
        body["stream"] = true.into();
        body
    }

    /// Bounds the answer.
    pub fn limit(&self, body: &mut Value, tokens: i64) {
        if self.is_ollama {
            body["options"]["num_predict"] = tokens.into();
        } else {
            body["max_tokens"] = tokens.into();
        }
    }
}
