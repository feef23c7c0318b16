//! Prometheus metrics, in the names that the field uses: OpenTelemetry's semantic conventions for HTTP
//! and generative AI (<https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-metrics/>, dots as
//! underscores) where they have a name, `secret_ai_…` otherwise.
//!
//! They tell who is busy and with what, so they are the operator's alone: served on a listener of their
//! own, never beside the API. No label comes from a client's words; models are those of the price list.

mod chain;
mod http;
mod journal;
mod models;
mod money;
mod process;
mod state;

use std::net::SocketAddr;

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;
use schemars::JsonSchema;
use serde::Deserialize;

pub use chain::ChainMetrics;
pub use http::HttpMetrics;
pub use journal::JournalMetrics;
pub use models::{operation, Answered, ModelsMetrics};
pub use money::MoneyMetrics;
pub use state::StateMetrics;

use crate::prices::PriceList;

/// Media type of the answer (<https://prometheus.io/docs/specs/om/open_metrics_spec/>).
pub const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Prometheus metrics.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MetricsConfig {
    /// Where metrics are served; nowhere if absent. They tell who is busy: keep it inside, for example
    /// `127.0.0.1:9464`.
    pub listen: Option<SocketAddr>,
}

impl MetricsConfig {
    /// What may be meant otherwise than it is written.
    pub fn warning(&self) -> Option<String> {
        let open = self.listen.filter(|address| !address.ip().is_loopback())?;
        Some(format!(
            "metrics.listen: {open} is not loopback; whoever reaches it sees how busy this worker is"
        ))
    }
}

/// All metrics of an agent.
pub struct Metrics {
    registry: Registry,
    pub http: HttpMetrics,
    pub models: ModelsMetrics,
    pub money: MoneyMetrics,
    pub journal: JournalMetrics,
    pub chain: ChainMetrics,
    pub state: StateMetrics,
}

impl Metrics {
    /// Nothing has happened yet. `journal`: the journal's own.
    pub fn new(prices: &PriceList, journal: JournalMetrics) -> Self {
        let mut registry = Registry::default();
        let build = Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("secret_ai_build", "The program that runs", build);
        registry.register_collector(Box::new(process::Process::new()));
        journal.register(&mut registry);
        Metrics {
            http: HttpMetrics::new(&mut registry),
            models: ModelsMetrics::new(&mut registry, prices),
            money: MoneyMetrics::new(&mut registry),
            journal,
            chain: ChainMetrics::new(&mut registry),
            state: StateMetrics::new(&mut registry),
            registry,
        }
    }

    /// As OpenMetrics text.
    ///
    /// # Errors
    /// If a metric cannot be written, which is a mistake in this program.
    pub fn text(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}
