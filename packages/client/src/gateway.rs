//! OpenAI's API on this machine, for any program: every request goes sealed to the worker of one
//! session, and every receipt is verified before its answer counts as whole.
//!
//! Programs show a key of their own ([`crate::session::Secrets::gateway_key`]): other users of the
//! machine and web pages reach its loopback addresses, too.

mod exchange;
mod relay;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::body::{to_bytes, Body};
use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{header, HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use secret_ai_interface::billing::OwnSession;
use secret_ai_receipts::{sha256, Domain};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::Mutex;
use zeroize::Zeroizing;

use crate::account::Account;
use crate::error::{ClientError, Result};
use crate::receipts::Receipts;
use crate::transport::Policy;
use exchange::Way;

/// Longest body of a request or of an answer that does not stream, bytes.
const MAX_BODY: usize = 64 << 20;

/// A gateway for one session.
pub struct Gateway {
    account: Account,
    own: OwnSession,
    receipts: Receipts,
    policy: Policy,
    domain: Domain,
    key: Zeroizing<String>,
    /// The way to the worker as the registry has it; looked up when it leads nowhere.
    way: Mutex<Option<Arc<Way>>>,
}

impl Gateway {
    /// For a session of this account.
    pub fn new(account: Account, own: OwnSession, receipts: Receipts, policy: Policy) -> Arc<Self> {
        let domain = Domain {
            chain_id: account.chain_id().to_owned(),
            billing: account.billing.address.clone(),
        };
        let key = account.secrets().gateway_key();
        Arc::new(Gateway {
            account,
            own,
            receipts,
            policy,
            domain,
            key,
            way: Mutex::default(),
        })
    }

    /// What programs have to show.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Serves until Ctrl-C.
    ///
    /// # Errors
    /// The address cannot be listened at, or other machines could reach it.
    pub async fn serve(self: Arc<Self>, listen: SocketAddr) -> Result<()> {
        let problem = |problem: String| ClientError::input("listen", problem);
        if !listen.ip().is_loopback() {
            return Err(problem("must be an address of this machine alone".into()));
        }
        let listener = TcpListener::bind(listen).await;
        let listener = listener.map_err(|e| problem(e.to_string()))?;
        let stop = async {
            // Without signals it runs until it is killed.
            if tokio::signal::ctrl_c().await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        axum::serve(listener, self.router())
            .with_graceful_shutdown(stop)
            .await
            .map_err(|e| problem(e.to_string()))
    }

    /// What the gateway serves.
    pub fn router(self: Arc<Self>) -> Router {
        Router::new().fallback(answer).with_state(self)
    }
}

async fn answer(State(gateway): State<Arc<Gateway>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    if let Some(refusal) = refusal(&gateway, &head.headers) {
        return refusal;
    }
    let path = head.uri.path_and_query().map(|p| p.as_str()).unwrap_or("/");
    if !path.starts_with("/v1/") {
        return error(StatusCode::NOT_FOUND, "there is nothing at this path");
    }
    let Ok(body) = to_bytes(body, MAX_BODY).await else {
        return error(StatusCode::PAYLOAD_TOO_LARGE, "the body is too long");
    };
    match gateway.ask(head.method, path, &head.headers, &body).await {
        Ok(response) => response,
        Err(problem) => {
            eprintln!("secret-ai: {problem}");
            error(status_of(&problem), &problem.to_string())
        }
    }
}

/// Why a request is not served, if it is not. Only programs of this machine that have the key are: a page
/// in a browser names another host, or has none.
fn refusal(gateway: &Gateway, headers: &HeaderMap) -> Option<Response> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let host: Option<Authority> = text(header::HOST).and_then(|host| host.parse().ok());
    if !host.is_some_and(|host| is_this_machine(host.host())) {
        let message = "the gateway is for this machine alone";
        return Some(error(StatusCode::FORBIDDEN, message));
    }
    let shown = text(header::AUTHORIZATION).unwrap_or_default();
    let shown = shown.strip_prefix("Bearer ").unwrap_or_default();
    // Digests take the same time to compare wherever they differ first, for all that can be chosen.
    match sha256(shown.as_bytes()) == sha256(gateway.key().as_bytes()) {
        true => None,
        false => Some(error(
            StatusCode::UNAUTHORIZED,
            "the API key is the one that `secret-ai gateway` shows",
        )),
    }
}

fn is_this_machine(host: &str) -> bool {
    let address: std::result::Result<IpAddr, _> =
        host.trim_start_matches('[').trim_end_matches(']').parse();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

fn status_of(problem: &ClientError) -> StatusCode {
    match problem {
        ClientError::Worker { status, .. } => {
            StatusCode::from_u16(*status).unwrap_or(StatusCode::BAD_GATEWAY)
        }
        _ => StatusCode::BAD_GATEWAY,
    }
}

/// An error in OpenAI's form.
fn error(status: StatusCode, message: &str) -> Response {
    let body = json!({ "error": { "message": message, "type": "gateway_error", "code": null, "param": null } });
    (status, Json(body)).into_response()
}

/// An answer with these headers, of the worker's those that tell about the body.
fn response(status: u16, told: &[(String, String)], body: Body) -> Response {
    const PASSED: [&str; 4] = [
        "content-type",
        "cache-control",
        "retry-after",
        "x-secret-ai-receipt",
    ];
    let mut response = Response::builder().status(status);
    for (name, value) in told
        .iter()
        .filter(|(name, _)| PASSED.contains(&name.as_str()))
    {
        response = response.header(name, value);
    }
    let failed = |_| {
        error(
            StatusCode::BAD_GATEWAY,
            "the worker's answer has another form",
        )
    };
    response.body(body).unwrap_or_else(failed)
}
