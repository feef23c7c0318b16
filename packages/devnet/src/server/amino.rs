//! Sign bytes of `SIGN_MODE_LEGACY_AMINO_JSON`, which Ledger devices and Keplr use: JSON with sorted
//! keys, no spaces, empty fields left out, `<`, `>` and `&` escaped. Bytes are base64, addresses that
//! the messages carry as bytes too (Cosmos SDK 0.50, x/tx `aminojson`; secret.js does the same).

use super::ante::{DecodedTx, ProtoMsg};
use base64::{engine::general_purpose::STANDARD, Engine};
use secret_ai_chain_client::Coin;
use serde_json::{json, Map, Value};

/// The JSON bytes that the signature covers.
pub(super) fn sign_bytes(
    tx: &DecodedTx,
    chain_id: &str,
    account_number: u64,
    sequence: u64,
) -> Vec<u8> {
    let mut doc = json!({
        "account_number": account_number.to_string(),
        "chain_id": chain_id,
        "fee": { "amount": coins(&tx.fee.amount), "gas": tx.fee.gas_limit.to_string() },
        "memo": tx.body.memo,
        "msgs": tx.messages.iter().map(message).collect::<Vec<_>>(),
        "sequence": sequence.to_string(),
    });
    if tx.body.timeout_height != 0 {
        doc["timeout_height"] = json!(tx.body.timeout_height.to_string());
    }
    sorted(doc)
        .to_string()
        .replace('&', "\\u0026")
        .replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .into_bytes()
}

fn message(message: &ProtoMsg) -> Value {
    let (name, fields) = match message {
        ProtoMsg::Send(m) => (
            "cosmos-sdk/MsgSend",
            json!({
                "from_address": m.from_address,
                "to_address": m.to_address,
                "amount": coins(&m.amount),
            }),
        ),
        ProtoMsg::StoreCode(m) => (
            "wasm/MsgStoreCode",
            json!({
                "sender": STANDARD.encode(&m.sender),
                "wasm_byte_code": STANDARD.encode(&m.wasm_byte_code),
                "source": m.source,
                "builder": m.builder,
            }),
        ),
        ProtoMsg::Instantiate(m) => (
            "wasm/MsgInstantiateContract",
            json!({
                "sender": STANDARD.encode(&m.sender),
                "callback_code_hash": m.callback_code_hash,
                "code_id": m.code_id.to_string(),
                "label": m.label,
                "init_msg": STANDARD.encode(&m.init_msg),
                "init_funds": coins(&m.init_funds),
                "callback_sig": STANDARD.encode(&m.callback_sig),
                "admin": m.admin,
            }),
        ),
        ProtoMsg::Execute(m) => (
            "wasm/MsgExecuteContract",
            json!({
                "sender": STANDARD.encode(&m.sender),
                "contract": STANDARD.encode(&m.contract),
                "msg": STANDARD.encode(&m.msg),
                "callback_code_hash": m.callback_code_hash,
                "sent_funds": coins(&m.sent_funds),
                "callback_sig": STANDARD.encode(&m.callback_sig),
            }),
        ),
        ProtoMsg::Migrate(m) => (
            "wasm/MsgMigrateContract",
            json!({
                "sender": m.sender,
                "contract": m.contract,
                "code_id": m.code_id.to_string(),
                "msg": STANDARD.encode(&m.msg),
                "callback_sig": STANDARD.encode(&m.callback_sig),
                "callback_code_hash": m.callback_code_hash,
            }),
        ),
        ProtoMsg::UpdateAdmin(m) => (
            "wasm/MsgUpdateAdmin",
            json!({
                "sender": m.sender,
                "new_admin": m.new_admin,
                "contract": m.contract,
                "callback_sig": STANDARD.encode(&m.callback_sig),
            }),
        ),
        ProtoMsg::ClearAdmin(m) => (
            "wasm/MsgClearAdmin",
            json!({
                "sender": m.sender,
                "contract": m.contract,
                "callback_sig": STANDARD.encode(&m.callback_sig),
            }),
        ),
    };
    json!({ "type": name, "value": without_empty_texts(fields) })
}

/// Lists of coins stay when empty; texts do not.
fn without_empty_texts(value: Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .into_iter()
            .filter(|(_, field)| field.as_str() != Some(""))
            .collect::<Map<_, _>>()
            .into(),
        other => other,
    }
}

fn coins(coins: &[Coin]) -> Value {
    coins
        .iter()
        .map(|coin| json!({ "amount": coin.amount, "denom": coin.denom }))
        .collect()
}

/// Sorts keys also where another crate has switched serde_json to insertion order.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.into_iter().map(|(k, v)| (k, sorted(v))).collect();
            fields.sort_by(|a, b| a.0.cmp(&b.0));
            fields.into_iter().collect::<Map<_, _>>().into()
        }
        Value::Array(items) => items.into_iter().map(sorted).collect(),
        other => other,
    }
}
