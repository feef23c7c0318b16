//! Rewards: what workers earned, and its claims.

use cosmwasm_schema::{cw_serde, QueryResponses};
use cosmwasm_std::{Addr, Binary, Uint128};

use crate::auth::{Permit, RevocationsAnswer, RevokedInterval, Viewer};
use crate::notifications::{ChannelInfoAnswer, SignedSeedUpdate};
use crate::{Contract, Hex};

/// Creates a rewards contract for one billing contract, whose sealing key it asks for.
#[cw_serde]
pub struct InstantiateMsg {
    pub billing: Contract,
}

/// State-changing messages.
#[cw_serde]
pub enum ExecuteMsg {
    /// From billing only: credits of one finalized cohort, sealed, so that whoever cranked cannot
    /// read what others earned.
    Credit { sealed: Binary },
    /// Operator: pays out earnings of one token. Answer: [`ClaimAnswer`].
    Claim {
        token: Addr,
        /// All if absent, also if that is nothing.
        amount: Option<Uint128>,
        padding: Option<String>,
    },
    /// Makes a viewing key for the sender. Answer: [`crate::auth::ViewingKeyAnswer`].
    CreateViewingKey {
        entropy: String,
        padding: Option<String>,
    },
    /// Sets the sender's viewing key.
    SetViewingKey {
        /// 8 to 128 bytes.
        key: String,
        padding: Option<String>,
    },
    /// Makes the sender's permits of this name worthless.
    RevokePermit {
        permit_name: String,
        padding: Option<String>,
    },
    /// Sets the sender's notification seed (SNIP-52). Answer: [`UpdateSeedAnswer`].
    ///
    /// [`UpdateSeedAnswer`]: crate::notifications::UpdateSeedAnswer
    UpdateSeed {
        signed_doc: SignedSeedUpdate,
        padding: Option<String>,
    },
    /// Makes the sender's permits of an interval worthless, all of them if it has no bounds
    /// (SNIP-24.1). At most 10 intervals hold at a time. Answer:
    /// [`crate::auth::RevocationAnswer`].
    RevokeAllPermits {
        #[serde(default)]
        interval: RevokedInterval,
        padding: Option<String>,
    },
    /// Ends one of the sender's revocations.
    DeletePermitRevocation {
        revocation_id: String,
        padding: Option<String>,
    },
}

/// Answer to `claim`.
#[cw_serde]
pub struct ClaimAnswer {
    /// Base units paid out.
    pub amount: Uint128,
}

/// Read-only queries.
#[cw_serde]
#[derive(QueryResponses)]
pub enum QueryMsg {
    #[returns(ConfigAnswer)]
    Config {},
    #[returns(EarningsAnswer)]
    Earnings { address: Addr, key: String },
    /// Channels of push notifications (SNIP-52).
    #[returns(crate::notifications::ListChannelsAnswer)]
    ListChannels {},
    /// What an account needs to find and read its notifications (SNIP-52).
    #[returns(ChannelInfoAnswer)]
    ChannelInfo {
        /// Ids from `list_channels`.
        channels: Vec<String>,
        /// Asks for the notification ids in this transaction too; 64 hex digits.
        txhash: Option<String>,
        viewer: Viewer,
    },
    /// Revocations of permits, with a viewing key (SNIP-24.1).
    #[returns(RevocationsAnswer)]
    ListPermitRevocations {
        viewer: Viewer,
        /// 0 if absent.
        page: Option<u32>,
        /// All if absent.
        page_size: Option<u32>,
    },
    /// `earnings`, `channel_info` or `list_permit_revocations` for the signer of a permit.
    #[returns(PermitAnswer)]
    WithPermit { permit: Permit, query: PermitQuery },
}

/// Queries that a permit opens.
#[cw_serde]
pub enum PermitQuery {
    Earnings {},
    ChannelInfo {
        /// Ids from `list_channels`.
        channels: Vec<String>,
        /// Asks for the notification ids in this transaction too; 64 hex digits.
        txhash: Option<String>,
    },
    /// The signer's revocations of permits (SNIP-24.1).
    ListPermitRevocations {
        /// 0 if absent.
        page: Option<u32>,
        /// All if absent.
        page_size: Option<u32>,
    },
}

/// What a permit query answers: the bare answer of the query that was asked.
#[cw_serde]
#[serde(untagged)]
#[schemars(untagged)]
pub enum PermitAnswer {
    Earnings(EarningsAnswer),
    ChannelInfo(ChannelInfoAnswer),
    Revocations(RevocationsAnswer),
}

#[cw_serde]
pub struct ConfigAnswer {
    pub billing: Contract,
    /// X25519 key under which billing seals messages for this contract.
    pub sealing_pk: Hex<32>,
}

#[cw_serde]
pub struct EarningsAnswer {
    /// One row per token that billing accepts.
    pub earnings: Vec<Earnings>,
}

/// What one operator earned in one token, in base units.
#[cw_serde]
#[derive(Eq)]
pub struct Earnings {
    pub token: Addr,
    pub earned: Uint128,
    pub claimed: Uint128,
}
