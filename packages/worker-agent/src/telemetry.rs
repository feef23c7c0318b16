//! The agent's log and its traces.
//!
//! The log goes to standard error, as text or as JSON, one event a line. Traces go to an OpenTelemetry
//! collector if one is configured: one span per request, with route, status, model, counts and the first
//! four hex digits of the session. No text of a prompt, answer or error ever becomes part of a span:
//! only spans of [`TARGET`] are exported, and events are not.

#[cfg(feature = "otlp")]
mod otlp;

use axum::http::{HeaderMap, Method, StatusCode};
use schemars::JsonSchema;
use secret_ai_engine::TraceParent;
use secret_ai_interface::SessionId;
use serde::{Deserialize, Serialize};
use tracing::Span;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{fmt, EnvFilter, Layer, Registry};

use crate::config::Checks;
use crate::metrics::{operation, Answered};
use crate::short;

/// Target of the spans that are exported. The log never shows them.
pub const TARGET: &str = "secret_ai_trace";

/// How the log is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Traces.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TelemetryConfig {
    /// Base address of an OTLP/HTTP collector, such as `http://127.0.0.1:4318`; no traces if absent.
    /// Spans go to `/v1/traces` below it.
    pub otlp_endpoint: Option<String>,
    /// The `service.name` of the spans.
    pub service_name: String,
    /// Share of requests that are traced, 0 to 1, unless their trace was begun by somebody else.
    pub sample_ratio: f64,
    /// Continue the trace that a client's `traceparent` names, and do as it says about sampling. Collector
    /// and engines then see the client's trace id in the place of one of the agent's own.
    pub accept_traceparent: bool,
}

impl Default for TelemetryConfig {
    fn default() -> Self {
        TelemetryConfig {
            otlp_endpoint: None,
            service_name: "secret-ai-worker".to_owned(),
            sample_ratio: 1.0,
            accept_traceparent: false,
        }
    }
}

impl TelemetryConfig {
    pub(crate) fn check(&self, checks: &mut Checks) {
        if let Some(endpoint) = &self.otlp_endpoint {
            checks.http_url("telemetry.otlp_endpoint", endpoint);
            checks.require(cfg!(feature = "otlp"), "telemetry.otlp_endpoint", || {
                "this build sends no traces (feature otlp)".into()
            });
        }
        let ratio = self.sample_ratio;
        checks.require(
            (0.0..=1.0).contains(&ratio),
            "telemetry.sample_ratio",
            || format!("{ratio}, must be 0 to 1"),
        );
    }
}

/// Sends what is left of the traces when the agent ends.
#[must_use]
pub struct Telemetry {
    #[cfg(feature = "otlp")]
    traces: Option<otlp::Traces>,
}

/// Starts the log, and traces if they are configured; once in a process, inside of a Tokio runtime.
///
/// # Errors
/// What is wrong with the configuration of traces.
pub fn start(format: LogFormat, config: &TelemetryConfig) -> Result<Telemetry, String> {
    let chosen = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let not_traces = format!("{TARGET}=off").parse().map_err(|_| "log filter")?;
    let log = fmt::layer().with_writer(std::io::stderr);
    let log: Box<dyn Layer<Registry> + Send + Sync> = match format {
        LogFormat::Text => log.with_filter(chosen.add_directive(not_traces)).boxed(),
        LogFormat::Json => {
            let log = log.json().flatten_event(true);
            log.with_filter(chosen.add_directive(not_traces)).boxed()
        }
    };
    let registry = tracing_subscriber::registry().with(log);
    #[cfg(feature = "otlp")]
    {
        let traces = otlp::Traces::start(config)?;
        // Without a layer for them spans are not even made.
        match &traces {
            Some(traces) => registry.with(traces.layer()).init(),
            None => registry.init(),
        }
        Ok(Telemetry { traces })
    }
    #[cfg(not(feature = "otlp"))]
    {
        let _ = config;
        registry.init();
        Ok(Telemetry {})
    }
}

impl Telemetry {
    /// Sends what is left, and waits for that a little.
    pub async fn end(self) {
        #[cfg(feature = "otlp")]
        if let Some(traces) = self.traces {
            traces.end().await;
        }
    }
}

/// A span for a request, by the names of the conventions
/// (<https://opentelemetry.io/docs/specs/semconv/http/http-spans/>); nothing if nobody traces.
pub fn request_span(method: &Method, route: &str, headers: &HeaderMap) -> Span {
    let span = tracing::info_span!(
        target: TARGET,
        "request",
        otel.name = %format_args!("{method} {route}"),
        otel.kind = "server",
        http.request.method = %method,
        http.route = route,
        http.response.status_code = tracing::field::Empty,
        gen_ai.operation.name = tracing::field::Empty,
        gen_ai.request.model = tracing::field::Empty,
        gen_ai.usage.input_tokens = tracing::field::Empty,
        gen_ai.usage.output_tokens = tracing::field::Empty,
        secret_ai.session = tracing::field::Empty,
        secret_ai.aborted = tracing::field::Empty,
    );
    #[cfg(feature = "otlp")]
    if !span.is_disabled() {
        otlp::follow(&span, headers);
    }
    #[cfg(not(feature = "otlp"))]
    let _ = headers;
    span
}

/// What makes an engine's spans children of the current request's span; `None` if nobody traces. Nothing that a client sends goes on as
/// it is: not its `traceparent`, which would skip the agent's span, nor the words in `tracestate` and `baggage`.
pub fn trace() -> Option<TraceParent> {
    let span = Span::current();
    if span.is_disabled() {
        return None;
    }
    #[cfg(feature = "otlp")]
    return otlp::trace(&span);
    #[cfg(not(feature = "otlp"))]
    None
}

/// The request was answered with this status.
pub fn answered(span: &Span, status: StatusCode) {
    span.record("http.response.status_code", status.as_u16());
}

/// The request's answer was billed.
pub fn billed(span: &Span, answer: &Answered<'_>, session: &SessionId) {
    if span.is_disabled() {
        return;
    }
    span.record("gen_ai.operation.name", operation(answer.endpoint));
    span.record("gen_ai.request.model", answer.model);
    span.record("gen_ai.usage.input_tokens", answer.input_tokens);
    span.record("gen_ai.usage.output_tokens", answer.output_tokens);
    span.record("secret_ai.session", short(session));
    span.record("secret_ai.aborted", answer.aborted);
}
