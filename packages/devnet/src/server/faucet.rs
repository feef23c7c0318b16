//! LocalSecret's faucet: coins for whoever asks.

use super::{
    answer::GrpcError,
    ante, execute,
    node::{module_address, Node, SharedNode},
};
use axum::{
    extract::{Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
    Json, Router,
};
use prost::Message;
use secret_ai_chain_client::{
    address,
    proto::{
        Any, AuthInfo, Coin, Fee, ModeInfo, MsgSend, SignerInfo, SingleMode, TxBody, TxRaw,
        SIGN_MODE_DIRECT,
    },
    tx,
};
use serde_json::{json, Value};
use std::collections::HashMap;

/// Base units of uscrt per request: 1,000 SCRT.
const AMOUNT: u128 = 1_000_000_000;
/// SDK gas that a transfer may use.
const GAS_LIMIT: u64 = 1_000_000;

pub(super) fn router() -> Router<SharedNode> {
    Router::new()
        .route("/", get(status))
        .route("/status", get(status))
        .route("/faucet", get(give))
}

async fn status() -> Json<Value> {
    Json(json!({ "faucet_address": module_address("faucet"), "amount": AMOUNT.to_string() }))
}

async fn give(
    State(node): State<SharedNode>,
    Query(parameters): Query<HashMap<String, String>>,
) -> Response {
    let bad = |text: String| (StatusCode::BAD_REQUEST, Json(json!({ "error": text })));
    let Some(to) = parameters.get("address").cloned() else {
        return bad("parameter address is missing".into()).into_response();
    };
    if let Err(error) = address::decode(&to) {
        return bad(error.to_string()).into_response();
    }
    match node.run(move |node| send(node, &to)).await.flatten() {
        Ok(hash) => Json(json!({ "txhash": hash })).into_response(),
        Err(error) => error.into_response(),
    }
}

/// Sends coins without fee and signature; the hash of the transaction. Nobody has the faucet's key,
/// its account's sequence makes each transaction another.
fn send(node: &mut Node, to: &str) -> Result<String, GrpcError> {
    let from = module_address("faucet");
    let account = node.accounts.ensure(&from);
    let bytes = unsigned(&from, to, account.sequence);
    account.sequence = account.sequence.saturating_add(1);
    let decoded = ante::decode(&bytes).map_err(|refusal| GrpcError::unknown(refusal.log))?;
    execute::run(node, &decoded, &bytes, Vec::new()).inspect_err(|_| node.go_back())?;
    let hash = tx::hash(&bytes);
    let response = &node.tx(&hash)?.response;
    match response["code"].as_u64() {
        Some(0) => Ok(hash),
        _ => Err(GrpcError::unknown(
            response["raw_log"].as_str().unwrap_or_default(),
        )),
    }
}

fn unsigned(from: &str, to: &str, sequence: u64) -> Vec<u8> {
    let body = TxBody {
        messages: vec![Any::pack(&MsgSend {
            from_address: from.into(),
            to_address: to.into(),
            amount: vec![Coin::uscrt(AMOUNT)],
        })],
        ..TxBody::default()
    };
    let signer = SignerInfo {
        public_key: None,
        mode_info: Some(ModeInfo {
            single: Some(SingleMode {
                mode: SIGN_MODE_DIRECT,
            }),
        }),
        sequence,
    };
    let auth = AuthInfo {
        signer_infos: vec![signer],
        fee: Some(Fee {
            gas_limit: GAS_LIMIT,
            ..Fee::default()
        }),
    };
    TxRaw {
        body_bytes: body.encode_to_vec(),
        auth_info_bytes: auth.encode_to_vec(),
        signatures: vec![Vec::new()],
    }
    .encode_to_vec()
}
