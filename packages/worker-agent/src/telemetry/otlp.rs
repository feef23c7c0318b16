//! Traces to a collector, as OTLP over HTTP (<https://opentelemetry.io/docs/specs/otlp/#otlphttp>).

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use axum::http::HeaderMap;
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::{TraceContextExt, TracerProvider};
use opentelemetry_http::{Bytes, HeaderExtractor, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use opentelemetry_sdk::Resource;
use secret_ai_engine::TraceParent;
use tokio::runtime::Handle;
use tracing::level_filters::LevelFilter;
use tracing::{Span, Subscriber};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::Layer;

use super::{TelemetryConfig, TARGET};

/// How long the collector may take for a batch, and for the last one.
const PATIENCE: Duration = Duration::from_secs(5);

/// Whether clients may name the trace that their request is part of.
static FOLLOWS: AtomicBool = AtomicBool::new(false);

/// Where spans go, in batches, by a thread of its own: a collector that is slow or gone costs requests
/// nothing, and spans that do not fit the batch's queue are dropped.
pub struct Traces(SdkTracerProvider);

impl Traces {
    /// The configured collector's; nothing is sent yet.
    pub fn start(config: &TelemetryConfig) -> Result<Option<Self>, String> {
        let Some(endpoint) = &config.otlp_endpoint else {
            return Ok(None);
        };
        FOLLOWS.store(config.accept_traceparent, Ordering::Relaxed);
        let wrong = |error: &dyn std::fmt::Display| format!("telemetry.otlp_endpoint: {error}");
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Client::new().map_err(|e| wrong(&e))?)
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(format!("{}/v1/traces", endpoint.trim_end_matches('/')))
            .with_timeout(PATIENCE)
            .build()
            .map_err(|e| wrong(&e))?;
        let resource = Resource::builder_empty().with_service_name(config.service_name.clone());
        let sampler = Sampler::TraceIdRatioBased(config.sample_ratio);
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_sampler(Sampler::ParentBased(Box::new(sampler)))
            .with_resource(resource.build())
            .build();
        Ok(Some(Traces(provider)))
    }

    /// Takes spans of [`TARGET`] alone, and no events: what the log says stays in the log.
    pub fn layer<S>(&self) -> impl Layer<S>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let spans_only = tracing_subscriber::filter::filter_fn(|metadata| metadata.is_span());
        tracing_opentelemetry::layer()
            .with_tracer(self.0.tracer("secret-ai-worker"))
            .with_location(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_filter(spans_only)
            .with_filter(Targets::new().with_target(TARGET, LevelFilter::INFO))
    }

    /// Sends what is left.
    pub async fn end(self) {
        let provider = self.0;
        let sent = tokio::task::spawn_blocking(move || provider.shutdown_with_timeout(PATIENCE));
        if !matches!(sent.await, Ok(Ok(()))) {
            tracing::warn!("the last traces could not be sent");
        }
    }
}

/// Makes a span part of the trace that a client's `traceparent` names
/// (<https://www.w3.org/TR/trace-context/>), if clients may.
pub fn follow(span: &Span, headers: &HeaderMap) {
    if FOLLOWS.load(Ordering::Relaxed) {
        let parent = TraceContextPropagator::new().extract(&HeaderExtractor(headers));
        // A span that has begun already keeps its own trace.
        let _ = span.set_parent(parent);
    }
}

/// What children of a span have to know.
pub fn trace(span: &Span) -> Option<TraceParent> {
    let context = span.context();
    let span = context.span();
    let own = span.span_context();
    own.is_valid().then(|| TraceParent {
        trace_id: u128::from_be_bytes(own.trace_id().to_bytes()),
        span_id: u64::from_be_bytes(own.span_id().to_bytes()),
        sampled: own.is_sampled(),
    })
}

/// Sends batches with the agent's own HTTP client: the thread that makes them has no Tokio runtime.
#[derive(Debug)]
struct Client {
    http: reqwest::Client,
    runtime: Handle,
}

impl Client {
    fn new() -> Result<Self, HttpError> {
        // Another part of the program may have chosen one before; both are this one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Ok(Client {
            http: reqwest::Client::builder().timeout(PATIENCE).build()?,
            runtime: Handle::try_current()?,
        })
    }
}

#[async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let request = reqwest::Request::try_from(request)?;
        let http = self.http.clone();
        let sent = self.runtime.spawn(async move {
            let response = http.execute(request).await?;
            let status = response.status();
            Ok::<_, reqwest::Error>((status, response.bytes().await?))
        });
        let (status, body) = sent.await??;
        Ok(Response::builder().status(status).body(body)?)
    }
}
