//! Instantiation, and what the admin decides: policy and admin. Config query.

use cosmwasm_std::{Binary, Deps, DepsMut, MessageInfo, Response};
use secret_ai_attestation::Advisory;
use secret_ai_contract_kit::{checked_address, padding, row};
use secret_ai_interface::registry::{
    ConfigAnswer, DevelopmentRoots, InstantiateMsg, Policy, SnpMinTcb, SnpPolicy, TdxPolicy,
};

use crate::error::ContractError;
use crate::platforms::MAX_SEATS;
use crate::policy_row::MAX_ADVISORIES;
use crate::roots;
use crate::state::{self, Config, CONFIG};

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
    if let Some(roots) = &msg.development_roots {
        roots::save(deps.storage, roots)?;
    }
    let config = Config {
        admin,
        development: msg
            .development_roots
            .is_some_and(|roots| roots != DevelopmentRoots::default()),
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
    )?;
    check_range("policy.heartbeat_s", policy.heartbeat_s, 0, 604_800)?;
    check_tdx(&policy.tdx)?;
    check_snp(&policy.snp)
}

fn check_tdx(policy: &TdxPolicy) -> Result<(), ContractError> {
    let (grace, age) = (policy.out_of_date_grace_s, policy.max_collateral_age_s);
    check_range("policy.tdx.out_of_date_grace_s", grace, 0, 31_536_000)?;
    check_range("policy.tdx.max_collateral_age_s", age, 3_600, 2_592_000)?;
    let denied = &policy.denied_advisories;
    let field = "policy.tdx.denied_advisories";
    if denied.len() > MAX_ADVISORIES {
        return Err(ContractError::Count {
            field,
            have: denied.len(),
            max: MAX_ADVISORIES,
        });
    }
    let readable = |id: &String| Advisory::from_id(id).to_string() == *id;
    match denied.iter().all(readable) {
        true => Ok(()),
        false => Err(ContractError::Format {
            field,
            reason: "must be ids such as INTEL-SA-00837 or INTEL-DOC-10000",
        }),
    }
}

fn check_snp(policy: &SnpPolicy) -> Result<(), ContractError> {
    let age = policy.max_crl_age_s;
    check_range("policy.snp.max_crl_age_s", age, 86_400, 31_622_400)?;
    let least = &policy.min_tcb;
    let same = |min: &SnpMinTcb| least.iter().filter(|m| m.product == min.product).count();
    match least.iter().all(|min| same(min) == 1) {
        true => Ok(()),
        false => Err(ContractError::Format {
            field: "policy.snp.min_tcb",
            reason: "must name each product once",
        }),
    }
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
