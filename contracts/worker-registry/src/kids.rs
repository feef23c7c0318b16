//! What a receipt key is worth now, and the query by which billing asks for it.
//!
//! A key stands as badly as the worst of itself, its image, its workload, its platform and its GPUs'
//! golden set: five reads at most, whatever was revoked. Nothing is written to the keys of a revoked
//! image, so a revocation holds for all of them at once and costs the same for one or for a thousand.

use cosmwasm_std::{Binary, Deps, StdResult, Storage};
use secret_ai_contract_kit::{padding, row};
use secret_ai_interface::registry::{KidInfo, KidStatus, KidsAnswer};
use secret_ai_interface::Kid;

use crate::error::ContractError;
use crate::standing::{worse, Standing};
use crate::state::{kid_slot, Key, NO_GOLDEN};
use crate::{goldens, heartbeat, images, platforms};

/// Most keys in one query.
const MAX_KIDS: usize = 32;

/// The worth of a key.
pub struct Worth {
    pub status: KidStatus,
    /// End of the lease, or of the time before the fall if that came first: receipts settle for a
    /// grace counted from here.
    pub lease_until: u64,
}

impl Worth {
    /// As a standing that begins now.
    pub fn standing(&self, now: u64) -> Standing {
        Standing {
            status: self.status,
            since: now,
        }
    }

    /// Whether the key's worker may take sessions.
    pub fn is_active(&self, now: u64) -> bool {
        self.status == KidStatus::Active && now <= self.lease_until
    }
}

/// What this key is worth.
pub fn worth(storage: &dyn Storage, key: &Key) -> StdResult<Worth> {
    let image = images::load(storage, &key.image)?;
    let workload = images::workload_standing(storage, (&key.image, &image), &key.workload)?;
    let platform = platforms::standing(storage, &key.platform)?;
    let golden = match key.golden {
        NO_GOLDEN => Standing::ACTIVE,
        _ => goldens::standing(storage, &key.golden, key.lease_from)?,
    };
    let start = Worth {
        status: KidStatus::Active,
        lease_until: key.lease_until.min(image.until),
    };
    Ok([key.standing, image.standing, workload, platform, golden]
        .iter()
        .fold(start, |worth, standing| Worth {
            status: worse(worth.status, standing.status),
            lease_until: standing.cut(worth.lease_until),
        }))
}

/// Whether the key's worker is to be offered to clients: active, and alive as policy wants.
pub fn is_listed(
    storage: &dyn Storage,
    kid: &Kid,
    key: &Key,
    worth: &Worth,
    heartbeat_s: u64,
    now: u64,
) -> StdResult<bool> {
    if heartbeat_s == 0 || !worth.is_active(now) {
        return Ok(worth.is_active(now));
    }
    Ok(now <= heartbeat::seen_at(storage, kid, key)?.saturating_add(heartbeat_s))
}

pub fn kids(deps: Deps, kids: Vec<Kid>) -> Result<Binary, ContractError> {
    if kids.len() > MAX_KIDS {
        return Err(ContractError::Count {
            field: "kids",
            have: kids.len(),
            max: MAX_KIDS,
        });
    }
    let kids = kids
        .iter()
        .map(|kid| kid_info(deps.storage, kid))
        .collect::<StdResult<_>>()?;
    Ok(padding::to_padded_binary(&KidsAnswer { kids })?)
}

fn kid_info(storage: &dyn Storage, kid: &Kid) -> StdResult<Option<KidInfo>> {
    let Some(key) = row::may_load::<Key>(storage, &kid_slot(kid))? else {
        return Ok(None);
    };
    let Worth {
        status,
        lease_until,
    } = worth(storage, &key)?;
    Ok(Some(KidInfo {
        receipt_pk: key.receipt_pk,
        worker_id: key.worker_id,
        operator: key.operator,
        lease_until,
        status,
    }))
}
