//! What the network's operators can see, and what only a devnet can do.
//!
//! `block_traces` is a node's endpoint; here an operation carries its value's length
//! (`value_length`) instead of a ciphertext, because this chain keeps its state in plaintext.

use super::{
    answer::{json_body, Answer, GrpcError},
    lookup::number,
    node::SharedNode,
    tx_json::base64,
};
use crate::{
    observer::{CallView, OpKind},
    TxResult,
};
use axum::{
    body::Bytes,
    extract::{Path, State},
    routing::{get, post},
    Json, Router,
};
use serde::Deserialize;
use serde_json::{json, Value};

/// The longest leap that `advance` takes: ten years.
const MAX_ADVANCE_S: u64 = 315_360_000;

pub(super) fn router() -> Router<SharedNode> {
    Router::new()
        .route("/compute/v1beta1/block_traces/{height}", get(block_traces))
        .route("/devnet/observer/{hash}", get(observer))
        .route("/devnet/gas/{hash}", get(gas))
        .route("/devnet/advance", post(advance))
}

async fn block_traces(State(node): State<SharedNode>, Path(height): Path<String>) -> Answer {
    let height = number("height", "ParseInt", &height)?;
    node.run(move |node| {
        let traces: Vec<Value> = node
            .txs_at(height)
            .filter_map(|record| record.result.as_ref())
            .flat_map(|result| &result.observer.calls)
            .enumerate()
            .map(|(index, call)| trace(index, call))
            .collect();
        Ok(Json(json!({ "traces": traces })))
    })
    .await?
}

fn trace(index: usize, call: &CallView) -> Value {
    let changes = call.storage.iter().filter(|op| op.kind != OpKind::Read);
    let ops: Vec<Value> = changes
        .map(|op| {
            json!({
                "is_delete": op.kind == OpKind::Delete,
                "key": base64(&hex::decode(&op.slot).unwrap_or_default()),
                "value_length": op.length,
            })
        })
        .collect();
    json!({
        "index": index.to_string(),
        "ops": ops,
        "gas_used": call.gas_used.to_string(),
        "callback_gas": call.callback_gas.to_string(),
        "has_error": !call.success,
        "cross_ops": [],
    })
}

/// What an outside observer sees of a transaction.
async fn observer(State(node): State<SharedNode>, Path(hash): Path<String>) -> Answer {
    of_result(node, hash, |result| json!(result.observer)).await
}

/// Gas of each contract call of a transaction.
async fn gas(State(node): State<SharedNode>, Path(hash): Path<String>) -> Answer {
    of_result(node, hash, |result| {
        json!({
            "gas_wanted": result.gas_wanted,
            "gas_used": result.gas_used,
            "calls": result.calls,
        })
    })
    .await
}

async fn of_result(node: SharedNode, hash: String, view: fn(&TxResult) -> Value) -> Answer {
    node.run(move |node| {
        let result = node.tx(&hash)?.result.as_ref();
        let result = result.ok_or_else(|| {
            GrpcError::not_found("no message of this transaction could be opened and executed")
        })?;
        Ok(Json(view(result)))
    })
    .await?
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    seconds: u64,
}

/// Lets chain time pass; answers the new time.
async fn advance(State(node): State<SharedNode>, body: Bytes) -> Answer {
    let Advance { seconds } = serde_json::from_value(json_body(&body)?)
        .map_err(|e| GrpcError::invalid(format!("body must be {{\"seconds\": n}}: {e}")))?;
    if seconds > MAX_ADVANCE_S {
        let text = format!("seconds is {seconds}, at most {MAX_ADVANCE_S} are allowed");
        return Err(GrpcError::invalid(text));
    }
    node.run(move |node| {
        node.advance(seconds);
        Ok(Json(json!({
            "height": node.devnet.block_height().to_string(),
            "time": node.devnet.block_time_s().to_string(),
        })))
    })
    .await?
}
