//! A small HTTP(S) client for JSON: time limit, size limit, and patience with a busy node.

use crate::{ChainError, Result};
use http_body_util::{BodyExt, Full, Limited};
use hyper::{body::Bytes, Method, Request, StatusCode};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{connect::HttpConnector, Client},
    rt::TokioExecutor,
};
use serde_json::Value;
use std::time::Duration;

/// One attempt's time limit.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Longest answer that is read, in bytes: a 2 MiB contract in base64 is 2.8 MB.
const MAX_ANSWER: usize = 16 << 20;
/// Attempts at a request before the node counts as unreachable.
const ATTEMPTS: u32 = 4;
/// Pause before the second attempt; it doubles with each.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// An HTTP answer whose body was JSON (`Null` when it was not).
#[derive(Debug)]
pub(crate) struct Answer {
    pub status: u16,
    pub json: Value,
}

/// Client of one server.
#[derive(Clone)]
pub(crate) struct HttpClient {
    base: String,
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

impl HttpClient {
    /// `base` is `http://host:port` or `https://host`, with or without a path and a final slash.
    pub fn new(base: &str) -> Result<Self> {
        let base = base.trim_end_matches('/');
        let uri: hyper::Uri = base
            .parse()
            .map_err(|_| ChainError::invalid(format!("node address {base:?} is not a URL")))?;
        if !matches!(uri.scheme_str(), Some("http" | "https")) || uri.host().is_none() {
            return Err(ChainError::invalid(format!(
                "node address {base:?} must start with http:// or https://"
            )));
        }
        let connector = HttpsConnectorBuilder::new()
            .with_provider_and_webpki_roots(rustls::crypto::ring::default_provider())
            .map_err(|e| ChainError::invalid(format!("TLS: {e}")))?
            .https_or_http()
            .enable_http1()
            .build();
        Ok(Self {
            base: base.into(),
            client: Client::builder(TokioExecutor::new()).build(connector),
        })
    }

    /// The server's address.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// GET, again while the server is busy or away.
    pub async fn get(&self, path: &str) -> Result<Answer> {
        self.patiently(Method::GET, path, Bytes::new()).await
    }

    /// POST of JSON, again while the server is busy or away: only for requests that may arrive
    /// twice.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Answer> {
        let body = Bytes::from(body.to_string());
        self.patiently(Method::POST, path, body).await
    }

    async fn patiently(&self, method: Method, path: &str, body: Bytes) -> Result<Answer> {
        let mut pause = FIRST_PAUSE;
        let mut attempt = 1;
        loop {
            let result = self.once(method.clone(), path, body.clone()).await;
            let busy = match &result {
                Ok(answer) => is_busy(answer),
                Err(ChainError::Unreachable { .. }) => true,
                Err(_) => false,
            };
            if !busy || attempt == ATTEMPTS {
                return result;
            }
            tracing::debug!(attempt, "node is busy or away, trying again");
            tokio::time::sleep(pause).await;
            pause *= 2;
            attempt += 1;
        }
    }

    async fn once(&self, method: Method, path: &str, body: Bytes) -> Result<Answer> {
        let unreachable = |reason: String| ChainError::Unreachable {
            url: self.base.clone(),
            reason,
        };
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base))
            .header("content-type", "application/json")
            .body(Full::new(body))
            .map_err(|e| ChainError::invalid(format!("request path: {e}")))?;
        let exchange = async {
            let response = self
                .client
                .request(request)
                .await
                .map_err(|e| unreachable(reason(&e)))?;
            let status = response.status();
            let body = Limited::new(response.into_body(), MAX_ANSWER)
                .collect()
                .await
                .map_err(|e| unreachable(format!("reading the answer: {e}")))?;
            Ok((status, body.to_bytes()))
        };
        let (status, bytes) = tokio::time::timeout(TIMEOUT, exchange)
            .await
            .map_err(|_| unreachable(format!("no answer within {} s", TIMEOUT.as_secs())))??;
        Ok(Answer {
            status: status.as_u16(),
            json: serde_json::from_slice(&bytes).unwrap_or(Value::Null),
        })
    }
}

/// The innermost cause says what happened ("connection refused"), the outer ones only where.
fn reason(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(cause) = innermost.source() {
        innermost = cause;
    }
    innermost.to_string()
}

/// A proxy's word that the node behind it cannot answer now. A node's own errors carry JSON with a
/// gRPC code and are final, whatever their HTTP status.
fn is_busy(answer: &Answer) -> bool {
    let status = StatusCode::from_u16(answer.status).unwrap_or_default();
    let proxy_says_so = matches!(
        status,
        StatusCode::TOO_MANY_REQUESTS
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT
    );
    proxy_says_so && answer.json.get("code").is_none()
}
