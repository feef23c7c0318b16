//! A streamed answer: the engine's events as they come, then the end, then the proof.
//!
//! The server that writes to the client polls the engine itself: no task and no queue stand between
//! them, so a slow client holds its engine back and nothing else. When the client goes away the
//! server drops the answer: the engine stops, and what was produced is billed.

use std::future::Future;
use std::pin::Pin;
use std::task::{ready, Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::future::poll_fn;
use futures_util::{FutureExt, StreamExt};
use hyper::body::{Body, Frame};
use secret_ai_engine::{ByteStream, EngineError};
use sha2::{Digest, Sha256};
use tokio::task::{spawn_blocking, JoinHandle};

use crate::error::ApiError;
use crate::events::{choices, event, is_last, look, Cutter, Kind};
use crate::output::Output;
use crate::receipts::Proof;
use crate::running::{Produced, Running};
use crate::serve::{Plain, Work};
use crate::tally::Tally;
use crate::usage::Report;
use crate::whole::MAX_WHOLE;
use crate::words::{Event, Figures, Words};

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
    /// Comes before the end.
    counting: Option<Counting>,
    /// What goes out next.
    out: Output,
    /// The client has been told that an answer comes.
    opened: bool,
    /// Nothing has gone out yet.
    first: bool,
    /// Why there is no answer.
    refused: Option<ApiError>,
    proof: Option<Proof>,
}

/// An answer whose text is being counted, on a thread of its own.
struct Counting {
    counted: JoinHandle<(Running, Figures)>,
    /// Why the answer broke off, if it did.
    error: Option<ApiError>,
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
        if body.len().saturating_add(bytes.len()) > MAX_WHOLE {
            let (what, limit) = ("a body", MAX_WHOLE);
            return Err(EngineError::TooLarge { what, limit }.into());
        }
        body.extend_from_slice(&bytes);
    }
    if let Some(refused) = stream.refused.take() {
        return Err(refused);
    }
    let proof = stream.proof.take().ok_or_else(ApiError::internal)?;
    let body = body.freeze();
    Ok(Plain { body, proof })
}

async fn begin(mut work: Work, words: Box<dyn Words>, whole: bool) -> Result<Stream, ApiError> {
    let counts_text = work.agent.engine.count_text(&work.head.model, "").is_some();
    let tally = Tally::start(work.arrived, counts_text);
    // Until an engine answers nothing is billed, whoever gives up first.
    let reply = work.ask().await?;
    if !reply.content_type.starts_with("text/event-stream") {
        let reason = "not an event stream".into();
        return Err(EngineError::Protocol { reason }.into());
    }
    let produced = Produced {
        work,
        tally,
        hasher: Sha256::new(),
    };
    let mut stream = Stream {
        source: Some(reply.body),
        cutter: Cutter::default(),
        held: None,
        words,
        running: Running::new(produced, whole),
        counting: None,
        out: Output::default(),
        opened: false,
        first: true,
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
        if self.poll_count(cx).is_pending() && self.out.is_empty() {
            return Poll::Pending;
        }
        // What is found before the client knows of an answer waits in its place.
        self.first &= !self.opened;
        Poll::Ready(std::mem::take(&mut self.out).take())
    }

    /// The first bytes are there and have not left.
    fn is_urgent(&self) -> bool {
        self.first && !self.out.is_empty()
    }

    /// Ends an answer whose text was counted.
    fn poll_count(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(counting) = &mut self.counting else {
            return Poll::Ready(());
        };
        let counted = ready!(Pin::new(&mut counting.counted).poll(cx));
        let error = counting.error.take();
        self.counting = None;
        match counted {
            Ok((running, figures)) => {
                self.running = running;
                self.close(&figures, error.as_ref());
            }
            Err(_) => self.fail(&ApiError::internal()),
        }
        Poll::Ready(())
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
        let Some(produced) = self.running.produced() else {
            return Ok(());
        };
        let (mut ends, mut counted) = (false, None);
        if let Some(chunk) = &mut next.chunk {
            if chunk.get("error").is_some_and(|error| !error.is_null()) {
                let reason = "an error in the middle of the answer".into();
                return Err(EngineError::Protocol { reason });
            }
            let usage = chunk.get_mut("usage").map(serde_json::Value::take);
            if let Some(report) = usage.and_then(Report::read) {
                if choices(chunk).is_empty() {
                    produced.tally.report(report);
                    return Ok(());
                }
                next.raw = event(chunk);
                counted = Some(report);
            }
            ends = choices(chunk).iter().any(is_last);
        }
        produced.tally.event(&next);
        // It counts what comes with it, too.
        if let Some(report) = counted {
            produced.tally.report(report);
        }
        check_length(produced)?;
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

    fn send(&mut self, event: Event) {
        if let Some(Produced { work, hasher, .. }) = self.running.produced() {
            let bytes = self.words.event(&work.head, event);
            hasher.update(&bytes);
            self.out.push(bytes);
        }
    }

    /// Comments keep connections alive; an answer in other words has no place for them.
    fn send_comment(&mut self, raw: Bytes) {
        if self.words.media_type() != "text/event-stream" {
            return;
        }
        if let Some(produced) = self.running.produced() {
            produced.hasher.update(&raw);
            self.out.push(raw);
        }
    }

    fn end(&mut self, error: Option<EngineError>) {
        let source = self.source.take();
        let error = error.map(|error| {
            tracing::warn!(%error, "the engine broke off");
            ApiError::from(error)
        });
        let is_whole = self.running.is_whole();
        let Some(produced) = self.running.produced() else {
            return;
        };
        if let Some(error) = &error {
            // The worker's failure: nothing was produced, or nothing is delivered; nothing is billed.
            if produced.tally.pieces() == 0 || is_whole {
                return self.fail(error);
            }
        } else if let Some(mut source) = source {
            // Most have nothing more to say.
            if !matches!(source.next().now_or_never(), Some(None)) {
                tokio::spawn(drain(source));
            }
        }
        if !produced.tally.is_long() {
            let figures = produced.figures();
            return self.close(&figures, error.as_ref());
        }
        let Some(mut produced) = self.running.take() else {
            return;
        };
        let counted = spawn_blocking(move || {
            let figures = produced.figures();
            (Running::new(produced, is_whole), figures)
        });
        self.counting = Some(Counting { counted, error });
    }

    /// The last words, and the bill.
    fn close(&mut self, figures: &Figures, error: Option<&ApiError>) {
        let held = self.held.take();
        let Some(mut produced) = self.running.take() else {
            return;
        };
        let head = &produced.work.head;
        let end = self.words.end(head, held, error, figures);
        produced.hasher.update(&end);
        self.out.push(end);
        self.proof = produced.bill(figures, error.is_some());
        self.out.push(self.words.proof(self.proof.as_ref()));
    }

    /// The end of an answer that costs nothing.
    fn fail(&mut self, error: &ApiError) {
        drop(self.running.take());
        if self.opened {
            self.out.push(self.words.failure(error));
        } else {
            self.out.clear();
            self.refused = Some(error.clone());
        }
    }
}

/// An engine that does not stop is stopped: nobody pays for what it says beyond its limit.
fn check_length(produced: &Produced) -> Result<(), EngineError> {
    let most = produced.work.limit.output.saturating_mul(PIECES_PER_TOKEN);
    if produced.tally.pieces() > most.saturating_add(SPARE_PIECES) {
        let reason = "more pieces than tokens were allowed".into();
        return Err(EngineError::Protocol { reason });
    }
    Ok(())
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
        self.source.is_none() && self.counting.is_none() && self.out.is_empty()
    }
}

/// Reads what is left of a reply that has said all: a connection that was read to its end is used
/// again.
async fn drain(mut source: ByteStream) {
    let rest = async { while source.next().await.is_some_and(|bytes| bytes.is_ok()) {} };
    // A server that sends more is left.
    let _ = tokio::time::timeout(LAST_BYTES, rest).await;
}
