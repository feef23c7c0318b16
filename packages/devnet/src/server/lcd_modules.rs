//! The LCD's endpoints for what the compute and registration modules keep beside contracts:
//! history, parameters, authorizations, keys.

use super::{answer::Answer, lookup, node::SharedNode, tx_json::base64};
use crate::{gas, upload};
use axum::{
    extract::{Path, State},
    routing::get,
    Json, Router,
};
use serde_json::{json, Value};

pub(super) fn router() -> Router<SharedNode> {
    Router::new()
        .route("/compute/v1beta1/contract_history/{address}", get(history))
        .route("/compute/v1beta1/params", get(params))
        .route(
            "/compute/v1beta1/authorized_migration/{address}",
            get(authorized_migration),
        )
        .route(
            "/compute/v1beta1/authorized_admin_update/{address}",
            get(authorized_admin_update),
        )
        .route(
            "/registration/v1beta1/registration-key",
            get(registration_key),
        )
        .route(
            "/registration/v1beta1/encrypted-seed/{key}",
            get(encrypted_seed),
        )
}

async fn history(State(node): State<SharedNode>, Path(address): Path<String>) -> Answer {
    const TYPE: &str = "CONTRACT_CODE_HISTORY_OPERATION_TYPE";
    node.run(move |node| {
        let history = &lookup::contract(node, &address)?.history;
        let entries = history.iter().enumerate().map(|(index, entry)| {
            let operation = if index == 0 { "INIT" } else { "MIGRATE" };
            json!({
                "operation": format!("{TYPE}_{operation}"),
                "code_id": entry.code_id.to_string(),
                "updated": { "block_height": entry.height.to_string(), "tx_index": "0" },
                "msg": null,
            })
        });
        Ok(Json(json!({ "entries": entries.collect::<Vec<Value>>() })))
    })
    .await?
}

async fn params() -> Json<Value> {
    let (whole, tenths) = (gas::COMPILE_TENTHS / 10, gas::COMPILE_TENTHS % 10);
    Json(json!({ "params": {
        "compile_cost": format!("{whole}.{tenths}00000000000000000"),
        "max_contract_size": upload::MAX_WASM.to_string(),
    }}))
}

async fn authorized_migration(Path(address): Path<String>) -> Answer {
    Err(lookup::no_authorization(&address, "migration"))
}

async fn authorized_admin_update(Path(address): Path<String>) -> Answer {
    Err(lookup::no_authorization(&address, "admin update"))
}

async fn registration_key(State(node): State<SharedNode>) -> Answer {
    node.run(|node| {
        let keys = lookup::registration_keys(node).to_string();
        Ok(Json(json!({ "key": base64(keys.as_bytes()) })))
    })
    .await?
}

async fn encrypted_seed() -> Answer {
    Err(lookup::no_seed())
}
