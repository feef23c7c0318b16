//! Reading and writing the JSON bodies of requests.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::EngineError;

/// Parses the body of a request.
///
/// # Errors
/// [`EngineError::BadRequest`] for a body that is not JSON of this shape. The message never quotes it.
pub fn from_json<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, EngineError> {
    serde_json::from_slice(body).map_err(|error| {
        let kind = match error.classify() {
            serde_json::error::Category::Data => "a field is missing or has the wrong type",
            _ => "not valid json",
        };
        let (line, column) = (error.line(), error.column());
        bad("body", format!("{kind}, at line {line}, column {column}"))
    })
}

/// Parses the body of a request and checks its fields.
pub(crate) fn read_valid<'a, T: Deserialize<'a>>(
    body: &'a [u8],
    check: impl Fn(&T) -> Result<(), EngineError>,
) -> Result<T, EngineError> {
    let request = from_json(body)?;
    check(&request)?;
    Ok(request)
}

/// Checks that a model is named.
pub(crate) fn check_model(model: &str) -> Result<(), EngineError> {
    match model.is_empty() {
        true => Err(bad("model", "is empty")),
        false => Ok(()),
    }
}

/// A request as a server gets it.
pub(crate) fn to_body(request: &impl Serialize) -> Result<Bytes, EngineError> {
    let body = serde_json::to_vec(request).map_err(|_| EngineError::Protocol {
        reason: "the request cannot be written as json".into(),
    })?;
    Ok(body.into())
}

/// A request that is refused for one of its fields.
pub(crate) fn bad(field: &'static str, reason: impl Into<String>) -> EngineError {
    EngineError::BadRequest {
        field,
        reason: reason.into(),
    }
}
