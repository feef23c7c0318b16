//! Ollama's routes, and errors in its words.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::Uri;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{json, Value};

use super::body::{check_media_type, read_body, BodyKind};
use super::chat::serve;
use super::embeddings::create_for;
use crate::agent::Agent;
use crate::error::ApiError;
use crate::ollama::{listed, read_chat, read_generate, running, shown, EmbedRoute, API_VERSION};

/// All of them begin like this.
const PREFIX: &str = "/api/";
/// Longest body of a request that names a model and does no work, bytes.
const MAX_NAME_BODY: usize = 16 << 10;
/// What a server with a store of models would do.
const NOT_OFFERED: [&str; 6] = [
    "/api/blobs/{digest}",
    "/api/copy",
    "/api/create",
    "/api/delete",
    "/api/pull",
    "/api/push",
];

/// The routes.
pub fn routes() -> Router<Arc<Agent>> {
    let router = Router::new()
        .route("/api/chat", post(chat))
        .route("/api/generate", post(generate))
        .route("/api/embed", post(embed))
        .route("/api/embeddings", post(embeddings))
        .route("/api/tags", get(tags))
        .route("/api/ps", get(ps))
        .route("/api/show", post(show))
        .route("/api/version", get(version));
    let refuse = || async { OllamaError(ApiError::not_offered()) };
    NOT_OFFERED
        .into_iter()
        .fold(router, |router, path| router.route(path, any(refuse)))
}

/// An error on a path that has no handler, in the words of the API that the path belongs to.
pub fn refuse(path: &Uri, error: ApiError) -> Response {
    if path.path().starts_with(PREFIX) {
        return OllamaError(error).into_response();
    }
    error.into_response()
}

/// An error in Ollama's words.
struct OllamaError(ApiError);

impl From<ApiError> for OllamaError {
    fn from(error: ApiError) -> Self {
        OllamaError(error)
    }
}

impl IntoResponse for OllamaError {
    fn into_response(self) -> Response {
        let body = self.0.ollama_body();
        self.0.response(body)
    }
}

type Answer<T> = Result<T, OllamaError>;

async fn chat(State(agent): State<Arc<Agent>>, request: Request) -> Answer<Response> {
    Ok(serve(agent, request, read_chat).await?)
}

async fn generate(State(agent): State<Arc<Agent>>, request: Request) -> Answer<Response> {
    Ok(serve(agent, request, read_generate).await?)
}

async fn embed(State(agent): State<Arc<Agent>>, request: Request) -> Answer<Response> {
    Ok(create_for(agent, request, EmbedRoute::Embed).await?)
}

async fn embeddings(State(agent): State<Arc<Agent>>, request: Request) -> Answer<Response> {
    Ok(create_for(agent, request, EmbedRoute::Embeddings).await?)
}

async fn tags(State(agent): State<Arc<Agent>>) -> Answer<Json<Value>> {
    let models = agent.models.list().await.map_err(ApiError::from)?;
    Ok(Json(listed(&models)))
}

async fn ps(State(agent): State<Arc<Agent>>) -> Answer<Json<Value>> {
    let models = agent.models.list().await.map_err(ApiError::from)?;
    Ok(Json(running(&models)))
}

/// Body of `POST /api/show`; `name` is the older name, and some clients send both, one of them empty.
#[derive(Deserialize)]
struct Show {
    model: Option<String>,
    name: Option<String>,
}

async fn show(State(agent): State<Arc<Agent>>, request: Request) -> Answer<Json<Value>> {
    let (head, body) = request.into_parts();
    check_media_type(&head.headers, BodyKind::Json.media_type())?;
    let timeout_s = agent.limits.rates.body_timeout_s;
    let body = read_body(&head.headers, body, MAX_NAME_BODY, timeout_s).await?;
    let Show { model, name } = secret_ai_engine::from_json(&body).map_err(ApiError::from)?;
    let mut given = [model, name].into_iter().flatten();
    let model = given.find(|text| !text.is_empty());
    let model = model.ok_or_else(|| ApiError::bad_request("model", "model: is missing"))?;
    let found = agent.models.find(&model).await.map_err(ApiError::from)?;
    let info = found.ok_or_else(|| ApiError::no_model(&model))?;
    Ok(Json(shown(&info)))
}

async fn version() -> Json<Value> {
    Json(json!({ "version": API_VERSION }))
}
