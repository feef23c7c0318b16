//! Whether the agent lives, and whether requests should be sent to it.

use std::time::Duration;

use serde::Serialize;

use crate::agent::Agent;
use crate::sessions::STALE_PERIODS;

/// How long the engine may take to say what it has.
const PATIENCE: Duration = Duration::from_secs(2);

/// What `/ready` says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Readiness {
    /// `ready`, `draining` or `unavailable`.
    pub status: &'static str,
    /// What keeps requests away, each with its part of the agent in front.
    pub reasons: Vec<String>,
}

impl Readiness {
    /// Whether requests should come.
    pub fn is_ready(&self) -> bool {
        self.reasons.is_empty()
    }
}

/// Whether requests should be sent to this worker now.
pub async fn readiness(agent: &Agent) -> Readiness {
    let mut reasons = Vec::new();
    let is_draining = agent.is_draining();
    if is_draining {
        reasons.push("draining: the agent was told to stop".to_owned());
    }
    if !agent.journal.is_healthy() {
        reasons.push("journal: cannot be written".to_owned());
    }
    if lease_remaining_s(agent) < 0 {
        reasons.push("lease: has ended".to_owned());
    }
    // Sessions are served from memory that long, and not after that.
    let most = agent.limits.session_refresh_s.saturating_mul(STALE_PERIODS);
    let silent = agent.chain_watch.silent_s();
    if silent > most {
        reasons.push(format!("chain: no answer for {silent} s"));
    }
    reasons.extend(engine_reason(agent).await);
    Readiness {
        status: match (is_draining, reasons.is_empty()) {
            (true, _) => "draining",
            (false, true) => "ready",
            (false, false) => "unavailable",
        },
        reasons,
    }
}

/// Seconds until the lease ends, negative after that.
pub fn lease_remaining_s(agent: &Agent) -> i64 {
    let (until, now) = (agent.lease_until(), agent.now());
    let left = i128::from(until) - i128::from(now);
    i64::try_from(left).unwrap_or(i64::MAX)
}

/// Measures what metrics tell of the moment.
pub async fn measure(agent: &Agent) {
    let state = &agent.metrics.state;
    state.ready.set(readiness(agent).await.is_ready().into());
    state.draining.set(agent.is_draining().into());
    state.lease.set(lease_remaining_s(agent));
    let counts = [
        (&state.sessions, agent.sessions.count()),
        (&state.running, agent.admission.running()),
        (&state.waiting, agent.admission.waiting()),
    ];
    for (gauge, count) in counts {
        gauge.set(i64::try_from(count).unwrap_or(i64::MAX));
    }
    for member in agent.engine.members() {
        state.engine(&member.name, member.up, member.in_flight);
    }
    agent.metrics.journal.waiting(&agent.journal.stats());
}

/// What is wrong with the engine; its models are asked for at most once a minute while it answers.
async fn engine_reason(agent: &Agent) -> Option<String> {
    let asked = tokio::time::timeout(PATIENCE, agent.models.list()).await;
    let models = match asked {
        Ok(Ok(models)) if !agent.models.is_silent() => models,
        _ => return Some("engine: does not answer".to_owned()),
    };
    let mut offered = agent.prices.listings().iter();
    let missing = offered.find(|listing| !models.iter().any(|info| info.id == listing.model))?;
    Some(format!("engine: does not serve {:?}", missing.model))
}
