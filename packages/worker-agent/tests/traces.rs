//! Traces as a collector gets them: one span per request, in the trace that the client names, and nothing
//! of what was said.
#![cfg(feature = "otlp")]

mod common;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::routing::post;
use axum::Router;
use common::{bearer, chat, Script, Setup};
use secret_ai_worker_agent::telemetry::{self, LogFormat, TelemetryConfig};

type Got = Arc<Mutex<Vec<u8>>>;

/// A collector that keeps what it gets.
async fn collector() -> (String, Got) {
    let got = Got::default();
    let keep = |State(got): State<Got>, body: Bytes| async move {
        got.lock().unwrap().extend_from_slice(&body);
    };
    let routes = Router::new()
        .route("/v1/traces", post(keep))
        .with_state(got.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, routes).await });
    (url, got)
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_gets_a_span_and_nothing_of_what_was_said() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (url, got) = collector().await;
    let config = TelemetryConfig {
        otlp_endpoint: Some(url),
        accept_traceparent: true,
        ..TelemetryConfig::default()
    };
    let telemetry = telemetry::start(LogFormat::Json, &config).unwrap();
    let canary = "canary-of-the-answer";
    let worker = Setup {
        script: Script::words(&[canary]),
        ..Setup::default()
    }
    .start()
    .await;
    let mut body = chat("canary-of-the-prompt");
    body["stream"] = true.into();
    body["max_tokens"] = 20.into();
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let told = format!("00-{trace}-00f067aa0ba902b7-01");
    let request = worker.post(&body).header("traceparent", &told);
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(answer.text().await.unwrap().contains(canary));
    worker.settled_down().await;
    // The engine is told the agent's own span, of the same trace.
    let parent = worker.engine.trace.lock().unwrap().take().unwrap();
    assert_eq!(format!("{:032x}", parent.trace_id), trace);
    assert!(parent.sampled && parent.to_string() != told, "{parent}");
    let span = parent.span_id.to_be_bytes();
    telemetry.end().await;
    // The batch has been sent when `end` returns; the collector may still be writing it down.
    let mut tries = 0;
    let bytes = loop {
        let bytes = got.lock().unwrap().clone();
        if !bytes.is_empty() || tries == 500 {
            break bytes;
        }
        tries += 1;
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    for part in [
        "POST /v1/chat/completions",
        "secret-ai-worker",
        "http.response.status_code",
        "gen_ai.request.model",
        "gen_ai.usage.output_tokens",
        "0101",
    ] {
        assert!(contains(&bytes, part.as_bytes()), "no {part}");
    }
    assert!(
        contains(&bytes, &hex::decode(trace).unwrap()),
        "another trace"
    );
    assert!(contains(&bytes, &span), "the engine's parent is no span");
    for secret in ["canary", "01010101", &bearer(1)] {
        assert!(
            !contains(&bytes, secret.as_bytes()),
            "{secret} is in a span"
        );
    }
}
