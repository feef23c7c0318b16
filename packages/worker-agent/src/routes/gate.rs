//! What every request passes on its way in and out: is the agent stopping, has this address failed too
//! often, and what to count.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::{header, Extensions, HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use tracing::Instrument;

use crate::agent::Agent;
use crate::auth::credential;
use crate::error::{ApiError, ErrorCode};
use crate::routes::ollama::refuse;
use crate::telemetry;

/// Paths that are answered whatever happens, since they tell what happens and who this is.
const ALWAYS: [&str; 3] = ["/attestation", "/health", "/ready"];
/// What the convention wants for requests that no route takes is no route; a label must be something.
const NO_ROUTE: &str = "none";

/// The way in and out.
pub async fn pass(State(agent): State<Arc<Agent>>, request: Request, next: Next) -> Response {
    let arrived = Instant::now();
    let _active = agent.metrics.http.begin();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or(NO_ROUTE, MatchedPath::as_str);
    let method = request.method().clone();
    let peer = peer(request.extensions());
    let answer = match refusal(&agent, route, peer, request.headers()) {
        Some(error) => refuse(request.uri(), error),
        None => {
            let span = telemetry::request_span(&method, route, request.headers());
            let answer = next.run(request).instrument(span.clone()).await;
            telemetry::answered(&span, answer.status());
            answer
        }
    };
    if let (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, Some(peer)) = (answer.status(), peer)
    {
        agent.strangers.failed(peer.ip(), agent.clock.uptime());
    }
    let http = &agent.metrics.http;
    if let Some(ErrorCode(code)) = answer.extensions().get() {
        http.refused(code);
    }
    http.end(&method, route, answer.status(), arrived.elapsed());
    answer
}

fn peer(extensions: &Extensions) -> Option<SocketAddr> {
    extensions
        .get::<ConnectInfo<SocketAddr>>()
        .map(|ConnectInfo(address)| *address)
}

/// Why a request is not looked at, if it is not.
fn refusal(
    agent: &Agent,
    route: &str,
    peer: Option<SocketAddr>,
    headers: &HeaderMap,
) -> Option<ApiError> {
    if ALWAYS.contains(&route) {
        return None;
    }
    if agent.is_draining() {
        return Some(ApiError::draining());
    }
    must_wait(agent, peer, headers)
}

/// Why a request from an address that has failed too often has to wait, if it has to.
pub(super) fn must_wait(
    agent: &Agent,
    peer: Option<SocketAddr>,
    headers: &HeaderMap,
) -> Option<ApiError> {
    let wait = agent.strangers.wait_s(peer?.ip(), agent.clock.uptime())?;
    let claim = credential(headers, &agent.identity.worker_id);
    if claim.is_ok_and(|claim| agent.sessions.knows(&claim)) {
        return None;
    }
    let message = "too many requests without a good key came from this address";
    let error = ApiError::too_many(message);
    Some(error.with_header(header::RETRY_AFTER, &wait.to_string()))
}
