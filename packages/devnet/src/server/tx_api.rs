//! Broadcast of transactions, and transactions by hash.

use super::{
    answer::{Answer, GrpcError},
    ante::Refusal,
    node::SharedNode,
    submit::submit,
    tx_json::from_base64,
};
use axum::{
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

async fn broadcast(State(node): State<SharedNode>, body: axum::body::Bytes) -> Answer {
    let body = super::answer::json_body(&body)?;
    let text = |names: [&str; 2]| {
        let field = names.iter().find_map(|name| body.get(name)?.as_str());
        field.map(str::to_owned)
    };
    // secret.js writes txBytes, the Python SDKs tx_bytes.
    let bytes = text(["tx_bytes", "txBytes"])
        .and_then(|base64| from_base64(&base64))
        .filter(|bytes| !bytes.is_empty())
        .ok_or_else(|| GrpcError::invalid("tx_bytes must be a transaction in base64"))?;
    let wait_for_check = match text(["mode", "mode"]).as_deref() {
        Some("BROADCAST_MODE_SYNC") => true,
        Some("BROADCAST_MODE_ASYNC") => false,
        other => {
            return Err(GrpcError::invalid(format!(
                "mode is {other:?}, must be BROADCAST_MODE_SYNC or BROADCAST_MODE_ASYNC"
            )))
        }
    };
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
        let mut response = record.response.clone();
        response["tx"] = record.tx.clone();
        Ok(Json(json!({ "tx": record.tx, "tx_response": response })))
    })
    .await?
}
