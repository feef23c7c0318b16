//! The HTTP API. Every path that is not listed here is 404; everything that makes an engine work
//! goes through [`chat`], which authenticates and reserves first.

mod attestation;
mod body;
mod chat;
mod cors;
mod e2ee;
mod models;
mod ollama;

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
    let api = Router::new()
        .route("/v1/chat/completions", post(chat::completions))
        .route("/v1/models", get(models::list))
        .route("/v1/models/{*id}", get(models::show))
        .merge(ollama::routes())
        .route("/attestation", get(attestation::show))
        .route("/health", get(health))
        .fallback(|path: Uri| async move { ollama::refuse(&path, ApiError::not_found()) })
        .method_not_allowed_fallback(|path: Uri| async move {
            ollama::refuse(&path, ApiError::method_not_allowed())
        })
        .with_state(agent.clone());
    // Everything can be asked sealed, too, but for that route itself.
    api.clone()
        .merge(e2ee::routes(agent, api))
        .layer(from_fn(cors::allow_pages))
}

async fn health(State(agent): State<Arc<Agent>>) -> Response {
    if agent.is_healthy() {
        Json(json!({ "status": "ok" })).into_response()
    } else {
        let body = Json(json!({ "status": "unavailable" }));
        (StatusCode::SERVICE_UNAVAILABLE, body).into_response()
    }
}
