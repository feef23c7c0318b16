//! Answers and errors in blocks, so that their lengths say little (SNIP-20, "padding").

use cosmwasm_std::{to_binary, Binary, Response, StdResult};
use serde::Serialize;

/// Size of a block of an answer in bytes.
pub const BLOCK: usize = 256;
/// Size of a block of an error text in bytes.
pub const ERROR_BLOCK: usize = 128;

/// Appends spaces, which JSON ignores, up to the next full block.
pub fn pad(bytes: Vec<u8>) -> Vec<u8> {
    pad_to(bytes, BLOCK)
}

/// Appends spaces up to the next multiple of `block` bytes, at least one.
pub fn pad_to(mut bytes: Vec<u8>, block: usize) -> Vec<u8> {
    if !cfg!(feature = "leak-p1") {
        let size = bytes.len().div_ceil(block).max(1).saturating_mul(block);
        bytes.resize(size, b' ');
    }
    bytes
}

/// The text of an error with spaces appended up to the next full block.
pub fn pad_error(error: impl ToString) -> String {
    let mut text = error.to_string();
    if !cfg!(feature = "leak-p1") {
        let size = text.len().next_multiple_of(ERROR_BLOCK).max(ERROR_BLOCK);
        text.extend(core::iter::repeat_n(' ', size.saturating_sub(text.len())));
    }
    text
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
