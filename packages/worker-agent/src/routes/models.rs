//! `GET /v1/models`.

use std::sync::Arc;

use axum::extract::State;
use axum::Json;

use crate::agent::Agent;
use crate::error::ApiError;
use crate::openai::ModelList;

/// The models of the engine; public.
pub async fn list(State(agent): State<Arc<Agent>>) -> Result<Json<ModelList>, ApiError> {
    Ok(Json(agent.models.list().await?.into()))
}
