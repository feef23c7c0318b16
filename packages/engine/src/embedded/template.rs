//! The chat template of a GGUF file (`tokenizer.chat_template`).

use minijinja::{context, Error};
use serde_json::json;

use crate::chat_template::ChatTemplate;
use crate::json_body::bad;
use crate::{ChatRequest, EngineError};

use super::metadata::{Metadata, Missing};
use super::tokenizer::Tokenizer;

const KEY: &str = "tokenizer.chat_template";

/// A model's chat template.
pub(super) struct Template(ChatTemplate);

impl Template {
    pub(super) fn from_metadata(metadata: &Metadata) -> Result<Self, Missing> {
        let template = ChatTemplate::new(metadata.string(KEY)?);
        template.map(Self).map_err(|_| Missing::new(KEY))
    }

    /// The whole prompt, up to where the assistant's answer begins.
    pub(super) fn render(
        &self,
        request: &ChatRequest,
        tokenizer: &Tokenizer,
    ) -> Result<String, EngineError> {
        let mut messages = Vec::with_capacity(request.messages.len());
        for message in &request.messages {
            if !matches!(message.role.as_str(), "system" | "user" | "assistant") {
                let reason = "is none of system, user and assistant, which this engine takes";
                return Err(bad("messages.role", reason));
            }
            let content = tokenizer.guard(&message.text()?);
            messages.push(json!({ "role": message.role, "content": content }));
        }
        // Errors of a template may quote messages, so only their kind goes on.
        let refused = |error: Error| {
            bad(
                "messages",
                format!(
                    "are refused by the model's chat template ({:?})",
                    error.kind()
                ),
            )
        };
        let values = context! {
            messages,
            bos_token => tokenizer.bos_text(),
            eos_token => tokenizer.eos_text(),
            add_generation_prompt => true,
        };
        self.0.render(values).map_err(refused)
    }
}
