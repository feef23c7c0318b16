//! The client's countersignature: up to this amount, the state of the session is agreed.

use crate::body::{Body, DecodeError, Fields};

/// `session_id[16] kid[20] seq u64 amount u128`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ack {
    pub session_id: [u8; 16],
    /// Receipt key whose receipts are acknowledged.
    pub kid: [u8; 20],
    /// Newest receipt that the client has verified.
    pub seq: u64,
    /// Price of that receipt's counters, base units.
    pub amount: u128,
}

impl Body for Ack {
    const KIND: &'static str = "ack";

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.session_id);
        out.extend_from_slice(&self.kid);
        out.extend_from_slice(&self.seq.to_be_bytes());
        out.extend_from_slice(&self.amount.to_be_bytes());
    }

    fn read(from: &mut Fields) -> Result<Self, DecodeError> {
        Ok(Ack {
            session_id: from.array(Self::KIND)?,
            kid: from.array(Self::KIND)?,
            seq: from.u64(Self::KIND)?,
            amount: u128::from_be_bytes(from.array(Self::KIND)?),
        })
    }
}
