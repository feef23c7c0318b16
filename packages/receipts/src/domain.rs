//! What a signature is bound to: a chain and a billing contract.

use sha2::{Digest, Sha256};

use crate::Body;

/// Chain and billing contract for which something is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Domain {
    /// E.g. `secret-4`.
    pub chain_id: String,
    /// Address of the billing contract.
    pub billing: String,
}

impl Domain {
    /// The digest to sign for a body of this kind.
    pub fn digest<B: Body>(&self, body: &B) -> [u8; 32] {
        Sha256::new()
            .chain_update(b"secret-ai/")
            .chain_update(B::KIND)
            .chain_update(b"/1\0")
            .chain_update(&self.chain_id)
            .chain_update(b"\0")
            .chain_update(&self.billing)
            .chain_update(b"\0")
            .chain_update(body.encode())
            .finalize()
            .into()
    }
}
