//! A secp256k1 account key, from a BIP-39 mnemonic or raw, and the secrets that hang on it.

use crate::{address, encryption::IoKeys, ChainError, Result};
use bip32::{DerivationPath, XPrv};
use hkdf::Hkdf;
use k256::ecdsa::{signature::Signer, Signature, SigningKey};
use sha2::Sha256;
use std::{fmt, io::Read, path::Path};
use tokio::sync::Mutex;
use zeroize::Zeroizing;

/// BIP-44 path of Secret Network's first account (coin type 529).
const HD_PATH: &str = "m/44'/529'/0'/0/0";
/// HKDF salt of [`Wallet::secret_bytes_for`].
const SECRETS_SALT: &[u8] = b"secret-ai/wallet-secrets/1";
/// Longest key file that is read, in bytes: 24 words of 8 letters are far shorter.
const MAX_KEY_FILE: u64 = 1024;

/// An account that signs. `Debug` shows the address only; the key is wiped when dropped.
pub struct Wallet {
    key: SigningKey,
    address: String,
    io_keys: IoKeys,
    /// One transaction at a time: a sequence number can be used once.
    pub(crate) turn: Mutex<()>,
}

impl fmt::Debug for Wallet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Wallet({})", self.address)
    }
}

impl Wallet {
    /// First account of an English BIP-39 mnemonic without passphrase.
    ///
    /// # Errors
    /// [`ChainError::Invalid`] when a word is unknown or the checksum is wrong; the words are not
    /// repeated in the error.
    pub fn from_mnemonic(words: &str) -> Result<Self> {
        let invalid = || ChainError::invalid("mnemonic is not a valid English BIP-39 phrase");
        let mnemonic = bip39::Mnemonic::parse_normalized(words).map_err(|_| invalid())?;
        let seed = Zeroizing::new(mnemonic.to_seed_normalized(""));
        let path: DerivationPath = HD_PATH.parse().map_err(|_| invalid())?;
        let child = XPrv::derive_from_path(&seed[..], &path).map_err(|_| invalid())?;
        Ok(Self::from_signing_key(child.private_key().clone()))
    }

    /// A raw 32-byte private key.
    ///
    /// # Errors
    /// [`ChainError::Invalid`] when it is zero or not below the curve's order.
    pub fn from_private_key(key: &[u8; 32]) -> Result<Self> {
        SigningKey::from_slice(key)
            .map(Self::from_signing_key)
            .map_err(|_| ChainError::invalid("private key is not a secp256k1 scalar"))
    }

    /// Reads a mnemonic, or a private key of 64 hex digits, from a file. A file keeps keys out of
    /// arguments and environment, which other processes can read.
    ///
    /// # Errors
    /// [`ChainError::Invalid`], with the path and never the content.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let invalid =
            |why: &str| ChainError::invalid(format!("key file {}: {why}", path.display()));
        let file = std::fs::File::open(path).map_err(|e| invalid(&e.to_string()))?;
        let mut text = Zeroizing::new(String::with_capacity(MAX_KEY_FILE as usize + 1));
        file.take(MAX_KEY_FILE + 1)
            .read_to_string(&mut text)
            .map_err(|e| invalid(&e.to_string()))?;
        if text.len() as u64 > MAX_KEY_FILE {
            return Err(invalid("is longer than 1024 bytes"));
        }
        let text = text.trim();
        let mut key = Zeroizing::new([0u8; 32]);
        let wallet = match hex::decode_to_slice(text, &mut key[..]) {
            Ok(()) => Self::from_private_key(&key),
            Err(_) => {
                let words: Vec<&str> = text.split_whitespace().collect();
                Self::from_mnemonic(&Zeroizing::new(words.join(" ")))
            }
        };
        wallet.map_err(|_| invalid("holds neither a BIP-39 mnemonic nor a key of 64 hex digits"))
    }

    fn from_signing_key(key: SigningKey) -> Self {
        let public = key.verifying_key().to_sec1_point(true);
        let address = address::encode(&address::of_public_key(public.as_bytes()));
        let io_keys = IoKeys::from_seed(*derive(&key, "chain message encryption"));
        Self {
            key,
            address,
            io_keys,
            turn: Mutex::new(()),
        }
    }

    /// `secret1…`
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The address's 20 bytes.
    pub fn address_bytes(&self) -> [u8; 20] {
        address::of_public_key(&self.public_key())
    }

    /// Compressed secp256k1 public key, 33 bytes.
    pub fn public_key(&self) -> Vec<u8> {
        self.key
            .verifying_key()
            .to_sec1_point(true)
            .as_bytes()
            .to_vec()
    }

    /// The key pair with which this wallet encrypts its messages to contracts, always the same
    /// one, so that answers to old transactions can still be read.
    pub fn io_keys(&self) -> &IoKeys {
        &self.io_keys
    }

    /// Signs SHA-256(`bytes`): compact 64 bytes, low S, deterministic (RFC 6979).
    pub fn sign(&self, bytes: &[u8]) -> [u8; 64] {
        let signature: Signature = self.key.sign(bytes);
        signature.to_bytes().into()
    }

    /// 32 secret bytes for one purpose: HKDF-SHA256 of the private key with `label` as info. Who
    /// has the wallet finds them again; they tell nothing about the key or about other labels.
    pub fn secret_bytes_for(&self, label: &str) -> Zeroizing<[u8; 32]> {
        derive(&self.key, label)
    }
}

fn derive(key: &SigningKey, label: &str) -> Zeroizing<[u8; 32]> {
    let secret = Zeroizing::new(<[u8; 32]>::from(key.to_bytes()));
    let mut out = Zeroizing::new([0u8; 32]);
    // 32 bytes is far below HKDF's limit of 255 blocks, the only failure of expand.
    let expanded =
        Hkdf::<Sha256>::new(Some(SECRETS_SALT), &secret[..]).expand(label.as_bytes(), &mut out[..]);
    debug_assert!(expanded.is_ok());
    out
}
