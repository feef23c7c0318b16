//! What the admin may do: pause for a while, and link rewards once. Nothing here moves money.

use cosmwasm_std::{DepsMut, Env, MessageInfo, QueryRequest, Response, WasmQuery};
use secret_ai_contract_kit::padding::{respond_empty, to_padded_binary};
use secret_ai_contract_kit::sealed::open_channel;
use secret_ai_interface::rewards::{ConfigAnswer, QueryMsg};
use secret_ai_interface::Contract;

use crate::clock::PauseError;
use crate::error::ContractError;
use crate::state::{save_globals, tick, Config};

/// Names the rewards contract, once, and agrees with it on the key of sealed messages.
pub fn link_rewards(
    deps: DepsMut,
    env: Env,
    info: &MessageInfo,
    rewards: Contract,
) -> Result<Response, ContractError> {
    let mut config = admin_config(&deps, info)?;
    let refuse = |reason| {
        Err(ContractError::Invalid {
            field: "rewards",
            reason,
        })
    };
    if config.rewards.is_some() {
        return refuse("linked already, which is for ever");
    }
    let answer: ConfigAnswer = deps.querier.query(&QueryRequest::Wasm(WasmQuery::Smart {
        contract_addr: rewards.address.to_string(),
        code_hash: rewards.code_hash.clone(),
        msg: to_padded_binary(&QueryMsg::Config {})?,
    }))?;
    if answer.billing.address != env.contract.address {
        return refuse("that contract serves another billing contract");
    }
    open_channel(deps.storage, &answer.sealing_pk)?;
    config.rewards = Some(rewards);
    config.save(deps.storage)?;
    Ok(respond_empty())
}

/// Stops `open_sessions`, `settle` and the contract's clock.
pub fn pause(deps: DepsMut, env: Env, info: &MessageInfo) -> Result<Response, ContractError> {
    admin_config(&deps, info)?;
    let mut globals = tick(deps.storage, &env)?;
    globals.clock.pause().map_err(explain)?;
    save_globals(deps.storage, &globals);
    Ok(respond_empty())
}

/// Ends a pause.
pub fn unpause(deps: DepsMut, env: Env, info: &MessageInfo) -> Result<Response, ContractError> {
    admin_config(&deps, info)?;
    let mut globals = tick(deps.storage, &env)?;
    globals.clock.unpause().map_err(explain)?;
    save_globals(deps.storage, &globals);
    Ok(respond_empty())
}

fn admin_config(deps: &DepsMut, info: &MessageInfo) -> Result<Config, ContractError> {
    let config = Config::load(deps.storage)?;
    if info.sender == config.admin {
        Ok(config)
    } else {
        Err(ContractError::Unauthorized {
            must_be: "the admin",
        })
    }
}

fn explain(error: PauseError) -> ContractError {
    let reason = match error {
        PauseError::AlreadyPaused => "paused already".to_string(),
        PauseError::NotPaused => "not paused".to_string(),
        PauseError::TooSoon(from) => {
            format!("possible again from block time {from}, 7 days after the last one")
        }
    };
    ContractError::Pause { reason }
}
