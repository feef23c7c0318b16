//! The keys of one boot.

use cosmwasm_std::Binary;
use k256::ecdsa::SigningKey;
use secret_ai_interface::{Digest, Hex, Kid, PublicKey};
use sha2::{Digest as _, Sha256};

/// The keys that a TEE makes at one boot; the same name is the same boot.
#[derive(Clone)]
pub struct Boot {
    pub key: SigningKey,
    pub receipt_pk: PublicKey,
    pub tls_spki_sha256: Digest,
    pub e2ee_pk: Hex<32>,
    pub class: u8,
}

impl Boot {
    pub fn new(name: &str) -> Self {
        let hash = |what: &str| -> [u8; 32] { Sha256::digest(format!("{what}/{name}")).into() };
        let key = SigningKey::from_slice(&hash("receipt")).unwrap();
        let point = key.verifying_key().to_sec1_point(true);
        Boot {
            receipt_pk: point.as_bytes().try_into().unwrap(),
            key,
            tls_spki_sha256: Hex(hash("tls")),
            e2ee_pk: Hex(hash("e2ee")),
            class: 0,
        }
    }

    /// The same for a worker with this number of GPUs.
    pub fn with_gpus(self, number: usize) -> Self {
        Boot {
            class: (number as u8) << 4,
            ..self
        }
    }

    pub fn kid(&self) -> Kid {
        Hex(secret_ai_receipts::kid_of(&self.receipt_pk.0))
    }

    /// The receipt key's signature over a digest, low s.
    pub fn sign(&self, digest: &[u8; 32]) -> Binary {
        let (signature, _) = self.key.sign_prehash_recoverable(digest);
        Binary(signature.normalize_s().to_bytes().to_vec())
    }
}
