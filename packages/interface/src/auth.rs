//! Who may read private state: SNIP-20 viewing keys and SNIP-24 query permits.

use cosmwasm_schema::cw_serde;
use cosmwasm_std::Binary;

/// A SNIP-24 query permit: an amino-signed document that proves ownership of an address off chain.
#[cw_serde]
pub struct Permit {
    /// What the wallet signed.
    pub params: PermitParams,
    /// Signature over the amino JSON sign document.
    pub signature: PermitSignature,
}

/// The signed content of a permit (SNIP-24, "Permit content").
#[cw_serde]
pub struct PermitParams {
    /// Contracts for which the permit is good.
    pub allowed_tokens: Vec<String>,
    /// The name under which the permit can be revoked.
    pub permit_name: String,
    /// Chain for which it was signed; must be this chain.
    pub chain_id: String,
    /// What it allows; `owner` is what our contracts ask for.
    pub permissions: Vec<Permission>,
}

/// What a permit allows.
#[cw_serde]
#[derive(Eq, Copy)]
pub enum Permission {
    /// Read everything that the signer owns.
    Owner,
    /// Read balances (SNIP-20).
    Balance,
    /// Read the transfer history (SNIP-20).
    History,
    /// Read allowances (SNIP-20).
    Allowance,
}

/// A secp256k1 signature with its public key, in the amino form that wallets return.
#[cw_serde]
pub struct PermitSignature {
    /// The signer's key.
    pub pub_key: PermitPublicKey,
    /// 64 bytes, r ‖ s.
    pub signature: Binary,
}

/// Amino's typed public key.
#[cw_serde]
pub struct PermitPublicKey {
    /// `tendermint/PubKeySecp256k1`.
    #[serde(rename = "type")]
    pub key_type: String,
    /// 33 bytes, compressed.
    pub value: Binary,
}

/// The answer to `create_viewing_key`.
#[cw_serde]
pub struct ViewingKeyAnswer {
    /// The new key, to be sent with queries.
    pub key: String,
}
