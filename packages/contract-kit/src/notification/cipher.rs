//! Ids and encryption (SNIP-52, "Notification ID Algorithm", "Notification Data Algorithms"); the
//! same for the contract and for whoever is notified.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};
use cosmwasm_std::{StdError, StdResult};
use hmac::{Hmac, Mac};
use secret_ai_interface::Hex;
use sha2::Sha256;

use crate::sha256;

/// What a contract and an account share.
pub type Seed = [u8; 32];

/// Size in bytes of every event before encryption, filled up with zeros; the tag adds 16.
pub const DATA_SIZE: usize = 64;
/// What the keys of notifications begin with; the id in base64 follows.
pub const KEY_PREFIX: &str = "snip52:";

/// Where a notification stands.
pub struct Transaction {
    height: u64,
    hash: [u8; 32],
    /// Upper-case hex.
    text: String,
}

impl Transaction {
    /// `hash` is 64 hex digits in any case.
    pub fn new(height: u64, hash: &str) -> StdResult<Self> {
        let hash: Hex<32> = hash
            .parse()
            .map_err(|_| StdError::generic_err("txhash: must be 64 hex digits"))?;
        Ok(Self::of(height, hash.0))
    }

    pub(super) fn of(height: u64, hash: [u8; 32]) -> Self {
        let text = Hex(hash).to_string().to_ascii_uppercase();
        Transaction { height, hash, text }
    }

    pub(super) fn hash(&self) -> &[u8; 32] {
        &self.hash
    }

    /// Additional authenticated data of the encryption.
    fn context(&self) -> String {
        format!("{}:{}", self.height, self.text)
    }
}

/// The notification id of a channel in a transaction: HMAC-SHA256(seed, "channel:TXHASH").
pub fn id(seed: &Seed, channel: &str, tx: &Transaction) -> StdResult<[u8; 32]> {
    let mut mac = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(seed)
        .map_err(|_| StdError::generic_err("notification: no HMAC key"))?;
    for part in [channel, ":", &tx.text] {
        mac.update(part.as_bytes());
    }
    Ok(mac.finalize().into_bytes().into())
}

/// Encrypts an event of at most [`DATA_SIZE`] bytes.
pub(super) fn seal(
    seed: &Seed,
    channel: &str,
    tx: &Transaction,
    mut data: Vec<u8>,
) -> StdResult<Vec<u8>> {
    let length = data.len();
    let too_long = || {
        StdError::generic_err(format!(
            "notification: {length} bytes, must be at most {DATA_SIZE}"
        ))
    };
    if length > DATA_SIZE {
        return Err(too_long());
    }
    data.resize(DATA_SIZE, 0);
    let context = tx.context();
    let payload = Payload {
        msg: &data,
        aad: context.as_bytes(),
    };
    ChaCha20Poly1305::new(&(*seed).into())
        .encrypt(&nonce(channel, tx), payload)
        .map_err(|_| too_long())
}

/// Decrypts a notification of this account, channel and transaction; zeros follow the event.
pub fn open(seed: &Seed, channel: &str, tx: &Transaction, sealed: &[u8]) -> StdResult<Vec<u8>> {
    let context = tx.context();
    let payload = Payload {
        msg: sealed,
        aad: context.as_bytes(),
    };
    ChaCha20Poly1305::new(&(*seed).into())
        .decrypt(&nonce(channel, tx), payload)
        .map_err(|_| StdError::generic_err("notification: cannot be decrypted"))
}

/// The first 12 bytes of SHA-256(channel) XOR those of the transaction's hash.
fn nonce(channel: &str, tx: &Transaction) -> Nonce {
    let mut nonce = [0u8; 12];
    let channel = sha256(&[channel.as_bytes()]);
    for (to, (a, b)) in nonce.iter_mut().zip(channel.iter().zip(&tx.hash)) {
        *to = a ^ b;
    }
    nonce.into()
}
