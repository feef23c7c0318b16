//! A streamed answer: the engine's events as they come, then the end, then the proof.
//!
//! The server that writes to the client polls the engine itself: no task and no queue stand between
//! them, so a slow client holds its engine back and nothing else. When the client goes away the
//! server drops the answer: the engine stops, and what was produced is billed.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::future::poll_fn;
use futures_util::{FutureExt, StreamExt};
use hyper::body::{Body, Frame};
use secret_ai_engine::{ByteStream, EngineError};
use sha2::{Digest, Sha256};

use crate::error::ApiError;
use crate::events::{choices, event, is_last, look, Cutter, Kind};
use crate::receipts::Proof;
use crate::serve::{Plain, Work};
use crate::tally::Tally;
use crate::usage::Report;
use crate::words::{Event, Words};

/// Bytes that are gathered for one write if the engine has more at once.
const MAX_WRITE: usize = 16 << 10;
/// How long the rest of a reply is waited for, so that its connection can be used again.
const LAST_BYTES: Duration = Duration::from_secs(1);
/// An engine that sends so many times more pieces than it was allowed tokens is stopped.
const PIECES_PER_TOKEN: u64 = 2;
/// The same for short answers: pieces beyond the allowed tokens that are never too many.
const SPARE_PIECES: u64 = 64;

/// An answer on its way.
pub struct Stream {
    /// Gone once the engine has said all, or is to be stopped.
    source: Option<ByteStream>,
    cutter: Cutter,
    /// An event that ended a choice: it waits for the usage, or for more events.
    held: Option<Event>,
    words: Box<dyn Words>,
    running: Running,
    /// What goes out next.
    out: Output,
    /// The client has been told that an answer comes.
    opened: bool,
    /// Nothing has gone out yet.
    first: bool,
    /// The answer is delivered whole or not at all.
    whole: bool,
    /// Why there is no answer.
    refused: Option<ApiError>,
    proof: Option<Proof>,
}

/// What there is to bill. Dropped before it was billed or given up, it is billed as aborted.
struct Running {
    work: Option<Work>,
    tally: Tally,
    /// Over all bytes that went out.
    hasher: Sha256,
}

impl Running {
    fn bill(&mut self, figures: &crate::words::Figures, aborted: bool) -> Option<Proof> {
        let work = self.work.take()?;
        let response_sha256 = self.hasher.clone().finalize().into();
        // An error is in the log; the client sees that its receipt is missing.
        work.bill(figures, response_sha256, aborted).ok()
    }

    fn give_up(&mut self) {
        self.work = None;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(work) = &self.work {
            let figures = work.figures(&mut self.tally);
            self.bill(&figures, true);
        }
    }
}

/// Begins an answer: returns when its first bytes are there.
///
/// # Errors
/// The engine's error if it failed before; nothing is billed then.
pub async fn open(work: Work, words: Box<dyn Words>) -> Result<Stream, ApiError> {
    begin(work, words, false).await
}

/// Lets an engine answer in pieces, and delivers them as one.
///
/// # Errors
/// The engine's error; nothing is billed then.
pub async fn collect(work: Work, words: Box<dyn Words>) -> Result<Plain, ApiError> {
    let mut stream = begin(work, words, true).await?;
    let mut body = BytesMut::new();
    while let Some(bytes) = poll_fn(|cx| stream.poll_bytes(cx)).await {
        body.extend_from_slice(&bytes);
    }
    if let Some(refused) = stream.refused.take() {
        return Err(refused);
    }
    let proof = stream.proof.take().ok_or_else(ApiError::internal)?;
    let body = body.freeze();
    Ok(Plain { body, proof })
}

async fn begin(work: Work, words: Box<dyn Words>, whole: bool) -> Result<Stream, ApiError> {
    let counts_text = work.agent.engine.count_text(&work.head.model, "").is_some();
    let tally = Tally::start(work.arrived, counts_text);
    let mut running = Running {
        work: Some(work),
        tally,
        hasher: Sha256::new(),
    };
    let Some(work) = running.work.as_mut() else {
        return Err(ApiError::internal());
    };
    let source = match work.ask().await {
        Ok(reply) if reply.content_type.starts_with("text/event-stream") => reply.body,
        Ok(_) => {
            running.give_up();
            let reason = "not an event stream".into();
            return Err(EngineError::Protocol { reason }.into());
        }
        Err(error) => {
            running.give_up();
            return Err(error.into());
        }
    };
    let mut stream = Stream {
        source: Some(source),
        cutter: Cutter::default(),
        held: None,
        words,
        running,
        out: Output::default(),
        opened: false,
        first: true,
        whole,
        refused: None,
        proof: None,
    };
    let opening = poll_fn(|cx| stream.poll_bytes(cx)).await;
    stream.out.push(opening.unwrap_or_default());
    if let Some(refused) = stream.refused.take() {
        return Err(refused);
    }
    stream.opened = true;
    Ok(stream)
}

impl Stream {
    /// Media type of the answer.
    pub fn media_type(&self) -> &'static str {
        self.words.media_type()
    }

    /// The next bytes for the client; `None` at the end.
    ///
    /// The first ones leave before the engine is asked for more; later, what has come at once leaves at
    /// once, since every write costs more than all else.
    fn poll_bytes(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        while !self.is_urgent() {
            let Some(source) = &mut self.source else {
                break;
            };
            let end = match source.as_mut().poll_next(cx) {
                Poll::Pending if self.out.is_empty() => return Poll::Pending,
                Poll::Pending => break,
                Poll::Ready(Some(Ok(bytes))) => {
                    self.cutter.push(bytes);
                    self.forward()
                }
                Poll::Ready(Some(Err(error))) => {
                    self.source = None;
                    Some(Err(error))
                }
                Poll::Ready(None) => {
                    self.source = None;
                    // Some servers say no `[DONE]`.
                    Some(match self.held {
                        Some(_) => Ok(()),
                        None => Err(EngineError::Disconnected),
                    })
                }
            };
            if let Some(end) = end {
                self.end(end.err());
            } else if self.out.len() >= MAX_WRITE {
                break;
            }
        }
        // What is found before the client knows of an answer waits in its place.
        self.first &= !self.opened;
        Poll::Ready(std::mem::take(&mut self.out).take())
    }

    /// The first bytes are there and have not left.
    fn is_urgent(&self) -> bool {
        self.first && !self.out.is_empty()
    }

    /// Sends on what has come; returns how the answer ended if it did.
    fn forward(&mut self) -> Option<Result<(), EngineError>> {
        loop {
            let raw = match self.cutter.next() {
                Ok(Some(raw)) => raw,
                Ok(None) => return None,
                Err(error) => return Some(Err(error)),
            };
            let chunk = match look(&raw) {
                Ok(Kind::Done) => return Some(Ok(())),
                Ok(Kind::Piece) => None,
                Ok(Kind::Chunk(chunk)) => Some(chunk),
                Ok(Kind::Comment) => {
                    self.send_comment(raw);
                    continue;
                }
                Err(error) => return Some(Err(error)),
            };
            if let Err(error) = self.take(Event { raw, chunk }) {
                return Some(Err(error));
            }
        }
    }

    /// Sends an event on, or keeps what the end needs of it.
    fn take(&mut self, mut next: Event) -> Result<(), EngineError> {
        let (mut ends, mut counted) = (false, None);
        if let Some(chunk) = &mut next.chunk {
            if chunk.get("error").is_some_and(|error| !error.is_null()) {
                let reason = "an error in the middle of the answer".into();
                return Err(EngineError::Protocol { reason });
            }
            let usage = chunk.get_mut("usage").map(serde_json::Value::take);
            if let Some(report) = usage.and_then(Report::read) {
                if choices(chunk).is_empty() {
                    self.running.tally.report(report);
                    return Ok(());
                }
                next.raw = event(chunk);
                counted = Some(report);
            }
            ends = choices(chunk).iter().any(is_last);
        }
        self.running.tally.event(&next);
        // It counts what comes with it, too.
        if let Some(report) = counted {
            self.running.tally.report(report);
        }
        self.check_length()?;
        if let Some(held) = self.held.take() {
            self.send(held);
        }
        if ends {
            self.held = Some(next);
        } else {
            self.send(next);
        }
        Ok(())
    }

    /// An engine that does not stop is stopped: nobody pays for what it says beyond its limit.
    fn check_length(&self) -> Result<(), EngineError> {
        let allowed = self
            .running
            .work
            .as_ref()
            .map_or(0, |work| work.limit.output);
        let most = allowed.saturating_mul(PIECES_PER_TOKEN);
        if self.running.tally.pieces() > most.saturating_add(SPARE_PIECES) {
            let reason = "more pieces than tokens were allowed".into();
            return Err(EngineError::Protocol { reason });
        }
        Ok(())
    }

    fn send(&mut self, event: Event) {
        if let Some(work) = &self.running.work {
            let bytes = self.words.event(&work.head, event);
            self.running.hasher.update(&bytes);
            self.out.push(bytes);
        }
    }

    /// Comments keep connections alive; an answer in other words has no place for them.
    fn send_comment(&mut self, raw: Bytes) {
        if self.words.media_type() == "text/event-stream" {
            self.running.hasher.update(&raw);
            self.out.push(raw);
        }
    }

    fn end(&mut self, error: Option<EngineError>) {
        let source = self.source.take();
        let error = error.map(|error| {
            tracing::warn!(%error, "the engine broke off");
            ApiError::from(error)
        });
        let running = &mut self.running;
        let Some(work) = &running.work else {
            return;
        };
        if let Some(error) = &error {
            // The worker's failure: nothing was produced, or nothing is delivered; nothing is billed.
            if running.tally.pieces() == 0 || self.whole {
                running.give_up();
                if self.opened {
                    self.out.push(self.words.failure(error));
                } else {
                    self.out.clear();
                    self.refused = Some(error.clone());
                }
                return;
            }
        } else if let Some(mut source) = source {
            // Most have nothing more to say.
            if !matches!(source.next().now_or_never(), Some(None)) {
                tokio::spawn(drain(source));
            }
        }
        let figures = work.figures(&mut running.tally);
        let held = self.held.take();
        let end = self.words.end(&work.head, held, error.as_ref(), &figures);
        running.hasher.update(&end);
        self.out.push(end);
        self.proof = running.bill(&figures, error.is_some());
        self.out.push(self.words.proof(self.proof.as_ref()));
    }
}

impl Body for Stream {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let next = self.poll_bytes(cx);
        next.map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.source.is_none() && self.out.is_empty()
    }
}

/// Reads what is left of a reply that has said all: a connection that was read to its end is used
/// again.
async fn drain(mut source: ByteStream) {
    let rest = async { while source.next().await.is_some_and(|bytes| bytes.is_ok()) {} };
    // A server that sends more is left.
    let _ = tokio::time::timeout(LAST_BYTES, rest).await;
}

/// Bytes for one write: copied together only if there are several.
#[derive(Default)]
struct Output {
    first: Bytes,
    all: BytesMut,
}

impl Output {
    fn push(&mut self, bytes: Bytes) {
        if self.is_empty() {
            self.first = bytes;
        } else if !bytes.is_empty() {
            if self.all.is_empty() {
                self.all.extend_from_slice(&self.first);
                self.first = Bytes::new();
            }
            self.all.extend_from_slice(&bytes);
        }
    }

    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn len(&self) -> usize {
        self.first.len() + self.all.len()
    }

    fn clear(&mut self) {
        *self = Self::default();
    }

    fn take(self) -> Option<Bytes> {
        if self.is_empty() {
            return None;
        }
        Some(if self.all.is_empty() {
            self.first
        } else {
            self.all.freeze()
        })
    }
}
