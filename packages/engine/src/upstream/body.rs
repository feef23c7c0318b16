//! The bytes of a server's reply, within its limit of silence.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::Stream;
use tokio::time::{sleep_until, Instant, Sleep};

use super::timeout;
use crate::EngineError;

type Source = Pin<Box<dyn Stream<Item = Result<Bytes, EngineError>> + Send>>;

/// Bytes as they come; ends with an error if the server breaks off or says nothing for too long.
pub(super) struct Chunks {
    /// Gone once the reply has ended, and its connection with it.
    source: Option<Source>,
    /// Longest silence.
    idle: Duration,
    /// When something came last.
    heard: Instant,
    /// Rings at the earliest when the silence may have been too long: moved only then, because a timer
    /// costs more than a look at the clock.
    alarm: Pin<Box<Sleep>>,
}

impl Chunks {
    pub(super) fn new(
        source: impl Stream<Item = Result<Bytes, EngineError>> + Send + 'static,
        idle: Duration,
    ) -> Self {
        let heard = Instant::now();
        Self {
            source: Some(Box::pin(source)),
            idle,
            heard,
            alarm: Box::pin(sleep_until(heard + idle)),
        }
    }

    fn end(&mut self, error: EngineError) -> Poll<Option<Result<Bytes, EngineError>>> {
        self.source = None;
        Poll::Ready(Some(Err(error)))
    }
}

impl Stream for Chunks {
    type Item = Result<Bytes, EngineError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(source) = &mut self.source else {
            return Poll::Ready(None);
        };
        match source.as_mut().poll_next(cx) {
            Poll::Ready(Some(Ok(bytes))) => {
                self.heard = Instant::now();
                return Poll::Ready(Some(Ok(bytes)));
            }
            Poll::Ready(Some(Err(error))) => return self.end(error),
            Poll::Ready(None) => {
                self.source = None;
                return Poll::Ready(None);
            }
            Poll::Pending => {}
        }
        while self.alarm.as_mut().poll(cx).is_ready() {
            let until = self.heard + self.idle;
            if until <= Instant::now() {
                let idle = self.idle;
                return self.end(timeout(idle));
            }
            self.alarm.as_mut().reset(until);
        }
        Poll::Pending
    }
}
