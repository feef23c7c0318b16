//! Everything that looks random on the chain, drawn from the genesis seed.

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

/// The chain's secret.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seed([u8; 32]);

impl std::fmt::Debug for Seed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seed")
    }
}

impl Seed {
    /// The seed given at genesis.
    pub fn new(seed: [u8; 32]) -> Self {
        Self(seed)
    }

    /// `env.block.random` of a call: HKDF-SHA256 over height, contract and message counter.
    pub fn call_random(&self, height: u64, contract: &str, counter: u64) -> [u8; 32] {
        self.derive(&[
            b"random",
            &height.to_be_bytes(),
            contract.as_bytes(),
            &counter.to_be_bytes(),
        ])
    }

    /// Bytes that stand for a transaction's when it has none.
    pub fn tx_hash(&self, height: u64, index: u32) -> [u8; 32] {
        self.derive(&[b"tx", &height.to_be_bytes(), &index.to_be_bytes()])
    }

    /// The key under which a contract's slots are named.
    pub fn slot_key(&self, contract: &str) -> SlotKey {
        SlotKey(self.derive(&[b"slot", contract.as_bytes()]))
    }

    /// Bytes that stand for the ciphertext of `text`.
    pub fn opaque(&self, text: &[u8], length: usize) -> Vec<u8> {
        let block = self.derive(&[b"opaque", text]);
        block.iter().copied().cycle().take(length).collect()
    }

    /// HKDF-SHA256 with the parts, each with its length, as info.
    fn derive(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut info = Vec::new();
        for part in parts {
            info.extend_from_slice(&(part.len() as u64).to_be_bytes());
            info.extend_from_slice(part);
        }
        let mut out = [0; 32];
        Hkdf::<Sha256>::new(None, &self.0)
            .expand(&info, &mut out)
            .expect("32 bytes are within the limit of HKDF-SHA256");
        out
    }
}

/// Names the slots of one contract.
pub struct SlotKey([u8; 32]);

impl SlotKey {
    /// The slot's public name: the first 16 bytes of HMAC-SHA256 over the key, hex.
    pub fn name(&self, key: &[u8]) -> String {
        hex::encode(self.mac(key).get(..16).unwrap_or_default())
    }

    fn mac(&self, data: &[u8]) -> [u8; 32] {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of any length");
        mac.update(data);
        mac.finalize().into_bytes().into()
    }
}

/// Puts `items` into an order drawn from `random`: Fisher-Yates over HKDF output.
pub fn shuffle<T>(items: &mut [T], random: [u8; 32]) {
    let seed = Seed::new(random);
    for last in (1..items.len()).rev() {
        let draw = seed.derive(&[b"shuffle", &(last as u64).to_be_bytes()]);
        let draw = u64::from_be_bytes(draw[..8].try_into().expect("eight bytes"));
        items.swap(last, (draw % (last as u64 + 1)) as usize);
    }
}
