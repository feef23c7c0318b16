//! What a client still sends although its answer is made already.
//!
//! hyper closes a connection on which a body was not read to its end, and says so to nobody. So a short rest
//! is read and thrown away; whoever has more to send is told that the connection ends, and
//! [`crate::server`] closes it so that the answer is not lost.

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::http::{header, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use futures_util::future::poll_fn;
use hyper::body::{Frame, SizeHint};
use tokio::time::timeout;

use crate::session::lock;

/// Most bytes of a body that are read for nothing.
const MAX_REST: u64 = 64 << 10;
/// How long that may take.
const PATIENCE: Duration = Duration::from_secs(1);

/// Sees to it that the connection can be used again, or says that it cannot.
pub async fn see_to_rest(request: Request, next: Next) -> Response {
    if request.body().is_end_stream() {
        return next.run(request).await;
    }
    // Whoever waits for a word before it sends is not asked to.
    let is_waiting = request.headers().contains_key(header::EXPECT);
    let rest = Rest::default();
    let request = request.map(|body| {
        Body::new(Lent {
            body: Some(body),
            rest: rest.clone(),
        })
    });
    let mut response = next.run(request).await;
    let rest = lock(&rest).take();
    if let Some(rest) = rest {
        if is_waiting || !ends_soon(rest).await {
            let close = HeaderValue::from_static("close");
            response.headers_mut().insert(header::CONNECTION, close);
        }
    }
    response
}

/// Reads what is left of a body; false if that is too much, or takes too long.
async fn ends_soon(mut body: Body) -> bool {
    if body.size_hint().lower() > MAX_REST {
        return false;
    }
    let read = async {
        let mut left = MAX_REST;
        while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
            let length = frame.map(|frame| frame.data_ref().map_or(0, Bytes::len) as u64);
            match length.ok().and_then(|length| left.checked_sub(length)) {
                Some(less) => left = less,
                None => return false,
            }
        }
        true
    };
    timeout(PATIENCE, read).await.unwrap_or(false)
}

/// A body that nobody has read to its end.
type Rest = Arc<Mutex<Option<Body>>>;

/// A body that comes back when it is dropped before its end.
struct Lent {
    body: Option<Body>,
    rest: Rest,
}

impl HttpBody for Lent {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let Some(body) = &mut self.body else {
            return Poll::Ready(None);
        };
        let next = Pin::new(body).poll_frame(cx);
        // There is no more, or it cannot be had.
        if matches!(next, Poll::Ready(None | Some(Err(_)))) {
            self.body = None;
        }
        next
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        let body = self.body.as_ref();
        body.map_or_else(|| SizeHint::with_exact(0), HttpBody::size_hint)
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let body = self.body.take();
        *lock(&self.rest) = body.filter(|body| !body.is_end_stream());
    }
}
