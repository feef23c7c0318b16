//! A whole registration under development roots, as a browser hands it in.

use base64::prelude::{Engine, BASE64_STANDARD};
use secret_ai_attestation::{gpu_nonce, report_data, Device, DeviceKind, Registration};
use secret_ai_attestation_testkit::gpu::SoftGpu;
use secret_ai_attestation_testkit::{intel_json, pem_chain, Measurements, SoftTee};
use secret_ai_verifier::run;
use serde_json::{json, Value};

const NOW: u64 = 1_790_000_000;
const SEED: [u8; 32] = [7; 32];
const REGISTRATION: Registration<'static> = Registration {
    chain_id: "secretdev-1",
    registry: "secret1registry",
    operator: "secret1operator",
    receipt_pk: &[2; 33],
    tls_spki_sha256: &[3; 32],
    e2ee_pk: &[4; 32],
    challenge: &[5; 32],
    class: 0x10,
};

/// A request that is accepted.
fn request() -> Value {
    let (tee, gpu) = (SoftTee::new(SEED, NOW), SoftGpu::new(SEED, 0));
    let sha256 = |bytes: &[u8]| <[u8; 32]>::from(<sha2::Sha256 as sha2::Digest>::digest(bytes));
    let mut certificates = gpu.certificates();
    let evidence = gpu.evidence(gpu_nonce(&REGISTRATION).unwrap());
    let device = Device {
        kind: DeviceKind::Gpu,
        leaf_sha256: sha256(&certificates[0]),
        evidence_sha256: sha256(&evidence),
    };
    certificates.extend(gpu.ca_chain().into_iter().rev());
    let data = report_data(&REGISTRATION, &[device]).unwrap();
    let quote = tee.quote(data, &Measurements::default());
    let gpus = json!([{"certificate": pem_chain(&certificates), "evidence": BASE64_STANDARD.encode(evidence)}]);
    json!({
        "time": NOW,
        "files": [
            {"name": "quote", "text": BASE64_STANDARD.encode(quote)},
            {"name": "gpus", "text": gpus.to_string()},
            {"name": "collateral", "text": intel_json(&tee.collateral()).to_string()},
        ],
        "policy": {
            "golden": [hex::encode(gpu.golden().encode().unwrap())],
            "binding": {
                "chain_id": REGISTRATION.chain_id,
                "registry": REGISTRATION.registry,
                "operator": REGISTRATION.operator,
                "receipt_pk": hex::encode(REGISTRATION.receipt_pk),
                "tls_spki_sha256": hex::encode(REGISTRATION.tls_spki_sha256),
                "e2ee_pk": hex::encode(REGISTRATION.e2ee_pk),
                "challenge": hex::encode(REGISTRATION.challenge),
                "class": REGISTRATION.class,
            },
        },
        "roots": {
            "intel": BASE64_STANDARD.encode(tee.root_der()),
            "nvidia": BASE64_STANDARD.encode(gpu.root_der()),
        },
    })
}

fn ask(request: &Value) -> Value {
    serde_json::from_slice(&run(request.to_string().as_bytes())).unwrap()
}

#[test]
fn a_whole_registration_is_accepted() {
    let answer = ask(&request());
    assert_eq!(answer["report"]["verdict"], "accepted", "{answer:#}");
}

#[test]
fn the_same_request_has_the_same_answer() {
    let request = request().to_string();
    assert_eq!(run(request.as_bytes()), run(request.as_bytes()));
}

#[test]
fn nobody_else_is_believed_and_time_passes() {
    let mut vendors = request();
    vendors["roots"] = json!({});
    assert_eq!(ask(&vendors)["report"]["verdict"], "refused");
    let mut late = request();
    late["time"] = json!(NOW + 365 * 86_400);
    assert_eq!(ask(&late)["report"]["verdict"], "refused");
}

#[test]
fn any_flipped_bit_of_the_quote_is_refused() {
    let request = request();
    let text = request["files"][0]["text"].as_str().unwrap();
    let quote = BASE64_STANDARD.decode(text).unwrap();
    // Every 97th byte, and all of the report data, which lies at 48 + 520.
    let bytes = (0..quote.len()).step_by(97).chain((568..632).step_by(7));
    for at in bytes {
        let mut changed = quote.clone();
        changed[at] ^= 1;
        let mut request = request.clone();
        request["files"][0]["text"] = json!(BASE64_STANDARD.encode(changed));
        let answer = ask(&request);
        assert_ne!(answer["report"]["verdict"], "accepted", "byte {at}");
    }
}

#[test]
fn another_binding_is_refused() {
    for (field, value) in [
        ("operator", json!("secret1other")),
        ("e2ee_pk", json!(hex::encode([9; 32]))),
        ("challenge", json!(hex::encode([9; 32]))),
        ("class", json!(0)),
    ] {
        let mut request = request();
        request["policy"]["binding"][field] = value;
        assert_eq!(ask(&request)["report"]["verdict"], "refused", "{field}");
    }
}

#[test]
fn what_cannot_be_judged_is_said() {
    for (request, field) in [
        (json!({"files": []}), "time"),
        (json!({"time": NOW, "files": [], "more": 1}), "more"),
        (
            json!({"time": NOW, "files": [], "roots": {"intel": "%"}}),
            "roots.intel",
        ),
        (
            json!({"time": NOW, "files": [], "roots": {"intel": "AAAA"}}),
            "roots.intel",
        ),
        (json!({"time": NOW, "files": [], "rootfs": "00"}), "rootfs"),
        (
            json!({"time": NOW, "files": [], "policy": {"golden": ["no/file"]}}),
            "no/file",
        ),
    ] {
        let answer = ask(&request);
        let error = answer["error"].as_str().unwrap_or_default();
        assert!(error.contains(field), "{answer}");
    }
    let garbage: Value = serde_json::from_slice(&run(b"\xff")).unwrap();
    assert!(garbage["error"].is_string());
}
