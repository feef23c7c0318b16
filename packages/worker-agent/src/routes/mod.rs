//! The HTTP API. Every path that is not listed here is 404; everything that makes an engine work
//! goes through [`admit`], which authenticates, and reserves first: [`chat`] for text, [`plain`] for all
//! else.

mod admit;
mod attestation;
mod body;
mod chat;
mod cors;
mod e2ee;
mod embeddings;
mod gate;
mod health;
mod images;
mod metrics;
mod models;
mod ollama;
mod plain;
mod secretvm;
mod speech;
mod transcripts;
mod unread;

use std::sync::Arc;

use axum::extract::Request;
use axum::http::Uri;
use axum::middleware::{from_fn, from_fn_with_state, Next};
use axum::response::Response;
use axum::routing::{get, post};
use axum::Router;

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
        .route("/v1/completions", post(chat::text))
        .route("/v1/embeddings", post(embeddings::create))
        .route("/v1/audio/speech", post(speech::create))
        .route("/v1/audio/transcriptions", post(transcripts::transcribe))
        .route("/v1/audio/translations", post(transcripts::translate))
        .route("/v1/images/generations", post(images::create))
        .route("/v1/models", get(models::list))
        .route("/v1/models/{*id}", get(models::show))
        .merge(ollama::routes())
        .route("/attestation", get(attestation::show))
        .merge(secretvm::routes())
        .route("/health", get(health::live))
        .route("/ready", get(health::ready))
        .fallback(|path: Uri| async move { ollama::refuse(&path, ApiError::not_found()) })
        .method_not_allowed_fallback(|path: Uri| async move {
            ollama::refuse(&path, ApiError::method_not_allowed())
        })
        .layer(from_fn_with_state(agent.clone(), gate::pass))
        .with_state(agent.clone());
    // Everything can be asked sealed, too, but for that route itself. What is inside passes the gate.
    api.clone()
        .merge(e2ee::routes(agent, api))
        .layer(from_fn(outermost))
}

/// What concerns connections and browsers, whatever is asked.
async fn outermost(request: Request, next: Next) -> Response {
    match cors::preflight(&request) {
        Some(answer) => answer,
        None => cors::allow_pages(unread::see_to_rest(request, next).await),
    }
}

/// The routes of the operator's own listener: never beside the API.
pub fn inside(agent: Arc<Agent>) -> Router {
    Router::new()
        .route("/metrics", get(metrics::show))
        .route("/health", get(health::live))
        .route("/ready", get(health::ready))
        .with_state(agent)
}
