//! Broadcast of transactions, and transactions by hash.

use super::{
    answer::{json_body, Answer, GrpcError},
    ante::Refusal,
    node::SharedNode,
    submit::submit,
    tx_find,
    tx_json::from_base64,
};
use axum::{
    body::Bytes,
    extract::{Path, State},
    routing::{get, post},
    Json, Router,
};
use secret_ai_chain_client::tx;
use serde_json::{json, Value};

pub(super) fn router() -> Router<SharedNode> {
    Router::new()
        .route("/cosmos/tx/v1beta1/txs", post(broadcast))
        .route("/cosmos/tx/v1beta1/txs/{hash}", get(by_hash))
}

async fn broadcast(State(node): State<SharedNode>, body: Bytes) -> Answer {
    let body = json_body(&body)?;
    let text = |names: [&str; 2]| {
        let field = names.iter().find_map(|name| body.get(name)?.as_str());
        field.map(str::to_owned)
    };
    // secret.js writes txBytes, the Python SDKs tx_bytes.
    let base64 = text(["tx_bytes", "txBytes"]).unwrap_or_default();
    let bytes = from_base64(&base64).ok_or_else(|| GrpcError::not_base64(&base64))?;
    let mode = text(["mode", "mode"]);
    let wait_for_check = match mode.as_deref() {
        Some("BROADCAST_MODE_SYNC") => Some(true),
        Some("BROADCAST_MODE_ASYNC") => Some(false),
        None | Some("BROADCAST_MODE_UNSPECIFIED" | "BROADCAST_MODE_BLOCK") => None,
        Some(other) => {
            return Err(GrpcError::invalid(format!(
                "unknown value {other:?} for enum cosmos.tx.v1beta1.BroadcastMode"
            )))
        }
    };
    if bytes.is_empty() {
        return Err(GrpcError::invalid("invalid empty tx"));
    }
    let wait_for_check = wait_for_check.ok_or_else(|| {
        GrpcError::unknown("unsupported return type unspecified; supported types: sync, async")
    })?;
    let hash = tx::hash(&bytes);
    let refusal = node.run(move |node| submit(node, &bytes)).await??;
    let refusal = refusal.filter(|_| wait_for_check);
    Ok(Json(
        json!({ "tx_response": broadcast_response(&hash, refusal) }),
    ))
}

fn broadcast_response(hash: &str, refusal: Option<Refusal>) -> Value {
    let refusal = refusal.unwrap_or(Refusal {
        codespace: "",
        code: 0,
        log: String::new(),
    });
    json!({
        "height": "0",
        "txhash": hash,
        "codespace": refusal.codespace,
        "code": refusal.code,
        "data": "",
        "raw_log": refusal.log,
        "logs": [],
        "info": "",
        "gas_wanted": "0",
        "gas_used": "0",
        "tx": null,
        "timestamp": "",
        "events": [],
    })
}

async fn by_hash(State(node): State<SharedNode>, Path(hash): Path<String>) -> Answer {
    node.run(move |node| {
        let record = node.tx(&hash)?;
        let response = tx_find::response(record);
        Ok(Json(json!({ "tx": record.tx, "tx_response": response })))
    })
    .await?
}
