//! Revocations of permits: by name (SNIP-24) and by the date of their making (SNIP-24.1).
//!
//! | slot | size | who writes it |
//! | --- | --- | --- |
//! | `revoked_permit/<owner>/<SHA-256 of the name>` | 1 byte | the owner |
//! | `revoked_permits/<owner>` | 270 bytes | the owner |
//!
//! The second is one row for all of an owner's intervals, so that one looks like ten.

use cosmwasm_std::{Addr, StdError, StdResult, Storage, Uint64};
use secret_ai_interface::auth::{PermitRevocation, RevokedInterval};

use crate::row::{self, key, Reader, Row, Writer};
use crate::sha256;

const NAME_SLOT: &str = "revoked_permit";
const INTERVALS_SLOT: &str = "revoked_permits";
/// Longest name of a permit, in bytes.
pub const MAX_NAME: usize = 128;
/// Most intervals that hold at a time; `REVOKED_ALL` is not counted.
pub const MAX_INTERVALS: usize = 10;
/// Id of the revocation that ends all permits (SNIP-24.1).
pub const REVOKED_ALL: &str = "REVOKED_ALL";

/// Makes all permits of this name and signer worthless.
pub fn revoke(storage: &mut dyn Storage, signer: &Addr, name: &str) -> StdResult<()> {
    if name.len() > MAX_NAME {
        let length = name.len();
        return Err(StdError::generic_err(format!(
            "permit_name: {length} bytes, must be at most {MAX_NAME}"
        )));
    }
    storage.set(&name_slot(signer, name), &[1]);
    Ok(())
}

/// Whether the signer revoked permits of this name.
pub(super) fn is_name_revoked(storage: &dyn Storage, signer: &Addr, name: &str) -> bool {
    storage.get(&name_slot(signer, name)).is_some()
}

/// Makes the signer's permits of an interval worthless; returns the revocation's id. Fails if the
/// interval is empty or the 11th.
pub fn revoke_all(
    storage: &mut dyn Storage,
    signer: &Addr,
    interval: RevokedInterval,
) -> StdResult<String> {
    let mut revocations = Revocations::load(storage, signer)?;
    let id = revocations.add(interval)?;
    revocations.save(storage, signer);
    Ok(id)
}

/// Ends one of the signer's revocations. Fails if none has this id.
pub fn delete(storage: &mut dyn Storage, signer: &Addr, id: &str) -> StdResult<()> {
    let mut revocations = Revocations::load(storage, signer)?;
    revocations.remove(id)?;
    revocations.save(storage, signer);
    Ok(())
}

/// The revocations that hold for a signer, oldest first, `REVOKED_ALL` at the end.
pub fn list(storage: &dyn Storage, signer: &Addr) -> StdResult<Vec<PermitRevocation>> {
    let revocations = Revocations::load(storage, signer)?;
    let numbered = revocations.intervals.into_iter();
    let mut list: Vec<_> = numbered
        .map(|(id, interval)| PermitRevocation {
            revocation_id: id.to_string(),
            interval,
        })
        .collect();
    if revocations.all {
        list.push(PermitRevocation {
            revocation_id: REVOKED_ALL.to_string(),
            interval: RevokedInterval::default(),
        });
    }
    Ok(list)
}

/// One owner's revocations by date.
#[derive(Default)]
pub(super) struct Revocations {
    all: bool,
    next_id: u64,
    /// At most [`MAX_INTERVALS`], each with its id.
    intervals: Vec<(u64, RevokedInterval)>,
}

impl Revocations {
    pub(super) fn load(storage: &dyn Storage, owner: &Addr) -> StdResult<Self> {
        Ok(row::may_load(storage, &intervals_slot(owner))?.unwrap_or_default())
    }

    fn save(&self, storage: &mut dyn Storage, owner: &Addr) {
        row::save(storage, &intervals_slot(owner), self);
    }

    /// Whether a permit made at this time, in milliseconds since 1970, is worthless. One without a
    /// date is, as soon as there is any revocation: it could have been made at any time.
    pub(super) fn end(&self, created: Option<u64>) -> bool {
        self.intervals
            .iter()
            .fold(self.all, |ended, (_, interval)| {
                ended | created.is_none_or(|at| contains(interval, at))
            })
    }

    fn add(&mut self, interval: RevokedInterval) -> StdResult<String> {
        let RevokedInterval {
            created_before,
            created_after,
        } = interval;
        match (created_before, created_after) {
            (None, None) => {
                self.all = true;
                return Ok(REVOKED_ALL.to_string());
            }
            (Some(before), Some(after)) if after >= before => {
                let reason = "interval: created_after must be less than created_before";
                return Err(StdError::generic_err(reason));
            }
            _ => {}
        }
        if self.intervals.len() >= MAX_INTERVALS {
            return Err(StdError::generic_err(format!(
                "interval: {MAX_INTERVALS} revocations hold already; delete one first"
            )));
        }
        let id = self.next_id;
        self.next_id = id.saturating_add(1);
        self.intervals.push((id, interval));
        Ok(id.to_string())
    }

    fn remove(&mut self, id: &str) -> StdResult<()> {
        let before = self.intervals.len();
        self.intervals.retain(|(other, _)| other.to_string() != id);
        let found_all = id == REVOKED_ALL && self.all;
        self.all &= !found_all;
        if found_all || self.intervals.len() < before {
            Ok(())
        } else {
            let reason = "revocation_id: no revocation of the sender has it";
            Err(StdError::generic_err(reason))
        }
    }
}

/// Both bounds are exclusive, and an absent one always holds.
fn contains(interval: &RevokedInterval, created: u64) -> bool {
    let milliseconds = |seconds: Uint64| u128::from(seconds.u64()).saturating_mul(1_000);
    let created = u128::from(created);
    let before = interval.created_before.map(milliseconds);
    let after = interval.created_after.map(milliseconds);
    before.is_none_or(|bound| created < bound) & after.is_none_or(|bound| created > bound)
}

/// Id, and each bound with a byte that says whether it is there.
const INTERVAL_SIZE: usize = 8 + 2 * (1 + 8);

impl Row for Revocations {
    const SIZE: usize = 1 + 8 + 1 + MAX_INTERVALS * INTERVAL_SIZE;

    fn write(&self, out: &mut Writer) {
        out.bool(self.all);
        out.u64(self.next_id);
        out.u8(u8::try_from(self.intervals.len()).unwrap_or(u8::MAX));
        for (id, interval) in &self.intervals {
            out.u64(*id);
            for bound in [interval.created_before, interval.created_after] {
                out.bool(bound.is_some());
                out.u64(bound.unwrap_or_default().u64());
            }
        }
        let free = MAX_INTERVALS.saturating_sub(self.intervals.len());
        out.zeros(free.saturating_mul(INTERVAL_SIZE));
    }

    fn read(from: &mut Reader) -> StdResult<Self> {
        let (all, next_id, count) = (from.bool()?, from.u64()?, usize::from(from.u8()?));
        let mut intervals = Vec::with_capacity(MAX_INTERVALS);
        for _ in 0..count {
            let id = from.u64()?;
            let created_before = bound(from)?;
            let created_after = bound(from)?;
            let interval = RevokedInterval {
                created_before,
                created_after,
            };
            intervals.push((id, interval));
        }
        let free = MAX_INTERVALS.saturating_sub(count);
        from.take(free.saturating_mul(INTERVAL_SIZE))?;
        Ok(Revocations {
            all,
            next_id,
            intervals,
        })
    }
}

fn bound(from: &mut Reader) -> StdResult<Option<Uint64>> {
    let (is_there, seconds) = (from.bool()?, from.u64()?);
    Ok(is_there.then(|| Uint64::new(seconds)))
}

fn name_slot(signer: &Addr, name: &str) -> Vec<u8> {
    // Hashed, because the length of a slot's key shows.
    let name = sha256(&[name.as_bytes()]);
    key(NAME_SLOT, &[signer.as_bytes(), &name])
}

fn intervals_slot(owner: &Addr) -> Vec<u8> {
    key(INTERVALS_SLOT, &[owner.as_bytes()])
}
