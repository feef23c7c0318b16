//! The engine's list of models, asked now and then.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use secret_ai_engine::{Engine, EngineError, ModelInfo};
use tokio::sync::Mutex;

use crate::clock::Clock;

/// How old the list may be, seconds.
const MAX_AGE_S: u64 = 60;
/// Ollama's tag of a model whose name has none.
const LATEST: &str = ":latest";

/// A list as the engine told it.
#[derive(Clone)]
struct Told {
    /// When, uptime, seconds.
    at: u64,
    models: Arc<[ModelInfo]>,
}

/// A remembered list of models.
pub struct Models {
    engine: Arc<dyn Engine>,
    clock: Arc<dyn Clock>,
    known: RwLock<Option<Told>>,
    /// Held by whoever asks the engine; the others wait for what he hears.
    asking: Mutex<()>,
    /// The engine did not answer when it was asked last.
    silent: AtomicBool,
}

impl Models {
    /// The models of an engine.
    pub fn new(engine: Arc<dyn Engine>, clock: Arc<dyn Clock>) -> Self {
        Models {
            engine,
            clock,
            known: RwLock::default(),
            asking: Mutex::default(),
            silent: AtomicBool::new(false),
        }
    }

    /// All models. An engine that cannot be asked now is believed to have what it had before.
    pub async fn list(&self) -> Result<Arc<[ModelInfo]>, EngineError> {
        if let Some(models) = self.fresh() {
            return Ok(models);
        }
        let _turn = self.asking.lock().await;
        if let Some(models) = self.fresh() {
            return Ok(models);
        }
        let told = self.engine.models().await;
        self.silent.store(told.is_err(), Ordering::Relaxed);
        match (told, self.known()) {
            (Ok(models), _) => {
                let (at, models) = (self.clock.uptime(), Arc::from(models));
                let told = Told { at, models };
                let models = told.models.clone();
                *self.known.write().unwrap_or_else(PoisonError::into_inner) = Some(told);
                Ok(models)
            }
            (Err(error), Some(known)) => {
                tracing::warn!(%error, "the engine does not tell its models, using the last list");
                Ok(known.models)
            }
            (Err(error), None) => Err(error),
        }
    }

    fn known(&self) -> Option<Told> {
        let known = self.known.read();
        known.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn fresh(&self) -> Option<Arc<[ModelInfo]>> {
        let now = self.clock.uptime();
        let known = self.known()?;
        (now.saturating_sub(known.at) < MAX_AGE_S).then_some(known.models)
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
