//! How many workers run on one platform.
//!
//! A seat is a key with its lease. Seats whose lease ran out are free again without anybody's
//! doing, so a tenant that left without a word blocks nobody.

use cosmwasm_std::{StdResult, Storage};
use secret_ai_contract_kit::row;
use secret_ai_interface::{Digest, Kid};

use crate::error::ContractError;
use crate::state::{seats_slot, Key, Seat, Seats};

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
    row::save(storage, &seats_slot(platform), &Seats(others));
    Ok(())
}

/// Frees the key's seat.
pub fn leave_seat(storage: &mut dyn Storage, kid: &Kid, key: &Key) -> StdResult<()> {
    let others = others(storage, &key.platform, kid)?;
    row::save(storage, &seats_slot(&key.platform), &Seats(others));
    Ok(())
}

fn others(storage: &dyn Storage, platform: &Digest, kid: &Kid) -> StdResult<Vec<Seat>> {
    let Seats(mut seats) = row::may_load(storage, &seats_slot(platform))?.unwrap_or_default();
    seats.retain(|seat| seat.kid != *kid);
    Ok(seats)
}
