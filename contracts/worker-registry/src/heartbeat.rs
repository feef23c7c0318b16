//! `heartbeat`: a sign of life from inside the TEE.
//!
//! A lease says that a worker was sound when it was attested; heartbeats say that it still runs.
//! Policy decides how long one keeps a worker listed. Anybody may bring it: it carries the receipt
//! key's signature, a time close to the block's, and counts once.

use cosmwasm_std::{Binary, DepsMut, Env, Response, StdResult, Storage};
use secret_ai_attestation::heartbeat_digest;
use secret_ai_contract_kit::{padding, row};
use secret_ai_interface::Kid;

use crate::error::ContractError;
use crate::kids::worth;
use crate::signature;
use crate::state::{kid_slot, Key};

/// Most seconds between a heartbeat's time and the block's.
const SKEW: u64 = 300;

fn seen_slot(kid: &Kid) -> Vec<u8> {
    row::key("seen", &[&kid.0])
}

pub fn heartbeat(
    deps: DepsMut,
    env: Env,
    kid: Kid,
    at: u64,
    sent: Binary,
) -> Result<Response, ContractError> {
    let now = env.block.time.seconds();
    let found = row::may_load::<Key>(deps.storage, &kid_slot(&kid))?;
    let key = found.ok_or(ContractError::Unknown { what: "kid" })?;
    let worth = worth(deps.storage, &key)?;
    worth.standing(now).check_active("kid")?;
    if now > worth.lease_until {
        let until = worth.lease_until;
        return Err(ContractError::LeaseOver { until, now });
    }
    let last = last(deps.storage, &kid)?;
    let (min, max) = (now.saturating_sub(SKEW), now.saturating_add(SKEW));
    if at <= last || !(min..=max).contains(&at) {
        return Err(ContractError::Range {
            field: "at",
            have: at,
            min: min.max(last.saturating_add(1)),
            max,
        });
    }
    let contract = env.contract.address.as_str();
    let digest = heartbeat_digest(&env.block.chain_id, contract, &kid.0, at)?;
    if !signature::verifies(deps.as_ref(), &key.receipt_pk.0, &digest, &sent) {
        return Err(ContractError::HeartbeatSignature);
    }
    deps.storage.set(&seen_slot(&kid), &at.to_be_bytes());
    Ok(padding::respond_empty())
}

/// Unix seconds of the last sign of life: attestation or heartbeat.
pub fn seen_at(storage: &dyn Storage, kid: &Kid, key: &Key) -> StdResult<u64> {
    Ok(last(storage, kid)?.max(key.lease_from))
}

fn last(storage: &dyn Storage, kid: &Kid) -> StdResult<u64> {
    match storage.get(&seen_slot(kid)) {
        Some(bytes) => row::Reader::new(&bytes).u64(),
        None => Ok(0),
    }
}
