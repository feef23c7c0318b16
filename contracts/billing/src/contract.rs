//! Entry points: which file handles which message.

use cosmwasm_std::{Binary, Deps, DepsMut, Env, MessageInfo, Response};
use secret_ai_contract_kit::padding::respond_empty;
use secret_ai_contract_kit::random::random;
use secret_ai_contract_kit::{access, checked_address, flat_gas, notification, sealed};
use secret_ai_interface::billing::{
    ExecuteMsg, InstantiateMsg, QueryMsg, Timing, TokenConfig, MAX_TOKENS,
};

use crate::clock::Clock;
use crate::error::{check_count, check_range, ContractError};
use crate::state::{save_seed, Config};
use crate::token::register_receive;
use crate::{admin, deposit, finalize, gas, open, payout, query, reclaim, settle, withdraw};

secret_ai_contract_kit::entry_points!(unknown: crate::gas::RIGHTS);

const MAX_EPOCH_S: u64 = 24 * 3_600;
const MAX_GRACE_S: u64 = 30 * 24 * 3_600;

pub fn instantiate(
    deps: DepsMut,
    env: Env,
    info: MessageInfo,
    msg: InstantiateMsg,
) -> Result<Response, ContractError> {
    access::refuse_funds(&info)?;
    let InstantiateMsg {
        admin,
        registry,
        tokens,
        timing,
    } = msg;
    check_timing(&timing)?;
    check_tokens(&tokens)?;
    let admin = match admin {
        Some(admin) => checked_address("admin", &admin)?,
        None => info.sender,
    };
    checked_address("registry", registry.address.as_str())?;
    let receivers: Vec<_> = tokens
        .iter()
        .map(|token| register_receive(&token.contract, &env.contract.code_hash))
        .collect::<Result<_, _>>()?;
    Config {
        admin,
        registry,
        tokens,
        timing,
        rewards: None,
    }
    .save(deps.storage)?;
    save_seed(deps.storage, &random(&env, "session-ids")?);
    sealed::make_keys(deps.storage, &env)?;
    notification::make_secret(deps.storage, &env)?;
    let clock = Clock::new(env.block.time.seconds(), env.block.height);
    open::open_phantoms(deps.storage, clock, &env.contract.address);
    Ok(respond_empty().add_messages(receivers))
}

pub fn execute(
    deps: DepsMut,
    env: Env,
    info: MessageInfo,
    msg: ExecuteMsg,
) -> Result<Response, ContractError> {
    // Handlers of other classes set their own.
    flat_gas::target(gas::RIGHTS);
    access::refuse_funds(&info)?;
    let i = &info;
    match msg {
        ExecuteMsg::Receive {
            sender,
            from,
            amount,
            msg,
            ..
        } => deposit::receive(deps, env, i, (sender, from), amount, msg),
        ExecuteMsg::OpenSessions {
            token, sessions, ..
        } => open::open_sessions(deps, env, i, &token, sessions),
        ExecuteMsg::Settle { kid, entries, .. } => settle::settle(deps, env, i, &kid, &entries),
        ExecuteMsg::Finalize { epoch, limit, .. } => finalize::finalize(deps, env, epoch, limit),
        ExecuteMsg::CloseSession { session_id, .. } => {
            reclaim::close_session(deps, env, i, &session_id)
        }
        ExecuteMsg::Reclaim { session_ids, .. } => reclaim::reclaim(deps, env, i, &session_ids),
        ExecuteMsg::Withdraw { token, amount, .. } => withdraw::withdraw(deps, i, &token, amount),
        ExecuteMsg::Payout {
            token,
            recipient,
            amount,
            ..
        } => payout::payout(deps, i, &token, &recipient, amount),
        ExecuteMsg::LinkRewards { rewards } => admin::link_rewards(deps, env, i, rewards),
        ExecuteMsg::Pause {} => admin::pause(deps, env, i),
        ExecuteMsg::Unpause {} => admin::unpause(deps, env, i),
        ExecuteMsg::CreateViewingKey { entropy, .. } => {
            Ok(access::create_viewing_key(deps, &env, i, &entropy)?)
        }
        ExecuteMsg::SetViewingKey { key, .. } => Ok(access::set_viewing_key(deps, i, &key)?),
        ExecuteMsg::RevokePermit { permit_name, .. } => {
            Ok(access::revoke_permit(deps, i, &permit_name)?)
        }
        ExecuteMsg::UpdateSeed { signed_doc, .. } => {
            Ok(notification::update_seed(deps, &env, i, &signed_doc)?)
        }
        ExecuteMsg::RevokeAllPermits { interval, .. } => {
            Ok(access::revoke_all_permits(deps, i, interval)?)
        }
        ExecuteMsg::DeletePermitRevocation { revocation_id, .. } => {
            Ok(access::delete_permit_revocation(deps, i, &revocation_id)?)
        }
    }
}

pub fn query(deps: Deps, env: Env, msg: QueryMsg) -> Result<Binary, ContractError> {
    query::query(deps, env, msg)
}

fn check_timing(timing: &Timing) -> Result<(), ContractError> {
    check_range("timing.epoch_s", timing.epoch_s, 1, MAX_EPOCH_S)?;
    check_range("timing.grace_s", timing.grace_s, 1, MAX_GRACE_S)?;
    check_range("timing.challenge_s", timing.challenge_s, 1, timing.grace_s)
}

fn check_tokens(tokens: &[TokenConfig]) -> Result<(), ContractError> {
    check_count("tokens", tokens.len(), MAX_TOKENS)?;
    for (index, token) in tokens.iter().enumerate() {
        let address = &token.contract.address;
        checked_address("tokens.contract", address.as_str())?;
        if tokens
            .iter()
            .take(index)
            .any(|t| t.contract.address == *address)
        {
            let reason = "the same token twice";
            return Err(ContractError::Invalid {
                field: "tokens",
                reason,
            });
        }
    }
    Ok(())
}
