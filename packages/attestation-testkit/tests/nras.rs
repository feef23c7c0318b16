//! What the software attestation service signs is believed under its root, and each broken variant fails
//! its check.

use std::collections::BTreeSet;

use secret_ai_attestation::nras::{
    verify_nras_key, verify_nras_token, NrasKey, NrasRoot, VerifiedNras,
};
use secret_ai_attestation::Error;
use secret_ai_attestation_testkit::nras::{broken, NrasToken, SoftNras};

const SEED: [u8; 32] = [7; 32];
const NOW: u64 = 1_790_000_000;
const NONCE: [u8; 32] = [0x42; 32];

fn key(leaf: &[u8], now: u64) -> Result<NrasKey, Error> {
    let root = SoftNras::new(SEED, NOW).root_der();
    verify_nras_key(leaf, &NrasRoot::from_der(&root)?, now)
}

fn verify(leaf: &[u8], token: &NrasToken, now: u64) -> Result<VerifiedNras, Error> {
    let devices = token.device_tokens();
    verify_nras_token(&token.overall, &devices, &key(leaf, now)?, &NONCE, now)
}

#[test]
fn good_tokens_of_both_versions_are_believed() {
    for version in ["2.0", "3.0"] {
        let mut service = SoftNras::new(SEED, NOW);
        service.version = version;
        let (leaf, mut token) = (service.leaf_der(), service.token(NONCE));
        let verified = verify(&leaf, &token, NOW).unwrap();
        let ueids: Vec<_> = verified.devices.iter().map(|device| device.ueid).collect();
        let serials: Vec<_> = service.devices.iter().map(|device| device.serial).collect();
        assert_eq!(ueids, serials);
        assert_eq!((verified.issued, verified.expires), (NOW, NOW + 3_600));
        assert_eq!(verified.key_id, service.key_id);
        assert_eq!(verified.devices[0].driver_version, "570.172.08");
        token.devices.reverse();
        let reversed = verify(&leaf, &token, NOW).unwrap();
        assert_eq!(reversed.devices[0], verified.devices[1]);
    }
}

#[test]
fn dates_hold_to_the_second() {
    let service = SoftNras::new(SEED, NOW);
    let (leaf, token) = (service.leaf_der(), service.token(NONCE));
    let at = |now| verify(&leaf, &token, now).map(|_| ()).map_err(|e| e.code());
    assert_eq!(at(NOW - 1), Err("not_yet_valid"));
    assert_eq!(at(NOW + 3_599), Ok(()));
    assert_eq!(at(NOW + 3_600), Err("expired"));
    // A stored key does not outlive its certificate.
    let stored = key(&leaf, NOW).unwrap();
    let mut later = service;
    later.issued = NOW + 86_400;
    later.expires = later.issued + 3_600;
    let token = later.token(NONCE);
    let at = |now| {
        verify_nras_token(&token.overall, &token.device_tokens(), &stored, &NONCE, now)
            .map(|_| ())
            .map_err(|e| e.to_string())
    };
    assert_eq!(at(NOW + 86_400), Ok(()));
    let refusal = at(NOW + 86_401).unwrap_err();
    assert!(refusal.starts_with("NRAS certificate expired"), "{refusal}");
}

#[test]
fn a_key_survives_storage_and_nothing_else_does() {
    let stored = key(&SoftNras::new(SEED, NOW).leaf_der(), NOW).unwrap();
    let bytes = stored.encode();
    assert_eq!(NrasKey::decode(&bytes), Ok(stored));
    for length in 0..bytes.len() {
        let refusal = NrasKey::decode(&bytes[..length]).unwrap_err();
        assert_eq!(refusal, Error::Encoding("bytes are cut"));
    }
    let longer = [&bytes[..], &[0]].concat();
    assert_eq!(
        NrasKey::decode(&longer),
        Err(Error::Encoding("trailing bytes"))
    );
    let mut other = bytes;
    other[0] = 2;
    assert_eq!(
        NrasKey::decode(&other),
        Err(Error::Encoding("unknown format"))
    );
}

#[test]
fn every_broken_variant_fails_its_own_check() {
    let variants = broken(SEED, NOW, NONCE);
    let names: BTreeSet<&str> = variants.iter().map(|variant| variant.name).collect();
    assert_eq!(names.len(), variants.len(), "a name occurs twice");
    println!("{} variants", variants.len());
    let wrong: Vec<String> = variants
        .iter()
        .filter_map(|variant| {
            let verdict = verify(&variant.leaf, &variant.token, variant.now);
            let code = verdict
                .as_ref()
                .map(|_| "accepted")
                .unwrap_or_else(Error::code);
            let line = format!("{}: {code}, expected {}", variant.name, variant.code);
            (code != variant.code).then_some(line)
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn no_changed_byte_of_a_token_or_certificate_is_accepted() {
    let service = SoftNras::new(SEED, NOW);
    let (leaf, token) = (service.leaf_der(), service.token(NONCE));
    let stored = key(&leaf, NOW).unwrap();
    for at in 0..token.overall.len() {
        let mut bytes = token.overall.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        let text = String::from_utf8(bytes).unwrap();
        let verdict = verify_nras_token(&text, &token.device_tokens(), &stored, &NONCE, NOW);
        assert!(verdict.is_err(), "byte {at} of the token");
    }
    for at in 0..leaf.len() {
        let mut bytes = leaf.clone();
        bytes[at] ^= 1;
        assert!(key(&bytes, NOW).is_err(), "byte {at} of the certificate");
    }
}

#[test]
fn a_certificate_under_another_root_is_refused() {
    let leaf = SoftNras::new(SEED, NOW).leaf_der();
    let refusal = verify_nras_key(&leaf, &NrasRoot::PINNED, NOW).unwrap_err();
    assert_eq!(refusal.code(), "issuer");
    assert_eq!(NrasRoot::from_der(&leaf).unwrap_err().code(), "profile");
}
