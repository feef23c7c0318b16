//! SHA-2 and ECDSA over P-256 and P-384.
//!
//! High-s signatures are accepted: of the 14 TDX quotes that vendors published and this code was
//! written against, eight carry a high s in the quote, seven in the QE report, and Intel's own TCB
//! signing certificate has one. A third party can therefore turn a valid quote into another valid
//! one with the same content; nothing may use the hash of a quote as an identifier. Replay is
//! prevented by the challenge inside `report_data`.

use p256::ecdsa::signature::Verifier;
use p256::ecdsa::{Signature, VerifyingKey};
use sha2::{Digest, Sha256, Sha384};

/// An uncompressed P-256 point without its 0x04 prefix: x ‖ y, big-endian.
pub(crate) type P256Key = [u8; 64];
/// An uncompressed P-384 point without its 0x04 prefix: x ‖ y, big-endian.
pub(crate) type P384Key = [u8; 96];

/// SHA-256 of the parts, one after another.
pub(crate) fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}

/// SHA-384 of the parts, one after another.
pub(crate) fn sha384(parts: &[&[u8]]) -> [u8; 48] {
    let mut hasher = Sha384::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}

/// Whether `signature` (r ‖ s, both in 1..n) over SHA-256 of `message` verifies under `key`.
/// False for a key that is not on the curve.
pub(crate) fn p256_verifies(key: &P256Key, message: &[u8], signature: &[u8; 64]) -> bool {
    let mut point = [4u8; 65];
    if let Some((_, xy)) = point.split_first_mut() {
        xy.copy_from_slice(key);
    }
    let (Ok(key), Ok(signature)) = (
        VerifyingKey::from_sec1_bytes(&point),
        Signature::from_slice(signature),
    ) else {
        return false;
    };
    key.verify(message, &signature).is_ok()
}

/// Whether `signature` (r ‖ s, both in 1..n) over SHA-384 of `message` verifies under `key`.
/// False for a key that is not on the curve.
pub(crate) fn p384_verifies(key: &P384Key, message: &[u8], signature: &[u8; 96]) -> bool {
    let mut point = [4u8; 97];
    if let Some((_, xy)) = point.split_first_mut() {
        xy.copy_from_slice(key);
    }
    let (Ok(key), Ok(signature)) = (
        p384::ecdsa::VerifyingKey::from_sec1_bytes(&point),
        p384::ecdsa::Signature::from_slice(signature),
    ) else {
        return false;
    };
    key.verify(message, &signature).is_ok()
}
