//! Query permits (SNIP-24, SNIP-24.1): a wallet signs, off chain, that the bearer may read what the
//! wallet owns.

use std::time::{Duration, UNIX_EPOCH};

use cosmwasm_std::Binary;
use secret_ai_contract_kit::permit::{sign_bytes, KEY_TYPE};
use secret_ai_interface::auth::{
    Permission, Permit, PermitParams, PermitPublicKey, PermitSignature,
};

use crate::{ChainError, Wallet};

/// Last second that a permit's date can tell: 9999-12-31T23:59:59Z.
const LAST_SECOND: u64 = 253_402_300_799;

/// When a permit was made and when it ends, Unix seconds of block time. Without any of the two it
/// is a permit of SNIP-24, good for ever.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Validity {
    /// Not good before.
    pub created: Option<u64>,
    /// Not good from then on.
    pub expires: Option<u64>,
}

impl Validity {
    /// An hour, from the newest block's time on. Made out for a minute earlier: another node behind
    /// the same address may lag, and contracts refuse permits from the future.
    pub fn an_hour(block_time: u64) -> Self {
        Validity {
            created: Some(block_time.saturating_sub(60)),
            expires: Some(block_time.saturating_add(3_600)),
        }
    }
}

/// A permit to read everything that the wallet owns in one contract; it can be revoked by `name`.
///
/// # Errors
/// [`ChainError::Invalid`] if a date lies after the year 9999 or the document cannot be written as
/// JSON.
pub fn owner_permit(
    wallet: &Wallet,
    chain_id: &str,
    contract: &str,
    name: &str,
    validity: Validity,
) -> Result<Permit, ChainError> {
    let params = PermitParams {
        allowed_tokens: vec![contract.into()],
        created: validity.created.map(date).transpose()?,
        expires: validity.expires.map(date).transpose()?,
        permit_name: name.into(),
        chain_id: chain_id.into(),
        permissions: vec![Permission::Owner],
    };
    let document =
        sign_bytes(&params).map_err(|_| ChainError::invalid("permit cannot be written as JSON"))?;
    let signature = Binary(wallet.sign(&document).to_vec());
    let pub_key = PermitPublicKey {
        key_type: KEY_TYPE.into(),
        value: Binary(wallet.public_key()),
    };
    Ok(Permit {
        params,
        signature: PermitSignature { pub_key, signature },
    })
}

/// A date in the form of SNIP-24.1: `YYYY-MM-DDThh:mm:ss.sssZ`.
fn date(seconds: u64) -> Result<String, ChainError> {
    if seconds > LAST_SECOND {
        return Err(ChainError::invalid("permit: date after the year 9999"));
    }
    let time = UNIX_EPOCH + Duration::from_secs(seconds);
    Ok(humantime::format_rfc3339_millis(time).to_string())
}
