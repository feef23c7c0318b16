//! Queries: each operator's earnings, for that operator alone.

use cosmwasm_std::{Addr, Binary, Deps, Env, StdResult, Uint128};
use secret_ai_contract_kit::notification::{
    channel_info, channel_info_by_key, list_channels, REWARDS_CHANNELS,
};
use secret_ai_contract_kit::padding::to_padded_binary;
use secret_ai_contract_kit::{access, permit, sealed, viewing_key};
use secret_ai_interface::auth::Permission;
use secret_ai_interface::rewards::{ConfigAnswer, Earnings, EarningsAnswer, PermitQuery, QueryMsg};

use crate::error::ContractError;
use crate::state::{earned, Config};

/// Answers a query, padded.
pub fn query(deps: Deps, env: Env, msg: QueryMsg) -> Result<Binary, ContractError> {
    Ok(match msg {
        QueryMsg::Config {} => to_padded_binary(&ConfigAnswer {
            billing: Config::load(deps.storage)?.billing,
            sealing_pk: sealed::public_key(deps.storage)?,
        }),
        QueryMsg::Earnings { address, key } => {
            viewing_key::check(deps.storage, address.as_str(), &key)?;
            to_padded_binary(&earnings(deps, &address)?)
        }
        QueryMsg::ListChannels {} => to_padded_binary(&list_channels(&REWARDS_CHANNELS)),
        QueryMsg::ChannelInfo {
            channels,
            txhash,
            viewer,
        } => {
            let (of, tx) = (&REWARDS_CHANNELS, txhash.as_deref());
            let info = channel_info_by_key(deps, &env, of, &viewer, &channels, tx)?;
            to_padded_binary(&info)
        }
        QueryMsg::ListPermitRevocations {
            viewer,
            page,
            page_size,
        } => {
            let answer = access::permit_revocations_by_key(deps, &viewer, page, page_size)?;
            to_padded_binary(&answer)
        }
        QueryMsg::WithPermit { permit, query } => {
            let operator = permit::validate(deps, &env, &permit, &[Permission::Owner])?;
            match query {
                PermitQuery::Earnings {} => to_padded_binary(&earnings(deps, &operator)?),
                PermitQuery::ChannelInfo { channels, txhash } => {
                    let txhash = txhash.as_deref();
                    let info =
                        channel_info(deps, &env, &REWARDS_CHANNELS, &operator, &channels, txhash)?;
                    to_padded_binary(&info)
                }
                PermitQuery::ListPermitRevocations { page, page_size } => to_padded_binary(
                    &access::permit_revocations(deps, &operator, page, page_size)?,
                ),
            }
        }
    }?)
}

fn earnings(deps: Deps, operator: &Addr) -> StdResult<EarningsAnswer> {
    let config = Config::load(deps.storage)?;
    let row = earned(deps.storage, operator)?;
    let sums = row.earned.into_iter().zip(row.claimed);
    let earnings = config
        .tokens
        .into_iter()
        .zip(sums)
        .map(|(token, (earned, claimed))| Earnings {
            token,
            earned: Uint128::new(earned),
            claimed: Uint128::new(claimed),
        })
        .collect();
    Ok(EarningsAnswer { earnings })
}
