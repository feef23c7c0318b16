//! End-to-end encryption: an HTTP request sealed to a worker's attested key, and its answer sealed
//! back. Whoever ends TLS or carries the bytes in between sees their number and when they pass.
//!
//! Requests are sealed with HPKE (RFC 9180) in base mode: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256,
//! ChaCha20-Poly1305. Answers are sealed in the manner of Oblivious HTTP (RFC 9458, section 4.4), in
//! frames, so that a stream can be read as it comes. docs/transport.md has the bytes.
//!
//! This crate knows neither HTTP nor a clock: it turns bytes into bytes.
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects
    )
)]

mod answer;
mod error;
mod message;
mod padding;
mod random;
mod request;

pub use answer::{AnswerKey, Frame, FrameOpener, FrameSealer, MAX_DATA};
pub use error::E2eeError;
pub use message::{AnswerHead, RequestHead};
pub use request::{kid_of, seal, Opened, Opener, Recipient, OVERHEAD};

/// Path of the route that takes sealed requests.
pub const PATH: &str = "/e2ee";
/// Media type of a sealed request.
pub const REQUEST_TYPE: &str = "application/vnd.secret-ai.e2ee-request";
/// Media type of a sealed answer.
pub const ANSWER_TYPE: &str = "application/vnd.secret-ai.e2ee-answer";
/// How far a sealed request's time may be from the worker's clock, seconds.
pub const MAX_SKEW_S: u64 = 60;
