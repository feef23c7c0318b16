//! The application behind the RPC: its queries, and the transactions it takes.

use super::{arguments::Arguments, error::RpcError, txs, Answer};
use crate::server::{
    abci,
    answer::GrpcError,
    ante::Refusal,
    blocks::Block,
    node::Node,
    submit::{submit, TX_SEEN},
    tx_json::base64,
};
use secret_ai_chain_client::tx;
use serde_json::{json, Value};

pub(super) fn info(node: &mut Node, _: &Arguments) -> Answer {
    let latest = Block::at(node, node.latest_height())?;
    Ok(json!({ "response": {
        "data": "secret-devnet",
        "version": env!("CARGO_PKG_VERSION"),
        "last_block_height": latest.height.to_string(),
        "last_block_app_hash": base64(&latest.derived("app")),
    }}))
}

/// Queries run on the newest state, whatever height and proof are asked for.
pub(super) fn query(node: &mut Node, arguments: &Arguments) -> Answer {
    let path = arguments
        .text("path")?
        .ok_or_else(|| RpcError::invalid("path is missing"))?;
    let data = arguments.hex("data")?;
    let answer = abci::serve(node, path, &data);
    let height = node.latest_height().to_string();
    let (code, codespace, log, value) = match answer {
        Ok(value) => (0, "", String::new(), Value::from(base64(&value))),
        Err(error) => {
            let (code, log) = sdk_error(&error);
            (code, "sdk", log, Value::Null)
        }
    };
    Ok(json!({ "response": {
        "code": code,
        "log": log,
        "info": "",
        "index": "0",
        "key": null,
        "value": value,
        "proofOps": null,
        "height": height,
        "codespace": codespace,
    }}))
}

/// Code and log that the SDK makes of a query's gRPC error (`baseapp/abci.go`). Clients look for
/// `code = NotFound` in the log.
fn sdk_error(error: &GrpcError) -> (u32, String) {
    let text = error.abci_text();
    let status =
        |name: &str, suffix: &str| format!("rpc error: code = {name} desc = {text}: {suffix}");
    match error.code {
        3 => (18, status("InvalidArgument", "invalid request")),
        5 => (22, status("NotFound", "key not found")),
        12 => (6, status("Unimplemented", "unknown request")),
        // An error without a gRPC code stands without these words.
        _ => (6, format!("{text}: unknown request")),
    }
}

pub(super) fn broadcast_sync(node: &mut Node, arguments: &Arguments) -> Answer {
    let (hash, refusal) = broadcast(node, arguments)?;
    Ok(checked(&hash, refusal))
}

pub(super) fn broadcast_async(node: &mut Node, arguments: &Arguments) -> Answer {
    let (hash, _) = broadcast(node, arguments)?;
    Ok(checked(&hash, None))
}

pub(super) fn broadcast_commit(node: &mut Node, arguments: &Arguments) -> Answer {
    let (hash, refusal) = broadcast(node, arguments)?;
    let refused = refusal.is_some();
    let check = checked(&hash, refusal);
    let (result, height) = match node.tx(&hash) {
        Ok(record) if !refused => (txs::result(record), record.height),
        _ => (json!({}), 0),
    };
    Ok(json!({
        "check_tx": check,
        "tx_result": result,
        "hash": hash,
        "height": height.to_string(),
    }))
}

fn broadcast(
    node: &mut Node,
    arguments: &Arguments,
) -> Result<(String, Option<Refusal>), RpcError> {
    let bytes = arguments.bytes("tx")?;
    let refusal = submit(node, &bytes)?;
    match refusal {
        // CometBFT's own memory of transactions comes before the application's check.
        Some(refusal) if refusal.code == TX_SEEN => {
            Err(RpcError::internal("tx already exists in cache"))
        }
        refusal => Ok((tx::hash(&bytes), refusal)),
    }
}

fn checked(hash: &str, refusal: Option<Refusal>) -> Value {
    let (code, codespace, log) = match refusal {
        Some(refusal) => (refusal.code, refusal.codespace, refusal.log),
        None => (0, "", String::new()),
    };
    json!({ "code": code, "data": "", "log": log, "codespace": codespace, "hash": hash })
}
