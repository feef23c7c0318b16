//! LocalSecret's faucet: coins for whoever asks.

use super::{
    execute,
    node::{module_address, SharedNode},
};
use axum::{
    extract::{Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
    Json, Router,
};
use secret_ai_chain_client::address;
use serde_json::{json, Value};
use std::collections::HashMap;

/// Base units of uscrt per request: 1,000 SCRT.
const AMOUNT: u128 = 1_000_000_000;

pub(super) fn router() -> Router<SharedNode> {
    Router::new()
        .route("/", get(status))
        .route("/status", get(status))
        .route("/faucet", get(give))
}

async fn status() -> Json<Value> {
    Json(json!({ "faucet_address": module_address("faucet"), "amount": AMOUNT.to_string() }))
}

async fn give(
    State(node): State<SharedNode>,
    Query(parameters): Query<HashMap<String, String>>,
) -> Response {
    let bad = |text: String| (StatusCode::BAD_REQUEST, Json(json!({ "error": text })));
    let Some(to) = parameters.get("address").cloned() else {
        return bad("parameter address is missing".into()).into_response();
    };
    if let Err(error) = address::decode(&to) {
        return bad(error.to_string()).into_response();
    }
    let send = node
        .run(move |node| {
            let amount = crate::coin(AMOUNT, "uscrt");
            execute::faucet_send(node, &module_address("faucet"), &to, amount)
        })
        .await;
    match send.and_then(|sent| sent) {
        Ok(hash) => Json(json!({ "txhash": hash })).into_response(),
        Err(error) => error.into_response(),
    }
}
