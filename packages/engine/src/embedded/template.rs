//! Chat templates: the Jinja program in a GGUF file that turns messages into one prompt
//! (`tokenizer.chat_template`, <https://huggingface.co/docs/transformers/chat_templating>).

use minijinja::{context, Environment, Error, ErrorKind};
use serde_json::json;

use crate::chat::bad;
use crate::{ChatRequest, EngineError};

use super::metadata::{Metadata, Missing};
use super::tokenizer::Tokenizer;

const KEY: &str = "tokenizer.chat_template";
const NAME: &str = "chat";

/// A model's chat template.
pub(super) struct Template(Environment<'static>);

impl Template {
    pub(super) fn from_metadata(metadata: &Metadata) -> Result<Self, Missing> {
        let mut environment = Environment::new();
        environment.set_trim_blocks(true);
        environment.set_lstrip_blocks(true);
        environment
            .set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
        environment.add_function("raise_exception", |text: String| -> Result<String, Error> {
            Err(Error::new(ErrorKind::InvalidOperation, text))
        });
        environment
            .add_template_owned(NAME, metadata.string(KEY)?.to_owned())
            .map_err(|_| Missing::new(KEY))?;
        Ok(Self(environment))
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
        let template = self.0.get_template(NAME).map_err(refused)?;
        let values = context! {
            messages,
            bos_token => tokenizer.bos_text(),
            eos_token => tokenizer.eos_text(),
            add_generation_prompt => true,
        };
        template.render(values).map_err(refused)
    }
}
