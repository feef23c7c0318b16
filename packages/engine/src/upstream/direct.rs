//! Connections to a server over plain HTTP that the request itself drives: nothing runs beside it, so that
//! bytes go from the server's socket to the reader without a task between them.
//!
//! Idle connections are kept for each thread by itself; a request never waits for another thread.

use std::cell::RefCell;
use std::collections::HashMap;
use std::future::{poll_fn, Future};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::Stream;
use http_body_util::Full;
use hyper::body::{Body, Incoming};
use hyper::client::conn::http1::{handshake, Connection, SendRequest};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::{timeout, Instant};

use crate::EngineError;

/// How long a connection is kept for the next request. Shorter than the 5 s after which uvicorn, under vLLM
/// and SGLang, closes it, so that no request is sent into a closing connection.
pub(super) const LONGEST_IDLE: Duration = Duration::from_secs(4);
/// Most idle connections to one server that a thread keeps.
const MOST_IDLE: usize = 256;

thread_local! {
    /// Idle connections by `host:port`, the newest last.
    static IDLE: RefCell<HashMap<Box<str>, Vec<Link>>> = RefCell::default();
}

/// What moves a connection's bytes.
type Driver = Pin<Box<Connection<TokioIo<TcpStream>, Full<Bytes>>>>;

/// A connection with nobody beside it who would drive it.
struct Link {
    sender: SendRequest<Full<Bytes>>,
    /// Gone once the connection is closed.
    driver: Option<Driver>,
    authority: Box<str>,
    /// Since when it is idle.
    since: Instant,
}

impl Link {
    async fn open(authority: &str, limit: Duration) -> Result<Self, EngineError> {
        let refused = |reason: &str| EngineError::Connect {
            reason: reason.into(),
        };
        let socket = timeout(limit, TcpStream::connect(authority))
            .await
            .map_err(|_| refused("timed out"))?
            .map_err(|_| refused("refused or unreachable"))?;
        socket
            .set_nodelay(true)
            .map_err(|_| refused("cannot be set up"))?;
        let (sender, driver) = handshake(TokioIo::new(socket))
            .await
            .map_err(|_| refused("cannot be set up"))?;
        Ok(Link {
            sender,
            driver: Some(Box::pin(driver)),
            authority: authority.into(),
            since: Instant::now(),
        })
    }

    /// Moves bytes both ways; false once the connection is closed.
    fn drive(&mut self, cx: &mut Context<'_>) -> bool {
        let driver = self.driver.as_mut();
        if driver.is_some_and(|driver| driver.as_mut().poll(cx).is_ready()) {
            self.driver = None;
        }
        self.driver.is_some()
    }

    /// An idle connection that is still there.
    fn idle(authority: &str, cx: &mut Context<'_>) -> Option<Self> {
        IDLE.with_borrow_mut(|idle| {
            let links = idle.get_mut(authority)?;
            while let Some(mut link) = links.pop() {
                let is_fresh = link.since.elapsed() < LONGEST_IDLE;
                if is_fresh && link.drive(cx) && link.sender.is_ready() {
                    return Some(link);
                }
            }
            None
        })
    }

    /// Keeps the connection for the next request, if it can take one.
    fn keep(mut self, cx: &mut Context<'_>) {
        if !self.drive(cx) || !self.sender.is_ready() {
            return;
        }
        self.since = Instant::now();
        IDLE.with_borrow_mut(|idle| {
            let links = idle.entry(self.authority.clone()).or_default();
            links.retain(|link| link.since.elapsed() < LONGEST_IDLE);
            if links.len() < MOST_IDLE {
                links.push(self);
            }
        });
    }

    /// Sends a request and waits for the head of its answer.
    async fn send(
        &mut self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, hyper::Error> {
        let answer = self.sender.send_request(request);
        let mut answer = std::pin::pin!(answer);
        poll_fn(|cx| {
            if let Poll::Ready(answer) = answer.as_mut().poll(cx) {
                return Poll::Ready(answer);
            }
            self.drive(cx);
            answer.as_mut().poll(cx)
        })
        .await
    }
}

/// Sends a request to `authority` (`host:port`) and returns the head of the answer with its body. An
/// idle connection is used only as long as it is there; a request that was not begun because it was not
/// is sent again on a new one.
///
/// # Errors
/// [`EngineError::Connect`] if there is no connection, [`EngineError::Disconnected`] if one broke.
pub(super) async fn send(
    authority: &str,
    request: Request<Full<Bytes>>,
    connect_timeout: Duration,
) -> Result<(hyper::http::response::Parts, DirectBody), EngineError> {
    let idle = poll_fn(|cx| Poll::Ready(Link::idle(authority, cx))).await;
    let again = idle.is_some().then(|| request.clone());
    let mut link = match idle {
        Some(link) => link,
        None => Link::open(authority, connect_timeout).await?,
    };
    let answer = match (link.send(request).await, again) {
        (Err(error), Some(request)) if error.is_canceled() => {
            link = Link::open(authority, connect_timeout).await?;
            link.send(request).await
        }
        (answer, _) => answer,
    };
    let (head, body) = answer.map_err(|_| EngineError::Disconnected)?.into_parts();
    let link = Some(link);
    Ok((head, DirectBody { body, link }))
}

/// A body, and the connection on which it comes. Dropped before its end, it closes the connection.
pub(super) struct DirectBody {
    body: Incoming,
    /// Gone at the end.
    link: Option<Link>,
}

impl Stream for DirectBody {
    type Item = Result<Bytes, EngineError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            if this.link.is_none() {
                return Poll::Ready(None);
            }
            // What has come already, or what comes once the connection had its turn.
            let mut frame = Pin::new(&mut this.body).poll_frame(cx);
            if frame.is_pending() {
                if let Some(link) = &mut this.link {
                    link.drive(cx);
                }
                frame = Pin::new(&mut this.body).poll_frame(cx);
            }
            match frame {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Some(Ok(frame))) => {
                    // Trailers say nothing that anybody has asked for.
                    if let Ok(bytes) = frame.into_data() {
                        return Poll::Ready(Some(Ok(bytes)));
                    }
                }
                Poll::Ready(Some(Err(_))) => {
                    this.link = None;
                    return Poll::Ready(Some(Err(EngineError::Disconnected)));
                }
                Poll::Ready(None) => {
                    if let Some(link) = this.link.take() {
                        link.keep(cx);
                    }
                    return Poll::Ready(None);
                }
            }
        }
    }
}
