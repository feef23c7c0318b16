//! A streamed answer: server-sent events as OpenAI's API has them, then one event with the receipt.
//!
//! ```text
//! data: {chunk}            any number; the last one carries `usage`
//! data: [DONE]             the response hash of the receipt covers all bytes up to here
//! event: receipt
//! data: {"receipt":"…","evidence":"…"}
//! ```

use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use secret_ai_engine::{CancellationToken, ChatEvent, ChatStream, Delta, EngineError};
use serde_json::{json, Value};
use sha2::{Digest, Sha256};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{timeout, timeout_at, Instant};

use crate::error::ApiError;
use crate::serve::{Tally, Work};

/// Chunks between the engine and a slow client.
const BUFFER: usize = 64;
/// A client that takes nothing for this long has gone away.
const STALLED: Duration = Duration::from_secs(60);
/// How long a cancelled engine may take to say what it used.
const LAST_WORDS: Duration = Duration::from_secs(30);
const DONE: &str = "data: [DONE]\n\n";

/// The body of a stream, or the reason why there is none.
pub type Opening = Result<mpsc::Receiver<Bytes>, ApiError>;

/// Answers as a stream. `opening` is told once, when the first piece is there or the engine failed
/// before it.
pub async fn serve(work: Work, opening: oneshot::Sender<Opening>) {
    let cancel = CancellationToken::new();
    let mut output = Output::new(opening);
    let events = match work
        .agent
        .engine
        .chat(work.request.clone(), cancel.clone())
        .await
    {
        Ok(events) => events,
        Err(error) => return output.refuse(error.into()),
    };
    let relayed = relay(&work, events, &mut output, &cancel).await;
    let Relayed {
        tally,
        last,
        error,
        cancelled,
    } = relayed;

    if let (Some(error), 0, false) = (&error, tally.pieces, cancelled) {
        // The worker's failure: nothing was produced, nothing is billed.
        let error = ApiError::from(error.clone());
        if output.is_open() {
            output.send_data(&error.body()).await;
            return output.send(Bytes::from_static(DONE.as_bytes())).await;
        }
        return output.refuse(error);
    }
    let aborted = error.is_some() || (cancelled && last.is_none());
    let usage = work.usage(&tally);
    if let Some(error) = error {
        output.send_data(&ApiError::from(error).body()).await;
    }
    match last {
        Some(delta) if work.include_usage => {
            output.send_data(&work.head.chunk(delta, None)).await;
            output.send_data(&work.head.usage_chunk(&usage)).await;
        }
        Some(delta) => {
            output
                .send_data(&work.head.chunk(delta, Some(&usage)))
                .await
        }
        None => output.send_data(&work.head.usage_chunk(&usage)).await,
    }
    output.send(Bytes::from_static(DONE.as_bytes())).await;
    let response_sha256 = output.hash();
    // An error is in the log; the client sees that its receipt is missing.
    if let Ok(proof) = work.bill(usage, response_sha256, aborted).await {
        let data = json!({ "receipt": proof.receipt_text(), "evidence": proof.evidence_text() });
        output
            .send(Bytes::from(format!("event: receipt\ndata: {data}\n\n")))
            .await;
    }
}

struct Relayed {
    tally: Tally,
    /// The piece that ended the answer, not sent yet: it waits for the usage.
    last: Option<Delta>,
    error: Option<EngineError>,
    /// The client went away.
    cancelled: bool,
}

async fn relay(
    work: &Work,
    mut events: ChatStream,
    output: &mut Output,
    cancel: &CancellationToken,
) -> Relayed {
    let mut relayed = Relayed {
        tally: Tally::default(),
        last: None,
        error: None,
        cancelled: false,
    };
    let mut patience = None;
    loop {
        let event = tokio::select! {
            biased;
            () = output.closed(), if !relayed.cancelled => {
                relayed.cancelled = true;
                patience = Some(Instant::now() + LAST_WORDS);
                cancel.cancel();
                continue;
            }
            event = next_event(&mut events, patience) => event,
        };
        match event {
            Some(Ok(ChatEvent::Delta(delta))) => {
                relayed.tally.piece(&delta);
                let ends = delta.finish_reason.is_some();
                let ready = if ends {
                    relayed.last.replace(delta)
                } else {
                    Some(delta)
                };
                if let Some(delta) = ready {
                    output.send_data(&work.head.chunk(delta, None)).await;
                }
            }
            Some(Ok(ChatEvent::Usage(usage))) => relayed.tally.report(usage),
            Some(Ok(ChatEvent::UsageMissing { deltas })) => relayed.tally.missing(deltas),
            Some(Ok(ChatEvent::Done)) | None => return relayed,
            Some(Err(error)) => {
                tracing::warn!(%error, "the engine broke off");
                relayed.error = Some(error);
                return relayed;
            }
        }
    }
}

/// The next event; `None` also if a cancelled engine has nothing more to say in time.
async fn next_event(
    events: &mut ChatStream,
    patience: Option<Instant>,
) -> Option<Result<ChatEvent, EngineError>> {
    match patience {
        Some(until) => timeout_at(until, events.next()).await.unwrap_or_default(),
        None => events.next().await,
    }
}

/// The bytes that go to the client, and their hash.
struct Output {
    /// Until the first piece is there: who waits for it, and the other end of `sender`.
    opening: Option<(oneshot::Sender<Opening>, mpsc::Receiver<Bytes>)>,
    sender: mpsc::Sender<Bytes>,
    hasher: Sha256,
    gone: bool,
}

impl Output {
    fn new(opening: oneshot::Sender<Opening>) -> Self {
        let (sender, receiver) = mpsc::channel(BUFFER);
        let opening = Some((opening, receiver));
        Output {
            opening,
            sender,
            hasher: Sha256::new(),
            gone: false,
        }
    }

    /// True once a piece has been sent.
    fn is_open(&self) -> bool {
        self.opening.is_none()
    }

    /// Ends before the first piece.
    fn refuse(self, error: ApiError) {
        if let Some((opening, _)) = self.opening {
            // Nobody is told if the client has gone away.
            let _ = opening.send(Err(error));
        }
    }

    /// Waits until the client has gone away.
    async fn closed(&mut self) {
        if self.gone {
            return;
        }
        match &mut self.opening {
            Some((opening, _)) => opening.closed().await,
            None => self.sender.closed().await,
        }
        self.gone = true;
    }

    async fn send_data(&mut self, data: &Value) {
        self.send(Bytes::from(format!("data: {data}\n\n"))).await;
    }

    /// Sends, and hashes, bytes; nothing is sent any more once the client has gone away.
    async fn send(&mut self, bytes: Bytes) {
        self.hasher.update(&bytes);
        if let Some((opening, receiver)) = self.opening.take() {
            self.gone = self.gone || opening.send(Ok(receiver)).is_err();
        }
        if !self.gone {
            self.gone = !matches!(timeout(STALLED, self.sender.send(bytes)).await, Ok(Ok(())));
        }
    }

    fn hash(&self) -> [u8; 32] {
        self.hasher.clone().finalize().into()
    }
}
