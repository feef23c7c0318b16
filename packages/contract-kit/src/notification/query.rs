//! `list_channels` and `channel_info` (SNIP-52, "Queries and Methods").

use cosmwasm_std::{Addr, Binary, Deps, Env, StdError, StdResult};
use secret_ai_interface::auth::Viewer;
use secret_ai_interface::notifications::{
    ChannelInfo, ChannelInfoAnswer, ChannelMode, ListChannelsAnswer,
};

use super::cipher::{id, Transaction};
use super::event::Channel;
use super::seed::seed_of;
use crate::viewing_key;

/// The ids of a contract's channels.
pub fn list_channels(offered: &[Channel]) -> ListChannelsAnswer {
    ListChannelsAnswer::ListChannels {
        channels: offered.iter().map(|c| c.id.into()).collect(),
    }
}

/// What an account needs to find and open its notifications in some of the channels on offer, and
/// its ids in the transaction `txhash` if one is named (64 hex digits). The caller has checked that
/// the account asks.
pub fn channel_info(
    deps: Deps,
    env: &Env,
    offered: &[Channel],
    account: &Addr,
    wanted: &[String],
    txhash: Option<&str>,
) -> StdResult<ChannelInfoAnswer> {
    let (count, most) = (wanted.len(), offered.len());
    if count > most {
        return Err(StdError::generic_err(format!(
            "channels: {count}, must be at most {most}"
        )));
    }
    let seed = seed_of(deps.storage, account)?;
    let tx = txhash
        .map(|hash| Transaction::new(env.block.height, hash))
        .transpose()?;
    let mut channels = Vec::with_capacity(count);
    for name in wanted {
        let channel = offered.iter().find(|c| c.id == name);
        let channel = channel
            .ok_or_else(|| StdError::generic_err("channels: one is unknown, see list_channels"))?;
        let answer_id = match &tx {
            Some(tx) => Some(Binary(id(&seed, channel.id, tx)?.to_vec())),
            None => None,
        };
        channels.push(ChannelInfo {
            channel: channel.id.into(),
            mode: ChannelMode::Txhash,
            seed: Binary(seed.to_vec()),
            cddl: channel.cddl.into(),
            answer_id,
        });
    }
    Ok(ChannelInfoAnswer::ChannelInfo {
        as_of_block: env.block.height.into(),
        seed: Binary(seed.to_vec()),
        channels,
    })
}

/// [`channel_info`] for whoever has the viewing key.
pub fn channel_info_by_key(
    deps: Deps,
    env: &Env,
    offered: &[Channel],
    viewer: &Viewer,
    wanted: &[String],
    txhash: Option<&str>,
) -> StdResult<ChannelInfoAnswer> {
    viewing_key::check(deps.storage, viewer.address.as_str(), &viewer.viewing_key)?;
    channel_info(deps, env, offered, &viewer.address, wanted, txhash)
}
