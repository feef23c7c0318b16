//! Signing and verifying with keys in memory (agent, client, tests).

pub use k256::ecdsa::SigningKey;
use k256::ecdsa::{signature::hazmat::PrehashVerifier, Signature, VerifyingKey};
use thiserror::Error;

use crate::{kid_of, Body, Domain, Signed};

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
    let (signature, _) = key.sign_prehash_recoverable(&domain.digest(&body));
    Signed {
        body,
        signature: signature.normalize_s().to_bytes().into(),
    }
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
