//! Bodies of requests: JSON or a form, not compressed, of bounded size, within a bounded time.

use std::time::Duration;

use axum::body::{to_bytes, Body};
use axum::http::{header, HeaderMap};
use bytes::Bytes;

use crate::error::ApiError;

/// What a body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyKind {
    /// `application/json`
    Json,
    /// `multipart/form-data`
    Form,
}

impl BodyKind {
    /// Its media type.
    pub fn media_type(self) -> &'static str {
        match self {
            BodyKind::Json => "application/json",
            BodyKind::Form => "multipart/form-data",
        }
    }
}

/// The media type, with its parameters, if it is this one: whatever cannot be read here could not be
/// counted.
pub fn check_media_type(headers: &HeaderMap, media_type: &str) -> Result<String, ApiError> {
    let content_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default();
    if !essence.trim().eq_ignore_ascii_case(media_type) {
        let message = format!("content-type: must be {media_type}");
        return Err(ApiError::unsupported("content-type", message));
    }
    let encodings = headers.get_all(header::CONTENT_ENCODING);
    if encodings
        .iter()
        .any(|value| !value.as_bytes().eq_ignore_ascii_case(b"identity"))
    {
        let message = "content-encoding: a body must not be compressed";
        return Err(ApiError::unsupported("content-encoding", message));
    }
    Ok(content_type.to_owned())
}

/// Bytes of the body, if its sender says how many.
pub fn announced_length(headers: &HeaderMap) -> Option<usize> {
    let length = headers.get(header::CONTENT_LENGTH)?;
    length.to_str().ok()?.parse().ok()
}

/// Reads a body of at most `limit` bytes, which may take `timeout_s` seconds to arrive.
pub async fn read_body(
    headers: &HeaderMap,
    body: Body,
    limit: usize,
    timeout_s: u64,
) -> Result<Bytes, ApiError> {
    let announced = announced_length(headers);
    if announced.is_some_and(|length| length > limit) {
        return Err(ApiError::too_large(limit));
    }
    let patience = Duration::from_secs(timeout_s);
    let read = tokio::time::timeout(patience, to_bytes(body, limit)).await;
    let late = |_| {
        let message = format!("body: took longer than {timeout_s} s to arrive");
        ApiError::bad_request("body", message)
    };
    // What is announced truthfully is within the limit; all else that fails was not, or broke off.
    read.map_err(late)?.map_err(|_| match announced {
        Some(_) => ApiError::bad_request("body", "body: broke off"),
        None => ApiError::too_large(limit),
    })
}
