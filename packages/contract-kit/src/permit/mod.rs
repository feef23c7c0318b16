//! Query permits (SNIP-24, SNIP-24.1): a wallet signs, off chain, that whoever holds the document
//! may read what the wallet owns.
//!
//! A permit may say when it was made and when it ends, and may be good for any contract. Dates are
//! judged by the time of the block. In a query that is the word of the node which runs it: a node
//! may run it on old state. A permit's end therefore protects against others who come to hold it,
//! not against such a node.

pub mod date;
mod document;
mod revocation;

use cosmwasm_std::{Addr, Deps, Env, StdError, StdResult};
use ripemd::Ripemd160;
use secret_ai_interface::auth::{Permission, Permit, ANY_TOKEN};
use sha2::{Digest, Sha256};

pub use document::sign_bytes;
pub use revocation::{delete, list, revoke, revoke_all, MAX_INTERVALS, MAX_NAME, REVOKED_ALL};

/// Type of the public keys that wallets sign permits with (amino).
pub const KEY_TYPE: &str = "tendermint/PubKeySecp256k1";

/// Checks a permit for this contract, chain and block and one of the permissions; returns the
/// signer. Whatever fails, the error is the same, and so is the work.
pub fn validate(deps: Deps, env: &Env, permit: &Permit, any_of: &[Permission]) -> StdResult<Addr> {
    let params = &permit.params;
    let created = params.created.as_deref().map(date::milliseconds);
    let expires = params.expires.as_deref().map(date::milliseconds);
    let now = env.block.time.nanos() / 1_000_000;

    let key_is_known = permit.signature.pub_key.key_type == KEY_TYPE;
    let for_here = is_for(
        &params.allowed_tokens,
        env.contract.address.as_str(),
        created,
    );
    let for_chain = params.chain_id == env.block.chain_id;
    let allowed = params.permissions.iter().any(|p| any_of.contains(p));
    // What cannot be revoked is not good.
    let has_name = params.permit_name.len() <= MAX_NAME;
    let has_begun = created.is_none_or(|date| date.is_some_and(|date| date <= now));
    let lasts = expires.is_none_or(|date| date.is_some_and(|date| now < date));

    let public_key = permit.signature.pub_key.value.as_slice();
    let digest: [u8; 32] = Sha256::digest(sign_bytes(params)?).into();
    let signed = deps
        .api
        .secp256k1_verify(&digest, permit.signature.signature.as_slice(), public_key)
        .unwrap_or(false);
    let hash = Ripemd160::digest(Sha256::digest(public_key));
    let signer = crate::address_of(&hash)?;
    let name_revoked = revocation::is_name_revoked(deps.storage, &signer, &params.permit_name);
    let date_revoked = revocation::Revocations::load(deps.storage, &signer)?.end(created.flatten());

    let good = [
        key_is_known,
        for_here,
        for_chain,
        allowed,
        has_name,
        has_begun,
        lasts,
        signed,
        !name_revoked,
        !date_revoked,
    ];
    if good.iter().all(|holds| *holds) {
        Ok(signer)
    } else {
        let reason = "permit: not valid for this contract, chain, time and query";
        Err(StdError::generic_err(reason))
    }
}

/// Whether a permit for these contracts is good here. One for any contract names no other, and must
/// be dated, so that it can be revoked together with others of its time.
fn is_for(allowed_tokens: &[String], here: &str, created: Option<Option<u64>>) -> bool {
    match allowed_tokens {
        [only] if only == ANY_TOKEN => created.is_some(),
        tokens => tokens.iter().any(|t| t == here) && !tokens.iter().any(|t| t == ANY_TOKEN),
    }
}
