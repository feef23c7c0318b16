//! Answers to browsers: a page of any origin may call this API.
//!
//! There is nothing to protect from other origins: who asks is told by headers that a page has to
//! know and write itself, never by cookies or the client's address.

use axum::extract::Request;
use axum::http::{header, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

const METHODS: &str = "GET, POST, OPTIONS";
/// The star covers what SDKs add about themselves; it never covers `authorization`, and some browsers
/// do not know it.
const REQUEST_HEADERS: &str = "authorization, content-type, x-max-charge, x-secret-ai-key, \
                               x-secret-ai-request, x-secret-ai-ack, *";
const RESPONSE_HEADERS: &str = "x-secret-ai-receipt, x-secret-ai-evidence, retry-after, \
                                x-ratelimit-limit-requests, x-ratelimit-remaining-requests, \
                                x-ratelimit-reset-requests, x-ratelimit-limit-tokens, \
                                x-ratelimit-remaining-tokens, x-ratelimit-reset-tokens";
/// How long a browser may remember a preflight's answer, seconds.
const MAX_AGE: &str = "7200";

/// Answers preflights, before anybody is asked for a key, and opens all other answers to pages.
pub async fn allow_pages(request: Request, next: Next) -> Response {
    let anyone = (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*");
    if is_preflight(&request) {
        let allowed = [
            anyone,
            (header::ACCESS_CONTROL_ALLOW_METHODS, METHODS),
            (header::ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS),
            (header::ACCESS_CONTROL_MAX_AGE, MAX_AGE),
        ];
        return (StatusCode::NO_CONTENT, allowed).into_response();
    }
    let exposed = (header::ACCESS_CONTROL_EXPOSE_HEADERS, RESPONSE_HEADERS);
    ([anyone, exposed], next.run(request).await).into_response()
}

fn is_preflight(request: &Request) -> bool {
    request.method() == Method::OPTIONS
        && request.headers().contains_key(header::ORIGIN)
        && request
            .headers()
            .contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}
