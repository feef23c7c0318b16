//! One engine of a pool: how it is, what it serves, and how much it has to do.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::Policy;
use crate::{Engine, EngineError, ModelInfo};

/// What a pool must know of an engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberConfig {
    /// Name in logs and metrics.
    pub name: String,
    /// Most requests in progress at once, at least 1.
    pub max_requests: usize,
    /// Models that are served from here: the name that clients use, and the engine's own. If empty, all
    /// models of the engine by their own names.
    pub models: BTreeMap<String, String>,
}

/// How an engine of a pool is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberState {
    /// Name from its configuration.
    pub name: String,
    /// Whether requests are sent to it.
    pub up: bool,
    /// Requests in progress.
    pub in_flight: usize,
    /// Most requests in progress at once.
    pub max_requests: usize,
    /// Models that it serves, by the names that clients use.
    pub models: Vec<String>,
    /// What is wrong with it, without addresses or content.
    pub problem: Option<String>,
    /// Requests sent to it since the start.
    pub calls: u64,
    /// Requests that it has failed: not reached, broken off, timed out, or answered with a 5xx status.
    pub failures: u64,
}

/// A model that a member serves.
struct Served {
    /// The clients' name for it.
    name: String,
    /// The engine's name for it.
    own: String,
    /// Tokens.
    context_length: u64,
}

/// What is known of a member.
#[derive(Default)]
struct Known {
    /// False until a first check has ended.
    is_checked: bool,
    up: bool,
    /// Failed checks in a row.
    failures: u32,
    served: Vec<Served>,
    listed: Option<Instant>,
    rests_until: Option<Instant>,
    /// Why the last check or connection has failed.
    problem: Option<String>,
    /// Models that it should serve and does not.
    missing: Option<String>,
}

/// What a member offers for a model.
pub(super) struct Offer {
    pub(super) is_up: bool,
    pub(super) rests: bool,
    pub(super) in_flight: usize,
    pub(super) max_requests: usize,
    /// The model's name there, if it is another.
    pub(super) own_name: Option<String>,
}

/// An engine of a pool.
pub(super) struct Member {
    config: MemberConfig,
    engine: Arc<dyn Engine>,
    policy: Policy,
    in_flight: AtomicUsize,
    calls: AtomicU64,
    failures: AtomicU64,
    known: Mutex<Known>,
    wake: Notify,
}

impl Member {
    pub(super) fn new(config: MemberConfig, engine: Arc<dyn Engine>, policy: Policy) -> Self {
        Self {
            config,
            engine,
            policy,
            in_flight: AtomicUsize::new(0),
            calls: AtomicU64::new(0),
            failures: AtomicU64::new(0),
            known: Mutex::default(),
            wake: Notify::new(),
        }
    }

    pub(super) fn engine(&self) -> &dyn Engine {
        self.engine.as_ref()
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it has been checked at all.
    pub(super) fn is_known(&self) -> bool {
        self.known().is_checked
    }

    pub(super) fn is_up(&self) -> bool {
        self.known().up
    }

    /// What it offers for a model; `None` if it does not serve it.
    pub(super) fn offer(&self, model: &str) -> Option<Offer> {
        let known = self.known();
        let served = known.served.iter().find(|served| served.name == model)?;
        Some(Offer {
            is_up: known.up,
            rests: known.rests_until.is_some_and(|end| Instant::now() < end),
            in_flight: self.in_flight.load(Ordering::Acquire),
            max_requests: self.config.max_requests,
            own_name: (served.own != served.name).then(|| served.own.clone()),
        })
    }

    /// The models that it serves, or has served when it was last up.
    pub(super) fn models(&self) -> Vec<ModelInfo> {
        let info = |served: &Served| ModelInfo {
            id: served.name.clone(),
            context_length: served.context_length,
        };
        self.known().served.iter().map(info).collect()
    }

    pub(super) fn state(&self) -> MemberState {
        let known = self.known();
        MemberState {
            name: self.config.name.clone(),
            up: known.up,
            in_flight: self.in_flight.load(Ordering::Acquire),
            max_requests: self.config.max_requests,
            models: known.served.iter().map(|s| s.name.clone()).collect(),
            problem: known.problem.clone().or_else(|| known.missing.clone()),
            calls: self.calls.load(Ordering::Relaxed),
            failures: self.failures.load(Ordering::Relaxed),
        }
    }

    /// Asks whether it works and, now and then, what it serves.
    pub(super) async fn ask(&self) -> Result<Option<Vec<ModelInfo>>, EngineError> {
        self.engine.health().await?;
        let is_listed = {
            let known = self.known();
            let is_fresh = |at: Instant| at.elapsed() < self.policy.refresh;
            known.up && known.listed.is_some_and(is_fresh)
        };
        if is_listed {
            return Ok(None);
        }
        self.engine.models().await.map(Some)
    }

    /// Takes down what [`Member::ask`] has found out.
    pub(super) fn checked(&self, outcome: Result<Option<Vec<ModelInfo>>, EngineError>) {
        let mut known = self.known();
        known.is_checked = true;
        let was_up = known.up;
        match outcome {
            Ok(models) => {
                known.failures = 0;
                known.up = true;
                known.problem = None;
                if let Some(models) = models {
                    known.listed = Some(Instant::now());
                    (known.served, known.missing) = self.served(&models);
                }
            }
            Err(error) => {
                known.failures = known.failures.saturating_add(1);
                known.up = was_up && known.failures < self.policy.failures;
                known.problem = Some(error.to_string());
            }
        }
        self.log(was_up, &known);
    }

    /// Notes that a request has failed, and what that says of the engine.
    pub(super) fn failed(&self, error: &EngineError) {
        match error {
            EngineError::Connect { .. } => {
                let mut known = self.known();
                let was_up = std::mem::replace(&mut known.up, false);
                known.failures = known.failures.max(self.policy.failures);
                known.problem = Some(error.to_string());
                self.log(was_up, &known);
            }
            EngineError::Status {
                status: 429 | 502 | 503,
                ..
            } => self.known().rests_until = Some(Instant::now() + self.policy.rest),
            _ => {}
        }
        if error.http_status() >= 500 {
            self.failures.fetch_add(1, Ordering::Relaxed);
            self.wake.notify_one();
        }
    }

    /// Time until the next check.
    pub(super) fn pause(&self) -> Duration {
        let known = self.known();
        let doublings = match known.up {
            true => 0,
            false => known.failures.saturating_sub(self.policy.failures).min(16),
        };
        let pause = self.policy.interval.saturating_mul(1 << doublings);
        pause.min(self.policy.longest_interval.max(self.policy.interval))
    }

    /// Ends when a request has shown that the engine should be checked.
    pub(super) async fn woken(&self) {
        self.wake.notified().await;
    }

    /// The engine's models by the names that clients use, and the names that it should serve and does not.
    fn served(&self, models: &[ModelInfo]) -> (Vec<Served>, Option<String>) {
        if self.config.models.is_empty() {
            let own = |model: &ModelInfo| Served {
                name: model.id.clone(),
                own: model.id.clone(),
                context_length: model.context_length,
            };
            return (models.iter().map(own).collect(), None);
        }
        let (mut served, mut missing) = (Vec::new(), Vec::new());
        for (name, own) in &self.config.models {
            // Ollama lists `x:latest` for a model that it also knows as `x`.
            let is_it = |id: &str| id == own || id.strip_suffix(":latest") == Some(own);
            match models.iter().find(|model| is_it(&model.id)) {
                Some(model) => served.push(Served {
                    name: name.clone(),
                    own: model.id.clone(),
                    context_length: model.context_length,
                }),
                None => missing.push(own.as_str()),
            }
        }
        let problem =
            (!missing.is_empty()).then(|| format!("does not serve {}", missing.join(", ")));
        (served, problem)
    }

    fn log(&self, was_up: bool, known: &Known) {
        let (name, text) = (&self.config.name, Option::as_deref);
        match (was_up, known.up) {
            (false, true) => tracing::info!(
                engine = name,
                missing = text(&known.missing),
                "engine is up"
            ),
            (true, false) => tracing::warn!(
                engine = name,
                problem = text(&known.problem),
                "engine is down"
            ),
            _ => {}
        }
    }
}

/// A request's place at a member; free again when this is dropped.
pub(super) struct Place(Arc<Member>);

impl Place {
    /// Takes a place; `None` if all are taken.
    pub(super) fn take(member: &Arc<Member>) -> Option<Self> {
        let is_free = |taken| (taken < member.config.max_requests).then_some(taken + 1);
        let taken = &member.in_flight;
        taken
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, is_free)
            .ok()?;
        member.calls.fetch_add(1, Ordering::Relaxed);
        Some(Self(member.clone()))
    }

    pub(super) fn member(&self) -> &Member {
        &self.0
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::AcqRel);
    }
}
