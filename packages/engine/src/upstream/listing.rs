//! How servers list their models, and where each kind says how long a context may be.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::Deserialize;
use serde_json::Value;

use super::wire::protocol;
use crate::{EngineError, ModelInfo};

/// Tokens of context that Ollama gives a model on a small GPU if nobody says otherwise
/// (<https://github.com/ollama/ollama/blob/main/docs/context-length.mdx>); more on larger ones.
const OLLAMA_LEAST: u64 = 4_096;

#[derive(Deserialize)]
struct Models {
    /// Null where a server has none.
    data: Option<Vec<Model>>,
}

/// An entry of `GET /v1/models`.
#[derive(Deserialize)]
pub(super) struct Model {
    pub(super) id: String,
    /// vLLM's and SGLang's field, tokens.
    #[serde(default)]
    max_model_len: Option<u64>,
    /// llama.cpp's field.
    #[serde(default)]
    meta: Option<Meta>,
}

#[derive(Deserialize)]
struct Meta {
    /// Tokens of one slot. `n_ctx_train` beside it is what the model was trained with, which may be more.
    #[serde(default)]
    n_ctx: Option<u64>,
}

impl Model {
    /// Tokens of context, if the list says so.
    pub(super) fn context_length(&self) -> Option<u64> {
        let of_slot = || self.meta.as_ref()?.n_ctx;
        self.max_model_len.or_else(of_slot)
    }
}

pub(super) fn models(json: &[u8]) -> Result<Vec<Model>, EngineError> {
    let models: Models = parse(json, "a list of models")?;
    Ok(models.data.unwrap_or_default())
}

#[derive(Deserialize)]
struct TgiInfo {
    model_id: String,
    max_total_tokens: u64,
}

pub(super) fn tgi_info(json: &[u8]) -> Result<ModelInfo, EngineError> {
    let info: TgiInfo = parse(json, "what /info of TGI tells")?;
    Ok(ModelInfo {
        id: info.model_id,
        context_length: info.max_total_tokens,
    })
}

/// Tokens of one slot.
pub(super) fn llama_cpp_context(json: &[u8]) -> Result<Option<u64>, EngineError> {
    let props: Value = parse(json, "what /props of llama.cpp tells")?;
    let context = props.pointer("/default_generation_settings/n_ctx");
    Ok(context.and_then(Value::as_u64))
}

#[derive(Deserialize)]
struct Running {
    models: Option<Vec<RunningModel>>,
}

#[derive(Deserialize)]
struct RunningModel {
    model: String,
    #[serde(default)]
    context_length: u64,
}

/// Tokens of context of the models that Ollama has loaded.
pub(super) fn ollama_running(json: &[u8]) -> Result<BTreeMap<String, u64>, EngineError> {
    let running: Running = parse(json, "what /api/ps of Ollama tells")?;
    let models = running.models.unwrap_or_default().into_iter();
    let contexts = models.map(|model| (model.model, model.context_length));
    Ok(contexts.filter(|(_, context)| *context > 0).collect())
}

#[derive(Deserialize)]
struct Shown {
    /// Lines of a name and a value.
    #[serde(default)]
    parameters: String,
    #[serde(default)]
    model_info: BTreeMap<String, Value>,
    /// Where a model runs that does not run here (Ollama's cloud models).
    #[serde(default)]
    remote_host: String,
}

/// What Ollama says of a model's context, tokens.
pub(super) struct OllamaContext {
    /// What it is loaded with, or what its own file asks for.
    set: Option<u64>,
    /// What it was trained with.
    longest: Option<u64>,
}

/// `None` for a model that runs elsewhere: prompts would leave this machine.
pub(super) fn ollama_context(
    json: &[u8],
    running: Option<u64>,
) -> Result<Option<OllamaContext>, EngineError> {
    let shown: Shown = parse(json, "what /api/show of Ollama tells")?;
    if !shown.remote_host.is_empty() {
        return Ok(None);
    }
    let of_file = || {
        let mut lines = shown.parameters.lines().map(str::split_whitespace);
        lines.find_map(|mut words| match (words.next(), words.next()) {
            (Some("num_ctx"), Some(value)) => value.parse().ok(),
            _ => None,
        })
    };
    let mut infos = shown.model_info.iter();
    let longest = infos.find(|(name, _)| name.ends_with(".context_length"));
    Ok(Some(OllamaContext {
        set: running.or_else(of_file),
        longest: longest.and_then(|(_, value)| value.as_u64()),
    }))
}

impl OllamaContext {
    /// What the model has; `configured` stands for the server's `OLLAMA_CONTEXT_LENGTH`, which it does not
    /// tell. Ollama cuts a longer prompt silently, so nothing above it may be promised.
    pub(super) fn within(&self, configured: Option<u64>) -> u64 {
        let set = self.set.or(configured).unwrap_or(OLLAMA_LEAST);
        set.min(self.longest.unwrap_or(u64::MAX))
    }
}

/// Serde's own messages may quote the answer, so they are left out.
fn parse<T: DeserializeOwned>(json: &[u8], what: &str) -> Result<T, EngineError> {
    serde_json::from_slice(json).map_err(|_| protocol(&format!("not {what}")))
}
