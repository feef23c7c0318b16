//! From a configuration to the engines that answer.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use secret_ai_engine::pool::{MemberConfig, Policy, Pool};
use secret_ai_engine::upstream::{Kind, UpstreamConfig, UpstreamEngine};
use secret_ai_engine::{Engine, EngineError};
use snafu::{ResultExt, Snafu};

use crate::config::Config;
use crate::engine_config::{EmbeddedConfig, EngineConfig, ServerConfig, DEFAULT_REQUESTS};

/// Longest key file that is read, bytes.
const MAX_KEY_FILE: u64 = 4_096;

/// Why the engines of a configuration cannot be used.
#[derive(Debug, Snafu)]
pub enum EnginesError {
    #[snafu(display("{field}: {}: {source}", path.display()))]
    File {
        field: String,
        path: PathBuf,
        source: io::Error,
    },
    #[snafu(display("{field}: {}: must be a key of 1 to {MAX_KEY_FILE} bytes", path.display()))]
    KeyFile { field: String, path: PathBuf },
    #[snafu(display("{field}: {source}"))]
    Engine { field: String, source: EngineError },
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
                let key = engine
                    .server()
                    .map(|(_, settings)| read_key(&label, settings));
                problems.extend(key.and_then(Result::err));
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
    settings: &ServerConfig,
) -> Result<Arc<dyn Engine>, EnginesError> {
    let mut config = UpstreamConfig::new(&settings.url);
    config.kind = kind;
    config.api_key = read_key(label, settings)?;
    config.context_length = settings.context_length;
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
            EmbeddedEngine::open(file, EmbeddedConfig::new(id))
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

/// The server's key, if it wants one.
fn read_key(label: &str, settings: &ServerConfig) -> Result<Option<String>, EnginesError> {
    let Some(path) = &settings.api_key_file else {
        return Ok(None);
    };
    let field = format!("{label}.api_key_file");
    let file = readable(field.clone(), path)?;
    let mut text = String::new();
    let read = io::Read::read_to_string(&mut io::Read::take(file, MAX_KEY_FILE + 1), &mut text);
    read.context(FileSnafu {
        field: field.clone(),
        path,
    })?;
    let key = text.trim();
    if key.is_empty() || text.len() as u64 > MAX_KEY_FILE {
        return KeyFileSnafu { field, path }.fail();
    }
    Ok(Some(key.to_owned()))
}

fn readable(field: String, path: &Path) -> Result<fs::File, EnginesError> {
    fs::File::open(path).context(FileSnafu { field, path })
}
