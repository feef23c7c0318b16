//! The worker's cumulative statement of what a session used: proof of the answer and bill in one.

use crate::body::{write_counters, Body, DecodeError, Fields};

/// Most lines of a session.
pub const MAX_LINES: usize = 8;
const FINAL: u8 = 1;
const ABORTED: u8 = 2;

/// `session_id[16] kid[20] seq u64 flags u8 n u8 counters n×u64 evidence[32]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    pub session_id: [u8; 16],
    /// Receipt key that signs this.
    pub kid: [u8; 20],
    /// Rises with every receipt of this session and key, from 1.
    pub seq: u64,
    /// The session ends with this receipt.
    pub is_final: bool,
    /// The answer was cut off; what was produced is counted.
    pub aborted: bool,
    /// Units used in this session under this key, one per line; never fall.
    pub counters: Vec<u64>,
    /// Digest of [`crate::Evidence`] of the answer that this receipt came with.
    pub evidence: [u8; 32],
}

impl Body for Receipt {
    const KIND: &'static str = "receipt";

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.session_id);
        out.extend_from_slice(&self.kid);
        out.extend_from_slice(&self.seq.to_be_bytes());
        let end = if self.is_final { FINAL } else { 0 };
        out.push(if self.aborted { end | ABORTED } else { end });
        write_counters(&self.counters, out);
        out.extend_from_slice(&self.evidence);
    }

    fn read(from: &mut Fields) -> Result<Self, DecodeError> {
        let session_id = from.array(Self::KIND)?;
        let kid = from.array(Self::KIND)?;
        let seq = from.u64(Self::KIND)?;
        let flags = u8::from_be_bytes(from.array(Self::KIND)?);
        if flags & !(FINAL | ABORTED) != 0 {
            return Err(DecodeError::Flags { flags });
        }
        Ok(Receipt {
            session_id,
            kid,
            seq,
            is_final: flags & FINAL != 0,
            aborted: flags & ABORTED != 0,
            counters: from.counters(Self::KIND)?,
            evidence: from.array(Self::KIND)?,
        })
    }
}
