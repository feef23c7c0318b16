//! JSON forms.

use secret_ai_attestation::tools::raw_collateral_from_json;
use serde_json::{Map, Value};

use super::text::exact;
use super::{detect as detect_bytes, GpuPiece, Piece};

/// Finds evidence in a document. A golden set in it is not used: a report could bring its own.
pub(super) fn document(value: &Value, depth: usize) -> Vec<Piece> {
    let unsigned = |piece| match piece {
        Piece::Golden(_) => Piece::Unused("golden set inside a document"),
        other => other,
    };
    detect(value, depth).into_iter().map(unsigned).collect()
}

/// By its shape, or else in whatever lies in it.
fn detect(value: &Value, depth: usize) -> Vec<Piece> {
    let Some(depth) = depth.checked_sub(1) else {
        return Vec::new();
    };
    match value {
        Value::String(text) => detect_bytes(text.as_bytes(), depth),
        Value::Array(items) if items.iter().any(is_gpu) => gpus(items, None, depth),
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
        return vec![match raw_collateral_from_json(&value.to_string()) {
            Ok(raw) => Piece::IntelCollateral(Box::new(raw)),
            Err(error) => Piece::Damaged(format!("Intel collateral: {error}")),
        }];
    }
    if has(&["evidence_list"]) {
        return secretvm_gpus(fields, depth);
    }
    if is_gpu(value) {
        return gpu(fields, "GPU entry", depth);
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

/// Whether a value has the shape of NVIDIA's attestation SDK for one GPU, be it with a part missing.
fn is_gpu(value: &Value) -> bool {
    let has = |name| value.get(name).is_some();
    let (chain, report) = (has("certificate"), has("evidence"));
    (chain && report) || (has("arch") && (chain || report))
}

/// SecretVM's `/gpu`: one nonce for all.
fn secretvm_gpus(fields: &Map<String, Value>, depth: usize) -> Vec<Piece> {
    let Some(list) = fields.get("evidence_list").and_then(Value::as_array) else {
        return vec![Piece::Damaged("evidence_list: not a list".to_string())];
    };
    let mut found = Vec::new();
    let nonce = nonce(fields, "GPU bundle", &mut found);
    found.extend(gpus(list, nonce, depth));
    for piece in &mut found {
        if let Piece::Gpu(gpu) = piece {
            gpu.secretvm = true;
        }
    }
    found
}

/// A list of GPUs, each of which is there afterwards, readable or not.
fn gpus(items: &[Value], shared_nonce: Option<[u8; 32]>, depth: usize) -> Vec<Piece> {
    let mut found = Vec::new();
    for (number, item) in items.iter().enumerate() {
        let name = format!("GPU entry {number}");
        match item.as_object() {
            Some(fields) => found.extend(gpu(fields, &name, depth)),
            None => found.push(Piece::Damaged(format!("{name}: not an object"))),
        }
    }
    for piece in &mut found {
        if let Piece::Gpu(gpu) = piece {
            gpu.nonce = gpu.nonce.or(shared_nonce);
        }
    }
    found
}

/// One GPU as NVIDIA's attestation SDK writes it, chain and report in base64, and what is wrong with it.
fn gpu(fields: &Map<String, Value>, name: &str, depth: usize) -> Vec<Piece> {
    let inside = |field: &str| match fields.get(field) {
        Some(value) => detect(value, depth),
        None => Vec::new(),
    };
    let mut found = Vec::new();
    let mut certificates = Vec::new();
    for piece in inside("certificate") {
        match piece {
            Piece::Certificate(one) => certificates.push(one.der),
            Piece::Damaged(what) => found.push(Piece::Damaged(format!("{name}: {what}"))),
            _ => {}
        }
    }
    if certificates.is_empty() {
        found.push(Piece::Damaged(format!("{name}: no certificates in it")));
    }
    let nonce = nonce(fields, name, &mut found);
    let report = inside("evidence")
        .into_iter()
        .find_map(|piece| match piece {
            Piece::Gpu(gpu) => Some(gpu),
            _ => None,
        });
    found.push(match report {
        Some(gpu) => Piece::Gpu(GpuPiece {
            certificates,
            nonce,
            ..gpu
        }),
        None => Piece::Damaged(format!("{name}: no report in its evidence")),
    });
    found
}

/// The nonce that a document says was asked for; a field that is none is noted.
fn nonce(fields: &Map<String, Value>, name: &str, found: &mut Vec<Piece>) -> Option<[u8; 32]> {
    let value = fields.get("nonce")?;
    let nonce = value.as_str().and_then(exact);
    if nonce.is_none() {
        let problem = format!("{name}: nonce is not 64 hex digits");
        found.push(Piece::Damaged(problem));
    }
    nonce
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
