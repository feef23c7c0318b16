//! The LCD's endpoints for blocks and their validator. Hashes are base64 here, hex in CometBFT's RPC;
//! see [`super::blocks`] for what they are.

use super::{
    answer::{Answer, GrpcError},
    blocks::{self, Block},
    lookup::number,
    node::{Node, SharedNode},
    tx_json::{base64, nanoseconds},
};
use axum::{
    extract::{Path, State},
    routing::get,
    Json, Router,
};
use serde_json::{json, Value};

pub(super) fn router() -> Router<SharedNode> {
    const TENDERMINT: &str = "/cosmos/base/tendermint/v1beta1";
    Router::new()
        .route(&format!("{TENDERMINT}/blocks/latest"), get(latest_block))
        .route(&format!("{TENDERMINT}/blocks/{{height}}"), get(block))
        .route(
            &format!("{TENDERMINT}/validatorsets/latest"),
            get(latest_validators),
        )
        .route(
            &format!("{TENDERMINT}/validatorsets/{{height}}"),
            get(validators),
        )
}

async fn latest_block(State(node): State<SharedNode>) -> Answer {
    node.run(|node| block_json(node, node.latest_height()))
        .await?
}

async fn block(State(node): State<SharedNode>, Path(height): Path<String>) -> Answer {
    let height = number("height", "ParseInt", &height)?;
    node.run(move |node| block_json(node, height)).await?
}

async fn latest_validators(State(node): State<SharedNode>) -> Answer {
    node.run(|node| validators_json(node, node.latest_height()))
        .await?
}

async fn validators(State(node): State<SharedNode>, Path(height): Path<String>) -> Answer {
    let height = number("height", "ParseInt", &height)?;
    node.run(move |node| validators_json(node, height)).await?
}

/// The block at a height. These endpoints go through the node's ABCI, which puts its own words around
/// an error.
fn found(node: &Node, height: u64) -> Result<Block<'_>, GrpcError> {
    Block::at(node, height).map_err(|error| match height {
        0 => GrpcError::invalid(format!("{}: invalid request", error.message)),
        _ => GrpcError::invalid(format!(
            "rpc error: code = InvalidArgument desc = {}: invalid request",
            error.message
        )),
    })
}

fn block_json(node: &Node, height: u64) -> Answer {
    let block = found(node, height)?;
    let last = block.previous(node);
    let last_commit = json!({
        "height": last.as_ref().map_or(0, |last| last.height).to_string(),
        "round": 0,
        "block_id": last.as_ref().map_or_else(no_id, id),
        "signatures": [],
    });
    let txs: Vec<String> = block.txs.iter().map(|tx| base64(&tx.bytes)).collect();
    let with = |header: Value| {
        json!({
            "header": header,
            "data": { "txs": txs },
            "evidence": { "evidence": [] },
            "last_commit": last_commit,
        })
    };
    let header = header(&block, last.as_ref());
    let mut sdk_header = header.clone();
    sdk_header["proposer_address"] = json!(blocks::validator_text());
    Ok(Json(json!({
        "block_id": id(&block),
        "block": with(header),
        "sdk_block": with(sdk_header),
    })))
}

fn header(block: &Block, last: Option<&Block>) -> Value {
    let derived = |name: &str| base64(&block.derived(name));
    json!({
        "version": { "block": blocks::BLOCK_PROTOCOL.to_string(), "app": "0" },
        "chain_id": block.chain_id,
        "height": block.height.to_string(),
        "time": nanoseconds(block.time_ns),
        "last_block_id": last.map_or_else(no_id, id),
        "last_commit_hash": derived("last_commit"),
        "data_hash": derived("data"),
        "validators_hash": base64(&block.validators_hash()),
        "next_validators_hash": base64(&block.validators_hash()),
        "consensus_hash": derived("consensus"),
        "app_hash": derived("app"),
        "last_results_hash": derived("last_results"),
        "evidence_hash": derived("evidence"),
        "proposer_address": base64(&blocks::validator_address()),
    })
}

fn id(block: &Block) -> Value {
    json!({
        "hash": base64(&block.hash()),
        "part_set_header": { "total": 1, "hash": base64(&block.derived("parts")) },
    })
}

fn no_id() -> Value {
    json!({ "hash": "", "part_set_header": { "total": 0, "hash": "" } })
}

fn validators_json(node: &Node, height: u64) -> Answer {
    let block = found(node, height)?;
    Ok(Json(json!({
        "block_height": block.height.to_string(),
        "validators": [{
            "address": blocks::validator_text(),
            "pub_key": {
                "@type": "/cosmos.crypto.ed25519.PubKey",
                "key": base64(&blocks::validator_key()),
            },
            "voting_power": blocks::VOTING_POWER.to_string(),
            "proposer_priority": "0",
        }],
        "pagination": { "next_key": null, "total": "1" },
    })))
}
