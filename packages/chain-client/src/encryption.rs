//! Secret Network's message encryption, both ends of it.
//!
//! The caller has an x25519 key pair, the network another (its IO key, the same in every enclave).
//! Each message takes a fresh 32-byte nonce; the message and every reply to it are sealed under
//!
//! ```text
//! key = HKDF-SHA256(salt = SALT, ikm = x25519(own secret, other public) || nonce, info = "")
//! ciphertext = AES-128-SIV(key, associated data = [""], plaintext)    one item, empty
//! wire message = nonce(32) || caller public key(32) || ciphertext
//! plaintext = code hash (64 lower-case hex digits) || JSON
//! ```
//!
//! Contract data and query answers are base64 text inside the ciphertext; log attributes and error
//! texts are UTF-8. SIV needs no nonce of its own, so equal replies to one message look equal.
//! (secret.js `src/encryption.ts`; enclave `cosmwasm/enclaves/shared`.)

use crate::{ChainError, Result};
use aes_siv::{siv::Aes128Siv, KeyInit};
use base64::{engine::general_purpose::STANDARD, Engine};
use hkdf::Hkdf;
use rand::RngCore;
use sha2::Sha256;
use std::fmt;
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

/// HKDF salt that all clients and enclaves share.
const SALT: [u8; 32] = [
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x4b, 0xea, 0xd8, 0xdf, 0x69, 0x99,
    0x08, 0x52, 0xc2, 0x02, 0xdb, 0x0e, 0x00, 0x97, 0xc1, 0xa1, 0x2e, 0xa6, 0x37, 0xd7, 0xe9, 0x6d,
];
/// Length of a code hash in hex, in front of every plaintext.
pub const CODE_HASH_LEN: usize = 64;
/// Nonce and public key in front of every ciphertext.
const HEADER_LEN: usize = 64;
/// The shortest message that an enclave reads: header, SIV tag, two bytes.
const MIN_MESSAGE_LEN: usize = HEADER_LEN + 18;

/// One end's x25519 key pair. `Debug` shows the public key only.
#[derive(Clone)]
pub struct IoKeys(StaticSecret);

impl IoKeys {
    /// Key pair from 32 secret bytes (clamped as x25519 does).
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self(StaticSecret::from(seed))
    }

    /// The public half.
    pub fn public(&self) -> [u8; 32] {
        PublicKey::from(&self.0).to_bytes()
    }

    /// The cipher that this end shares with `other` for the message with this nonce.
    pub fn cipher(&self, other: &[u8; 32], nonce: &[u8; 32]) -> MessageCipher {
        let shared = self.0.diffie_hellman(&PublicKey::from(*other));
        let mut ikm = Zeroizing::new([0u8; 64]);
        ikm[..32].copy_from_slice(shared.as_bytes());
        ikm[32..].copy_from_slice(nonce);
        let mut key = Zeroizing::new([0u8; 32]);
        // 32 bytes is far below HKDF's limit of 255 blocks, the only failure of expand.
        let expanded = Hkdf::<Sha256>::new(Some(&SALT), &ikm[..]).expand(b"", &mut key[..]);
        debug_assert!(expanded.is_ok());
        MessageCipher { key }
    }
}

impl fmt::Debug for IoKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IoKeys({})", hex::encode(self.public()))
    }
}

/// Seals one message and opens the replies to it (or the reverse, at the node's end).
#[derive(Clone)]
pub struct MessageCipher {
    key: Zeroizing<[u8; 32]>,
}

impl fmt::Debug for MessageCipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MessageCipher(..)")
    }
}

impl MessageCipher {
    /// Tag (16 bytes) and ciphertext of `plaintext`.
    pub fn seal(&self, plaintext: &[u8]) -> Result<Vec<u8>> {
        Aes128Siv::new(&(*self.key).into())
            .encrypt([[0u8; 0]], plaintext)
            .map_err(|_| ChainError::invalid("message too long to encrypt"))
    }

    /// Opens what the other end sealed. `what` names it in the error.
    pub fn open(&self, ciphertext: &[u8], what: &'static str) -> Result<Vec<u8>> {
        Aes128Siv::new(&(*self.key).into())
            .decrypt([[0u8; 0]], ciphertext)
            .map_err(|_| ChainError::Decrypt { what })
    }

    /// Opens contract data: base64 text inside the ciphertext.
    pub fn open_data(&self, ciphertext: &[u8]) -> Result<Vec<u8>> {
        let text = self.open(ciphertext, "contract data")?;
        STANDARD
            .decode(text)
            .map_err(|_| ChainError::bad_answer("contract data is not base64"))
    }

    /// Seals contract data as a node does.
    pub fn seal_data(&self, data: &[u8]) -> Result<Vec<u8>> {
        self.seal(STANDARD.encode(data).as_bytes())
    }

    /// Opens an attribute's or an error's base64 text.
    pub fn open_text(&self, base64: &str) -> Result<String> {
        let what = "text";
        let bytes = STANDARD
            .decode(base64)
            .map_err(|_| ChainError::Decrypt { what })?;
        String::from_utf8(self.open(&bytes, what)?).map_err(|_| ChainError::Decrypt { what })
    }

    /// Seals an attribute's or an error's text, in base64.
    pub fn seal_text(&self, text: &str) -> Result<String> {
        Ok(STANDARD.encode(self.seal(text.as_bytes())?))
    }
}

/// 32 bytes from the operating system's generator.
pub fn random_nonce() -> [u8; 32] {
    let mut nonce = [0u8; 32];
    rand::rng().fill_bytes(&mut nonce);
    nonce
}

/// A sealed message in its wire form, and the cipher that opens the replies.
#[derive(Debug)]
pub struct SealedMessage {
    pub wire: Vec<u8>,
    pub cipher: MessageCipher,
}

/// Seals `json` for the contract code with this hash.
///
/// # Errors
/// [`ChainError::Invalid`] when the code hash is not 64 lower-case hex digits.
pub fn seal_message(
    user: &IoKeys,
    io_key: &[u8; 32],
    nonce: &[u8; 32],
    code_hash: &str,
    json: &[u8],
) -> Result<SealedMessage> {
    check_code_hash(code_hash)?;
    let cipher = user.cipher(io_key, nonce);
    let plaintext = Zeroizing::new([code_hash.as_bytes(), json].concat());
    let ciphertext = cipher.seal(&plaintext)?;
    let wire = [&nonce[..], &user.public(), &ciphertext].concat();
    Ok(SealedMessage { wire, cipher })
}

/// A message as the node's enclave reads it.
#[derive(Debug)]
pub struct OpenedMessage {
    /// What the caller says the contract's code hash is; unchecked.
    pub code_hash: String,
    pub json: Vec<u8>,
    pub cipher: MessageCipher,
    pub nonce: [u8; 32],
    pub user_public: [u8; 32],
}

/// Opens a wire message with the network's key.
///
/// # Errors
/// [`ChainError::Invalid`] when it is too short or carries no code hash, [`ChainError::Decrypt`]
/// when it was not sealed for this key.
pub fn open_message(node: &IoKeys, wire: &[u8]) -> Result<OpenedMessage> {
    let too_short = || {
        ChainError::invalid(format!(
            "message has {} bytes, at least {MIN_MESSAGE_LEN} are needed",
            wire.len()
        ))
    };
    if wire.len() < MIN_MESSAGE_LEN {
        return Err(too_short());
    }
    let (nonce, rest) = wire.split_first_chunk::<32>().ok_or_else(too_short)?;
    let (user_public, ciphertext) = rest.split_first_chunk::<32>().ok_or_else(too_short)?;
    let cipher = node.cipher(user_public, nonce);
    let plaintext = cipher.open(ciphertext, "message")?;
    let (hash, json) = plaintext
        .split_at_checked(CODE_HASH_LEN)
        .ok_or_else(|| ChainError::invalid("message has no code hash in front"))?;
    let code_hash = String::from_utf8_lossy(hash).into_owned();
    check_code_hash(&code_hash)?;
    Ok(OpenedMessage {
        code_hash,
        json: json.to_vec(),
        cipher,
        nonce: *nonce,
        user_public: *user_public,
    })
}

/// Spaces that bring a JSON text of `len` bytes to a multiple of `block`; none for `block` 0.
pub fn padding_len(len: usize, block: usize) -> usize {
    match block {
        0 => 0,
        _ => len.next_multiple_of(block) - len,
    }
}

fn check_code_hash(code_hash: &str) -> Result<()> {
    let is_hex = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
    if code_hash.len() == CODE_HASH_LEN && code_hash.bytes().all(is_hex) {
        return Ok(());
    }
    Err(ChainError::invalid(format!(
        "code hash has {} characters, must be {CODE_HASH_LEN} lower-case hex digits",
        code_hash.len()
    )))
}
