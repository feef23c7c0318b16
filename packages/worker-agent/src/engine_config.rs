//! The configuration of engines: `[engine]` for one, or `[[engines]]` for several.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use schemars::JsonSchema;
use secret_ai_engine::upstream::Kind;
use secret_ai_interface::MAX_MODEL_NAME;
use serde::Deserialize;

/// Requests at once of an engine for which nothing is configured.
pub const DEFAULT_REQUESTS: usize = 1_024;
/// Most engines of a worker.
const MAX_ENGINES: usize = 64;
/// Longest name of an engine, bytes.
const MAX_NAME: usize = 64;
/// Most requests at once that may be configured for an engine.
const MOST_REQUESTS: usize = 100_000;
/// Longest context that may be configured, tokens.
const LONGEST_CONTEXT: u64 = 1 << 32;

/// Where answers come from.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum EngineConfig {
    /// A model inside this process.
    Embedded(EmbeddedConfig),
    /// vLLM.
    Vllm(ServerConfig),
    /// SGLang.
    Sglang(ServerConfig),
    /// Text Generation Inference.
    Tgi(ServerConfig),
    /// Ollama.
    Ollama(ServerConfig),
    /// llama.cpp's `llama-server`.
    LlamaCpp(ServerConfig),
    /// Any other OpenAI-compatible server; `upstream` is another name for it.
    #[serde(alias = "upstream")]
    Openai(ServerConfig),
}

/// A model inside this process.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EmbeddedConfig {
    /// A GGUF file; the built-in demo model if absent.
    pub model_file: Option<PathBuf>,
    /// Name of the model in `model_file`; the file's name without its ending if absent.
    pub model: Option<String>,
}

/// An OpenAI-compatible server.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ServerConfig {
    /// Address up to and including `/v1`, such as `http://127.0.0.1:8000/v1`.
    pub url: String,
    /// Name in logs and metrics; kind and place in the list if absent, such as `vllm-0`.
    pub name: Option<String>,
    /// Holds the key that the server wants, if it wants one.
    pub api_key_file: Option<PathBuf>,
    /// Context of models for which the server does not tell it, tokens; 8,192 if absent (Ollama: 4,096).
    pub context_length: Option<u64>,
    /// Most requests in progress at this server at once, 1 to 100,000, by default 1,024; more go to other
    /// engines or are refused with status 503.
    #[serde(default = "default_requests")]
    pub max_requests: usize,
    /// Models that are sold from here: the name in the price list, and the server's own. If empty, the
    /// server's models under their own names.
    #[serde(default)]
    pub models: BTreeMap<String, String>,
    /// A `tokenizer.json` of the models here, to count answers for which the server sends no usage.
    pub tokenizer_file: Option<PathBuf>,
    /// The same for single models, by the server's own names; they come before `tokenizer_file`.
    #[serde(default)]
    pub tokenizer_files: BTreeMap<String, PathBuf>,
}

impl EngineConfig {
    /// Kind and settings of a server; `None` for the embedded engine.
    pub fn server(&self) -> Option<(Kind, &ServerConfig)> {
        Some(match self {
            Self::Embedded(_) => return None,
            Self::Vllm(server) => (Kind::Vllm, server),
            Self::Sglang(server) => (Kind::Sglang, server),
            Self::Tgi(server) => (Kind::Tgi, server),
            Self::Ollama(server) => (Kind::Ollama, server),
            Self::LlamaCpp(server) => (Kind::LlamaCpp, server),
            Self::Openai(server) => (Kind::OpenAi, server),
        })
    }

    /// Name in logs and metrics of the engine at this place.
    pub fn name(&self, place: usize) -> String {
        match self.server() {
            None => format!("embedded-{place}"),
            Some((kind, server)) => match &server.name {
                Some(name) => name.clone(),
                None => format!("{}-{place}", kind.name()),
            },
        }
    }

    /// What is wrong in it, by field.
    fn problems(&self) -> Vec<(&'static str, String)> {
        let Some((_, server)) = self.server() else {
            return Vec::new();
        };
        let mut problems = Vec::new();
        let mut require = |holds: bool, field, problem: String| {
            if !holds {
                problems.push((field, problem));
            }
        };
        let url = reqwest::Url::parse(&server.url);
        let is_http = url.is_ok_and(|url| {
            let is_bare = url.query().is_none() && url.fragment().is_none();
            matches!(url.scheme(), "http" | "https") && url.has_host() && is_bare
        });
        require(
            is_http,
            "url",
            "must be an http or https address without query, such as http://127.0.0.1:8000/v1"
                .into(),
        );
        let name = server.name.as_deref().unwrap_or("-");
        require(
            (1..=MAX_NAME).contains(&name.len()) && name.chars().all(|c| c.is_ascii_graphic()),
            "name",
            format!("must be 1 to {MAX_NAME} visible ASCII characters"),
        );
        let requests = server.max_requests;
        require(
            (1..=MOST_REQUESTS).contains(&requests),
            "max_requests",
            format!("{requests}, must be 1 to {MOST_REQUESTS}"),
        );
        let context = server.context_length.unwrap_or(1);
        require(
            (1..=LONGEST_CONTEXT).contains(&context),
            "context_length",
            format!("{context}, must be 1 to {LONGEST_CONTEXT}"),
        );
        let fits = |name: &String| (1..=MAX_MODEL_NAME).contains(&name.len());
        require(
            server.models.keys().all(fits) && server.models.values().all(|own| !own.is_empty()),
            "models",
            format!("names must have 1 to {MAX_MODEL_NAME} bytes"),
        );
        problems
    }
}

/// The engines of a configuration with the names of their fields: `engine`, or `engines[0]` and so on.
pub fn engines<'a>(
    one: &'a Option<EngineConfig>,
    several: &'a [EngineConfig],
) -> Vec<(String, &'a EngineConfig)> {
    let several = several.iter().enumerate();
    let several = several.map(|(place, engine)| (format!("engines[{place}]"), engine));
    let one = one.iter().map(|engine| ("engine".to_owned(), engine));
    one.chain(several).collect()
}

/// What is wrong with the engines of a configuration: fields and problems. Files are not looked at.
pub fn problems(one: &Option<EngineConfig>, several: &[EngineConfig]) -> Vec<(String, String)> {
    let problem = |text: String| vec![("engines".to_owned(), text)];
    match (one, several.len()) {
        (None, 0) => return problem("is missing: one [engine], or several [[engines]]".into()),
        (Some(_), 1..) => return problem("cannot stand beside [engine]: use one form".into()),
        (_, count) if count > MAX_ENGINES => {
            return problem(format!("{count} engines, must be 1 to {MAX_ENGINES}"))
        }
        _ => {}
    }
    let (mut problems, mut names) = (Vec::new(), BTreeSet::new());
    for (place, (label, engine)) in engines(one, several).into_iter().enumerate() {
        let own = engine.problems().into_iter();
        problems.extend(own.map(|(field, problem)| (format!("{label}.{field}"), problem)));
        let name = engine.name(place);
        if !names.insert(name.clone()) {
            problems.push((
                format!("{label}.name"),
                format!("{name:?} is another engine's"),
            ));
        }
    }
    problems
}

fn default_requests() -> usize {
    DEFAULT_REQUESTS
}
