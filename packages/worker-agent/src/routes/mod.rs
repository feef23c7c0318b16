//! The HTTP API. Every path that is not listed here is 404; everything that makes an engine work
//! goes through [`chat`], which authenticates and reserves first.

mod attestation;
mod body;
mod chat;
mod cors;
mod models;
mod ollama;
mod secretvm;

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::middleware::from_fn;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::json;

use crate::agent::Agent;
use crate::error::ApiError;

/// Header with a signed receipt.
pub const RECEIPT: &str = "x-secret-ai-receipt";
/// Header with the evidence of a receipt.
pub const EVIDENCE: &str = "x-secret-ai-evidence";
/// Header with the most that a request may cost, base units.
pub const MAX_CHARGE: &str = "x-max-charge";

/// The routes of an agent.
pub fn router(agent: Arc<Agent>) -> Router {
    Router::new()
        .route("/v1/chat/completions", post(chat::completions))
        .route("/v1/models", get(models::list))
        .route("/v1/models/{*id}", get(models::show))
        .merge(ollama::routes())
        .route("/attestation", get(attestation::show))
        .merge(secretvm::routes())
        .route("/health", get(health))
        .fallback(|path: Uri| async move { ollama::refuse(&path, ApiError::not_found()) })
        .method_not_allowed_fallback(|path: Uri| async move {
            ollama::refuse(&path, ApiError::method_not_allowed())
        })
        .layer(from_fn(cors::allow_pages))
        .with_state(agent)
}

async fn health(State(agent): State<Arc<Agent>>) -> Response {
    if agent.is_healthy() {
        Json(json!({ "status": "ok" })).into_response()
    } else {
        let body = Json(json!({ "status": "unavailable" }));
        (StatusCode::SERVICE_UNAVAILABLE, body).into_response()
    }
}
