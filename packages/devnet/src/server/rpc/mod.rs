//! CometBFT's RPC in the dialect of version 0.38: JSON-RPC 2.0 in the body of a POST, single or in
//! batches, and `GET /method?argument=value`. JSON as CometBFT writes it: 64-bit numbers are text,
//! hashes upper-case hex, other bytes base64.
//!
//! There are no WebSockets, and thus no subscriptions: clients poll.

mod abci;
mod arguments;
mod chain;
mod error;
mod header;
mod txs;

use super::node::{Node, SharedNode};
use arguments::Arguments;
use axum::{
    body::Bytes,
    extract::{Path, RawQuery, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
    Json, Router,
};
use error::RpcError;
use serde_json::{json, Value};

/// What a method answers.
type Answer = Result<Value, RpcError>;

/// A method of the RPC.
struct Method {
    name: &'static str,
    /// Names of its arguments, in the order in which a JSON array gives them.
    arguments: &'static [&'static str],
    run: fn(&mut Node, &Arguments) -> Answer,
}

const fn method(
    name: &'static str,
    arguments: &'static [&'static str],
    run: fn(&mut Node, &Arguments) -> Answer,
) -> Method {
    Method {
        name,
        arguments,
        run,
    }
}

/// Most requests of a batch. A node takes 10 if not told otherwise; cosmjs sends up to 20.
const MAX_BATCH: usize = 100;

const HEIGHT: &[&str] = &["height"];
const PAGE: [&str; 3] = ["page", "per_page", "order_by"];

const METHODS: [Method; 22] = [
    method("health", &[], |_, _| Ok(json!({}))),
    method("status", &[], chain::status),
    method("net_info", &[], chain::net_info),
    method("genesis", &[], chain::genesis),
    method("consensus_params", HEIGHT, chain::consensus_params),
    method(
        "validators",
        &["height", "page", "per_page"],
        chain::validators,
    ),
    method("num_unconfirmed_txs", &[], chain::num_unconfirmed_txs),
    method("unconfirmed_txs", &["limit"], chain::num_unconfirmed_txs),
    method("abci_info", &[], abci::info),
    method(
        "abci_query",
        &["path", "data", "height", "prove"],
        abci::query,
    ),
    method("broadcast_tx_sync", &["tx"], abci::broadcast_sync),
    method("broadcast_tx_async", &["tx"], abci::broadcast_async),
    method("broadcast_tx_commit", &["tx"], abci::broadcast_commit),
    method("block", HEIGHT, header::block),
    method("block_by_hash", &["hash"], header::block_by_hash),
    method("block_results", HEIGHT, txs::block_results),
    method(
        "blockchain",
        &["minHeight", "maxHeight"],
        header::blockchain,
    ),
    method("commit", HEIGHT, header::commit),
    method("header", HEIGHT, header::header),
    method("header_by_hash", &["hash"], header::header_by_hash),
    method("tx", &["hash", "prove"], txs::tx),
    method(
        "tx_search",
        &["query", "prove", PAGE[0], PAGE[1], PAGE[2]],
        txs::tx_search,
    ),
];

pub(super) fn router() -> Router<SharedNode> {
    Router::new()
        .route("/", post(json_rpc).get(list))
        .route("/websocket", get(websocket))
        .route("/{method}", get(uri))
}

/// The id of an answer to a `GET`, as in CometBFT.
const URI_ID: i64 = -1;

async fn list() -> String {
    METHODS.iter().fold(String::new(), |list, method| {
        format!("{list}/{}?{}\n", method.name, method.arguments.join("&"))
    })
}

async fn websocket() -> (StatusCode, &'static str) {
    (
        StatusCode::NOT_IMPLEMENTED,
        "secret-devnet has no WebSockets; poll over HTTP instead\n",
    )
}

/// One request or a batch; the answers come in the same order. Requests without id want none.
async fn json_rpc(State(node): State<SharedNode>, body: Bytes) -> Response {
    let request: Value = match serde_json::from_slice(&body) {
        Ok(request) => request,
        Err(error) => {
            let error = RpcError::parse(format!("error unmarshaling request: {error}"));
            let answer = Json(envelope(&Value::Null, Err(error)));
            return (StatusCode::INTERNAL_SERVER_ERROR, answer).into_response();
        }
    };
    match request {
        Value::Array(batch) if batch.len() > MAX_BATCH => {
            let text =
                format!("batch request exceeds maximum ({MAX_BATCH}) allowed number of requests");
            let answer = envelope(&Value::Null, Err(RpcError::request(text)));
            (StatusCode::INTERNAL_SERVER_ERROR, Json(answer)).into_response()
        }
        Value::Array(batch) => {
            let mut answers = Vec::new();
            for request in batch {
                answers.extend(answer(&node, request).await);
            }
            Json(answers).into_response()
        }
        request => match answer(&node, request).await {
            Some(answer) => Json(answer).into_response(),
            None => StatusCode::OK.into_response(),
        },
    }
}

async fn answer(node: &SharedNode, mut request: Value) -> Option<Value> {
    let Some(fields) = request.as_object_mut() else {
        let error = RpcError::request("a request must be an object");
        return Some(envelope(&Value::Null, Err(error)));
    };
    let id = fields.remove("id")?;
    let name = request["method"].as_str().unwrap_or_default().to_owned();
    let params = request["params"].take();
    let result = match find(&name) {
        Err(error) => Err(error),
        Ok(method) => match Arguments::of_json(method.arguments, params) {
            Err(error) => Err(error),
            Ok(arguments) => call(node, method, arguments).await,
        },
    };
    Some(envelope(&id, result))
}

async fn uri(
    State(node): State<SharedNode>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    let (status, result) = match find(&name) {
        Err(error) => (StatusCode::NOT_FOUND, Err(error)),
        Ok(method) => {
            let arguments = Arguments::of_uri(query.as_deref().unwrap_or_default());
            match call(&node, method, arguments).await {
                Ok(result) => (StatusCode::OK, Ok(result)),
                Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, Err(error)),
            }
        }
    };
    (status, Json(envelope(&json!(URI_ID), result))).into_response()
}

fn find(name: &str) -> Result<&'static Method, RpcError> {
    METHODS
        .iter()
        .find(|method| method.name == name)
        .ok_or_else(|| RpcError::no_method(name))
}

async fn call(node: &SharedNode, method: &'static Method, arguments: Arguments) -> Answer {
    node.run(move |node| (method.run)(node, &arguments)).await?
}

fn envelope(id: &Value, result: Answer) -> Value {
    match result {
        Ok(result) => json!({ "jsonrpc": "2.0", "id": id, "result": result }),
        Err(error) => json!({ "jsonrpc": "2.0", "id": id, "error": error.json() }),
    }
}
