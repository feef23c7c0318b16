//! Revocation lists: the input stands behind the dates and is signed.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{DerSignature, SigningKey};
use secret_ai_attestation::fuzzing::revocation_list;
use sha2::{Digest, Sha256};

const ALGORITHM: &[u8] = b"\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02";
const NAME: &[u8] = b"\x30\x00";
const DATES: &[u8] = b"\x17\x0d260101000000Z\x17\x0d270101000000Z";

static KEY: LazyLock<SigningKey> =
    LazyLock::new(|| SigningKey::from_slice(&[7; 32]).expect("a scalar"));

fn element(tag: u8, body: &[u8]) -> Vec<u8> {
    let length = (body.len() as u16).to_be_bytes();
    let header = match length {
        [0, short] if short < 0x80 => vec![tag, short],
        [0, low] => vec![tag, 0x81, low],
        [high, low] => vec![tag, 0x82, high, low],
    };
    [&header[..], body].concat()
}

fuzz_target!(|data: &[u8]| {
    if data.len() > 60_000 {
        return;
    }
    let body = [b"\x02\x01\x01", ALGORITHM, NAME, DATES, data].concat();
    let tbs = element(0x30, &body);
    let signature: DerSignature = KEY.sign(&tbs);
    let bits = element(0x03, &[&[0], signature.as_bytes()].concat());
    let list = element(0x30, &[&tbs[..], ALGORITHM, &bits].concat());
    let point = KEY.verifying_key().to_sec1_point(false);
    let key = point.as_bytes()[1..].try_into().expect("64 bytes");
    revocation_list(&list, Sha256::digest(NAME).into(), &key);
    revocation_list(data, Sha256::digest(NAME).into(), &key);
});
