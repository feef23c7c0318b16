//! The embedded engine as a server of its own: two routes that pass bytes on.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{header, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use secret_ai_engine::embedded::{EmbeddedConfig, EmbeddedEngine};
use secret_ai_engine::{Call, ChatRequest, DeviceChoice, Endpoint, Engine, EngineError};
use serde_json::{json, Value};
use tokio::net::TcpListener;

use crate::Failure;

/// Serves until it is killed.
pub async fn serve(
    listen: SocketAddr,
    file: &Path,
    model: &str,
    device: DeviceChoice,
    parallel: usize,
) -> Result<(), Failure> {
    let config = EmbeddedConfig {
        parallel,
        device,
        ..EmbeddedConfig::new(model)
    };
    let engine = Arc::new(EmbeddedEngine::open(file, config)?);
    let listener = TcpListener::bind(listen).await?;
    println!("{}", listener.local_addr()?);
    eprintln!("device {}", engine.device());
    let routes = Router::new()
        .route("/v1/models", get(models))
        .route("/v1/chat/completions", post(chat))
        .route("/health", get(|| async { "ok" }))
        .with_state(engine);
    Ok(axum::serve(listener, routes).await?)
}

async fn models(State(engine): State<Arc<EmbeddedEngine>>) -> Response {
    match engine.models().await {
        Ok(models) => {
            let models = models.into_iter().map(|model| {
                json!({ "id": model.id, "object": "model", "max_model_len": model.context_length })
            });
            let list: Vec<Value> = models.collect();
            Json(json!({ "object": "list", "data": list })).into_response()
        }
        Err(error) => refused(&error),
    }
}

async fn chat(State(engine): State<Arc<EmbeddedEngine>>, body: Bytes) -> Response {
    let request = match ChatRequest::from_json(&body) {
        Ok(request) => request,
        Err(error) => return refused(&error),
    };
    let call = Call {
        endpoint: Endpoint::ChatCompletions,
        stream: request.is_stream(),
        model: request.model,
        content_type: "application/json".into(),
        body,
        trace: None,
    };
    match engine.call(call).await {
        Ok(reply) => {
            let kind = [(header::CONTENT_TYPE, reply.content_type)];
            (kind, Body::from_stream(reply.body)).into_response()
        }
        Err(error) => refused(&error),
    }
}

fn refused(error: &EngineError) -> Response {
    let status = StatusCode::from_u16(error.http_status()).unwrap_or(StatusCode::BAD_GATEWAY);
    let body = json!({ "error": { "message": error.to_string() } });
    (status, Json(body)).into_response()
}
