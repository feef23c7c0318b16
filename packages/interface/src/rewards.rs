//! Rewards: what workers earned, and its claims.

use cosmwasm_schema::{cw_serde, QueryResponses};
use cosmwasm_std::{Addr, Binary, Uint128};

use crate::auth::Permit;
use crate::notifications::{ChannelInfoAnswer, ListChannelsAnswer, SignedSeedUpdate, Viewer};
use crate::{Contract, Hex};

/// Creates a rewards contract for one billing contract, whose sealing key it asks for.
#[cw_serde]
pub struct InstantiateMsg {
    pub billing: Contract,
}

/// State-changing messages.
#[cw_serde]
pub enum ExecuteMsg {
    /// From billing only: credits of one finalized batch, sealed, so that whoever cranked cannot
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
    #[returns(ListChannelsAnswer)]
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
    /// `earnings` or `channel_info` for the signer of a permit.
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
}

/// What a permit query answers: the bare answer of the query that was asked.
#[cw_serde]
#[serde(untagged)]
#[schemars(untagged)]
pub enum PermitAnswer {
    Earnings(EarningsAnswer),
    ChannelInfo(ChannelInfoAnswer),
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
