//! A request signed with a session's `k:` key; an alternative to the bearer secret.

use crate::body::{Body, DecodeError, Fields};

/// `session_id[16] kid of the worker[20] unix seconds u64 nonce[16] SHA-256 of body[32]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    pub session_id: [u8; 16],
    /// Receipt key of the worker that may serve it.
    pub kid: [u8; 20],
    /// Unix seconds, the client's clock.
    pub time: u64,
    /// Never used twice in a session.
    pub nonce: [u8; 16],
    /// SHA-256 of the request's body as sent.
    pub body_sha256: [u8; 32],
}

impl Body for Request {
    const KIND: &'static str = "request";

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.session_id);
        out.extend_from_slice(&self.kid);
        out.extend_from_slice(&self.time.to_be_bytes());
        out.extend_from_slice(&self.nonce);
        out.extend_from_slice(&self.body_sha256);
    }

    fn read(from: &mut Fields) -> Result<Self, DecodeError> {
        Ok(Request {
            session_id: from.array(Self::KIND)?,
            kid: from.array(Self::KIND)?,
            time: from.u64(Self::KIND)?,
            nonce: from.array(Self::KIND)?,
            body_sha256: from.array(Self::KIND)?,
        })
    }
}
