//! OpenAI's answer types, as far as this worker writes them.

use secret_ai_engine::{Delta, ModelInfo, Usage};
use serde::Serialize;
use serde_json::{json, Map, Value};

/// What all parts of one answer have in common.
#[derive(Clone, Debug)]
pub struct Head {
    /// `chatcmpl-…`
    pub id: String,
    /// Unix seconds.
    pub created: u64,
    pub model: String,
}

impl Head {
    /// Head of a new answer.
    pub fn new(model: &str, now: u64) -> Self {
        let id = format!("chatcmpl-{:032x}", rand::random::<u128>());
        Head {
            id,
            created: now,
            model: model.into(),
        }
    }

    /// A chunk with a piece of one choice, and the usage if it is the last.
    pub fn chunk(&self, delta: Delta, usage: Option<&Usage>) -> Value {
        let mut content = delta.extra;
        if let Some(role) = delta.role {
            content.insert("role".into(), role.into());
        }
        if let Some(text) = delta.text {
            content.insert("content".into(), text.into());
        }
        let choice = json!({
            "index": delta.index,
            "delta": content,
            "finish_reason": delta.finish_reason,
        });
        self.part("chat.completion.chunk", vec![choice], usage)
    }

    /// A chunk with the usage alone.
    pub fn usage_chunk(&self, usage: &Usage) -> Value {
        self.part("chat.completion.chunk", Vec::new(), Some(usage))
    }

    /// A whole answer.
    pub fn completion(&self, choices: Vec<Choice>, usage: &Usage) -> Value {
        let choices = choices.into_iter().map(Choice::into_json).collect();
        self.part("chat.completion", choices, Some(usage))
    }

    fn part(&self, object: &str, choices: Vec<Value>, usage: Option<&Usage>) -> Value {
        let mut part = json!({
            "id": self.id,
            "object": object,
            "created": self.created,
            "model": self.model,
            "choices": choices,
        });
        if let Some(usage) = usage {
            part["usage"] = usage_json(usage);
        }
        part
    }
}

fn usage_json(usage: &Usage) -> Value {
    json!({
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.prompt_tokens.saturating_add(usage.completion_tokens),
        "prompt_tokens_details": { "cached_tokens": usage.cached_tokens },
    })
}

/// One of a plain answer's choices, put together from its pieces.
#[derive(Clone, Default)]
pub struct Choice {
    pub index: u32,
    text: Option<String>,
    finish_reason: Option<String>,
    extra: Map<String, Value>,
}

impl Choice {
    /// Adds a piece to the choice that it belongs to.
    pub fn append(choices: &mut Vec<Choice>, delta: Delta) {
        let at = choices
            .iter()
            .position(|choice| choice.index == delta.index);
        let at = at.unwrap_or_else(|| {
            choices.push(Choice {
                index: delta.index,
                ..Choice::default()
            });
            choices.len() - 1
        });
        let Some(choice) = choices.get_mut(at) else {
            return;
        };
        if let Some(text) = delta.text {
            choice.text.get_or_insert_default().push_str(&text);
        }
        if delta.finish_reason.is_some() {
            choice.finish_reason = delta.finish_reason;
        }
        choice.extra.extend(delta.extra);
    }

    fn into_json(self) -> Value {
        let mut message = self.extra;
        message.insert("role".into(), "assistant".into());
        message.insert("content".into(), self.text.into());
        json!({ "index": self.index, "message": message, "finish_reason": self.finish_reason })
    }
}

/// Answer of `GET /v1/models`.
#[derive(Debug, Serialize)]
pub struct ModelList {
    object: &'static str,
    data: Vec<Model>,
}

#[derive(Debug, Serialize)]
struct Model {
    id: String,
    object: &'static str,
    created: u64,
    owned_by: &'static str,
    /// As vLLM calls it.
    max_model_len: u64,
}

impl From<Vec<ModelInfo>> for ModelList {
    fn from(models: Vec<ModelInfo>) -> Self {
        let model = |info: ModelInfo| Model {
            id: info.id,
            object: "model",
            created: 0,
            owned_by: "secret-ai",
            max_model_len: info.context_length,
        };
        ModelList {
            object: "list",
            data: models.into_iter().map(model).collect(),
        }
    }
}
