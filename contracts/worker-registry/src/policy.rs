//! Instantiation, and what the admin decides: policy and admin. Config query.

use cosmwasm_std::{Binary, Deps, DepsMut, MessageInfo, Response};
use secret_ai_attestation::TrustRoot;
use secret_ai_contract_kit::{checked_address, padding, row};
use secret_ai_interface::registry::{ConfigAnswer, InstantiateMsg, Policy};

use crate::error::ContractError;
use crate::state::{self, Config, CONFIG, MAX_SEATS, ROOT};

/// Most bytes of a development root certificate.
const MAX_ROOT: usize = 4_096;

pub fn instantiate(
    deps: DepsMut,
    info: MessageInfo,
    msg: InstantiateMsg,
) -> Result<Response, ContractError> {
    check_range("challenge_s", msg.challenge_s, 60, 3_600)?;
    check_range("lease_s", msg.lease_s, 60, 604_800)?;
    check_policy(&msg.policy)?;
    let admin = match &msg.admin {
        Some(text) => checked_address("admin", text)?,
        None => info.sender,
    };
    if let Some(root) = &msg.development_root {
        if root.len() > MAX_ROOT {
            let field = "development_root";
            return Err(ContractError::Length {
                field,
                have: root.len(),
                min: 1,
                max: MAX_ROOT,
            });
        }
        TrustRoot::from_der(root)?;
        deps.storage.set(ROOT, root);
    }
    let config = Config {
        admin,
        development: msg.development_root.is_some(),
        policy: msg.policy,
        challenge_s: msg.challenge_s,
        lease_s: msg.lease_s,
    };
    row::save(deps.storage, CONFIG, &config);
    Ok(padding::respond_empty())
}

pub fn set_policy(
    deps: DepsMut,
    info: MessageInfo,
    policy: Policy,
) -> Result<Response, ContractError> {
    let config = as_admin(deps.as_ref(), &info)?;
    check_policy(&policy)?;
    row::save(deps.storage, CONFIG, &Config { policy, ..config });
    Ok(padding::respond_empty())
}

pub fn set_admin(deps: DepsMut, info: MessageInfo, admin: &str) -> Result<Response, ContractError> {
    let config = as_admin(deps.as_ref(), &info)?;
    let admin = checked_address("admin", admin)?;
    row::save(deps.storage, CONFIG, &Config { admin, ..config });
    Ok(padding::respond_empty())
}

/// The configuration, if the sender is the admin.
pub fn as_admin(deps: Deps, info: &MessageInfo) -> Result<Config, ContractError> {
    let config = state::config(deps.storage)?;
    if info.sender == config.admin {
        Ok(config)
    } else {
        Err(ContractError::NotAdmin)
    }
}

pub fn config(deps: Deps) -> Result<Binary, ContractError> {
    let config = state::config(deps.storage)?;
    let answer = ConfigAnswer {
        admin: config.admin,
        development: config.development,
        policy: config.policy,
        challenge_s: config.challenge_s,
        lease_s: config.lease_s,
        workers: state::counters(deps.storage)?.workers,
    };
    Ok(padding::to_padded_binary(&answer)?)
}

fn check_policy(policy: &Policy) -> Result<(), ContractError> {
    let limit = policy.max_workers_per_platform;
    check_range(
        "policy.max_workers_per_platform",
        limit.into(),
        1,
        MAX_SEATS.into(),
    )
}

fn check_range(field: &'static str, have: u64, min: u64, max: u64) -> Result<(), ContractError> {
    if (min..=max).contains(&have) {
        Ok(())
    } else {
        Err(ContractError::Range {
            field,
            have,
            min,
            max,
        })
    }
}
