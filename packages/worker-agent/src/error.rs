//! What a client of the HTTP API is told when something is wrong: OpenAI's error object or Ollama's, with
//! the field at fault in `param` and, for payment, what is needed and what is there.

use std::borrow::Cow;

use axum::http::{header, HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use secret_ai_engine::EngineError;
use serde_json::{json, Value};

use crate::budget::Refusal;
use crate::ledger::Shortage;
use crate::prices::TermsRefused;

/// Tells layers around an answer which error it is.
#[derive(Clone, Copy, Debug)]
pub struct ErrorCode(pub &'static str);

/// An answer that is not 200.
#[derive(Clone, Debug)]
pub struct ApiError {
    status: StatusCode,
    code: &'static str,
    message: Box<str>,
    param: Option<Cow<'static, str>>,
    /// Base units needed at most, and available.
    amounts: Option<Box<(u128, u128)>>,
    /// Boxed, as the rest of an error is small and travels far.
    headers: Box<HeaderMap>,
}

impl ApiError {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        let headers = Box::default();
        ApiError {
            status,
            code,
            message: message.into().into_boxed_str(),
            param: None,
            amounts: None,
            headers,
        }
    }

    /// 400: the field `param` is wrong.
    pub fn bad_request(param: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request", message).about(param)
    }

    /// 401: who asks is not known.
    pub fn unauthorized(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, code, message)
    }

    /// 402: the session cannot pay for this.
    pub fn payment(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYMENT_REQUIRED, code, message)
    }

    /// 403: the session is another worker's.
    pub fn other_worker() -> Self {
        let message = "the session is for another worker";
        Self::new(StatusCode::FORBIDDEN, "wrong_worker", message)
    }

    /// 404: no such route.
    pub fn not_found() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "not_found",
            "there is nothing at this path",
        )
    }

    /// 404: the worker does not serve this model.
    pub fn no_model(model: &str) -> Self {
        let model: String = model.chars().take(64).collect();
        let message = format!("model: {model:?} is not served here");
        Self::new(StatusCode::NOT_FOUND, "model_not_found", message).about("model")
    }

    /// 404: the model is not sold for this.
    pub fn not_sold(model: &str, path: &str, unit: &str) -> Self {
        let message =
            format!("model: {model:?} is not sold for {path}: it has no price for {unit}");
        Self::new(StatusCode::NOT_FOUND, "not_sold", message).about("model")
    }

    /// 405: the route exists for another method.
    pub fn method_not_allowed() -> Self {
        let message = "this path does not take this method";
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            message,
        )
    }

    /// 501: a route of Ollama's that this worker has no use for.
    pub fn not_offered() -> Self {
        let message = "this worker's models are fixed: it chats and generates, nothing else";
        Self::new(StatusCode::NOT_IMPLEMENTED, "not_offered", message)
    }

    /// 413: the body is longer than `limit` bytes.
    pub fn too_large(limit: usize) -> Self {
        let message = format!("body: longer than {limit} bytes");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", message)
    }

    /// 415: the body is not plain JSON.
    pub fn unsupported(param: &'static str, message: impl Into<String>) -> Self {
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        Self::new(status, "unsupported_media_type", message).about(param)
    }

    /// 422: sealed to a key that is not this boot's; the registry knows the new one.
    pub fn wrong_key(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "wrong_key", message).about("e2ee")
    }

    /// 500: the worker's fault; the cause is in its log.
    pub fn internal() -> Self {
        let message = "the worker failed; nothing is charged that was not delivered";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", message)
    }

    /// 429: this client asks too much at once.
    pub fn too_many(message: impl Into<String>) -> Self {
        let error = Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", message);
        error.with_header(header::RETRY_AFTER, "60")
    }

    /// 503: try again soon.
    pub fn busy(message: impl Into<String>) -> Self {
        let error = Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", message);
        error.with_header(header::RETRY_AFTER, "2")
    }

    /// 503: the agent was told to stop; another connection reaches another worker, or this one anew.
    pub fn draining() -> Self {
        let message = "this worker is stopping";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "draining", message)
            .with_header(header::RETRY_AFTER, "10")
            .with_header(header::CONNECTION, "close")
    }

    /// Names the field at fault.
    #[must_use]
    pub fn about(mut self, param: impl Into<Cow<'static, str>>) -> Self {
        self.param = Some(param.into());
        self
    }

    /// Adds a header; a value that is no header value is left out.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }

    /// Adds headers.
    #[must_use]
    pub fn with_headers(mut self, headers: HeaderMap) -> Self {
        self.headers.extend(headers);
        self
    }

    fn with_amounts(mut self, needed: u128, available: u128) -> Self {
        self.amounts = Some(Box::new((needed, available)));
        self
    }

    /// OpenAI's error object.
    pub fn body(&self) -> Value {
        let kind = match self.status.as_u16() {
            401 => "authentication_error",
            402 => "payment_required",
            403 => "permission_error",
            404 => "not_found_error",
            429 => "rate_limit_error",
            400..=499 => "invalid_request_error",
            _ => "server_error",
        };
        let mut error = json!({
            "message": self.message,
            "type": kind,
            "code": self.code,
            "param": self.param,
        });
        if let Some((needed, available)) = self.amounts.as_deref() {
            error["needed"] = needed.to_string().into();
            error["available"] = available.to_string().into();
        }
        json!({ "error": error })
    }

    /// Ollama's error object: a text, beside which its clients look at nothing.
    pub fn ollama_body(&self) -> Value {
        let Value::Object(mut body) = self.body()["error"].take() else {
            return json!({ "error": self.message });
        };
        let message = body.remove("message");
        body.insert("error".into(), message.into());
        body.into()
    }

    /// The answer with this body.
    pub fn response(self, body: Value) -> Response {
        let code = Extension(ErrorCode(self.code));
        (self.status, *self.headers, code, Json(body)).into_response()
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = self.body();
        self.response(body)
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        let message = refusal.to_string();
        match refusal {
            Refusal::Session {
                source: Shortage::Cap { needed, available },
            } => Self::payment("cap_exceeded", message).with_amounts(needed, available),
            Refusal::Session {
                source: Shortage::Slack { needed, available },
            } => Self::payment("slack_exceeded", message).with_amounts(needed, available),
            Refusal::Session {
                source: Shortage::Counters,
            } => Self::payment("counters_exceeded", message),
            Refusal::MaxCharge { needed, available } => {
                Self::payment("max_charge_exceeded", message)
                    .about("x-max-charge")
                    .with_amounts(needed, available)
            }
        }
    }
}

impl From<TermsRefused> for ApiError {
    fn from(refused: TermsRefused) -> Self {
        let code = match refused {
            TermsRefused::Token => "token_not_accepted",
            TermsRefused::MissingLine { .. } => "missing_line",
            TermsRefused::Rate { .. } => "rate_too_low",
        };
        Self::payment(code, refused.to_string()).about("model")
    }
}

impl From<EngineError> for ApiError {
    fn from(error: EngineError) -> Self {
        let status =
            StatusCode::from_u16(error.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let code = match &error {
            EngineError::UnknownModel { .. } => "model_not_found",
            EngineError::BadRequest { .. } => "invalid_request",
            EngineError::ContextOverflow { .. } => "context_length_exceeded",
            EngineError::Busy | EngineError::Down => "busy",
            _ => "engine_error",
        };
        let param = match &error {
            EngineError::BadRequest { field, .. } => Some(*field),
            EngineError::UnknownModel { .. } => Some("model"),
            EngineError::ContextOverflow { .. } => Some("messages"),
            _ => None,
        };
        let message = match &error {
            // The upstream's words may quote the prompt: they are for the client alone.
            EngineError::Status { message, .. } if !message.reveal().is_empty() => {
                message.reveal().to_owned()
            }
            _ => error.to_string(),
        };
        let answer = ApiError {
            param: param.map(Cow::Borrowed),
            ..Self::new(status, code, message)
        };
        match status.as_u16() {
            429 | 503 => answer.with_header(header::RETRY_AFTER, "2"),
            _ => answer,
        }
    }
}
