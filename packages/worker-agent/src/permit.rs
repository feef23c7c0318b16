//! Query permits (SNIP-24): the operator's wallet signs, off chain, that the bearer may read what
//! the wallet owns.

use cosmwasm_std::Binary;
use secret_ai_chain_client::{ChainError, Wallet};
use secret_ai_interface::auth::{
    Permission, Permit, PermitParams, PermitPublicKey, PermitSignature,
};
use serde_json::json;

const NAME: &str = "secret-ai-worker";

/// A permit to read everything that the wallet owns in one contract.
///
/// # Errors
/// [`ChainError::Invalid`] if the document cannot be written as JSON.
pub fn owner_permit(wallet: &Wallet, chain_id: &str, contract: &str) -> Result<Permit, ChainError> {
    let params = PermitParams {
        allowed_tokens: vec![contract.into()],
        permit_name: NAME.into(),
        chain_id: chain_id.into(),
        permissions: vec![Permission::Owner],
    };
    let signature = wallet.sign(&sign_document(&params)?);
    Ok(Permit {
        params,
        signature: PermitSignature {
            pub_key: PermitPublicKey {
                key_type: "tendermint/PubKeySecp256k1".into(),
                value: Binary(wallet.public_key()),
            },
            signature: Binary(signature.to_vec()),
        },
    })
}

/// Amino JSON of the sign document (SNIP-24, "Signed document"): objects' keys are sorted, which
/// `serde_json` does by itself.
fn sign_document(params: &PermitParams) -> Result<Vec<u8>, ChainError> {
    let document = json!({
        "account_number": "0",
        "chain_id": params.chain_id,
        "fee": { "amount": [{ "amount": "0", "denom": "uscrt" }], "gas": "1" },
        "memo": "",
        "msgs": [{
            "type": "query_permit",
            "value": {
                "allowed_tokens": params.allowed_tokens,
                "permissions": params.permissions,
                "permit_name": params.permit_name,
            },
        }],
        "sequence": "0",
    });
    serde_json::to_vec(&document)
        .map_err(|_| ChainError::Invalid { what: "permit cannot be written as JSON".into() })
}
