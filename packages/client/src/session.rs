//! A session as its owner sees it: its secrets, derived from the wallet and the session's number.

use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64::Engine;
use secret_ai_chain_client::Wallet;
use secret_ai_interface::billing::{OwnSession, SessionAuth};
use secret_ai_interface::Hex;
use secret_ai_receipts::{public_key, sha256, SigningKey};
use zeroize::Zeroizing;

use crate::error::{ClientError, Result};

/// Derives the secrets of all sessions of one wallet with one billing contract.
pub struct Secrets<'a> {
    pub wallet: &'a Wallet,
    /// Address of the billing contract.
    pub billing: &'a str,
}

impl Secrets<'_> {
    /// The 32-byte bearer secret of the owner's session with this counter.
    pub fn bearer(&self, counter: u32) -> Zeroizing<[u8; 32]> {
        self.wallet
            .secret_bytes_for(&format!("secret-ai/bearer/1/{}/{counter}", self.billing))
    }

    /// The key that programs on this machine show to the gateway: `local-` and 64 hex digits.
    pub fn gateway_key(&self) -> Zeroizing<String> {
        let label = format!("secret-ai/gateway/1/{}", self.billing);
        let secret = self.wallet.secret_bytes_for(&label);
        Zeroizing::new(format!("local-{}", hex::encode(secret.as_slice())))
    }

    /// The signing key of the owner's session with this counter.
    ///
    /// # Errors
    /// Never in practice: the bytes would have to exceed the curve's order (2⁻¹²⁸).
    pub fn key(&self, counter: u32) -> Result<SigningKey> {
        let label = format!("secret-ai/session-key/1/{}/{counter}", self.billing);
        SigningKey::from_slice(self.wallet.secret_bytes_for(&label).as_slice())
            .map_err(|_| ClientError::input("session", "its key cannot be derived"))
    }

    /// What to put into `open_sessions`: a bearer secret's digest, or a countersigning key.
    ///
    /// # Errors
    /// As [`Self::key`].
    pub fn auth(&self, counter: u32, countersign: bool) -> Result<SessionAuth> {
        Ok(if countersign {
            SessionAuth::K(Hex(public_key(&self.key(counter)?)))
        } else {
            SessionAuth::H(Hex(sha256(self.bearer(counter).as_slice())))
        })
    }

    /// The API key of a bearer session: `sk-` and base64url of id, worker and secret.
    ///
    /// # Errors
    /// The session has a signing key instead, or was opened by another program.
    pub fn api_key(&self, own: &OwnSession) -> Result<Zeroizing<String>> {
        let expected = self.auth(own.counter, false)?;
        if own.session.auth != expected {
            let problem = "has no bearer secret of this wallet; it was opened with --countersign";
            return Err(ClientError::input("session", problem));
        }
        let mut bytes = Zeroizing::new(own.session.session_id.0.to_vec());
        bytes.extend_from_slice(&own.session.worker_id.0);
        bytes.extend_from_slice(self.bearer(own.counter).as_slice());
        Ok(Zeroizing::new(format!(
            "sk-{}",
            URL_SAFE_NO_PAD.encode(&*bytes)
        )))
    }
}
