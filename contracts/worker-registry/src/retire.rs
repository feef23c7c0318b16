//! `retire`: an operator takes a worker out of service.

use cosmwasm_std::{DepsMut, Env, MessageInfo, Response, Storage};
use secret_ai_contract_kit::{padding, row};
use secret_ai_interface::registry::KidStatus;
use secret_ai_interface::{Kid, WorkerId};

use crate::error::ContractError;
use crate::platforms::leave_seat;
use crate::state::{kid_slot, Key};
use crate::workers::own_worker;

pub fn retire(
    deps: DepsMut,
    env: Env,
    info: MessageInfo,
    worker_id: WorkerId,
) -> Result<Response, ContractError> {
    let worker = own_worker(deps.storage, &worker_id, &info.sender)?;
    fall(
        deps.storage,
        &worker.kid,
        KidStatus::Retired,
        env.block.time.seconds(),
    )?;
    Ok(padding::respond_empty())
}

/// Lets a key fall to `to` and leave its platform.
///
/// # Errors
/// If the key is unknown, or stands as badly already.
pub fn fall(
    storage: &mut dyn Storage,
    kid: &Kid,
    to: KidStatus,
    now: u64,
) -> Result<(), ContractError> {
    let found = row::may_load::<Key>(storage, &kid_slot(kid))?;
    let mut key = found.ok_or(ContractError::Unknown { what: "kid" })?;
    key.standing = key.standing.fall("kid", to, now)?;
    leave_seat(storage, &key.platform, kid)?;
    row::save(storage, &kid_slot(kid), &key);
    Ok(())
}
