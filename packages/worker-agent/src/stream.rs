//! A streamed answer: pieces as they come, then the end, then the proof.

use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use secret_ai_engine::{CancellationToken, ChatEvent, ChatStream, Delta, EngineError};
use sha2::{Digest, Sha256};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{timeout, timeout_at, Instant};

use crate::error::ApiError;
use crate::serve::{Tally, Work};
use crate::words::{Head, Words};

/// Pieces between the engine and a slow client.
const BUFFER: usize = 64;
/// A client that takes nothing for this long has gone away.
const STALLED: Duration = Duration::from_secs(60);
/// How long a cancelled engine may take to say what it used.
const LAST_WORDS: Duration = Duration::from_secs(30);

/// The body of a stream, or the reason why there is none.
pub type Opening = Result<mpsc::Receiver<Bytes>, ApiError>;

/// Answers as a stream. `opening` is told once, when the first piece is there or the engine failed
/// before it.
pub async fn serve(work: Work, mut words: Box<dyn Words>, opening: oneshot::Sender<Opening>) {
    let cancel = CancellationToken::new();
    let mut output = Output::new(opening);
    let tally = Tally::start();
    let events = match work
        .agent
        .engine
        .chat(work.request.clone(), cancel.clone())
        .await
    {
        Ok(events) => events,
        Err(error) => return output.refuse(error.into()),
    };
    let mut relay = Relay {
        head: &work.head,
        words: words.as_mut(),
        output: &mut output,
        cancel,
    };
    let Relayed {
        tally,
        last,
        error,
        cancelled,
    } = relay.run(events, tally).await;

    let error = error.map(ApiError::from);
    if let (Some(error), 0, false) = (&error, tally.pieces, cancelled) {
        // The worker's failure: nothing was produced, nothing is billed.
        if output.is_open() {
            return output.send(words.failure(error)).await;
        }
        return output.refuse(error.clone());
    }
    let aborted = error.is_some() || (cancelled && last.is_none());
    let figures = work.figures(&tally);
    let end = words.end(&work.head, last, error.as_ref(), &figures);
    output.send(end).await;
    let response_sha256 = output.hash();
    // An error is in the log; the client sees that its receipt is missing.
    let proof = work.bill(figures.usage, response_sha256, aborted).await;
    output.send(words.proof(proof.ok().as_ref())).await;
}

struct Relayed {
    tally: Tally,
    /// The piece that ended the answer, not sent yet: it waits for the usage.
    last: Option<Delta>,
    error: Option<EngineError>,
    /// The client went away.
    cancelled: bool,
}

/// The way from an engine's events to a client.
struct Relay<'a> {
    head: &'a Head,
    words: &'a mut dyn Words,
    output: &'a mut Output,
    cancel: CancellationToken,
}

impl Relay<'_> {
    async fn run(&mut self, mut events: ChatStream, tally: Tally) -> Relayed {
        let mut relayed = Relayed {
            tally,
            last: None,
            error: None,
            cancelled: false,
        };
        let mut patience = None;
        loop {
            let event = tokio::select! {
                biased;
                () = self.output.closed(), if !relayed.cancelled => {
                    relayed.cancelled = true;
                    patience = Some(Instant::now() + LAST_WORDS);
                    self.cancel.cancel();
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
                        self.output.send(self.words.piece(self.head, delta)).await;
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

    /// Sends, and hashes, bytes if there are any; nothing is sent any more once the client has gone
    /// away.
    async fn send(&mut self, bytes: Bytes) {
        if bytes.is_empty() {
            return;
        }
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
