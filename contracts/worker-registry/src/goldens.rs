//! `approve_golden`: the measurements that GPUs of one kind with one firmware must show. Governance
//! enters them; `secret-ai evidence golden` makes them from the reference integrity manifests that
//! NVIDIA signs.

use cosmwasm_std::{Binary, Deps, DepsMut, Env, MessageInfo, Response, StdResult, Storage};
use secret_ai_attestation::gpu::GoldenSet;
use secret_ai_contract_kit::padding;
use secret_ai_contract_kit::row::{self, key, Reader, Row, Writer};
use secret_ai_interface::registry::{GoldenAnswer, GoldenSetAnswer, KidStatus};
use secret_ai_interface::{Digest, Hex};

use crate::collateral::check_size;
use crate::error::ContractError;
use crate::policy::as_admin;
use crate::standing::Standing;

/// Most bytes of a set.
const MAX_SET: usize = 32_768;

fn set_slot(golden: &Digest) -> Vec<u8> {
    key("golden", &[&golden.0])
}

fn approval_slot(golden: &Digest) -> Vec<u8> {
    key("golden_approval", &[&golden.0])
}

/// How a golden set stands, and since when its values are what they are.
struct Approval {
    standing: Standing,
    /// Unix seconds; GPUs that were compared before this may have shown something else.
    values_since: u64,
}

impl Row for Approval {
    const SIZE: usize = Standing::SIZE + 8;

    fn write(&self, out: &mut Writer) {
        self.standing.write(out);
        out.u64(self.values_since);
    }

    fn read(from: &mut Reader) -> StdResult<Self> {
        Ok(Approval {
            standing: Standing::read(from)?,
            values_since: from.u64()?,
        })
    }
}

fn load(storage: &dyn Storage, golden: &Digest) -> StdResult<Approval> {
    Ok(
        row::may_load(storage, &approval_slot(golden))?.unwrap_or(Approval {
            standing: Standing::ACTIVE,
            values_since: 0,
        }),
    )
}

/// Replaces the set of the same kind and firmware; a retired one is active again, a compromised one
/// stays compromised. Unless everything that was good is good still, keys that were attested under the
/// earlier values retire.
pub fn approve(
    deps: DepsMut,
    env: Env,
    info: MessageInfo,
    set: Binary,
) -> Result<Response, ContractError> {
    as_admin(deps.as_ref(), &info)?;
    check_size("set", &set, MAX_SET)?;
    let new = GoldenSet::decode(&set)?;
    let golden = Hex(new.id());
    let known = load(deps.storage, &golden)?;
    if let KidStatus::Compromised = known.standing.status {
        return Err(ContractError::NotActive {
            what: "golden",
            status: KidStatus::Compromised,
        });
    }
    let now = env.block.time.seconds();
    let widens = match deps.storage.get(&set_slot(&golden)) {
        Some(stored) => new.accepts_all_of(&GoldenSet::decode(&stored)?),
        None => true,
    };
    deps.storage.set(&set_slot(&golden), &set);
    let approval = Approval {
        standing: Standing {
            status: KidStatus::Active,
            since: now,
        },
        values_since: if widens { known.values_since } else { now },
    };
    row::save(deps.storage, &approval_slot(&golden), &approval);
    Ok(padding::respond(&GoldenAnswer { golden })?)
}

/// How a set stands for a GPU that was compared with it at `compared_at`, Unix seconds.
pub fn standing(storage: &dyn Storage, golden: &Digest, compared_at: u64) -> StdResult<Standing> {
    let Approval {
        standing,
        values_since,
    } = load(storage, golden)?;
    let replaced = standing.status == KidStatus::Active && compared_at <= values_since;
    Ok(match replaced {
        true => Standing {
            status: KidStatus::Retired,
            since: values_since,
        },
        false => standing,
    })
}

/// The set of this id, if GPUs may be compared with it now.
pub fn usable(storage: &dyn Storage, golden: &Digest) -> Result<GoldenSet, ContractError> {
    let stored = storage.get(&set_slot(golden));
    let stored = stored.ok_or(ContractError::Unknown { what: "golden" })?;
    load(storage, golden)?.standing.check_active("golden")?;
    Ok(GoldenSet::decode(&stored)?)
}

/// Lets a set fall; it need not be known.
pub fn revoke(
    storage: &mut dyn Storage,
    golden: &Digest,
    to: KidStatus,
    now: u64,
) -> Result<(), ContractError> {
    let mut known = load(storage, golden)?;
    known.standing = known.standing.fall("golden", to, now)?;
    row::save(storage, &approval_slot(golden), &known);
    Ok(())
}

/// Answers the query `golden`.
pub fn golden(deps: Deps, golden: Digest) -> Result<Binary, ContractError> {
    let stored = deps.storage.get(&set_slot(&golden));
    let set = Binary(stored.ok_or(ContractError::Unknown { what: "golden" })?);
    let status = load(deps.storage, &golden)?.standing.status;
    Ok(padding::to_padded_binary(&GoldenSetAnswer { set, status })?)
}
