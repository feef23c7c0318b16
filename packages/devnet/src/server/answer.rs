//! Answers of the gRPC gateway: JSON, and errors with a gRPC code.

use axum::{
    http::{Method, StatusCode, Uri},
    response::{IntoResponse, Response},
    Json,
};
use serde_json::{json, Value};

/// A handler's answer.
pub(super) type Answer = Result<Json<Value>, GrpcError>;

/// A request's JSON, whatever its content type says: the gateway does not look, and secret.js sends
/// none.
pub(super) fn json_body(body: &[u8]) -> Result<Value, GrpcError> {
    serde_json::from_slice(body).map_err(|e| GrpcError::invalid(format!("body is no JSON: {e}")))
}

/// An error as the gateway writes it: `{code, message, details}`.
#[derive(Debug)]
pub(super) struct GrpcError {
    pub code: u32,
    pub message: String,
}

impl GrpcError {
    /// Code 2: the module's own error.
    pub fn unknown(message: impl Into<String>) -> Self {
        Self::new(2, message)
    }

    /// Code 3: the request is malformed.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(3, message)
    }

    /// Code 5: there is no such thing.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(5, message)
    }

    /// Code 12: this server does not do that.
    pub fn not_served(message: impl Into<String>) -> Self {
        Self::new(12, message)
    }

    fn new(code: u32, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }
}

impl IntoResponse for GrpcError {
    fn into_response(self) -> Response {
        let status = match self.code {
            3 => StatusCode::BAD_REQUEST,
            5 => StatusCode::NOT_FOUND,
            12 => StatusCode::NOT_IMPLEMENTED,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let body = json!({ "code": self.code, "message": self.message, "details": [] });
        (status, Json(body)).into_response()
    }
}

/// What has no handler.
pub(super) async fn not_served(method: Method, uri: Uri) -> GrpcError {
    GrpcError::not_served(format!(
        "secret-devnet does not serve {method} {}",
        uri.path()
    ))
}
