//! Who may read private state: SNIP-20 viewing keys and SNIP-24 query permits, with the dates and
//! revocations of SNIP-24.1.

use cosmwasm_schema::cw_serde;
use cosmwasm_std::{Addr, Binary, Uint64};
use schemars::gen::SchemaGenerator;
use schemars::schema::Schema;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// In the place of all contracts in [`PermitParams::allowed_tokens`] (SNIP-24.1, blanket permits).
pub const ANY_TOKEN: &str = "ANY_TOKEN";

/// A SNIP-24 query permit: an amino-signed document that proves ownership of an address off chain.
#[cw_serde]
pub struct Permit {
    /// What the wallet signed.
    pub params: PermitParams,
    /// Signature over the amino JSON sign document.
    pub signature: PermitSignature,
}

/// The signed content of a permit (SNIP-24, "Permit content"; SNIP-24.1). Dates are
/// `YYYY-MM-DDThh:mm:ss.sssZ`, from 1970 to 9999.
#[cw_serde]
pub struct PermitParams {
    /// Contracts for which the permit is good, or [`ANY_TOKEN`] alone.
    pub allowed_tokens: Vec<String>,
    /// When it was signed, if it says so; must say so if it is good for any contract. Not good
    /// before this date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<String>,
    /// Not good from this date on; for ever if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
    /// The name under which the permit can be revoked, at most 128 bytes.
    pub permit_name: String,
    /// Chain for which it was signed; must be this chain.
    pub chain_id: String,
    /// What it allows; `owner` is what our contracts ask for.
    pub permissions: Vec<Permission>,
}

/// What a permit allows; in JSON its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Permission {
    /// Read everything that the signer owns.
    Owner,
    /// Read balances (SNIP-20).
    Balance,
    /// Read the transfer history (SNIP-20).
    History,
    /// Read allowances (SNIP-20).
    Allowance,
    /// Something that only other contracts know: a permit for any contract may allow it too.
    Other(String),
}

impl Permission {
    fn name(&self) -> &str {
        match self {
            Permission::Owner => "owner",
            Permission::Balance => "balance",
            Permission::History => "history",
            Permission::Allowance => "allowance",
            Permission::Other(name) => name,
        }
    }
}

impl Serialize for Permission {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Permission {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Ok(match name.as_str() {
            "owner" => Permission::Owner,
            "balance" => Permission::Balance,
            "history" => Permission::History,
            "allowance" => Permission::Allowance,
            _ => Permission::Other(name),
        })
    }
}

impl JsonSchema for Permission {
    fn schema_name() -> String {
        "Permission".to_string()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        String::json_schema(generator)
    }
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

/// Which permits a revocation ends, by their `created` (SNIP-24.1): those for which both bounds
/// hold, and those without a date. Without bounds: all permits.
#[cw_serde]
#[derive(Eq, Copy, Default)]
pub struct RevokedInterval {
    // In the order of the alphabet: so the schema does not depend on how JSON libraries order maps.
    /// Permits created after this time, Unix seconds; must be less than `created_before`.
    pub created_after: Option<Uint64>,
    /// Permits created before this time, Unix seconds.
    pub created_before: Option<Uint64>,
}

/// The answer to `revoke_all_permits`.
#[cw_serde]
pub struct RevocationAnswer {
    /// What `delete_permit_revocation` takes; `REVOKED_ALL` if the interval had no bounds.
    pub revocation_id: String,
}

/// The answer to `list_permit_revocations`.
#[cw_serde]
pub struct RevocationsAnswer {
    /// Oldest first; `REVOKED_ALL` at the end.
    pub revocations: Vec<PermitRevocation>,
}

/// One revocation that holds.
#[cw_serde]
#[derive(Eq)]
pub struct PermitRevocation {
    /// Its number, or `REVOKED_ALL`.
    pub revocation_id: String,
    pub interval: RevokedInterval,
}

/// Who asks with the viewing key of an account (SNIP-24.1, SNIP-52).
#[cw_serde]
pub struct Viewer {
    pub address: Addr,
    pub viewing_key: String,
}
