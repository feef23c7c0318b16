//! From a configuration to the engines that answer.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use secret_ai_engine::pool::{MemberConfig, Policy, Pool};
use secret_ai_engine::upstream::{Kind, UpstreamConfig, UpstreamEngine};
use secret_ai_engine::{Engine, EngineError, Tokenizer, TokenizerError};
use snafu::{ResultExt, Snafu};

use crate::config::Config;
use crate::engine_config::{EmbeddedConfig, EngineConfig, EngineServer, DEFAULT_REQUESTS};
use crate::secret_file;

/// Of all models of a server, and of single ones.
type Tokenizers = (Option<Tokenizer>, BTreeMap<String, Tokenizer>);

/// Why the engines of a configuration cannot be used.
#[derive(Debug, Snafu)]
pub enum EnginesError {
    #[snafu(display("{field}: {}: {source}", path.display()))]
    File {
        field: String,
        path: PathBuf,
        source: io::Error,
    },
    #[snafu(display("{field}: {source}"))]
    Engine { field: String, source: EngineError },
    #[snafu(display("{field}: {source}"))]
    Tokenizer {
        field: String,
        source: TokenizerError,
    },
    #[cfg(not(feature = "embedded"))]
    #[snafu(display("{field}: this build has no embedded engine (feature embedded)"))]
    NotBuilt { field: String },
    #[snafu(display("no engine serves {model:?}, which the price list has"))]
    Model { model: String },
}

/// Opens all engines of a configuration; nothing is sent to servers yet.
///
/// # Errors
/// [`EnginesError`] naming the engine's field.
pub fn open(config: &Config) -> Result<Arc<Pool>, EnginesError> {
    let mut members = Vec::new();
    for (place, (label, engine)) in config.engines().into_iter().enumerate() {
        let mut member = MemberConfig {
            name: engine.name(place),
            max_requests: DEFAULT_REQUESTS,
            models: Default::default(),
        };
        let opened = match engine.server() {
            Some((kind, settings)) => {
                member.max_requests = settings.max_requests;
                member.models = settings.models.clone();
                server(&label, kind, settings)?
            }
            None => match engine {
                EngineConfig::Embedded(settings) => embedded(&label, settings)?,
                _ => continue,
            },
        };
        members.push((member, opened));
    }
    Ok(Arc::new(Pool::new(members, Policy::default())))
}

/// What is wrong with the files that a configuration names for its engines, each by its field.
pub fn file_problems(config: &Config) -> Vec<String> {
    let mut problems = Vec::new();
    for (label, engine) in config.engines() {
        match engine {
            EngineConfig::Embedded(settings) => {
                if let Some(path) = &settings.model_file {
                    let field = format!("{label}.model_file");
                    problems.extend(readable(field, path).err());
                }
            }
            _ => {
                let Some((_, settings)) = engine.server() else {
                    continue;
                };
                problems.extend(read_key(&label, settings).err());
                problems.extend(tokenizers(&label, settings).err());
            }
        }
    }
    problems.iter().map(EnginesError::to_string).collect()
}

/// What is offered must be there. An engine that is not up yet is asked when requests come.
///
/// # Errors
/// [`EnginesError::Model`] if all engines are up and one model of the price list is nowhere.
pub async fn check_models(config: &Config, engine: &dyn Engine) -> Result<(), EnginesError> {
    let models = engine.models().await.unwrap_or_default();
    let asleep: Vec<String> = engine
        .members()
        .into_iter()
        .filter(|member| !member.up)
        .map(|member| format!("{} ({})", member.name, member.problem.unwrap_or_default()))
        .collect();
    for listing in &config.prices {
        let model = &listing.model;
        if models.iter().any(|info| info.id == *model) {
            continue;
        }
        if asleep.is_empty() {
            return ModelSnafu { model }.fail();
        }
        tracing::warn!(model, "not served yet, not up are: {}", asleep.join(", "));
    }
    Ok(())
}

fn server(
    label: &str,
    kind: Kind,
    settings: &EngineServer,
) -> Result<Arc<dyn Engine>, EnginesError> {
    let mut config = UpstreamConfig::new(&settings.url);
    config.kind = kind;
    config.api_key = read_key(label, settings)?;
    config.context_length = settings.context_length;
    (config.tokenizer, config.tokenizers) = tokenizers(label, settings)?;
    let engine = UpstreamEngine::new(config).context(EngineSnafu {
        field: format!("{label}.url"),
    })?;
    Ok(Arc::new(engine))
}

#[cfg(feature = "embedded")]
fn embedded(label: &str, settings: &EmbeddedConfig) -> Result<Arc<dyn Engine>, EnginesError> {
    use secret_ai_engine::embedded::{EmbeddedConfig, EmbeddedEngine};
    let engine = match &settings.model_file {
        None => EmbeddedEngine::demo(),
        Some(file) => {
            let stem = file.file_stem().unwrap_or_default().to_string_lossy();
            let id = settings.model.clone().unwrap_or(stem.into_owned());
            let mut config = EmbeddedConfig::new(id);
            config.device = settings.device;
            EmbeddedEngine::open(file, config)
        }
    };
    let engine = engine.context(EngineSnafu {
        field: format!("{label}.model_file"),
    })?;
    Ok(Arc::new(engine))
}

#[cfg(not(feature = "embedded"))]
fn embedded(label: &str, _: &EmbeddedConfig) -> Result<Arc<dyn Engine>, EnginesError> {
    NotBuiltSnafu { field: label }.fail()
}

/// The tokenizer of all models of a server, and those of single ones.
fn tokenizers(label: &str, settings: &EngineServer) -> Result<Tokenizers, EnginesError> {
    let open = |field: String, path: &Path| Tokenizer::open(path).context(TokenizerSnafu { field });
    let of_all = settings.tokenizer_file.as_deref();
    let of_all = of_all.map(|path| open(format!("{label}.tokenizer_file"), path));
    let single = settings.tokenizer_files.iter().map(|(model, path)| {
        let field = format!("{label}.tokenizer_files.{model}");
        Ok((model.clone(), open(field, path)?))
    });
    Ok((
        of_all.transpose()?,
        single.collect::<Result<_, EnginesError>>()?,
    ))
}

/// The server's key, if it wants one.
fn read_key(label: &str, settings: &EngineServer) -> Result<Option<String>, EnginesError> {
    let Some(path) = &settings.api_key_file else {
        return Ok(None);
    };
    let field = format!("{label}.api_key_file");
    let key = secret_file::read(path).context(FileSnafu { field, path })?;
    Ok(Some(key))
}

fn readable(field: String, path: &Path) -> Result<fs::File, EnginesError> {
    fs::File::open(path).context(FileSnafu { field, path })
}
