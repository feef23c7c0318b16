//! The node, its only validator, and the chain's constants.

use super::{arguments::Arguments, error::RpcError, header, Answer};
use crate::server::{
    ante::MAX_BLOCK_GAS,
    blocks::{self, Block},
    node::Node,
    tx_json::{base64, nanoseconds},
    MAX_BODY,
};
use serde_json::{json, Value};

pub(super) fn status(node: &mut Node, _: &Arguments) -> Answer {
    let latest = Block::at(node, node.latest_height())?;
    let earliest = Block::at(node, 1)?;
    let hex = |bytes: [u8; 32]| hex::encode_upper(bytes);
    let mut validator = validator();
    validator["voting_power"] = json!(blocks::VOTING_POWER.to_string());
    Ok(json!({
        "node_info": {
            "protocol_version": {
                "p2p": blocks::P2P_PROTOCOL.to_string(),
                "block": blocks::BLOCK_PROTOCOL.to_string(),
                "app": "0",
            },
            "id": blocks::node_id(),
            "listen_addr": "none",
            "network": node.chain_id,
            "version": blocks::COMET_VERSION,
            "channels": "",
            "moniker": "secret-devnet",
            "other": { "tx_index": "on", "rpc_address": "" },
        },
        "sync_info": {
            "latest_block_hash": hex(latest.hash()),
            "latest_app_hash": hex(latest.derived("app")),
            "latest_block_height": latest.height.to_string(),
            "latest_block_time": nanoseconds(latest.time_ns),
            "earliest_block_hash": hex(earliest.hash()),
            "earliest_app_hash": hex(earliest.derived("app")),
            "earliest_block_height": earliest.height.to_string(),
            "earliest_block_time": nanoseconds(earliest.time_ns),
            "catching_up": false,
        },
        "validator_info": validator,
    }))
}

pub(super) fn net_info(_: &mut Node, _: &Arguments) -> Answer {
    Ok(json!({ "listening": false, "listeners": [], "n_peers": "0", "peers": [] }))
}

/// The accounts of the start are code, not a document.
pub(super) fn genesis(_: &mut Node, _: &Arguments) -> Answer {
    Err(RpcError::internal("secret-devnet has no genesis document"))
}

pub(super) fn consensus_params(node: &mut Node, arguments: &Arguments) -> Answer {
    let block = header::wanted(node, arguments)?;
    Ok(json!({
        "block_height": block.height.to_string(),
        "consensus_params": {
            "block": {
                "max_bytes": MAX_BODY.to_string(),
                "max_gas": MAX_BLOCK_GAS.to_string(),
            },
            "evidence": { "max_age_num_blocks": "0", "max_age_duration": "0", "max_bytes": "0" },
            "validator": { "pub_key_types": ["ed25519"] },
            "version": { "app": "0" },
            "abci": { "vote_extensions_enable_height": "0" },
        },
    }))
}

pub(super) fn validators(node: &mut Node, arguments: &Arguments) -> Answer {
    let block = header::wanted(node, arguments)?;
    let mut validator = validator();
    validator["voting_power"] = json!(blocks::VOTING_POWER.to_string());
    validator["proposer_priority"] = json!("0");
    Ok(json!({
        "block_height": block.height.to_string(),
        "validators": [validator],
        "count": "1",
        "total": "1",
    }))
}

/// Transactions wait for nothing: a block is made of each when it comes.
pub(super) fn num_unconfirmed_txs(_: &mut Node, _: &Arguments) -> Answer {
    Ok(json!({ "n_txs": "0", "total": "0", "total_bytes": "0", "txs": [] }))
}

fn validator() -> Value {
    json!({
        "address": hex::encode_upper(blocks::validator_address()),
        "pub_key": {
            "type": "tendermint/PubKeyEd25519",
            "value": base64(&blocks::validator_key()),
        },
    })
}
