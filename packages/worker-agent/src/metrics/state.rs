//! How the agent stands, measured when somebody asks.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Member {
    engine: String,
}

/// How the agent stands.
pub struct StateMetrics {
    /// 1 if `/ready` says yes.
    pub ready: Gauge,
    /// 1 after the agent was told to stop.
    pub draining: Gauge,
    /// Seconds until the lease ends, negative after that.
    pub lease: Gauge,
    /// Sessions in memory.
    pub sessions: Gauge,
    /// Requests that have a place.
    pub running: Gauge,
    /// Requests that wait for a place.
    pub waiting: Gauge,
    up: Family<Member, Gauge>,
    in_progress: Family<Member, Gauge>,
}

impl StateMetrics {
    pub(super) fn new(registry: &mut Registry) -> Self {
        let metrics = StateMetrics {
            ready: Gauge::default(),
            draining: Gauge::default(),
            lease: Gauge::default(),
            sessions: Gauge::default(),
            running: Gauge::default(),
            waiting: Gauge::default(),
            up: Family::default(),
            in_progress: Family::default(),
        };
        let gauges = [
            (
                "secret_ai_ready",
                "1 if this worker serves requests (/ready)",
                &metrics.ready,
            ),
            (
                "secret_ai_draining",
                "1 after the agent was told to stop",
                &metrics.draining,
            ),
            (
                "secret_ai_sessions",
                "Sessions in memory",
                &metrics.sessions,
            ),
            (
                "secret_ai_requests_running",
                "Requests that have a place",
                &metrics.running,
            ),
            (
                "secret_ai_requests_waiting",
                "Requests that wait for a place",
                &metrics.waiting,
            ),
        ];
        for (name, help, gauge) in gauges {
            registry.register(name, help, gauge.clone());
        }
        let help = "Seconds until the lease ends, negative after that";
        registry.register_with_unit(
            "secret_ai_lease_remaining",
            help,
            Unit::Seconds,
            metrics.lease.clone(),
        );
        let help = "1 if this engine answers";
        registry.register("secret_ai_engine_up", help, metrics.up.clone());
        let help = "Requests that this engine works on";
        registry.register(
            "secret_ai_engine_requests_running",
            help,
            metrics.in_progress.clone(),
        );
        metrics
    }

    /// How one engine stands; `name` is the operator's.
    pub fn engine(&self, name: &str, is_up: bool, in_progress: usize) {
        let member = Member {
            engine: name.to_owned(),
        };
        self.up.get_or_create_owned(&member).set(is_up.into());
        let count = i64::try_from(in_progress).unwrap_or(i64::MAX);
        self.in_progress.get_or_create_owned(&member).set(count);
    }
}
