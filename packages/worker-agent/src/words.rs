//! What differs between the APIs that clients chat through: how a request is read and an answer
//! worded. Who asks, what is reserved, counted and signed is the same for all.

use std::time::Duration;

use bytes::Bytes;
use secret_ai_engine::{ChatRequest, Delta, Usage};

use crate::choice::Choice;
use crate::error::ApiError;
use crate::receipts::Proof;

/// A client's request, read.
pub struct Asked {
    /// For the engine.
    pub request: ChatRequest,
    /// The client wants its answer in pieces.
    pub stream: bool,
    pub words: Box<dyn Words>,
}

/// Reads the body of a request.
pub type Reader = fn(&[u8]) -> Result<Asked, ApiError>;

/// What all parts of one answer have in common.
#[derive(Clone, Debug)]
pub struct Head {
    /// Id of the model.
    pub model: String,
    /// Unix seconds.
    pub created: u64,
}

/// What an answer took.
#[derive(Clone, Copy, Debug)]
pub struct Figures {
    /// As it is billed.
    pub usage: Usage,
    /// From the request's arrival to the answer's end.
    pub total: Duration,
    /// Until the engine was asked.
    pub load: Duration,
    /// From there to the engine's first piece.
    pub prompt: Duration,
    /// From there to the end.
    pub output: Duration,
}

/// How one answer is worded.
pub trait Words: Send + Sync {
    /// Media type of a stream.
    fn media_type(&self) -> &'static str;

    /// A plain answer.
    fn whole(&self, head: &Head, choices: Vec<Choice>, figures: &Figures) -> Bytes;

    /// A piece of a stream; no bytes if there is nothing to say yet.
    fn piece(&mut self, head: &Head, delta: Delta) -> Bytes;

    /// The end of a stream but for its proof: the piece that ended the answer, if one did, or why it
    /// broke off. The response hash covers everything up to here.
    fn end(
        &mut self,
        head: &Head,
        last: Option<Delta>,
        error: Option<&ApiError>,
        figures: &Figures,
    ) -> Bytes;

    /// The rest of a stream; the proof is missing if it could not be stored.
    fn proof(&self, proof: Option<&Proof>) -> Bytes;

    /// The end of a stream that has nothing in it and costs nothing.
    fn failure(&self, error: &ApiError) -> Bytes;
}
