//! The keys of one boot: made in memory, wiped when dropped, never stored and never exported. A new
//! boot is a new receipt key, so a copied or rolled back machine cannot speak for this one. The key
//! that ends TLS is made beside them, in [`crate::tls`].

use k256::ecdsa::SigningKey;
use rand::RngCore;
use secret_ai_e2ee::{Opener, Recipient};
use secret_ai_receipts::{kid, public_key, sign_digest};
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

/// Receipt key and end-to-end encryption key.
pub struct BootKeys {
    receipt: SigningKey,
    /// Key id of `receipt`, which every request needs.
    kid: [u8; 20],
    e2ee: StaticSecret,
}

impl BootKeys {
    /// Fresh keys from the operating system's randomness.
    pub fn generate() -> Self {
        let mut bytes = Zeroizing::new([0u8; 32]);
        let mut fresh = || {
            rand::rng().fill_bytes(&mut bytes[..]);
            bytes.clone()
        };
        // All but one in 2¹²⁷ draws are scalars of the curve.
        let receipt = loop {
            if let Ok(key) = SigningKey::from_slice(&fresh()[..]) {
                break key;
            }
        };
        BootKeys {
            kid: kid(&receipt),
            receipt,
            e2ee: StaticSecret::from(*fresh()),
        }
    }

    /// The key that signs receipts.
    pub fn receipt(&self) -> &SigningKey {
        &self.receipt
    }

    /// Signature of the receipt key over a digest: r ‖ s, low s.
    pub fn sign(&self, digest: &[u8; 32]) -> [u8; 64] {
        sign_digest(&self.receipt, digest)
    }

    /// Compressed public half of the receipt key.
    pub fn receipt_pk(&self) -> [u8; 33] {
        public_key(&self.receipt)
    }

    /// Key id of the receipt key.
    pub fn kid(&self) -> [u8; 20] {
        self.kid
    }

    /// Public half of the key for end-to-end encryption of prompts.
    pub fn e2ee_pk(&self) -> [u8; 32] {
        PublicKey::from(&self.e2ee).to_bytes()
    }

    /// Opens what is sealed to this boot; `recipient` says as whom it serves.
    pub fn opener(&self, recipient: &Recipient) -> Opener {
        Opener::new(recipient, Zeroizing::new(self.e2ee.to_bytes()))
    }
}
