//! gRPC over HTTP/2 without TLS: unary calls of the query services. No compression, no streams, no
//! reflection.

use super::{abci, answer::GrpcError, node::SharedNode};
use axum::{
    body::{Body, Bytes},
    extract::{FromRequest, Request, State},
    http::{header::CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue},
    response::{IntoResponse, Response},
    routing::post,
    Router,
};
use http_body_util::{BodyExt, Full};
use std::convert::Infallible;

/// Bytes before each message: 1 that says whether it is compressed, 4 of its length.
const PREFIX: usize = 5;
const STATUS: HeaderName = HeaderName::from_static("grpc-status");
const MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
/// Height of the state that a query saw; the SDK's clients want it.
const HEIGHT: HeaderName = HeaderName::from_static("x-cosmos-block-height");

pub(super) fn router() -> Router<SharedNode> {
    Router::new().route("/{service}/{method}", post(call))
}

async fn call(State(node): State<SharedNode>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    // What is not served may be a stream, of whose request there is no end to wait for.
    if !abci::has_service(&path) {
        return failed(&abci::not_served(&path));
    }
    let body = match Bytes::from_request(request, &()).await {
        Ok(body) => body,
        Err(rejection) => return rejection.into_response(),
    };
    let served = match message(&body) {
        Ok(request) => node
            .run(move |node| {
                let answer = abci::serve(node, &path, &request)?;
                Ok((answer, node.latest_height()))
            })
            .await
            .flatten(),
        Err(error) => Err(error),
    };
    match served {
        Ok((answer, height)) => answered(&answer, height),
        Err(error) => failed(&error),
    }
}

/// The only message of a request.
fn message(body: &Bytes) -> Result<Bytes, GrpcError> {
    let Some((prefix, message)) = body.split_at_checked(PREFIX) else {
        return Err(GrpcError::invalid("request has no gRPC message"));
    };
    if prefix[0] != 0 {
        return Err(GrpcError::not_served(
            "secret-devnet takes no compressed messages",
        ));
    }
    let length = u32::from_be_bytes([prefix[1], prefix[2], prefix[3], prefix[4]]);
    if message.len() as u64 != u64::from(length) {
        let got = message.len();
        let text = format!("message has {got} bytes, its prefix says {length}");
        return Err(GrpcError::invalid(text));
    }
    Ok(body.slice(PREFIX..))
}

fn answered(answer: &[u8], height: u64) -> Response {
    let Ok(length) = u32::try_from(answer.len()) else {
        return failed(&GrpcError::unknown("answer is too long"));
    };
    let framed = [&[0][..], &length.to_be_bytes(), answer].concat();
    let mut trailers = HeaderMap::new();
    trailers.insert(STATUS, HeaderValue::from(0));
    let trailers = async { Some(Ok::<_, Infallible>(trailers)) };
    let body = Body::new(Full::new(Bytes::from(framed)).with_trailers(trailers));
    let mut response = Response::new(body);
    response
        .headers_mut()
        .insert(HEIGHT, HeaderValue::from(height));
    with_type(response)
}

/// An error goes without message: its status stands in the headers.
fn failed(error: &GrpcError) -> Response {
    let mut response = Response::new(Body::empty());
    let headers = response.headers_mut();
    headers.insert(STATUS, HeaderValue::from(error.code));
    if let Ok(message) = HeaderValue::from_str(&percent_encoded(&error.message)) {
        headers.insert(MESSAGE, message);
    }
    with_type(response)
}

fn with_type(mut response: Response) -> Response {
    let grpc = HeaderValue::from_static("application/grpc");
    response.headers_mut().insert(CONTENT_TYPE, grpc);
    response
}

fn percent_encoded(text: &str) -> String {
    text.bytes()
        .fold(String::new(), |encoded, byte| match byte {
            b' '..=b'~' if byte != b'%' => encoded + &char::from(byte).to_string(),
            _ => format!("{encoded}%{byte:02X}"),
        })
}
