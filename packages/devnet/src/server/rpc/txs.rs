//! Transactions: by hash, by search, by block.

use super::{arguments::Arguments, error::RpcError, header, Answer};
use crate::server::{
    books::TxRecord,
    node::Node,
    search::{search, Page, DEFAULT_PER_PAGE},
    tx_json::base64,
};
use serde_json::{json, Value};

pub(super) fn tx(node: &mut Node, arguments: &Arguments) -> Answer {
    let hash = hex::encode_upper(arguments.bytes("hash")?);
    let record = node
        .tx(&hash)
        .map_err(|_| RpcError::internal(format!("tx ({hash}) not found")))?;
    Ok(tx_json(record))
}

pub(super) fn tx_search(node: &mut Node, arguments: &Arguments) -> Answer {
    let query = arguments.text("query")?.unwrap_or_default();
    let descending = match arguments.text("order_by")? {
        None | Some("asc") => false,
        Some("desc") => true,
        Some(_) => {
            let text = "expected order_by to be either `asc` or `desc` or empty";
            return Err(RpcError::internal(text));
        }
    };
    let page = Page {
        number: arguments.number("page")?.unwrap_or(1),
        size: match arguments.number("per_page")? {
            None | Some(0) => DEFAULT_PER_PAGE,
            Some(size) => size,
        },
        descending,
    };
    let found = search(node, query, &page)?;
    Ok(json!({
        "txs": found.records.into_iter().map(tx_json).collect::<Vec<_>>(),
        "total_count": found.total.to_string(),
    }))
}

pub(super) fn block_results(node: &mut Node, arguments: &Arguments) -> Answer {
    let block = header::wanted(node, arguments)?;
    let results: Vec<Value> = block.txs.iter().map(|record| result(record)).collect();
    Ok(json!({
        "height": block.height.to_string(),
        "txs_results": results,
        "finalize_block_events": [],
        "validator_updates": null,
        "consensus_param_updates": null,
        "app_hash": base64(&block.derived("app")),
    }))
}

/// A transaction in its block, of which it is the only one.
fn tx_json(record: &TxRecord) -> Value {
    json!({
        "hash": record.hash,
        "height": record.height.to_string(),
        "index": 0,
        "tx_result": result(record),
        "tx": base64(&record.bytes),
    })
}

/// `ExecTxResult`
pub(super) fn result(record: &TxRecord) -> Value {
    let response = &record.response;
    let data = response["data"].as_str().unwrap_or_default();
    json!({
        "code": response["code"],
        "data": base64(&hex::decode(data).unwrap_or_default()),
        "log": response["raw_log"],
        "info": response["info"],
        "gas_wanted": response["gas_wanted"],
        "gas_used": response["gas_used"],
        "events": response["events"],
        "codespace": response["codespace"],
    })
}
