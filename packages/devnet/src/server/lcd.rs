//! The LCD's endpoints for accounts, coins, contracts and the node itself.

use super::{
    answer::{Answer, GrpcError},
    fee,
    lookup::{self, number},
    node::SharedNode,
    tx_json::{base64, from_base64, public_key_json},
};
use crate::{CodeInfo, ContractInfo};
use axum::{
    extract::{Path, Query, State},
    routing::get,
    Json, Router,
};
use serde_json::{json, Value};
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
        // Nothing is ever locked: all coins are spendable.
        .route(
            "/cosmos/bank/v1beta1/spendable_balances/{address}",
            get(balances),
        )
        .route("/cosmos/bank/v1beta1/supply", get(supply))
        .route("/cosmos/base/node/v1beta1/config", get(config))
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
        .route(&format!("{TENDERMINT}/node_info"), get(node_info))
        .route(&format!("{TENDERMINT}/syncing"), get(syncing))
}

async fn tx_key(State(node): State<SharedNode>) -> Answer {
    node.run(|node| Ok(Json(json!({ "key": base64(&node.io_keys.public()) }))))
        .await?
}

async fn account(State(node): State<SharedNode>, Path(address): Path<String>) -> Answer {
    node.run(move |node| {
        let account = lookup::account(node, &address)?;
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
    node.run(move |node| {
        let balances = lookup::balances(node, &address)?;
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
    let denom = parameters.get("denom").cloned().unwrap_or_default();
    node.run(move |node| {
        let balance = lookup::balance(node, &address, &denom)?;
        Ok(Json(json!({ "balance": balance })))
    })
    .await?
}

async fn supply(State(node): State<SharedNode>) -> Answer {
    node.run(|node| {
        let supply = lookup::supply(node);
        let total = supply.len().to_string();
        Ok(Json(json!({
            "supply": supply,
            "pagination": { "next_key": null, "total": total },
        })))
    })
    .await?
}

async fn code_hash(State(node): State<SharedNode>, Path(address): Path<String>) -> Answer {
    node.run(move |node| {
        let hash = &lookup::contract(node, &address)?.code_hash;
        Ok(Json(json!({ "code_hash": hash })))
    })
    .await?
}

async fn code_hash_by_id(State(node): State<SharedNode>, Path(id): Path<String>) -> Answer {
    let id = number("code_id", "ParseUint", &id)?;
    node.run(move |node| {
        let hash = lookup::code_hash(node, id)?;
        Ok(Json(json!({ "code_hash": hash })))
    })
    .await?
}

async fn contract_info(State(node): State<SharedNode>, Path(address): Path<String>) -> Answer {
    node.run(move |node| Ok(Json(info_json(lookup::contract(node, &address)?))))
        .await?
}

async fn contracts_of_code(State(node): State<SharedNode>, Path(id): Path<String>) -> Answer {
    let id = number("code_id", "ParseUint", &id)?;
    node.run(move |node| {
        let infos = lookup::contracts_of_code(node, id)?;
        let infos = infos.into_iter().map(|info| {
            let mut json = info_json(info);
            // The node sorts by it and then leaves it out.
            json["contract_info"]["created"] = Value::Null;
            json
        });
        let infos: Vec<Value> = infos.collect();
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
    let id = number("code_id", "ParseUint", &id)?;
    node.run(move |node| {
        let code = lookup::code(node, id)?;
        Ok(Json(
            json!({ "code_info": code_json(code), "wasm": base64(&code.wasm) }),
        ))
    })
    .await?
}

async fn label(State(node): State<SharedNode>, Path(address): Path<String>) -> Answer {
    node.run(move |node| {
        Ok(Json(
            json!({ "label": lookup::contract(node, &address)?.label }),
        ))
    })
    .await?
}

async fn address_of_label(State(node): State<SharedNode>, Path(label): Path<String>) -> Answer {
    node.run(move |node| {
        let address = lookup::address_of_label(node, &label)?;
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
    node.run(move |node| {
        let data = lookup::query(node, &address, &wire)?;
        Ok(Json(json!({ "data": base64(&data) })))
    })
    .await?
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

async fn config() -> Json<Value> {
    Json(json!({ "minimum_gas_price": fee::least_gas_price() }))
}

async fn syncing() -> Json<Value> {
    Json(json!({ "syncing": false }))
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
