//! JSON forms.

use secret_ai_attestation::tools::raw_collateral_from_json;
use serde_json::{Map, Value};

use super::text::exact;
use super::{detect as detect_bytes, GpuPiece, Piece};

/// Finds evidence in a document: by its shape, or else in whatever lies in it.
pub(super) fn detect(value: &Value, depth: usize) -> Vec<Piece> {
    let Some(depth) = depth.checked_sub(1) else {
        return Vec::new();
    };
    match value {
        Value::String(text) => detect_bytes(text.as_bytes(), depth),
        Value::Array(items) => match byte_list(items) {
            Some(bytes) => detect_bytes(&bytes, depth),
            None => items.iter().flat_map(|item| detect(item, depth)).collect(),
        },
        Value::Object(fields) => object(value, fields, depth),
        _ => Vec::new(),
    }
}

fn object(value: &Value, fields: &Map<String, Value>, depth: usize) -> Vec<Piece> {
    let has = |names: &[&str]| names.iter().all(|name| fields.contains_key(*name));
    if has(&["tcb_info", "tcb_info_signature", "qe_identity"]) {
        let read = raw_collateral_from_json(&value.to_string()).ok();
        return read
            .map(|raw| Piece::IntelCollateral(Box::new(raw)))
            .into_iter()
            .collect();
    }
    if has(&["evidence_list"]) {
        return secretvm_gpus(fields, depth);
    }
    if has(&["certificate", "evidence"]) {
        return gpu(fields, depth).into_iter().collect();
    }
    if has(&["tcbInfo"]) || has(&["enclaveIdentity"]) {
        return vec![Piece::Unused(
            "part of Intel collateral without its certificates",
        )];
    }
    if has(&["rtmr3", "event_log"]) {
        return vec![Piece::Unused("dstack event log")];
    }
    if has(&["keys"]) {
        return vec![Piece::Unused("set of JSON web keys")];
    }
    fields
        .values()
        .flat_map(|field| detect(field, depth))
        .collect()
}

/// SecretVM's `/gpu`: one nonce for all.
fn secretvm_gpus(fields: &Map<String, Value>, depth: usize) -> Vec<Piece> {
    let nonce = fields.get("nonce").and_then(nonce);
    let list = fields.get("evidence_list").and_then(Value::as_array);
    let gpus = list.into_iter().flatten().filter_map(Value::as_object);
    gpus.filter_map(|fields| gpu(fields, depth))
        .map(|mut piece| {
            if let Piece::Gpu(gpu) = &mut piece {
                gpu.nonce = gpu.nonce.or(nonce);
                gpu.secretvm = true;
            }
            piece
        })
        .collect()
}

/// One GPU as NVIDIA's attestation SDK writes it: chain and report in base64.
fn gpu(fields: &Map<String, Value>, depth: usize) -> Option<Piece> {
    let found = |name: &str| fields.get(name).map(|field| detect(field, depth));
    let certificates = found("certificate")?
        .into_iter()
        .filter_map(|piece| match piece {
            Piece::Certificate(one) => Some(one.der),
            _ => None,
        });
    let certificates = certificates.collect();
    found("evidence")?
        .into_iter()
        .find_map(|piece| match piece {
            Piece::Gpu(gpu) => Some(Piece::Gpu(GpuPiece {
                certificates: Vec::clone(&certificates),
                nonce: fields.get("nonce").and_then(nonce),
                ..gpu
            })),
            _ => None,
        })
}

fn nonce(value: &Value) -> Option<[u8; 32]> {
    exact(value.as_str()?)
}

/// A list of numbers below 256 is a list of bytes.
fn byte_list(items: &[Value]) -> Option<Vec<u8>> {
    let byte = |item: &Value| u8::try_from(item.as_u64()?).ok();
    items
        .iter()
        .map(byte)
        .collect::<Option<Vec<u8>>>()
        .filter(|bytes| !bytes.is_empty())
}
