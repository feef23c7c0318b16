//! `renew`: a longer lease for an active key, with evidence for a new challenge.

use cosmwasm_std::{DepsMut, Env, MessageInfo, Response};
use secret_ai_contract_kit::{padding, row};
use secret_ai_interface::registry::{Attestation, RegisterAnswer};
use secret_ai_interface::Hex;
use secret_ai_receipts::kid_of;

use crate::error::ContractError;
use crate::kids::worth;
use crate::platforms::{take_seat, Seat};
use crate::state::{self, kid_slot, Key};
use crate::{challenge, devices, evidence, stage};

/// A receipt key lives in one boot, so everything but dates and TCB status must be as registered.
/// A lease that is over cannot be renewed: the worker registers a new key.
pub fn renew(
    deps: DepsMut,
    env: Env,
    info: MessageInfo,
    attestation: Attestation,
) -> Result<Response, ContractError> {
    let now = env.block.time.seconds();
    let config = state::config(deps.storage)?;
    let kid = Hex(kid_of(&attestation.receipt_pk.0));
    let found = row::may_load::<Key>(deps.storage, &kid_slot(&kid))?;
    let mut key = found.ok_or(ContractError::Unknown { what: "kid" })?;
    if key.operator != info.sender {
        return Err(ContractError::NotOperator);
    }
    worth(deps.storage, &key)?
        .standing(now)
        .check_active("kid")?;
    check_time(&key, now)?;
    same(
        "tls_spki_sha256",
        key.tls_spki_sha256 == attestation.tls_spki_sha256,
    )?;
    same("e2ee_pk", key.e2ee_pk == attestation.e2ee_pk)?;
    same("class", key.class == attestation.class)?;

    let shown = evidence::check(deps.as_ref(), &env, &config, &info.sender, &attestation)?;
    same("cpu technology", key.tee == shown.tee)?;
    same("cpu platform", key.platform == shown.platform)?;
    same("cpu image", key.image == shown.image)?;
    same("workload", key.workload == shown.workload)?;
    same("gpus golden set", key.golden == shown.golden)?;
    for device in &shown.devices {
        devices::check_holder(deps.storage, device, &kid)?;
    }

    challenge::consume(deps.storage, &info.sender, &attestation.receipt_pk);
    stage::clear(deps.storage, &info.sender, &attestation);
    if shown.platform_is_one {
        let seat = Seat {
            kid,
            lease_until: shown.lease_until,
        };
        let limit = config.policy.max_workers_per_platform;
        take_seat(deps.storage, &key.platform, seat, now, limit)?;
    }
    for certificate in &shown.fresh {
        certificate.save(deps.storage);
    }
    key.lease_from = now;
    key.lease_until = shown.lease_until;
    key.tcb_status = shown.tcb_status;
    row::save(deps.storage, &kid_slot(&kid), &key);
    let (worker_id, lease_until) = (key.worker_id, key.lease_until);
    Ok(padding::respond(&RegisterAnswer {
        worker_id,
        kid,
        lease_until,
    })?)
}

/// From half of the lease to its end.
fn check_time(key: &Key, now: u64) -> Result<(), ContractError> {
    let half = key.lease_until.saturating_sub(key.lease_from) / 2;
    let from = key.lease_from.saturating_add(half);
    if now < from {
        Err(ContractError::LeaseEarly { from, now })
    } else if now > key.lease_until {
        Err(ContractError::LeaseOver {
            until: key.lease_until,
            now,
        })
    } else {
        Ok(())
    }
}

fn same(field: &'static str, same: bool) -> Result<(), ContractError> {
    same.then_some(()).ok_or(ContractError::Renewal { field })
}
