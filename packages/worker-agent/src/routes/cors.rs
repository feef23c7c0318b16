//! Answers to browsers: a page of any origin may call this API.
//!
//! There is nothing to protect from other origins: who asks is told by headers that a page has to
//! know and write itself, never by cookies or the client's address.

use axum::extract::Request;
use axum::http::{header, HeaderValue, Method, StatusCode};
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

/// What a browser asks before it asks, answered before anybody is asked for a key; `None` for any other
/// request.
pub fn preflight(request: &Request) -> Option<Response> {
    let allowed = [
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (header::ACCESS_CONTROL_ALLOW_METHODS, METHODS),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS),
        (header::ACCESS_CONTROL_MAX_AGE, MAX_AGE),
    ];
    is_preflight(request).then(|| (StatusCode::NO_CONTENT, allowed).into_response())
}

/// Opens an answer to pages.
pub fn allow_pages(mut answer: Response) -> Response {
    let headers = answer.headers_mut();
    for (name, value) in [
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (header::ACCESS_CONTROL_EXPOSE_HEADERS, RESPONSE_HEADERS),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    answer
}

fn is_preflight(request: &Request) -> bool {
    request.method() == Method::OPTIONS
        && request.headers().contains_key(header::ORIGIN)
        && request
            .headers()
            .contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}
