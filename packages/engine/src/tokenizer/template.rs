//! The chat template that lies beside a `tokenizer.json`.

use std::path::Path;

use minijinja::context;
use serde::Deserialize;
use serde_json::Value;

use super::files::{malformed, read_if_any, TokenizerError};
use super::MAX_FILE;
use crate::chat_template::ChatTemplate;
use crate::ChatRequest;

/// Longest template that is read, bytes.
const MAX_TEMPLATE: u64 = 1 << 20;

/// A chat template and the texts of the tokens that it may write.
pub(super) struct Template {
    jinja: ChatTemplate,
    bos: String,
    eos: String,
    /// It writes today's date if its engine tells it.
    pub is_dated: bool,
}

/// What counts of a `tokenizer_config.json`.
#[derive(Deserialize, Default)]
#[serde(default)]
struct TokenizerConfig {
    chat_template: Value,
    bos_token: Value,
    eos_token: Value,
}

impl Template {
    /// The template in a folder, if there is one.
    pub fn beside(folder: &Path) -> Result<Option<Self>, TokenizerError> {
        let path = folder.join("tokenizer_config.json");
        let config = match read_if_any(&path, MAX_FILE)? {
            Some(bytes) => serde_json::from_slice(&bytes)
                .map_err(|error| malformed(&path, error.to_string()))?,
            None => TokenizerConfig::default(),
        };
        let own = folder.join("chat_template.jinja");
        let (path, source) = match read_if_any(&own, MAX_TEMPLATE)? {
            Some(bytes) => {
                let text = String::from_utf8(bytes);
                let text = text.map_err(|_| malformed(&own, "is not UTF-8".into()))?;
                (own, text)
            }
            None => match template_of(&config.chat_template) {
                Some(text) => (path, text.to_owned()),
                None => return Ok(None),
            },
        };
        let is_dated = source.contains("strftime_now");
        let jinja = ChatTemplate::new(source);
        let jinja =
            jinja.map_err(|error| malformed(&path, format!("the chat template: {error}")))?;
        Ok(Some(Template {
            jinja,
            bos: token_text(&config.bos_token),
            eos: token_text(&config.eos_token),
            is_dated,
        }))
    }

    /// The prompt of plain messages; `None` if the template refuses them.
    pub fn render(&self, request: &ChatRequest) -> Option<String> {
        let values = context! {
            messages => request.messages,
            tools => (),
            documents => (),
            bos_token => self.bos,
            eos_token => self.eos,
            add_generation_prompt => true,
        };
        self.jinja.render(values).ok()
    }
}

/// A template stands alone or, named `default`, in a list.
fn template_of(value: &Value) -> Option<&str> {
    match value {
        Value::Array(templates) => {
            let default = templates.iter().find(|one| one["name"] == "default")?;
            default["template"].as_str()
        }
        value => value.as_str(),
    }
}

/// A token stands as its text, or as an object with its `content`.
fn token_text(value: &Value) -> String {
    let text = value.as_str().or(value["content"].as_str());
    text.unwrap_or_default().to_owned()
}
