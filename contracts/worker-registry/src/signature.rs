//! Signatures by receipt keys, the only ones that the host verifies for us.

use cosmwasm_std::Deps;
use secret_ai_receipts::is_low_s;

/// Whether these 64 bytes are a low-s signature by this key over this digest.
pub fn verifies(deps: Deps, receipt_pk: &[u8; 33], digest: &[u8; 32], signature: &[u8]) -> bool {
    <&[u8; 64]>::try_from(signature).is_ok_and(is_low_s)
        && deps
            .api
            .secp256k1_verify(digest, signature, receipt_pk)
            .unwrap_or(false)
}
