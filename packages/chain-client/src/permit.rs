//! Query permits (SNIP-24): a wallet signs, off chain, that the bearer may read what the wallet owns.

use cosmwasm_std::Binary;
use secret_ai_contract_kit::permit::{sign_bytes, KEY_TYPE};
use secret_ai_interface::auth::{
    Permission, Permit, PermitParams, PermitPublicKey, PermitSignature,
};

use crate::{ChainError, Wallet};

/// A permit to read everything that the wallet owns in one contract; it can be revoked by `name`.
///
/// # Errors
/// [`ChainError::Invalid`] if the document cannot be written as JSON.
pub fn owner_permit(
    wallet: &Wallet,
    chain_id: &str,
    contract: &str,
    name: &str,
) -> Result<Permit, ChainError> {
    let params = PermitParams {
        allowed_tokens: vec![contract.into()],
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
