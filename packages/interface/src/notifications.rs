//! Private push notifications (SNIP-52, revision 2): messages, queries and answers as the standard
//! has them. How they are made: contract-kit, module `notification`.

use cosmwasm_schema::cw_serde;
use cosmwasm_std::{Addr, Binary, Uint64};

use crate::auth::PermitSignature;

/// What a wallet signs to choose a new notification seed (SNIP-52, "UpdateSeed Method").
#[cw_serde]
pub struct SignedSeedUpdate {
    pub params: SeedUpdateParams,
    /// Signature over the amino JSON sign document; its SHA-256 becomes the seed.
    pub signature: PermitSignature,
}

/// The signed content. The contract knows all of it; what is given must agree.
#[cw_serde]
pub struct SeedUpdateParams {
    /// Must be this chain.
    pub chain_id: String,
    /// Must be this contract.
    pub contract: Option<Addr>,
    /// Must be the sender's seed so far.
    pub previous_seed: Option<Binary>,
}

/// Answer to `update_seed`.
#[cw_serde]
pub enum UpdateSeedAnswer {
    UpdateSeed {
        /// 32 bytes.
        seed: Binary,
    },
}

/// Answer to `list_channels`.
#[cw_serde]
pub enum ListChannelsAnswer {
    ListChannels { channels: Vec<String> },
}

/// Answer to `channel_info`.
#[cw_serde]
pub enum ChannelInfoAnswer {
    ChannelInfo {
        /// Height at which this is so.
        as_of_block: Uint64,
        /// The account's seed, 32 bytes; one for all channels.
        seed: Binary,
        /// In the order asked for.
        channels: Vec<ChannelInfo>,
    },
}

/// One channel, as an account sees it.
#[cw_serde]
pub struct ChannelInfo {
    pub channel: String,
    pub mode: ChannelMode,
    /// The account's seed again, where the standard's text has it.
    pub seed: Binary,
    /// Form of the notifications' CBOR (RFC 8610).
    pub cddl: String,
    /// The notification id in the transaction that the query named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer_id: Option<Binary>,
}

/// How notification ids are made.
#[cw_serde]
#[derive(Eq, Copy)]
pub enum ChannelMode {
    /// From the hash of the transaction.
    Txhash,
}
