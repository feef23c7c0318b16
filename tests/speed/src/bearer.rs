//! The sessions of the speed test: numbered, all with the same secret.

use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64::Engine;
use secret_ai_interface::billing::SessionAuth;
use secret_ai_interface::{Hex, SessionId, WorkerId};
use secret_ai_receipts::sha256;

/// The worker that serves them.
pub const WORKER: WorkerId = Hex([7; 16]);
const SECRET: [u8; 32] = [9; 32];

/// Id of session `number`.
fn id(number: u64) -> SessionId {
    Hex(u128::from(number).to_be_bytes())
}

/// Number of a session.
pub fn number(id: &SessionId) -> u64 {
    u64::try_from(u128::from_be_bytes(id.0)).unwrap_or(u64::MAX)
}

/// What opens every one of them.
pub fn auth() -> SessionAuth {
    SessionAuth::H(Hex(sha256(&SECRET)))
}

/// Bearer key of session `number`.
pub fn key(number: u64) -> String {
    let bytes = [&id(number).0[..], &WORKER.0, &SECRET].concat();
    format!("sk-{}", URL_SAFE_NO_PAD.encode(bytes))
}
