//! What a pool is told of an engine, and what it tells.

use std::collections::BTreeMap;

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
