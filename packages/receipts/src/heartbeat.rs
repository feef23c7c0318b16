//! A sign of life of a worker's TEE, one per epoch.

use crate::body::{Body, DecodeError, Fields};

/// `kid[20] epoch u64`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heartbeat {
    /// Receipt key that signs this.
    pub kid: [u8; 20],
    pub epoch: u64,
}

impl Body for Heartbeat {
    const KIND: &'static str = "heartbeat";

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.kid);
        out.extend_from_slice(&self.epoch.to_be_bytes());
    }

    fn read(from: &mut Fields) -> Result<Self, DecodeError> {
        Ok(Heartbeat {
            kid: from.array(Self::KIND)?,
            epoch: from.u64(Self::KIND)?,
        })
    }
}
