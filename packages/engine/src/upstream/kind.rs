//! What differs between servers that speak OpenAI's API: where they tell how they are and what they serve.

use super::{listing, UpstreamEngine};
use crate::{EngineError, ModelInfo};

/// Tokens of context of a model of which neither server nor configuration tells.
const UNKNOWN: u64 = 8_192;

/// A kind of server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kind {
    /// vLLM. `GET /health` is 503 once its engine is dead
    /// (<https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html>).
    Vllm,
    /// SGLang. `GET /health` generates one token unless its environment says
    /// `SGLANG_ENABLE_HEALTH_ENDPOINT_GENERATION=false`
    /// (<https://docs.sglang.io/advanced_features/server_arguments.html>).
    Sglang,
    /// Text Generation Inference (`router/src/server.rs` of
    /// <https://github.com/huggingface/text-generation-inference>).
    Tgi,
    /// Ollama (<https://github.com/ollama/ollama/blob/main/docs/api.md>).
    Ollama,
    /// llama.cpp's `llama-server`. `GET /health` is 503 while it loads its model
    /// (<https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md>).
    LlamaCpp,
    /// Anything else; only `GET /v1/models` is expected besides what generates.
    #[default]
    OpenAi,
}

impl Kind {
    /// Its name in configurations, logs and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Vllm => "vllm",
            Self::Sglang => "sglang",
            Self::Tgi => "tgi",
            Self::Ollama => "ollama",
            Self::LlamaCpp => "llama-cpp",
            Self::OpenAi => "openai",
        }
    }

    /// Path below the server's root that answers 200 while it works; none for a server that is only asked
    /// for its models.
    const fn health_path(self) -> Option<&'static str> {
        match self {
            Self::Vllm | Self::Sglang | Self::Tgi | Self::LlamaCpp => Some("health"),
            Self::Ollama => Some("api/version"),
            Self::OpenAi => None,
        }
    }
}

impl UpstreamEngine {
    /// Asks whether the server works.
    pub(super) async fn ask_health(&self) -> Result<(), EngineError> {
        match self.config.kind.health_path() {
            Some(path) => self.get(&self.root_url(path)).await.map(drop),
            None => self.ask_models().await.map(drop),
        }
    }

    /// Asks for the models and their contexts, in tokens.
    pub(super) async fn ask_models(&self) -> Result<Vec<ModelInfo>, EngineError> {
        match self.config.kind {
            Kind::Tgi => self.ask_tgi().await,
            Kind::Ollama => self.ask_ollama().await,
            Kind::LlamaCpp => self.ask_llama_cpp().await,
            Kind::Vllm | Kind::Sglang | Kind::OpenAi => {
                let models = listing::models(&self.get(&self.url("models")).await?)?;
                Ok(self.with_context(models, None))
            }
        }
    }

    /// `GET /info`: one model, and `max_total_tokens` for prompt and answer together.
    async fn ask_tgi(&self) -> Result<Vec<ModelInfo>, EngineError> {
        let info = listing::tgi_info(&self.get(&self.root_url("info")).await?)?;
        Ok(vec![info])
    }

    /// `GET /v1/models`, and `GET /props` of builds that do not say the context there.
    async fn ask_llama_cpp(&self) -> Result<Vec<ModelInfo>, EngineError> {
        let models = listing::models(&self.get(&self.url("models")).await?)?;
        if models.iter().all(|model| model.context_length().is_some()) {
            return Ok(self.with_context(models, None));
        }
        let props = self.get(&self.root_url("props")).await?;
        Ok(self.with_context(models, listing::llama_cpp_context(&props)?))
    }

    /// `GET /v1/models`, then for each model what it is loaded with (`GET /api/ps`), or would be
    /// (`POST /api/show`). Models that run in Ollama's cloud are left out.
    async fn ask_ollama(&self) -> Result<Vec<ModelInfo>, EngineError> {
        let models = listing::models(&self.get(&self.url("models")).await?)?;
        let running = listing::ollama_running(&self.get(&self.root_url("api/ps")).await?)?;
        let mut infos = Vec::with_capacity(models.len());
        for model in models {
            let question = serde_json::json!({ "model": model.id });
            let post = self.client.post(self.root_url("api/show")).json(&question);
            let shown = self.body(self.send(post).await?).await?;
            let loaded_with = running.get(&model.id).copied();
            let Some(context) = listing::ollama_context(&shown, loaded_with)? else {
                continue;
            };
            infos.push(ModelInfo {
                id: model.id,
                context_length: context.within(self.config.context_length),
            });
        }
        Ok(infos)
    }

    /// Fills in the context where the list has none: `others`, or what is configured.
    fn with_context(&self, models: Vec<listing::Model>, others: Option<u64>) -> Vec<ModelInfo> {
        let default = others.or(self.config.context_length);
        let info = |model: listing::Model| ModelInfo {
            context_length: model.context_length().or(default).unwrap_or(UNKNOWN),
            id: model.id,
        };
        models.into_iter().map(info).collect()
    }

    async fn get(&self, url: &str) -> Result<Vec<u8>, EngineError> {
        self.body(self.send(self.client.get(url)).await?).await
    }

    /// A path beside `/v1`.
    fn root_url(&self, path: &str) -> String {
        let base = self.config.base_url.trim_end_matches('/');
        format!("{}/{path}", base.strip_suffix("/v1").unwrap_or(base))
    }
}
