//! What the adversary knows about a plan without any trace.

use super::plan::{normalised, Plan};
use super::trace::{Own, Public};
use crate::local::address;

/// Name of a worker's operator.
pub fn operator(worker: usize) -> String {
    format!("operator {worker}")
}

/// What everybody knows about a plan's market.
pub fn public(plan: &Plan, rewards: &str, limit: u32) -> Public {
    let joint = plan.market.joint();
    Public {
        rewards: rewards.to_string(),
        operators: (0..plan.size.workers)
            .map(|w| address(&operator(w)))
            .collect(),
        shares: joint.iter().map(|row| row.iter().sum()).collect(),
        models: joint.into_iter().map(normalised).collect(),
        limit: limit as usize,
    }
}

/// The adversary's own sessions.
pub fn own(plan: &Plan) -> Vec<Own> {
    let sessions = plan.sessions.iter().enumerate();
    sessions
        .filter(|(_, planned)| planned.own)
        .map(|(session, planned)| Own {
            session,
            choice: planned.choice,
        })
        .collect()
}
