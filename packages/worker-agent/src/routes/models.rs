//! `GET /v1/models` and `GET /v1/models/{id}`.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::Json;

use crate::agent::Agent;
use crate::error::ApiError;
use crate::openai::{Model, ModelList};

/// The models of the engine; public.
pub async fn list(State(agent): State<Arc<Agent>>) -> Result<Json<ModelList>, ApiError> {
    let models = agent.models.list().await?;
    Ok(Json((&*models).into()))
}

/// One of them; public.
pub async fn show(
    State(agent): State<Arc<Agent>>,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<Model>, ApiError> {
    // What is no text is nobody's name.
    let Path(id) = path.map_err(|_| ApiError::no_model(""))?;
    let model = agent.models.find(&id).await?;
    let model = model.ok_or_else(|| ApiError::no_model(&id))?;
    Ok(Json((&model).into()))
}
