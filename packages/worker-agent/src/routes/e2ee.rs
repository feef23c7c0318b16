//! `POST /e2ee`: any request of this API, sealed to the attested key, and its answer sealed back.
//!
//! Path, headers, key and body are all inside; of the request outside nothing counts but its bytes.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{header, HeaderMap, HeaderName, HeaderValue, Method, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::Router;
use bytes::Bytes;
use futures_util::stream::{unfold, StreamExt};
use secret_ai_e2ee::{
    AnswerHead, AnswerKey, E2eeError, FrameSealer, RequestHead, ANSWER_TYPE, OVERHEAD, PATH,
    REQUEST_TYPE,
};
use tokio::sync::{Semaphore, SemaphorePermit};
use tower::ServiceExt;

use super::body::{announced_length, check_media_type, read_body};
use super::gate::must_wait;
use crate::agent::Agent;
use crate::apart::{apart_if, SHORT};
use crate::error::ApiError;

/// The route; `api` answers what is inside.
pub fn routes(agent: Arc<Agent>, api: Router) -> Router {
    let long = Semaphore::new(agent.limits.max_requests.clamp(1, Semaphore::MAX_PERMITS));
    let door = Door { agent, api, long };
    Router::new()
        .route(PATH, post(serve))
        .with_state(Arc::new(door))
}

/// What sealed requests come in by.
struct Door {
    agent: Arc<Agent>,
    api: Router,
    /// Places for the bodies that need one.
    long: Semaphore,
}

async fn serve(State(door): State<Arc<Door>>, request: Request) -> Result<Response, ApiError> {
    let agent = &door.agent;
    let (outside, body) = request.into_parts();
    check_media_type(&outside.headers, REQUEST_TYPE)?;
    let most = |limit: usize| limit.saturating_add(OVERHEAD);
    let limits = &agent.limits;
    let place = place(&door.long, &outside.headers, most(limits.max_body))?;
    let limit = most(limits.max_body.max(limits.max_upload));
    let timeout_s = limits.rates.body_timeout_s;
    let sealed = read_body(&outside.headers, body, limit, timeout_s).await?;
    let opener = agent.clone();
    let opened = apart_if(sealed.len() > SHORT, move || opener.e2ee.open(&sealed)).await??;
    drop(place);
    let (enc, time) = (opened.enc, opened.head.time);
    let mut inside = request_of(opened.head, opened.body)?;
    // Where it came from, and nothing else: it takes its own way.
    let peer = outside.extensions.get::<ConnectInfo<SocketAddr>>().copied();
    if let Some(peer) = peer {
        inside.extensions_mut().insert(peer);
    }
    let peer = peer.map(|ConnectInfo(address)| address);
    let response = match must_wait(agent, peer, inside.headers()) {
        // Whoever is refused does not fill the memory of what was seen.
        Some(error) => error.into_response(),
        None => {
            agent.e2ee.take(&enc, time, agent.clock.now())?;
            let Ok(response) = door.api.clone().oneshot(inside).await;
            response
        }
    };
    seal(response, opened.answer).map_err(|error| {
        tracing::error!(%error, "cannot seal an answer");
        ApiError::internal()
    })
}

/// A place for a body of more than `short` bytes, or of nobody knows how many; others need none. Who
/// sends it shows only when it is open, so only so many are read at once.
fn place<'a>(
    long: &'a Semaphore,
    headers: &HeaderMap,
    short: usize,
) -> Result<Option<SemaphorePermit<'a>>, ApiError> {
    if announced_length(headers).is_some_and(|length| length <= short) {
        return Ok(None);
    }
    let busy = |_| ApiError::busy("too many long sealed requests come at once");
    long.try_acquire().map(Some).map_err(busy)
}

/// The request that was inside.
fn request_of(head: RequestHead, body: Vec<u8>) -> Result<Request, ApiError> {
    let bad = |what: &str| ApiError::bad_request("e2ee", format!("e2ee: {what}"));
    let method = match head.method.as_str() {
        "GET" => Method::GET,
        "POST" => Method::POST,
        _ => return Err(bad("method: must be GET or POST")),
    };
    let uri: Option<Uri> = head.path.parse().ok();
    let uri = uri.filter(|uri| uri.scheme().is_none() && uri.path().starts_with('/'));
    let mut headers = HeaderMap::new();
    for (name, value) in head.headers {
        let name: Result<HeaderName, _> = name.parse();
        let value = HeaderValue::from_str(&value);
        let (Ok(name), Ok(mut value)) = (name, value) else {
            return Err(bad("headers: not names and values of HTTP"));
        };
        value.set_sensitive(true);
        headers.append(name, value);
    }
    headers.insert(header::CONTENT_LENGTH, body.len().into());
    let mut request = Request::new(Body::from(body));
    *request.method_mut() = method;
    *request.uri_mut() = uri.ok_or_else(|| bad("path: must begin with /"))?;
    *request.headers_mut() = headers;
    Ok(request)
}

/// The answer, its head in the first frame and its body in those that follow, as it comes.
fn seal(response: Response, key: AnswerKey) -> Result<Response, E2eeError> {
    let (head, body) = response.into_parts();
    let told = head.headers.iter().filter_map(|(name, value)| {
        let value = value.to_str().ok()?;
        Some((name.as_str().to_owned(), value.to_owned()))
    });
    let told = AnswerHead {
        status: head.status.as_u16(),
        headers: told.collect(),
    };
    let (mut sealer, mut start) = key.sealer();
    start.extend(sealer.seal(&told.encode()?, false)?);
    let start = Ok::<_, axum::Error>(Bytes::from(start));
    let rest = (sealer, body.into_data_stream(), Bytes::new());
    let frames = unfold(Some(rest), next_frames);
    let body = futures_util::stream::iter([start]).chain(frames);
    let headers = [
        (header::CONTENT_TYPE, ANSWER_TYPE),
        (header::CACHE_CONTROL, "no-store"),
        // Asks nginx not to hold frames back.
        (HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    Ok((headers, Body::from_stream(body)).into_response())
}

/// What is not sealed yet: the body, and what is left of the piece that came last.
type Rest = (FrameSealer, axum::body::BodyDataStream, Bytes);

/// The next piece of the body, or a part of it if it is long, sealed; or the end. A body that breaks off
/// has no last frame.
async fn next_frames(rest: Option<Rest>) -> Option<(Result<Bytes, axum::Error>, Option<Rest>)> {
    let (mut sealer, mut body, mut piece) = rest?;
    if piece.is_empty() {
        piece = match body.next().await {
            Some(Ok(piece)) => piece,
            Some(Err(error)) => return Some((Err(error), None)),
            None => {
                let end = sealer.seal(&[], true).map(Bytes::from);
                return Some((end.map_err(axum::Error::new), None));
            }
        };
    }
    let part = piece.split_to(piece.len().min(SHORT));
    let sealed = sealer.seal(&part, false);
    let sealed = sealed.map(Bytes::from).map_err(axum::Error::new);
    Some((sealed, Some((sealer, body, piece))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_so_many_long_requests_are_read_at_once() {
        let long = Semaphore::new(1);
        let of = |length: &'static str| {
            let length = HeaderValue::from_static(length);
            HeaderMap::from_iter([(header::CONTENT_LENGTH, length)])
        };
        let held = place(&long, &of("11"), 10).unwrap();
        assert!(held.is_some());
        for headers in [of("11"), of("x"), HeaderMap::new()] {
            assert!(place(&long, &headers, 10).is_err());
        }
        assert!(place(&long, &of("10"), 10).unwrap().is_none());
        drop(held);
        assert!(place(&long, &HeaderMap::new(), 10).unwrap().is_some());
    }
}
