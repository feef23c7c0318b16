//! Broadcast of transactions, and transactions by hash.

use super::{
    answer::{Answer, GrpcError},
    ante::{self, Refusal},
    execute,
    node::{Node, SharedNode},
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

async fn broadcast(State(node): State<SharedNode>, Json(body): Json<Value>) -> Answer {
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
    let refusal = match node.run(move |node| admit(node, &bytes)).await? {
        Ok(()) => None,
        Err(Denied::Refused(refusal)) => Some(refusal).filter(|_| wait_for_check),
        Err(Denied::Failed(error)) => return Err(error),
    };
    Ok(Json(
        json!({ "tx_response": broadcast_response(&hash, refusal) }),
    ))
}

enum Denied {
    Refused(Refusal),
    Failed(GrpcError),
}

impl From<Refusal> for Denied {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// Checks a transaction, and executes it if it may come in.
fn admit(node: &mut Node, bytes: &[u8]) -> Result<(), Denied> {
    let decoded = ante::decode(bytes)?;
    if node.has_tx(&decoded.hash) {
        // The LCD answers with the code alone, without CometBFT's words.
        return Err(Refusal::sdk(19, "").into());
    }
    ante::check(node, &decoded)?;
    execute::deliver(node, &decoded, bytes).map_err(|error| {
        // The fee may have been taken.
        node.go_back();
        Denied::Failed(error)
    })
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
