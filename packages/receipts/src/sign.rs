//! Signing and verifying with keys in memory (agent, client, tests).

use std::sync::LazyLock;

pub use k256::ecdsa::SigningKey;
use k256::ecdsa::{signature::hazmat::PrehashVerifier, Signature, VerifyingKey};
use secp256k1::{Message, Secp256k1, SecretKey, SignOnly};
use thiserror::Error;

use crate::{kid_of, Body, Domain, Signed};

/// What it computes with secrets is blinded.
static LIBSECP: LazyLock<Secp256k1<SignOnly>> = LazyLock::new(|| {
    let mut context = Secp256k1::signing_only();
    context.seeded_randomize(&rand::random());
    context
});

/// Why a signature does not count.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum VerifyError {
    #[error("public key: not a compressed secp256k1 point")]
    PublicKey,
    #[error("signature: not by this key over this {kind}")]
    Signature { kind: &'static str },
}

/// Signs a body for a domain (RFC 6979, low s).
pub fn sign<B: Body>(key: &SigningKey, domain: &Domain, body: B) -> Signed<B> {
    let signature = sign_digest(key, &domain.digest(&body));
    Signed { body, signature }
}

/// Signature over a digest (RFC 6979): r ‖ s, low s.
pub fn sign_digest(key: &SigningKey, digest: &[u8; 32]) -> [u8; 64] {
    // Both libraries take the same keys: 1 to the curve's order.
    let Ok(mut secret) = SecretKey::from_byte_array(key.to_bytes().into()) else {
        unreachable!("a key of k256 is none of libsecp256k1")
    };
    let signature = LIBSECP.sign_ecdsa(Message::from_digest(*digest), &secret);
    secret.non_secure_erase();
    signature.serialize_compact()
}

/// Checks that the key signed the body for the domain.
pub fn verify<B: Body>(
    public_key: &[u8; 33],
    domain: &Domain,
    signed: &Signed<B>,
) -> Result<(), VerifyError> {
    let refused = || VerifyError::Signature { kind: B::KIND };
    let key = VerifyingKey::from_sec1_bytes(public_key).map_err(|_| VerifyError::PublicKey)?;
    let signature = Signature::from_slice(&signed.signature).map_err(|_| refused())?;
    if !crate::is_low_s(&signed.signature) {
        return Err(refused());
    }
    key.verify_prehash(&domain.digest(&signed.body), &signature)
        .map_err(|_| refused())
}

/// Key id of a signing key's public half.
pub fn kid(key: &SigningKey) -> [u8; 20] {
    kid_of(&public_key(key))
}

/// Compressed public half of a signing key.
pub fn public_key(key: &SigningKey) -> [u8; 33] {
    let point = key.verifying_key().to_sec1_point(true);
    let mut bytes = [0u8; 33];
    for (to, from) in bytes.iter_mut().zip(point.as_bytes()) {
        *to = *from;
    }
    bytes
}
