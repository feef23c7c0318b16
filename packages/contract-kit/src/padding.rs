//! Answers in blocks, so that their lengths say little (SNIP-20, "padding").

use cosmwasm_std::{to_binary, Binary, Response, StdResult};
use serde::Serialize;

/// Size of a block in bytes.
pub const BLOCK: usize = 256;

/// Appends spaces, which JSON ignores, up to the next full block.
pub fn pad(mut bytes: Vec<u8>) -> Vec<u8> {
    let size = bytes.len().div_ceil(BLOCK).max(1).saturating_mul(BLOCK);
    bytes.resize(size, b' ');
    bytes
}

/// A query's answer, padded.
pub fn to_padded_binary<T: Serialize>(answer: &T) -> StdResult<Binary> {
    Ok(Binary(pad(to_binary(answer)?.0)))
}

/// A response whose data is an answer, padded.
pub fn respond<T: Serialize>(answer: &T) -> StdResult<Response> {
    Ok(Response::new().set_data(to_padded_binary(answer)?))
}

/// A response without an answer, of the length of a short one.
pub fn respond_empty() -> Response {
    Response::new().set_data(pad(b"{}".to_vec()))
}
