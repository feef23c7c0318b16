//! Seeds: derived from a secret of the contract, or chosen by the account (SNIP-52, "Notification
//! Seed Algorithm", "Updating Seed Algorithm").
//!
//! | slot | rows | size | touched by |
//! | --- | --- | --- | --- |
//! | `notification_secret` | 1 | 32 bytes | whatever notifies, `channel_info` |
//! | `notification_seed` | per account that chose one | 32 bytes | the same, `update_seed` |

use cosmwasm_std::{
    Addr, Binary, DepsMut, Env, MessageInfo, Response, StdError, StdResult, Storage,
};
use hkdf::Hkdf;
use ripemd::Ripemd160;
use secret_ai_interface::notifications::{SignedSeedUpdate, UpdateSeedAnswer};
use sha2::{Digest, Sha256};

use super::attributes::NOTIFIED;
use super::cipher::Seed;
use crate::padding::respond;
use crate::permit::KEY_TYPE;
use crate::random::random;
use crate::row::key;
use crate::{address_bytes, address_of, sha256};

const SECRET: &[u8] = b"notification_secret";
const SEED: &str = "notification_seed";

/// Makes the secret from which seeds are derived. Call once, at instantiation.
pub fn make_secret(storage: &mut dyn Storage, env: &Env) -> StdResult<()> {
    storage.set(SECRET, &random(env, "notification-secret")?);
    storage.set(NOTIFIED, &[0; 32]);
    Ok(())
}

/// The seeds of all accounts.
pub(super) struct Seeds(Hkdf<Sha256>);

impl Seeds {
    pub fn load(storage: &dyn Storage) -> StdResult<Self> {
        let secret = storage.get(SECRET);
        let secret = secret.ok_or_else(|| StdError::generic_err("notification secret: missing"))?;
        Ok(Seeds(Hkdf::new(None, &secret)))
    }

    /// The one that the account chose, else the derived one. Reads one slot of the account.
    pub fn of(&self, storage: &dyn Storage, account: &Addr) -> StdResult<Seed> {
        let unusable = || StdError::generic_err("notification seed: unusable");
        let mut derived = [0u8; 32];
        self.0
            .expand(&address_bytes(account)?, &mut derived)
            .map_err(|_| unusable())?;
        match storage.get(&slot(account)) {
            Some(chosen) => chosen.try_into().map_err(|_| unusable()),
            None => Ok(derived),
        }
    }
}

/// The seed of one account.
pub fn seed_of(storage: &dyn Storage, account: &Addr) -> StdResult<Seed> {
    Seeds::load(storage)?.of(storage, account)
}

/// Gives the sender the seed that it chose by signing; answers it. Whatever fails, the error is
/// the same.
pub fn update_seed(
    deps: DepsMut,
    env: &Env,
    info: &MessageInfo,
    signed: &SignedSeedUpdate,
) -> StdResult<Response> {
    let SignedSeedUpdate { params, signature } = signed;
    let contract = &env.contract.address;
    let previous = seed_of(deps.storage, &info.sender)?;
    let public_key = signature.pub_key.value.as_slice();
    let signer = address_of(&Ripemd160::digest(Sha256::digest(public_key)))?;
    let document = seed_sign_bytes(&env.block.chain_id, contract, &previous);

    let agrees = params.chain_id == env.block.chain_id
        && params.contract.as_ref().is_none_or(|c| c == contract)
        && params
            .previous_seed
            .as_ref()
            .is_none_or(|s| s.0 == previous)
        && signature.pub_key.key_type == KEY_TYPE
        && signer == info.sender;
    let verified = deps.api.secp256k1_verify(
        &sha256(&[&document]),
        signature.signature.as_slice(),
        public_key,
    );
    if !agrees || !verified.unwrap_or(false) {
        return Err(StdError::generic_err(
            "signed_doc: not signed by the sender for this chain, contract and seed",
        ));
    }
    let seed = sha256(&[signature.signature.as_slice()]);
    deps.storage.set(&slot(&info.sender), &seed);
    respond(&UpdateSeedAnswer::UpdateSeed {
        seed: Binary(seed.to_vec()),
    })
}

/// The amino JSON whose SHA-256 a wallet signs to choose the seed that follows `previous`; keys in
/// sorted order. None of the values holds a character that JSON escapes.
pub fn seed_sign_bytes(chain_id: &str, contract: &Addr, previous: &Seed) -> Vec<u8> {
    let previous = Binary(previous.to_vec()).to_base64();
    format!(
        concat!(
            r#"{{"account_number":"0","chain_id":"{}","fee":{{"amount":[{{"amount":"0","#,
            r#""denom":"uscrt"}}],"gas":"1"}},"memo":"","msgs":[{{"type":"notification_seed","#,
            r#""value":{{"contract":"{}","previous_seed":"{}"}}}}],"sequence":"0"}}"#
        ),
        chain_id, contract, previous
    )
    .into_bytes()
}

fn slot(account: &Addr) -> Vec<u8> {
    key(SEED, &[account.as_bytes()])
}
