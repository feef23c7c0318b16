//! Transactions in protobuf's JSON: fields in snake case, 64-bit numbers as text, bytes in base64.

use super::ante::{DecodedTx, ProtoMsg};
use base64::{engine::general_purpose::STANDARD, Engine};
use prost::Message;
use secret_ai_chain_client::proto::{PubKey, SIGN_MODE_DIRECT};
use serde_json::{json, Value};
use std::time::{Duration, SystemTime};

/// Standard base64.
pub(super) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Bytes from base64 in either alphabet, padded or not. A `+` that a URL turned into a space counts
/// as `+`.
pub(super) fn from_base64(text: &str) -> Option<Vec<u8>> {
    let standard: String = text
        .trim_end_matches('=')
        .chars()
        .map(|c| match c {
            '-' | ' ' => '+',
            '_' => '/',
            other => other,
        })
        .collect();
    base64::engine::general_purpose::STANDARD_NO_PAD
        .decode(standard)
        .ok()
}

/// RFC 3339 with nanoseconds, of nanoseconds since 1970.
pub(super) fn nanoseconds(time_ns: u64) -> String {
    humantime::format_rfc3339_nanos(system_time(time_ns)).to_string()
}

/// RFC 3339 with whole seconds, of nanoseconds since 1970.
pub(super) fn seconds(time_ns: u64) -> String {
    humantime::format_rfc3339_seconds(system_time(time_ns)).to_string()
}

/// 2^64 nanoseconds end in 2554, far inside what the system's time and RFC 3339 can hold.
fn system_time(time_ns: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_nanos(time_ns)
}

/// `cosmos.tx.v1beta1.Tx`
pub(super) fn tx(tx: &DecodedTx) -> Value {
    let messages = tx.messages.iter().zip(&tx.body.messages);
    json!({
        "@type": "/cosmos.tx.v1beta1.Tx",
        "body": {
            "messages": messages.map(|(m, any)| message(m, &any.type_url)).collect::<Vec<_>>(),
            "memo": tx.body.memo,
            "timeout_height": tx.body.timeout_height.to_string(),
            "extension_options": [],
            "non_critical_extension_options": [],
        },
        "auth_info": {
            "signer_infos": [{
                "public_key": public_key(tx),
                "mode_info": { "single": { "mode": mode(tx) } },
                "sequence": tx.signer_info.sequence.to_string(),
            }],
            "fee": {
                "amount": tx.fee.amount,
                "gas_limit": tx.fee.gas_limit.to_string(),
                "payer": tx.fee.payer,
                "granter": tx.fee.granter,
            },
            "tip": null,
        },
        "signatures": tx.raw.signatures.iter().map(|s| base64(s)).collect::<Vec<_>>(),
    })
}

/// `cosmos.crypto.secp256k1.PubKey`
pub(super) fn public_key_json(key: &[u8]) -> Value {
    json!({ "@type": "/cosmos.crypto.secp256k1.PubKey", "key": base64(key) })
}

fn public_key(tx: &DecodedTx) -> Value {
    tx.signer_info
        .public_key
        .as_ref()
        .and_then(|any| PubKey::decode(&any.value[..]).ok())
        .map_or(Value::Null, |key| public_key_json(&key.key))
}

fn mode(tx: &DecodedTx) -> &'static str {
    let mode = tx
        .signer_info
        .mode_info
        .as_ref()
        .and_then(|mode| mode.single.as_ref());
    match mode.map(|single| single.mode) {
        Some(SIGN_MODE_DIRECT) => "SIGN_MODE_DIRECT",
        _ => "SIGN_MODE_LEGACY_AMINO_JSON",
    }
}

fn message(message: &ProtoMsg, type_url: &str) -> Value {
    let mut fields = match message {
        ProtoMsg::Send(m) => json!({
            "from_address": m.from_address,
            "to_address": m.to_address,
            "amount": m.amount,
        }),
        ProtoMsg::StoreCode(m) => json!({
            "sender": base64(&m.sender),
            "wasm_byte_code": base64(&m.wasm_byte_code),
            "source": m.source,
            "builder": m.builder,
        }),
        ProtoMsg::Instantiate(m) => json!({
            "sender": base64(&m.sender),
            "callback_code_hash": m.callback_code_hash,
            "code_id": m.code_id.to_string(),
            "label": m.label,
            "init_msg": base64(&m.init_msg),
            "init_funds": m.init_funds,
            "callback_sig": base64(&m.callback_sig),
            "admin": m.admin,
        }),
        ProtoMsg::Execute(m) => json!({
            "sender": base64(&m.sender),
            "contract": base64(&m.contract),
            "msg": base64(&m.msg),
            "callback_code_hash": m.callback_code_hash,
            "sent_funds": m.sent_funds,
            "callback_sig": base64(&m.callback_sig),
        }),
        ProtoMsg::Migrate(m) => json!({
            "sender": m.sender,
            "contract": m.contract,
            "code_id": m.code_id.to_string(),
            "msg": base64(&m.msg),
            "callback_sig": base64(&m.callback_sig),
            "callback_code_hash": m.callback_code_hash,
        }),
        ProtoMsg::UpdateAdmin(m) => json!({
            "sender": m.sender,
            "new_admin": m.new_admin,
            "contract": m.contract,
            "callback_sig": base64(&m.callback_sig),
        }),
        ProtoMsg::ClearAdmin(m) => json!({
            "sender": m.sender,
            "contract": m.contract,
            "callback_sig": base64(&m.callback_sig),
        }),
    };
    fields["@type"] = json!(type_url);
    fields
}
