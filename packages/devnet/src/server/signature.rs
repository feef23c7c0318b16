//! Who signed a transaction, and whether.

use super::{
    amino,
    ante::{DecodedTx, Refusal},
    node::Node,
};
use k256::ecdsa::{signature::Verifier, Signature, VerifyingKey};
use prost::Message;
use secret_ai_chain_client::{
    address,
    proto::{PubKey, TypeUrl, SIGN_MODE_DIRECT, SIGN_MODE_LEGACY_AMINO_JSON},
    tx,
};

/// The compressed public key that signed.
pub(super) fn public_key(node: &Node, tx: &DecodedTx) -> Result<Vec<u8>, Refusal> {
    let key = match &tx.signer_info.public_key {
        Some(any) if any.type_url == PubKey::TYPE_URL => {
            PubKey::decode(&any.value[..])
                .map_err(|e| Refusal::sdk(2, format!("public key: {e}: tx parse error")))?
                .key
        }
        Some(any) => {
            let log = format!("secret-devnet does not take keys of type {}", any.type_url);
            return Err(Refusal::sdk(37, log));
        }
        None => node
            .accounts
            .get(&tx.sender)
            .and_then(|account| account.public_key.clone())
            .ok_or_else(|| Refusal::sdk(8, "pubkey on account is not set: invalid pubkey"))?,
    };
    let owner = address::encode(&address::of_public_key(&key));
    if owner != tx.sender {
        let log = format!(
            "pubKey does not match signer address {} with signer index: 0: invalid pubkey",
            tx.sender
        );
        return Err(Refusal::sdk(8, log));
    }
    Ok(key)
}

/// Whether the transaction is signed for this chain, account and sequence.
pub(super) fn check(
    node: &Node,
    tx: &DecodedTx,
    key: &[u8],
    account_number: u64,
    sequence: u64,
) -> Result<(), Refusal> {
    let chain_id = &node.chain_id;
    let signer = tx.signer_info.mode_info.as_ref();
    let mode = signer.and_then(|mode| mode.single.as_ref());
    let (signed, amino) = match mode.map(|single| single.mode) {
        Some(SIGN_MODE_DIRECT) => {
            let (body, auth) = (&tx.raw.body_bytes, &tx.raw.auth_info_bytes);
            (tx::sign_bytes(body, auth, chain_id, account_number), false)
        }
        Some(SIGN_MODE_LEGACY_AMINO_JSON) => (
            amino::sign_bytes(tx, chain_id, account_number, sequence),
            true,
        ),
        other => {
            let log = format!("secret-devnet knows no sign mode {other:?}: feature not supported");
            return Err(Refusal::sdk(37, log));
        }
    };
    let given = tx.raw.signatures.first().map(Vec::as_slice);
    let given = given.unwrap_or_default();
    if verifies(key, &signed, given) {
        return Ok(());
    }
    let unable = format!(
        "unable to verify single signer signature {} for signBytes {}",
        hex::encode(given),
        hex::encode(&signed)
    );
    // Only the JSON form leaves the sequence to the signature.
    let please = match amino {
        true => {
            format!("({account_number}), sequence ({sequence}) and chain-id ({chain_id}): {unable}")
        }
        false => format!("({account_number}) and chain-id ({chain_id}): ({unable})"),
    };
    let log = format!(
        "signature verification failed; please verify account number {please}: unauthorized"
    );
    Err(Refusal::sdk(4, log))
}

fn verifies(key: &[u8], signed: &[u8], signature: &[u8]) -> bool {
    let (Ok(key), Ok(signature)) = (
        VerifyingKey::from_sec1_bytes(key),
        Signature::from_slice(signature),
    ) else {
        return false;
    };
    // The high-S twin of a signature would give the transaction a second hash.
    signature.normalize_s() == signature && key.verify(signed, &signature).is_ok()
}
