//! `GET /cpu`, `/gpu`, `/self` and `/docker-compose`: a SecretVM's own evidence under the paths, and in the
//! form, in which SecretVM's server has it at port 29343 (secret-vm-attest-rest-server), so that SecretVM's
//! verifier can check the very TLS connection that requests go over.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::Router;

use crate::agent::Agent;
use crate::error::ApiError;
use crate::evidence::SecretVmEvidence;

/// The routes; 404 for what the operator has given no file for.
pub fn routes() -> Router<Arc<Agent>> {
    Router::new()
        .route("/cpu", get(|agent| show(agent, |found| found.cpu)))
        .route("/gpu", get(|agent| show(agent, |found| found.gpu)))
        .route("/self", get(|agent| show(agent, |found| found.registers)))
        .route(
            "/docker-compose",
            get(|agent| show(agent, |found| found.docker_compose)),
        )
}

async fn show(
    State(agent): State<Arc<Agent>>,
    choose: impl Fn(SecretVmEvidence) -> Option<String>,
) -> Response {
    let text = (header::CONTENT_TYPE, "text/plain; charset=utf-8");
    let plain = (header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    match choose(agent.attested().collateral.secretvm) {
        Some(found) => ([text, plain], found).into_response(),
        None => ApiError::not_found().into_response(),
    }
}
