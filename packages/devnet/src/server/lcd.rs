//! The LCD's endpoints for accounts, coins, contracts, blocks and the node itself.

use super::{
    address_error::address_error,
    answer::{Answer, GrpcError},
    node::{Node, SharedNode},
    tx_json::{base64, from_base64, nanoseconds, public_key_json},
};
use crate::{CodeInfo, ContractInfo, QueryError};
use axum::{
    extract::{Path, Query, State},
    routing::get,
    Json, Router,
};
use secret_ai_chain_client::encryption::open_message;
use serde_json::{json, Value};
use sha2::{Digest, Sha256};
use std::collections::HashMap;

pub(super) fn router() -> Router<SharedNode> {
    const TENDERMINT: &str = "/cosmos/base/tendermint/v1beta1";
    Router::new()
        .route("/registration/v1beta1/tx-key", get(tx_key))
        .route("/cosmos/auth/v1beta1/accounts/{address}", get(account))
        .route("/cosmos/bank/v1beta1/balances/{address}", get(balances))
        .route(
            "/cosmos/bank/v1beta1/balances/{address}/by_denom",
            get(balance),
        )
        .route(
            "/compute/v1beta1/code_hash/by_contract_address/{address}",
            get(code_hash),
        )
        .route(
            "/compute/v1beta1/code_hash/by_code_id/{id}",
            get(code_hash_by_id),
        )
        .route("/compute/v1beta1/info/{address}", get(contract_info))
        .route("/compute/v1beta1/contracts/{id}", get(contracts_of_code))
        .route("/compute/v1beta1/codes", get(codes))
        .route("/compute/v1beta1/code/{id}", get(code))
        .route("/compute/v1beta1/label/{address}", get(label))
        .route(
            "/compute/v1beta1/contract_address/{label}",
            get(address_of_label),
        )
        .route("/compute/v1beta1/query/{address}", get(query))
        .route(&format!("{TENDERMINT}/blocks/latest"), get(latest_block))
        .route(&format!("{TENDERMINT}/blocks/{{height}}"), get(block))
        .route(&format!("{TENDERMINT}/node_info"), get(node_info))
        .route(&format!("{TENDERMINT}/syncing"), get(syncing))
}

async fn tx_key(State(node): State<SharedNode>) -> Answer {
    node.run(|node| Ok(Json(json!({ "key": base64(&node.io_keys.public()) }))))
        .await?
}

async fn account(State(node): State<SharedNode>, Path(address): Path<String>) -> Answer {
    checked_address(&address)?;
    node.run(move |node| {
        let account = node
            .accounts
            .get(&address)
            .ok_or_else(|| GrpcError::not_found(format!("account {address} not found")))?;
        let key = account
            .public_key
            .as_deref()
            .map_or(Value::Null, public_key_json);
        Ok(Json(json!({ "account": {
            "@type": "/cosmos.auth.v1beta1.BaseAccount",
            "address": address,
            "pub_key": key,
            "account_number": account.number.to_string(),
            "sequence": account.sequence.to_string(),
        }})))
    })
    .await?
}

async fn balances(State(node): State<SharedNode>, Path(address): Path<String>) -> Answer {
    bank_address(&address)?;
    node.run(move |node| {
        let balances = node.devnet.balances(&address);
        let total = balances.len().to_string();
        Ok(Json(json!({
            "balances": balances,
            "pagination": { "next_key": null, "total": total },
        })))
    })
    .await?
}

async fn balance(
    State(node): State<SharedNode>,
    Path(address): Path<String>,
    Query(parameters): Query<HashMap<String, String>>,
) -> Answer {
    let denom = parameters
        .get("denom")
        .filter(|denom| !denom.is_empty())
        .cloned()
        .ok_or_else(|| GrpcError::invalid("invalid denom: "))?;
    bank_address(&address)?;
    node.run(move |node| {
        let amount = node.devnet.balance(&address, &denom).to_string();
        Ok(Json(
            json!({ "balance": { "denom": denom, "amount": amount } }),
        ))
    })
    .await?
}

async fn code_hash(State(node): State<SharedNode>, Path(address): Path<String>) -> Answer {
    node.run(move |node| {
        let hash = &contract(node, &address)?.code_hash;
        Ok(Json(json!({ "code_hash": hash })))
    })
    .await?
}

async fn code_hash_by_id(State(node): State<SharedNode>, Path(id): Path<String>) -> Answer {
    let id = number("code_id", "ParseUint", &id)?;
    node.run(move |node| {
        let code = node.devnet.code_info(id).ok_or_else(|| {
            GrpcError::unknown(format!("failed to get code info for code id {id}"))
        })?;
        Ok(Json(json!({ "code_hash": code.code_hash })))
    })
    .await?
}

async fn contract_info(State(node): State<SharedNode>, Path(address): Path<String>) -> Answer {
    node.run(move |node| Ok(Json(info_json(contract(node, &address)?))))
        .await?
}

async fn contracts_of_code(State(node): State<SharedNode>, Path(id): Path<String>) -> Answer {
    let id = code_id(&id)?;
    node.run(move |node| {
        let infos: Vec<Value> = node
            .devnet
            .contracts()
            .filter(|info| info.code_id == id)
            .map(info_json)
            .collect();
        if infos.is_empty() {
            return Err(not_found());
        }
        Ok(Json(json!({ "contract_infos": infos })))
    })
    .await?
}

async fn codes(State(node): State<SharedNode>) -> Answer {
    node.run(|node| {
        let infos: Vec<Value> = node.devnet.codes().map(code_json).collect();
        Ok(Json(json!({ "code_infos": infos })))
    })
    .await?
}

async fn code(State(node): State<SharedNode>, Path(id): Path<String>) -> Answer {
    let id = code_id(&id)?;
    node.run(move |node| {
        let code = node.devnet.code_info(id).ok_or_else(not_found)?;
        Ok(Json(
            json!({ "code_info": code_json(code), "wasm": base64(&code.wasm) }),
        ))
    })
    .await?
}

async fn label(State(node): State<SharedNode>, Path(address): Path<String>) -> Answer {
    node.run(move |node| Ok(Json(json!({ "label": contract(node, &address)?.label }))))
        .await?
}

async fn address_of_label(State(node): State<SharedNode>, Path(label): Path<String>) -> Answer {
    node.run(move |node| {
        let address = node
            .devnet
            .contract_by_label(&label)
            .ok_or_else(|| GrpcError::unknown(format!("{label}: unknown address")))?;
        Ok(Json(json!({ "contract_address": address })))
    })
    .await?
}

async fn query(
    State(node): State<SharedNode>,
    Path(address): Path<String>,
    Query(parameters): Query<HashMap<String, String>>,
) -> Answer {
    let text = parameters
        .get("query")
        .map(String::as_str)
        .unwrap_or_default();
    let wire = from_base64(text).ok_or_else(|| GrpcError::not_base64(text))?;
    checked_address(&address)?;
    node.run(move |node| {
        if node.devnet.contract_info(&address).is_none() {
            return Err(GrpcError::unknown("contract: not found"));
        }
        let failed = |text: &str| GrpcError::unknown(format!("{text}: query contract failed"));
        let opened = open_message(&node.io_keys, &wire)
            .map_err(|_| failed("Execution error: Enclave: failed to decrypt data"))?;
        let sealed = |e: secret_ai_chain_client::ChainError| GrpcError::unknown(e.to_string());
        match node
            .devnet
            .query(&address, Some(&opened.code_hash), &opened.json)
        {
            Ok(answer) => {
                let data = opened.cipher.seal_data(&answer).map_err(sealed)?;
                Ok(Json(json!({ "data": base64(&data) })))
            }
            Err(QueryError::Contract(text)) => {
                let text = opened.cipher.seal_text(&text).map_err(sealed)?;
                Err(failed(&format!("encrypted: {text}")))
            }
            Err(QueryError::CodeHash { .. }) => Err(failed(
                "Execution error: Enclave: failed to validate transaction",
            )),
            Err(other) => Err(failed(&other.to_string())),
        }
    })
    .await?
}

async fn latest_block(State(node): State<SharedNode>) -> Answer {
    node.run(|node| block_json(node, node.latest_height()))
        .await?
}

async fn block(State(node): State<SharedNode>, Path(height): Path<String>) -> Answer {
    let height = number("height", "ParseInt", &height)?;
    node.run(move |node| block_json(node, height)).await?
}

fn block_json(node: &Node, height: u64) -> Answer {
    let time = (height > 0)
        .then(|| node.block_time_ns(height))
        .flatten()
        .ok_or_else(|| {
            // These endpoints go through the node's ABCI, which puts its own words around.
            GrpcError::invalid(match height {
                0 => "height must be greater than 0, but got 0: invalid request",
                _ => {
                    "rpc error: code = InvalidArgument desc = requested block height is bigger then \
                     the chain length: invalid request"
                }
            })
        })?;
    let txs: Vec<String> = node
        .txs_at(height)
        .map(|record| base64(&record.bytes))
        .collect();
    let block = json!({
        "header": {
            "chain_id": node.chain_id,
            "height": height.to_string(),
            "time": nanoseconds(time),
        },
        "data": { "txs": txs },
    });
    // Of this chain alone: heights and times are all that its blocks agree on.
    let hash = Sha256::digest(format!("{}/{height}/{time}", node.chain_id));
    Ok(Json(json!({
        "block_id": { "hash": base64(&hash) },
        "block": block,
        "sdk_block": block,
    })))
}

async fn node_info(State(node): State<SharedNode>) -> Answer {
    node.run(|node| {
        let version = env!("CARGO_PKG_VERSION");
        Ok(Json(json!({
            "default_node_info": {
                "network": node.chain_id,
                "version": version,
                "moniker": "secret-devnet",
            },
            "application_version": {
                "name": "secret-devnet",
                "app_name": "secret-devnet",
                "version": version,
            },
        })))
    })
    .await?
}

async fn syncing() -> Json<Value> {
    Json(json!({ "syncing": false }))
}

fn contract<'a>(node: &'a Node, address: &str) -> Result<&'a ContractInfo, GrpcError> {
    checked_address(address)?;
    node.devnet.contract_info(address).ok_or_else(not_found)
}

/// The compute module's error `ErrNotFound`, which has no gRPC code of its own.
fn not_found() -> GrpcError {
    GrpcError::unknown("codespace compute code 9: not found")
}

fn code_id(text: &str) -> Result<u64, GrpcError> {
    match number("code_id", "ParseUint", text)? {
        0 => Err(GrpcError::unknown("code id: invalid")),
        id => Ok(id),
    }
}

fn checked_address(text: &str) -> Result<(), GrpcError> {
    match address_error(text) {
        None => Ok(()),
        Some(words) => Err(GrpcError::unknown(words)),
    }
}

/// The bank module alone gives a bad address a gRPC code.
fn bank_address(text: &str) -> Result<(), GrpcError> {
    match address_error(text) {
        None => Ok(()),
        Some(words) => Err(GrpcError::invalid(format!("invalid address: {words}"))),
    }
}

/// A number in a path; `parser` is the one of Go's whose error the gateway shows.
pub(super) fn number(parameter: &str, parser: &str, text: &str) -> Result<u64, GrpcError> {
    text.parse().map_err(|_| {
        GrpcError::invalid(format!(
            "type mismatch, parameter: {parameter}, error: strconv.{parser}: parsing {text:?}: \
             invalid syntax"
        ))
    })
}

fn info_json(info: &ContractInfo) -> Value {
    json!({
        "contract_address": info.address,
        "contract_info": {
            "code_id": info.code_id.to_string(),
            "creator": info.creator,
            "label": info.label,
            "created": { "block_height": info.created_height.to_string(), "tx_index": "0" },
            "ibc_port_id": "",
            "admin": info.admin.clone().unwrap_or_default(),
            "admin_proof": null,
            "require_governance": false,
        },
    })
}

fn code_json(code: &CodeInfo) -> Value {
    json!({
        "code_id": code.code_id.to_string(),
        "creator": code.creator,
        "code_hash": code.code_hash,
        "source": code.source,
        "builder": code.builder,
    })
}
