//! `GET /health` and `GET /ready`, for whoever starts the agent and whoever sends requests to it.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::Json;
use serde_json::json;

use crate::agent::Agent;
use crate::health::readiness;

/// 200 while the agent may promise anything: its journal works and its lease runs. If it does not come
/// back soon, only a new start helps.
pub async fn live(State(agent): State<Arc<Agent>>) -> Response {
    match agent.is_healthy() {
        true => Json(json!({ "status": "ok" })).into_response(),
        false => {
            let body = Json(json!({ "status": "unavailable" }));
            (StatusCode::SERVICE_UNAVAILABLE, body).into_response()
        }
    }
}

/// 200 if requests should come; else 503 with the reasons.
pub async fn ready(State(agent): State<Arc<Agent>>) -> Response {
    let readiness = readiness(&agent).await;
    let status = match readiness.is_ready() {
        true => StatusCode::OK,
        false => StatusCode::SERVICE_UNAVAILABLE,
    };
    (status, Json(readiness)).into_response()
}
