//! What differs between the APIs that clients chat through: how a request is read and an answer
//! worded. Who asks, what is reserved, counted and signed is the same for all.

use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;

use crate::ask::Ask;
use crate::error::ApiError;
use crate::receipts::Proof;
use crate::usage::Usage;

/// A client's request, read.
pub struct Asked {
    /// For the engine.
    pub request: Ask,
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
#[derive(Clone, Debug)]
pub struct Figures {
    /// As it is billed.
    pub usage: Usage,
    /// Some of it was counted here, because the engine did not say it.
    pub estimated: bool,
    /// The engine said more than it was allowed to, or contradicted itself: the surplus is not billed.
    pub corrected: bool,
    /// The engine's own `usage` object, if it says what is billed.
    pub report: Option<Value>,
    /// From the request's arrival to the answer's end.
    pub total: Duration,
    /// Until the engine was asked.
    pub load: Duration,
    /// From there to the engine's first piece.
    pub prompt: Duration,
    /// From there to the end.
    pub output: Duration,
}

impl Figures {
    /// OpenAI's `usage` object, with whatever else the engine has put into it.
    pub fn usage_json(&self) -> Value {
        let own = || self.usage.to_json(self.estimated);
        self.report.clone().unwrap_or_else(own)
    }
}

/// One event of a stream.
pub struct Event {
    /// As it came, with its framing.
    pub raw: Bytes,
    /// Its data, if it had to be read already.
    pub chunk: Option<Value>,
}

/// How one answer is worded.
pub trait Words: Send {
    /// Media type of a stream.
    fn media_type(&self) -> &'static str;

    /// An event on its way to the client; no bytes if there is nothing to say yet.
    fn event(&mut self, head: &Head, event: Event) -> Bytes;

    /// The end of a stream but for its proof: the event that ended the answer, if one did, or why it
    /// broke off. The response hash covers everything up to here.
    fn end(
        &mut self,
        head: &Head,
        last: Option<Event>,
        error: Option<&ApiError>,
        figures: &Figures,
    ) -> Bytes;

    /// The rest of a stream; the proof is missing if it could not be stored.
    fn proof(&self, proof: Option<&Proof>) -> Bytes;

    /// The end of a stream that has nothing in it and costs nothing.
    fn failure(&self, error: &ApiError) -> Bytes;

    /// A plain answer: the engine's own bytes wherever they say what is billed.
    fn whole(&self, answer: Bytes, figures: &Figures) -> Bytes;
}
