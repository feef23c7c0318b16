//! One request's work after its worst case has been reserved: run the engine, count, bill.

use std::sync::Arc;
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use memchr::memmem;
use secret_ai_engine::{ByteStream, Call, EngineError, Reply, Tokens};
use secret_ai_interface::Unit;
use secret_ai_receipts::sha256;
use serde_json::Value;
use tokio_util::task::task_tracker::TaskTrackerToken;
use tracing::Span;

use crate::admission::Place;
use crate::agent::Agent;
use crate::apart::{apart_if, SHORT, SHORT_TEXT};
use crate::bill::{bill, observe};
use crate::count::{Meter, TokenLimit};
use crate::error::ApiError;
use crate::events::choices;
use crate::metrics::Answered;
use crate::receipts::{Answer, Proof};
use crate::session::Held;
use crate::short;
use crate::tally::{Counter, Tally};
use crate::usage::{Report, Usage};
use crate::whole::MAX_WHOLE;
use crate::words::{Figures, Head, Words};

/// A request whose worst case is reserved. Dropped, it costs nothing.
pub struct Work {
    pub agent: Arc<Agent>,
    pub held: Held,
    pub meter: Meter,
    pub limit: TokenLimit,
    pub head: Head,
    pub call: Call,
    /// Tokens of the prompt, or the bound of them.
    pub prompt: Tokens,
    /// Tokens of the prompt by a rule of thumb.
    pub prompt_guess: u64,
    pub request_sha256: [u8; 32],
    /// When the request came.
    pub arrived: Instant,
    /// One of the places for requests in progress.
    pub place: Place,
    /// The agent does not stop before this is gone.
    pub _token: TaskTrackerToken,
    /// Of the request, for traces.
    pub span: Span,
}

/// A plain answer with its proof.
pub struct Plain {
    pub body: Bytes,
    pub proof: Proof,
}

impl Work {
    /// Answers in one piece, with the engine's own bytes. It is produced to its end, and billed, also
    /// when its client has gone away.
    ///
    /// # Errors
    /// The engine's error; nothing is billed then.
    pub async fn plain(mut self, words: Box<dyn Words>) -> Result<Plain, ApiError> {
        let tally = Tally::start(self.arrived, false);
        let reply = self.ask().await?;
        let answer = read_whole(reply.body, MAX_WHOLE).await?;
        let is_long = answer.len() > SHORT || (answer.len() > SHORT_TEXT && !is_counted(&answer));
        apart_if(is_long, move || self.finish(words, answer, tally)).await?
    }

    /// Counts and bills a plain answer.
    fn finish(
        self,
        words: Box<dyn Words>,
        answer: Bytes,
        mut tally: Tally,
    ) -> Result<Plain, ApiError> {
        let mut read = read_answer(&answer)?;
        tally.whole(&read);
        if let Some(report) = Report::read(read["usage"].take()) {
            tally.report(report);
        }
        let figures = self.figures(&mut tally);
        let body = words.whole(answer, &figures);
        let response_sha256 = sha256(&body);
        let proof = self.bill(&figures, response_sha256, false)?;
        Ok(Plain { body, proof })
    }

    /// Sends the call to the engine; it is empty afterwards.
    pub async fn ask(&mut self) -> Result<Reply, EngineError> {
        let call = Call {
            body: std::mem::take(&mut self.call.body),
            content_type: std::mem::take(&mut self.call.content_type),
            model: self.call.model.clone(),
            ..self.call
        };
        self.agent.engine.call(call).await
    }

    /// What an answer took that ends now.
    pub fn figures(&self, tally: &mut Tally) -> Figures {
        let figures = tally.figures(&Counter {
            engine: self.agent.engine.as_ref(),
            model: &self.head.model,
            prompt: self.prompt,
            guess: self.prompt_guess,
            limit: self.limit,
        });
        if figures.corrected {
            tracing::warn!(
                session = short(&self.held.session().id),
                "the engine's usage contradicts itself or is more than it was allowed: corrected"
            );
        }
        figures
    }

    /// Tells metrics, traces and the session's limits what an answer took.
    fn observe(&self, figures: &Figures, aborted: bool) {
        let Usage {
            prompt_tokens,
            cached_tokens,
            completion_tokens,
            ..
        } = figures.usage;
        let until_first = figures.load.saturating_add(figures.prompt);
        let answered = Answered {
            endpoint: self.call.endpoint,
            model: &self.head.model,
            units: &[
                (Unit::Input, prompt_tokens.saturating_sub(cached_tokens)),
                (Unit::CachedInput, cached_tokens),
                (Unit::Output, completion_tokens),
            ],
            input_tokens: prompt_tokens,
            output_tokens: completion_tokens,
            total: figures.total,
            first: self.call.stream.then_some(until_first),
            aborted,
            estimated: figures.estimated,
            clamped: figures.corrected,
        };
        observe(&self.agent, &self.span, &self.place, &self.held, &answered);
    }

    /// Counts the usage, signs its receipt and hands it to the journal.
    ///
    /// # Errors
    /// 500 if it was counted before.
    pub fn bill(
        self,
        figures: &Figures,
        response_sha256: [u8; 32],
        aborted: bool,
    ) -> Result<Proof, ApiError> {
        self.observe(figures, aborted);
        let agent = self.agent;
        let session_id = self.held.session().id;
        let answer = Answer {
            request_sha256: self.request_sha256,
            response_sha256,
            model: self.head.model,
            time: agent.now(),
            aborted,
        };
        let usage = figures.usage;
        let proof = bill(&agent, self.held, self.meter.units(usage), answer)?;
        tracing::debug!(
            session = short(&session_id),
            seq = proof.receipt.body.seq,
            input = usage.prompt_tokens,
            cached = usage.cached_tokens,
            output = usage.completion_tokens,
            estimated = figures.estimated,
            aborted,
            "answered"
        );
        Ok(proof)
    }
}

/// A whole body of at most `limit` bytes.
///
/// # Errors
/// The body's own, and [`EngineError::TooLarge`].
pub async fn read_whole(mut body: ByteStream, limit: usize) -> Result<Bytes, EngineError> {
    let too_large = || EngineError::TooLarge {
        what: "a body",
        limit,
    };
    let mut whole = Bytes::new();
    let mut rest = BytesMut::new();
    while let Some(bytes) = body.next().await {
        let bytes = bytes?;
        if whole.len() + rest.len() + bytes.len() > limit {
            return Err(too_large());
        }
        if whole.is_empty() {
            whole = bytes;
        } else {
            rest.extend_from_slice(&bytes);
        }
    }
    if rest.is_empty() {
        return Ok(whole);
    }
    Ok([&whole[..], &rest].concat().into())
}

/// Whether a plain answer seems to tell its usage, so that nobody has to count its text. In a text the
/// quotes would be escaped.
fn is_counted(answer: &[u8]) -> bool {
    memmem::find(answer, b"\"completion_tokens\"").is_some()
}

/// Reads a plain answer as far as it has to be counted.
fn read_answer(answer: &[u8]) -> Result<Value, EngineError> {
    let protocol = |reason: &str| EngineError::Protocol {
        reason: reason.into(),
    };
    let read: Value =
        serde_json::from_slice(answer).map_err(|_| protocol("not a chat completion"))?;
    if read.get("error").is_some_and(|error| !error.is_null()) {
        return Err(protocol("an error in the place of an answer"));
    }
    if choices(&read).is_empty() {
        return Err(protocol("no choices in a chat completion"));
    }
    Ok(read)
}
