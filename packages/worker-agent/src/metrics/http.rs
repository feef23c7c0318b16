//! Requests as HTTP sees them
//! (<https://opentelemetry.io/docs/specs/semconv/http/http-metrics/#http-server>).

use std::time::Duration;

use axum::http::{Method, StatusCode};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

/// Bounds that the convention advises, seconds.
const SECONDS: [f64; 14] = [
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Served {
    http_request_method: &'static str,
    http_route: String,
    http_response_status_code: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Code {
    code: &'static str,
}

/// Requests as HTTP sees them.
pub struct HttpMetrics {
    durations: Family<Served, Histogram, fn() -> Histogram>,
    active: Gauge,
    refused: Family<Code, Counter>,
}

impl HttpMetrics {
    pub(super) fn new(registry: &mut Registry) -> Self {
        let metrics = HttpMetrics {
            durations: Family::new_with_constructor(|| Histogram::new(SECONDS)),
            active: Gauge::default(),
            refused: Family::default(),
        };
        registry.register_with_unit(
            "http_server_request_duration",
            "From a request's head to its answer's head",
            Unit::Seconds,
            metrics.durations.clone(),
        );
        registry.register(
            "http_server_active_requests",
            "Requests whose answer has not begun",
            metrics.active.clone(),
        );
        registry.register(
            "secret_ai_refused_requests",
            "Requests answered with an error, by its code",
            metrics.refused.clone(),
        );
        metrics
    }

    /// A request has come; the guard counts it as active.
    pub fn begin(&self) -> Active {
        self.active.inc();
        Active(self.active.clone())
    }

    /// It was answered. `route` is a pattern of ours, never a path as a client wrote it.
    pub fn end(&self, method: &Method, route: &str, status: StatusCode, took: Duration) {
        let labels = Served {
            http_request_method: name(method),
            http_route: route.to_owned(),
            http_response_status_code: status.as_u16(),
        };
        let seconds = took.as_secs_f64();
        self.durations.get_or_create(&labels).observe(seconds);
    }

    /// It was answered with an error.
    pub fn refused(&self, code: &'static str) {
        self.refused.get_or_create(&Code { code }).inc();
    }
}

/// A request in progress.
pub struct Active(Gauge);

impl Drop for Active {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// Methods are the client's words; the convention has one word for all that are not known.
fn name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::PATCH => "PATCH",
        _ => "_OTHER",
    }
}
