//! A user's key, so that tests can sign permits with the key their address stands for.

use cosmwasm_std::Addr;
use k256::ecdsa::{signature::Signer, Signature, SigningKey};
use ripemd::Ripemd160;
use sha2::{Digest, Sha256};

use crate::address::address_of;

/// A secp256k1 key made from a name: the same name is the same wallet in every test.
pub struct Wallet {
    key: SigningKey,
}

impl Wallet {
    /// The wallet of that name.
    pub fn new(name: &str) -> Self {
        let secret = Sha256::digest(format!("wallet/{name}").as_bytes());
        let key =
            SigningKey::from_slice(&secret).expect("a SHA-256 is a scalar but for odds of 2^-127");
        Self { key }
    }

    /// The compressed public key, 33 bytes.
    pub fn public_key(&self) -> Vec<u8> {
        self.key
            .verifying_key()
            .to_sec1_point(true)
            .as_bytes()
            .to_vec()
    }

    /// `bech32("secret", RIPEMD-160(SHA-256(public key)))`, as every Cosmos chain derives it.
    pub fn address(&self) -> Addr {
        let digest = Ripemd160::digest(Sha256::digest(self.public_key()));
        Addr::unchecked(address_of(&digest.into()))
    }

    /// ECDSA over the SHA-256 of `bytes`: 64 bytes, low s, deterministic (RFC 6979).
    pub fn sign(&self, bytes: &[u8]) -> Vec<u8> {
        let signature: Signature = self.key.sign(bytes);
        signature.normalize_s().to_bytes().to_vec()
    }
}
