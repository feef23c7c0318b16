//! Query permits (SNIP-24): a wallet signs, off chain, that whoever holds the document may read
//! what the wallet owns.

use cosmwasm_std::{to_vec, Addr, Deps, Env, StdError, StdResult, Storage};
use ripemd::Ripemd160;
use secret_ai_interface::auth::{Permission, Permit, PermitParams};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::row::key;

const SLOT: &str = "revoked_permit";
/// Type of the public keys that wallets sign permits with (amino).
pub const KEY_TYPE: &str = "tendermint/PubKeySecp256k1";
/// Longest name of a permit, in bytes.
pub const MAX_NAME: usize = 128;

/// Checks a permit for this contract and chain and one of the permissions; returns the signer.
/// Whatever fails, the error is the same.
pub fn validate(deps: Deps, env: &Env, permit: &Permit, any_of: &[Permission]) -> StdResult<Addr> {
    let refused = || StdError::generic_err("permit: not valid for this contract, chain and query");
    let params = &permit.params;
    let key_is_known = permit.signature.pub_key.key_type == KEY_TYPE;
    let here = env.contract.address.as_str();
    let for_here = params.allowed_tokens.iter().any(|t| t == here);
    let for_chain = params.chain_id == env.block.chain_id;
    let allowed = params.permissions.iter().any(|p| any_of.contains(p));

    let public_key = permit.signature.pub_key.value.as_slice();
    let digest: [u8; 32] = Sha256::digest(sign_bytes(params)?).into();
    let signed = deps
        .api
        .secp256k1_verify(&digest, permit.signature.signature.as_slice(), public_key)
        .unwrap_or(false);
    let hash = Ripemd160::digest(Sha256::digest(public_key));
    let signer = crate::address_of(&hash)?;
    let revoked = deps
        .storage
        .get(&slot(signer.as_str(), &params.permit_name))
        .is_some();

    if key_is_known && for_here && for_chain && allowed && signed && !revoked {
        Ok(signer)
    } else {
        Err(refused())
    }
}

/// Makes all permits of this name and signer worthless.
pub fn revoke(storage: &mut dyn Storage, signer: &Addr, name: &str) -> StdResult<()> {
    if name.len() > MAX_NAME {
        let length = name.len();
        return Err(StdError::generic_err(format!(
            "permit_name: {length} bytes, must be at most {MAX_NAME}"
        )));
    }
    storage.set(&slot(signer.as_str(), name), &[1]);
    Ok(())
}

fn slot(signer: &str, name: &str) -> Vec<u8> {
    key(SLOT, &[signer.as_bytes(), name.as_bytes()])
}

/// The amino JSON that a wallet signs (SNIP-24, "Signed document"); keys in sorted order.
#[derive(Serialize)]
struct SignDoc<'a> {
    account_number: &'static str,
    chain_id: &'a str,
    fee: Fee,
    memo: &'static str,
    msgs: [Message<'a>; 1],
    sequence: &'static str,
}

#[derive(Serialize)]
struct Fee {
    amount: [Coin; 1],
    gas: &'static str,
}

#[derive(Serialize)]
struct Coin {
    amount: &'static str,
    denom: &'static str,
}

#[derive(Serialize)]
struct Message<'a> {
    r#type: &'static str,
    value: Content<'a>,
}

#[derive(Serialize)]
struct Content<'a> {
    allowed_tokens: &'a [String],
    permissions: &'a [Permission],
    permit_name: &'a str,
}

impl<'a> SignDoc<'a> {
    fn of(params: &'a PermitParams) -> Self {
        SignDoc {
            account_number: "0",
            chain_id: &params.chain_id,
            fee: Fee {
                amount: [Coin {
                    amount: "0",
                    denom: "uscrt",
                }],
                gas: "1",
            },
            memo: "",
            msgs: [Message {
                r#type: "query_permit",
                value: Content {
                    allowed_tokens: &params.allowed_tokens,
                    permissions: &params.permissions,
                    permit_name: &params.permit_name,
                },
            }],
            sequence: "0",
        }
    }
}

/// The bytes whose SHA-256 a wallet signs for a permit with these parameters.
pub fn sign_bytes(params: &PermitParams) -> StdResult<Vec<u8>> {
    to_vec(&SignDoc::of(params))
}
