//! A reply whose end is seen by the member that gives it.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::Stream;

use super::Place;
use crate::engine::ByteStream;
use crate::{EngineError, Reply};

/// A body that holds its member's place until it is dropped.
struct Watched {
    body: ByteStream,
    place: Place,
}

impl Stream for Watched {
    type Item = Result<Bytes, EngineError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = self.body.as_mut().poll_next(context);
        if let Poll::Ready(Some(Err(error))) = &next {
            self.place.member().failed(error);
        }
        next
    }
}

/// The reply, keeping `place` as long as its body is there.
pub(super) fn watched(reply: Reply, place: Place) -> Reply {
    Reply {
        content_type: reply.content_type,
        body: Box::pin(Watched {
            body: reply.body,
            place,
        }),
    }
}
