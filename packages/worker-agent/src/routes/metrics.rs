//! `GET /metrics`, on the operator's own listener only.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{header, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::agent::Agent;
use crate::health::measure;
use crate::metrics::MEDIA_TYPE;

/// All metrics, measured now.
pub async fn show(State(agent): State<Arc<Agent>>) -> Response {
    measure(&agent).await;
    match agent.metrics.text() {
        Ok(text) => ([(header::CONTENT_TYPE, MEDIA_TYPE)], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
