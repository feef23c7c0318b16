//! Platforms: how they stand, who vouches for them, and how many workers run on one.
//!
//! A seat is a key with its lease. Seats whose lease ran out are free again without anybody's
//! doing, so a tenant that left without a word blocks nobody.

use cosmwasm_std::{DepsMut, MessageInfo, Response, StdError, StdResult, Storage};
use secret_ai_contract_kit::padding;
use secret_ai_contract_kit::row::{self, key, Reader};
use secret_ai_interface::registry::KidStatus;
use secret_ai_interface::{Digest, Kid};

use crate::error::ContractError;
use crate::policy::as_admin;
use crate::standing::Standing;

/// Most workers of one platform that any policy can allow.
pub const MAX_SEATS: u32 = 16;
/// Bytes of a stored seat.
const SEAT_SIZE: usize = 28;

/// One worker on a platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seat {
    pub kid: Kid,
    pub lease_until: u64,
}

fn standing_slot(platform: &Digest) -> Vec<u8> {
    key("platform", &[&platform.0])
}

fn known_slot(platform: &Digest) -> Vec<u8> {
    key("known", &[&platform.0])
}

fn seats_slot(platform: &Digest) -> Vec<u8> {
    key("seats", &[&platform.0])
}

/// `approve_platform`: the admin says whether somebody trusted knows where a platform stands.
pub fn approve(
    deps: DepsMut,
    info: MessageInfo,
    platform: Digest,
    known: bool,
) -> Result<Response, ContractError> {
    as_admin(deps.as_ref(), &info)?;
    match known {
        true => deps.storage.set(&known_slot(&platform), &[1]),
        false => deps.storage.remove(&known_slot(&platform)),
    }
    Ok(padding::respond_empty())
}

pub fn is_known(storage: &dyn Storage, platform: &Digest) -> bool {
    storage.get(&known_slot(platform)).is_some()
}

pub fn standing(storage: &dyn Storage, platform: &Digest) -> StdResult<Standing> {
    Ok(row::may_load(storage, &standing_slot(platform))?.unwrap_or(Standing::ACTIVE))
}

/// Lets a platform fall; it need not be known.
pub fn revoke(
    storage: &mut dyn Storage,
    platform: &Digest,
    to: KidStatus,
    now: u64,
) -> Result<(), ContractError> {
    let fallen = standing(storage, platform)?.fall("platform", to, now)?;
    row::save(storage, &standing_slot(platform), &fallen);
    Ok(())
}

/// Gives the key a seat on its platform until its lease ends, in place of the one it may have.
///
/// # Errors
/// [`ContractError::PlatformFull`] if `limit` others are active there.
pub fn take_seat(
    storage: &mut dyn Storage,
    platform: &Digest,
    seat: Seat,
    now: u64,
    limit: u32,
) -> Result<(), ContractError> {
    let mut others = others(storage, platform, &seat.kid)?;
    others.retain(|other| now <= other.lease_until);
    let active = others.len();
    if u64::try_from(active).unwrap_or(u64::MAX) >= u64::from(limit) {
        return Err(ContractError::PlatformFull { active, limit });
    }
    others.push(seat);
    save(storage, platform, &others);
    Ok(())
}

/// Frees the seat that the key may have.
pub fn leave_seat(storage: &mut dyn Storage, platform: &Digest, kid: &Kid) -> StdResult<()> {
    let others = others(storage, platform, kid)?;
    save(storage, platform, &others);
    Ok(())
}

fn others(storage: &dyn Storage, platform: &Digest, kid: &Kid) -> StdResult<Vec<Seat>> {
    let stored = storage.get(&seats_slot(platform)).unwrap_or_default();
    let (seats, []) = stored.as_chunks::<SEAT_SIZE>() else {
        return Err(StdError::generic_err("stored seats: corrupt"));
    };
    let read = |bytes: &[u8; SEAT_SIZE]| -> StdResult<Seat> {
        let mut from = Reader::new(bytes);
        Ok(Seat {
            kid: from.hex()?,
            lease_until: from.u64()?,
        })
    };
    let mut seats = seats.iter().map(read).collect::<StdResult<Vec<_>>>()?;
    seats.retain(|seat| seat.kid != *kid);
    Ok(seats)
}

/// As long as there are seats: everything here is public.
fn save(storage: &mut dyn Storage, platform: &Digest, seats: &[Seat]) {
    if seats.is_empty() {
        return storage.remove(&seats_slot(platform));
    }
    let bytes = seats
        .iter()
        .flat_map(|seat| seat.kid.0.into_iter().chain(seat.lease_until.to_be_bytes()));
    storage.set(&seats_slot(platform), &bytes.collect::<Vec<u8>>());
}
