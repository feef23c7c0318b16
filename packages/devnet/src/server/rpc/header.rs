//! Blocks and their headers; see [`crate::server::blocks`] for what their hashes are.

use super::{arguments::Arguments, error::RpcError, Answer};
use crate::server::{
    blocks::{self, Block},
    node::Node,
    tx_json::{base64, nanoseconds},
};
use serde_json::{json, Value};

/// Most headers of one answer, as in CometBFT.
const MAX_HEADERS: u64 = 20;

/// The block at the argument `height`, or the newest.
pub(super) fn wanted<'a>(node: &'a Node, arguments: &Arguments) -> Result<Block<'a>, RpcError> {
    let latest = node.latest_height();
    let height = arguments.number("height")?.unwrap_or(latest);
    if height == 0 {
        return Err(RpcError::internal(
            "height must be greater than 0, but got 0",
        ));
    }
    if height > latest {
        return Err(RpcError::internal(format!(
            "height {height} must be less than or equal to the current blockchain height {latest}"
        )));
    }
    Ok(Block::at(node, height)?)
}

pub(super) fn block(node: &mut Node, arguments: &Arguments) -> Answer {
    let block = wanted(node, arguments)?;
    Ok(block_json(node, &block))
}

pub(super) fn block_by_hash(node: &mut Node, arguments: &Arguments) -> Answer {
    Ok(match Block::of_hash(node, &arguments.bytes("hash")?) {
        Some(block) => block_json(node, &block),
        None => json!({ "block_id": no_id(), "block": null }),
    })
}

pub(super) fn header(node: &mut Node, arguments: &Arguments) -> Answer {
    let block = wanted(node, arguments)?;
    Ok(json!({ "header": header_json(node, &block) }))
}

pub(super) fn header_by_hash(node: &mut Node, arguments: &Arguments) -> Answer {
    let block = Block::of_hash(node, &arguments.bytes("hash")?);
    Ok(json!({ "header": block.map(|block| header_json(node, &block)) }))
}

pub(super) fn commit(node: &mut Node, arguments: &Arguments) -> Answer {
    let block = wanted(node, arguments)?;
    Ok(json!({
        "signed_header": {
            "header": header_json(node, &block),
            "commit": commit_json(&block),
        },
        "canonical": true,
    }))
}

/// Headers from the argument `maxHeight` down to `minHeight`, [`MAX_HEADERS`] at most.
pub(super) fn blockchain(node: &mut Node, arguments: &Arguments) -> Answer {
    let given = |name| Ok::<_, RpcError>(arguments.number(name)?.filter(|height| *height > 0));
    let latest = node.latest_height();
    let high = given("maxHeight")?.unwrap_or(latest).min(latest);
    let least = (high + 1).saturating_sub(MAX_HEADERS);
    let low = given("minHeight")?.unwrap_or(1).max(least);
    if low > high {
        let text = format!("min height {low} can't be greater than max height {high}");
        return Err(RpcError::internal(text));
    }
    let metas = (low..=high).rev().map(|height| {
        let block = Block::at(node, height)?;
        Ok(json!({
            "block_id": id(&block),
            "block_size": size(&block).to_string(),
            "header": header_json(node, &block),
            "num_txs": block.txs.len().to_string(),
        }))
    });
    Ok(json!({
        "last_height": latest.to_string(),
        "block_metas": metas.collect::<Result<Vec<Value>, RpcError>>()?,
    }))
}

fn block_json(node: &Node, block: &Block) -> Value {
    let txs: Vec<String> = block.txs.iter().map(|tx| base64(&tx.bytes)).collect();
    let last_commit = block.previous(node).as_ref().map_or_else(
        || json!({ "height": "0", "round": 0, "block_id": no_id(), "signatures": [] }),
        commit_json,
    );
    json!({
        "block_id": id(block),
        "block": {
            "header": header_json(node, block),
            "data": { "txs": txs },
            "evidence": { "evidence": [] },
            "last_commit": last_commit,
        },
    })
}

fn header_json(node: &Node, block: &Block) -> Value {
    let derived = |name: &str| upper(&block.derived(name));
    json!({
        "version": { "block": blocks::BLOCK_PROTOCOL.to_string(), "app": "0" },
        "chain_id": block.chain_id,
        "height": block.height.to_string(),
        "time": nanoseconds(block.time_ns),
        "last_block_id": block.previous(node).as_ref().map_or_else(no_id, id),
        "last_commit_hash": derived("last_commit"),
        "data_hash": derived("data"),
        "validators_hash": upper(&block.validators_hash()),
        "next_validators_hash": upper(&block.validators_hash()),
        "consensus_hash": derived("consensus"),
        "app_hash": derived("app"),
        "last_results_hash": derived("last_results"),
        "evidence_hash": derived("evidence"),
        "proposer_address": upper(&blocks::validator_address()),
    })
}

/// A commit that the validator did not sign: nobody signs blocks here.
fn commit_json(block: &Block) -> Value {
    const ABSENT: u8 = 1;
    json!({
        "height": block.height.to_string(),
        "round": 0,
        "block_id": id(block),
        "signatures": [{
            "block_id_flag": ABSENT,
            "validator_address": "",
            "timestamp": "0001-01-01T00:00:00Z",
            "signature": null,
        }],
    })
}

fn id(block: &Block) -> Value {
    json!({
        "hash": upper(&block.hash()),
        "parts": { "total": 1, "hash": upper(&block.derived("parts")) },
    })
}

fn no_id() -> Value {
    json!({ "hash": "", "parts": { "total": 0, "hash": "" } })
}

/// Bytes of the transactions.
fn size(block: &Block) -> usize {
    block.txs.iter().map(|tx| tx.bytes.len()).sum()
}

fn upper(bytes: &[u8]) -> String {
    hex::encode_upper(bytes)
}
