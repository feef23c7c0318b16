//! Answers of the gRPC gateway: JSON, and errors with a gRPC code.

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
    Json,
};
use serde_json::{json, Value};

/// A handler's answer.
pub(super) type Answer = Result<Json<Value>, GrpcError>;

/// A request's JSON, whatever its content type says: the gateway does not look, and secret.js labels
/// its JSON text/plain in a browser.
pub(super) fn json_body(body: &[u8]) -> Result<Value, GrpcError> {
    serde_json::from_slice(body).map_err(|e| GrpcError::invalid(format!("body is no JSON: {e}")))
}

/// An error as gRPC and the gateway write it: `{code, message, details}`.
#[derive(Debug)]
pub(super) struct GrpcError {
    pub code: u32,
    pub message: String,
    /// What a query through ABCI says instead.
    abci: Option<String>,
}

impl GrpcError {
    /// Code 2: the module's own error.
    pub fn unknown(message: impl Into<String>) -> Self {
        Self::new(2, message)
    }

    /// Code 2: an error that a module has registered with the SDK. gRPC tells its codespace, code and
    /// name and then what it is `about`; ABCI tells what it is about and then its name
    /// (`cosmossdk.io/errors` 1.0, `GRPCStatus` and `Error`).
    pub fn registered((codespace, code, name): (&str, u32, &str), about: &str) -> Self {
        let grpc = format!("codespace {codespace} code {code}: {name}");
        let (grpc, abci) = match about {
            "" => (grpc, name.to_owned()),
            about => (format!("{grpc}: {about}"), format!("{about}: {name}")),
        };
        Self {
            abci: Some(abci),
            ..Self::unknown(grpc)
        }
    }

    /// What a query through ABCI says of it.
    pub fn abci_text(&self) -> &str {
        self.abci.as_deref().unwrap_or(&self.message)
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

    /// A text that is no base64, in Go's words.
    pub fn not_base64(text: &str) -> Self {
        let of_alphabet = |c: char| c.is_ascii_alphanumeric() || "+/-_= ".contains(c);
        let at = text.find(|c| !of_alphabet(c)).unwrap_or(text.len());
        Self::invalid(format!("illegal base64 data at input byte {at}"))
    }

    fn new(code: u32, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            abci: None,
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

/// What has no handler, in the gateway's words.
pub(super) async fn not_served() -> GrpcError {
    GrpcError::not_served("Not Implemented")
}

/// What has a handler for another method only.
pub(super) async fn other_method() -> GrpcError {
    GrpcError::not_served("Method Not Allowed")
}
