//! The events of an upstream's answer, with the end that [`crate::ChatStream`] promises.

use std::collections::VecDeque;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{stream, Stream, StreamExt};
use reqwest::Response;
use tokio_util::sync::CancellationToken;

use super::sse::SseDecoder;
use super::wire::{carries_tokens, protocol, Answer};
use super::{timeout, UpstreamConfig};
use crate::{ChatEvent, ChatStream, EngineError, Usage};

type Item = Result<ChatEvent, EngineError>;
type Chunks = Pin<Box<dyn Stream<Item = Result<Bytes, reqwest::Error>> + Send>>;

/// What is known of an answer so far.
#[derive(Default)]
struct Account {
    ready: VecDeque<Item>,
    usage: Option<Usage>,
    deltas: u64,
    done: bool,
}

impl Account {
    fn take(&mut self, data: &[u8]) -> Result<(), EngineError> {
        if self.done {
            return Ok(());
        }
        if data == b"[DONE]" {
            self.done = true;
            return Ok(());
        }
        let answer = Answer::parse(data)?;
        if let Some(usage) = answer.usage()? {
            self.usage = Some(usage);
        }
        for delta in answer.into_deltas() {
            self.deltas += u64::from(carries_tokens(&delta));
            self.ready.push_back(Ok(ChatEvent::Delta(delta)));
        }
        Ok(())
    }

    fn finish(&mut self, end: Item) {
        self.done = true;
        let deltas = self.deltas;
        let usage = self
            .usage
            .map_or(ChatEvent::UsageMissing { deltas }, ChatEvent::Usage);
        self.ready.extend([Ok(usage), end]);
    }
}

/// Reads server-sent events off a response.
struct Reader {
    /// Gone once the answer has ended.
    chunks: Option<Chunks>,
    decoder: SseDecoder,
    account: Account,
    idle: Duration,
    cancel: CancellationToken,
}

impl Reader {
    async fn next(mut self) -> Option<(Item, Self)> {
        while self.account.ready.is_empty() {
            let next = tokio::time::timeout(self.idle, self.chunks.as_mut()?.next());
            let end = tokio::select! {
                biased;
                () = self.cancel.cancelled() => Some(Ok(ChatEvent::Done)),
                chunk = next => self.take(chunk),
            };
            if let Some(end) = end {
                // Before anything else is sent: the connection is of no more use.
                self.chunks = None;
                self.account.finish(end);
            }
        }
        self.account.ready.pop_front().map(|item| (item, self))
    }

    /// Takes what came; returns how the answer ended if it did.
    fn take(
        &mut self,
        chunk: Result<Option<Result<Bytes, reqwest::Error>>, tokio::time::error::Elapsed>,
    ) -> Option<Item> {
        let bytes = match chunk {
            Err(_) => return Some(Err(timeout(self.idle))),
            Ok(None | Some(Err(_))) => return Some(Err(EngineError::Disconnected)),
            Ok(Some(Ok(bytes))) => bytes,
        };
        let account = &mut self.account;
        match self.decoder.push(&bytes, |data| account.take(data)) {
            Err(error) => Some(Err(error)),
            Ok(()) => self.account.done.then_some(Ok(ChatEvent::Done)),
        }
    }
}

/// The events of a streamed answer.
pub(super) fn events(
    response: Response,
    config: &UpstreamConfig,
    cancel: CancellationToken,
) -> ChatStream {
    let reader = Reader {
        chunks: Some(Box::pin(response.bytes_stream())),
        decoder: SseDecoder::new(config.max_event_bytes),
        account: Account::default(),
        idle: config.idle_timeout,
        cancel,
    };
    Box::pin(stream::unfold(reader, Reader::next))
}

/// The events of a plain answer.
pub(super) fn plain(body: &[u8]) -> Result<ChatStream, EngineError> {
    let mut account = Account::default();
    account.take(body)?;
    if account.ready.is_empty() {
        return Err(protocol("no choices in a chat completion"));
    }
    account.finish(Ok(ChatEvent::Done));
    Ok(Box::pin(stream::iter(account.ready)))
}

/// The events of an answer that was cancelled before it began.
pub(super) fn nothing() -> ChatStream {
    let mut account = Account::default();
    account.finish(Ok(ChatEvent::Done));
    Box::pin(stream::iter(account.ready))
}
