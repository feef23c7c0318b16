//! NVIDIA's production certificates of its attestation service.

mod common;

use secret_ai_attestation::nras::{verify_nras_key, verify_nras_token, NrasRoot, NRAS_FINGERPRINT};

/// A certificate that the service's key set had, valid from 2026-08-04T09:41:05Z.
const LEAF: &[u8] = include_bytes!("data/nras_leaf_2026-08-04.der");
const WINDOW: (u64, u64) = (1_785_836_465, 1_786_009_295);

#[test]
fn the_pinned_root_is_what_was_published() {
    assert_eq!(NrasRoot::PINNED.fingerprint(), NRAS_FINGERPRINT);
    let again = NrasRoot::from_der(NrasRoot::PINNED.der()).unwrap();
    assert_eq!(again, NrasRoot::PINNED);
}

#[test]
fn a_production_key_is_verified_in_its_window_only() {
    let (from, until) = WINDOW;
    let verify = |now| verify_nras_key(LEAF, &NrasRoot::PINNED, now);
    let key = verify(from).unwrap();
    assert_eq!((key.not_before, key.not_after), WINDOW);
    assert_eq!(key.root_sha256, NRAS_FINGERPRINT);
    assert_eq!(verify(until), Ok(key));
    assert_eq!(verify(from - 1).unwrap_err().code(), "not_yet_valid");
    assert_eq!(verify(until + 1).unwrap_err().code(), "expired");
}

#[test]
fn no_changed_byte_of_a_production_certificate_is_accepted() {
    for at in 0..LEAF.len() {
        let mut changed = LEAF.to_vec();
        changed[at] ^= 1;
        let verdict = verify_nras_key(&changed, &NrasRoot::PINNED, WINDOW.0);
        assert!(verdict.is_err(), "byte {at}");
    }
    let longer = [LEAF, &[0]].concat();
    let refusal = verify_nras_key(&longer, &NrasRoot::PINNED, WINDOW.0).unwrap_err();
    assert_eq!(refusal.code(), "der");
}

#[test]
fn a_real_token_of_another_key_is_refused() {
    let Some(shared) = common::shared_dir() else {
        println!("skipped: the shared fixtures are absent");
        return;
    };
    let path = shared.join("nvidia/attestation-sdk/hopperClaimsv3_detached_eat.json");
    let text = std::fs::read_to_string(path).unwrap();
    let eat: serde_json::Value = serde_json::from_str(&text).unwrap();
    let overall = eat[0][1].as_str().unwrap();
    let device = eat[1]["GPU-0"].as_str().unwrap();
    let key = verify_nras_key(LEAF, &NrasRoot::PINNED, WINDOW.0).unwrap();
    let refusal = verify_nras_token(overall, &[device], &key, &[0; 32], WINDOW.0).unwrap_err();
    assert_eq!(refusal.code(), "signature");
}
