//! The engine's list of models, asked now and then.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;

use secret_ai_engine::{Engine, EngineError, ModelInfo};
use tokio::sync::Mutex;

use crate::clock::Clock;

/// How old the list may be, seconds.
const MAX_AGE_S: u64 = 60;
/// Ollama's tag of a model whose name has none.
const LATEST: &str = ":latest";

/// A remembered list of models.
pub struct Models {
    engine: Arc<dyn Engine>,
    clock: Arc<dyn Clock>,
    known: Mutex<Option<(u64, Vec<ModelInfo>)>>,
    /// The engine did not answer when it was asked last.
    silent: AtomicBool,
}

impl Models {
    /// The models of an engine.
    pub fn new(engine: Arc<dyn Engine>, clock: Arc<dyn Clock>) -> Self {
        Models {
            engine,
            clock,
            known: Mutex::new(None),
            silent: AtomicBool::new(false),
        }
    }

    /// All models. An engine that cannot be asked now is believed to have what it had before.
    pub async fn list(&self) -> Result<Vec<ModelInfo>, EngineError> {
        let mut known = self.known.lock().await;
        let now = self.clock.uptime();
        if let Some((at, models)) = known.as_ref() {
            if now.saturating_sub(*at) < MAX_AGE_S {
                return Ok(models.clone());
            }
        }
        let told = self.engine.models().await;
        self.silent.store(told.is_err(), Ordering::Relaxed);
        match (told, known.as_ref()) {
            (Ok(models), _) => {
                *known = Some((now, models.clone()));
                Ok(models)
            }
            (Err(error), Some((_, models))) => {
                tracing::warn!(%error, "the engine does not tell its models, using the last list");
                Ok(models.clone())
            }
            (Err(error), None) => Err(error),
        }
    }

    /// Whether the engine did not answer when it was asked last.
    pub fn is_silent(&self) -> bool {
        self.silent.load(Ordering::Relaxed)
    }

    /// One model; `None` if the engine has no such. `x` and `x:latest` are one model, as Ollama has
    /// it, unless the engine tells them apart.
    pub async fn find(&self, id: &str) -> Result<Option<ModelInfo>, EngineError> {
        let models = self.list().await?;
        let by = |id: &str| models.iter().find(|model| model.id == id).cloned();
        let other = match id.strip_suffix(LATEST) {
            Some(bare) => bare.to_owned(),
            None => format!("{id}{LATEST}"),
        };
        Ok(by(id).or_else(|| by(&other)))
    }
}
