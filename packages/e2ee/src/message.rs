//! What is inside: the head of an HTTP message as JSON, then its body as it is.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::error::E2eeError;

/// Bytes of the length before a head.
const LENGTH: usize = 4;
/// Longest head, bytes of JSON.
pub const MAX_HEAD: usize = 16 << 10;

/// Head of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestHead {
    /// `GET` or `POST`.
    pub method: String,
    /// Path with its query, as `/v1/chat/completions`.
    pub path: String,
    /// Unix seconds at which it was sealed; the worker refuses old ones.
    pub time: u64,
    /// Names in small letters, with their values. Who asks is told here, never outside.
    pub headers: Vec<(String, String)>,
}

/// Head of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnswerHead {
    /// HTTP status.
    pub status: u16,
    /// Names in small letters, with their values.
    pub headers: Vec<(String, String)>,
}

impl AnswerHead {
    /// The data of an answer's first frame.
    ///
    /// # Errors
    /// It is longer than 16 KiB.
    pub fn encode(&self) -> Result<Vec<u8>, E2eeError> {
        encode(self, &[])
    }

    /// Reads the data of an answer's first frame.
    ///
    /// # Errors
    /// It is none.
    pub fn decode(data: &[u8]) -> Result<Self, E2eeError> {
        let (head, end) = decode(data)?;
        (end == data.len())
            .then_some(head)
            .ok_or(E2eeError::Content)
    }
}

/// u32 length of the head, big-endian ‖ head, JSON ‖ body.
pub fn encode(head: &impl Serialize, body: &[u8]) -> Result<Vec<u8>, E2eeError> {
    let head = serde_json::to_vec(head).map_err(|_| E2eeError::Content)?;
    if head.len() > MAX_HEAD {
        return Err(E2eeError::TooLong);
    }
    let length = u32::try_from(head.len()).map_err(|_| E2eeError::TooLong)?;
    Ok([&length.to_be_bytes()[..], &head, body].concat())
}

/// The head, and the body's place.
pub fn decode<T: DeserializeOwned>(message: &[u8]) -> Result<(T, usize), E2eeError> {
    let (length, rest) = message
        .split_first_chunk::<LENGTH>()
        .ok_or(E2eeError::Content)?;
    let length = u32::from_be_bytes(*length) as usize;
    if length > MAX_HEAD {
        return Err(E2eeError::TooLong);
    }
    let head = rest.get(..length).ok_or(E2eeError::Content)?;
    let head = serde_json::from_slice(head).map_err(|_| E2eeError::Content)?;
    Ok((head, length.saturating_add(LENGTH)))
}
