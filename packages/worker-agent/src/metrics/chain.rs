//! Questions and transactions to the chain.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

/// Bounds, seconds: a query takes milliseconds, a transaction a block or two.
const SECONDS: [f64; 12] = [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 7.5, 15.0, 60.0,
];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Operation {
    operation: &'static str,
}

/// Questions and transactions to the chain.
#[derive(Clone)]
pub struct ChainMetrics {
    durations: Family<Operation, Histogram, fn() -> Histogram>,
    errors: Family<Operation, Counter>,
    last_answer: Gauge,
}

impl ChainMetrics {
    pub(super) fn new(registry: &mut Registry) -> Self {
        let metrics = ChainMetrics {
            durations: Family::new_with_constructor(|| Histogram::new(SECONDS)),
            errors: Family::default(),
            last_answer: Gauge::default(),
        };
        registry.register_with_unit(
            "secret_ai_chain_request_duration",
            "Questions and transactions to the chain, failed ones too",
            Unit::Seconds,
            metrics.durations.clone(),
        );
        registry.register(
            "secret_ai_chain_errors",
            "Questions and transactions that failed",
            metrics.errors.clone(),
        );
        registry.register_with_unit(
            "secret_ai_chain_last_answer_timestamp",
            "When the chain last answered, unix time",
            Unit::Seconds,
            metrics.last_answer.clone(),
        );
        metrics
    }

    /// Takes note of a call. `now`: unix seconds.
    pub fn called(&self, operation: &'static str, took: Duration, is_ok: bool, now: u64) {
        let labels = Operation { operation };
        let seconds = took.as_secs_f64();
        self.durations.get_or_create(&labels).observe(seconds);
        match is_ok {
            true => {
                self.last_answer.set(i64::try_from(now).unwrap_or(i64::MAX));
            }
            false => {
                self.errors.get_or_create(&labels).inc();
            }
        }
    }
}
