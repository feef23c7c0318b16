//! `approve_golden`: the measurements that GPUs of one kind with one firmware must show. Governance
//! enters them; `secret-ai evidence golden` makes them from the reference integrity manifests that
//! NVIDIA signs.

use cosmwasm_std::{Binary, Deps, DepsMut, Env, MessageInfo, Response, StdResult, Storage};
use secret_ai_attestation::gpu::GoldenSet;
use secret_ai_contract_kit::padding;
use secret_ai_contract_kit::row::{self, key};
use secret_ai_interface::registry::{GoldenAnswer, GoldenSetAnswer, KidStatus};
use secret_ai_interface::{Digest, Hex};

use crate::error::ContractError;
use crate::policy::as_admin;
use crate::standing::Standing;

/// Most bytes of a set.
const MAX_SET: usize = 32_768;

fn set_slot(golden: &Digest) -> Vec<u8> {
    key("golden", &[&golden.0])
}

fn standing_slot(golden: &Digest) -> Vec<u8> {
    key("golden_standing", &[&golden.0])
}

/// Replaces the set of the same kind and firmware; a retired one is active again, a compromised one
/// stays compromised.
pub fn approve(
    deps: DepsMut,
    env: Env,
    info: MessageInfo,
    set: Binary,
) -> Result<Response, ContractError> {
    as_admin(deps.as_ref(), &info)?;
    if set.len() > MAX_SET {
        return Err(ContractError::Length {
            field: "set",
            have: set.len(),
            min: 1,
            max: MAX_SET,
        });
    }
    let golden = Hex(GoldenSet::decode(&set)?.id());
    if let KidStatus::Compromised = standing(deps.storage, &golden)?.status {
        return Err(ContractError::NotActive {
            what: "golden",
            status: KidStatus::Compromised,
        });
    }
    deps.storage.set(&set_slot(&golden), &set);
    let active = Standing {
        status: KidStatus::Active,
        since: env.block.time.seconds(),
    };
    row::save(deps.storage, &standing_slot(&golden), &active);
    Ok(padding::respond(&GoldenAnswer { golden })?)
}

pub fn standing(storage: &dyn Storage, golden: &Digest) -> StdResult<Standing> {
    Ok(row::may_load(storage, &standing_slot(golden))?.unwrap_or(Standing::ACTIVE))
}

/// The set of this id, if GPUs may be compared with it now.
pub fn usable(storage: &dyn Storage, golden: &Digest) -> Result<GoldenSet, ContractError> {
    let stored = storage.get(&set_slot(golden));
    let stored = stored.ok_or(ContractError::Unknown { what: "golden" })?;
    standing(storage, golden)?.check_active("golden")?;
    Ok(GoldenSet::decode(&stored)?)
}

/// Lets a set fall; it need not be known.
pub fn revoke(
    storage: &mut dyn Storage,
    golden: &Digest,
    to: KidStatus,
    now: u64,
) -> Result<(), ContractError> {
    let fallen = standing(storage, golden)?.fall("golden", to, now)?;
    row::save(storage, &standing_slot(golden), &fallen);
    Ok(())
}

/// Answers the query `golden`.
pub fn golden(deps: Deps, golden: Digest) -> Result<Binary, ContractError> {
    let stored = deps.storage.get(&set_slot(&golden));
    let set = Binary(stored.ok_or(ContractError::Unknown { what: "golden" })?);
    let status = standing(deps.storage, &golden)?.status;
    Ok(padding::to_padded_binary(&GoldenSetAnswer { set, status })?)
}
