//! Devices: a GPU, named by the public key of its boot ROM, which is the same under every firmware,
//! serves one worker at a time.

use cosmwasm_std::{StdResult, Storage};
use secret_ai_contract_kit::row::{self, key, Reader, Row, Writer};
use secret_ai_interface::registry::KidStatus;
use secret_ai_interface::{Digest, Hex, Kid};

use crate::error::ContractError;
use crate::kids::worth;
use crate::retire;
use crate::standing::Standing;
use crate::state::{kid_slot, Key};

/// A GPU.
struct Device {
    standing: Standing,
    /// The key that it was registered with last; zeros for none.
    kid: Kid,
}

const NOBODY: Kid = Hex([0; 20]);

impl Row for Device {
    const SIZE: usize = Standing::SIZE + 20;

    fn write(&self, out: &mut Writer) {
        self.standing.write(out);
        out.hex(&self.kid);
    }

    fn read(from: &mut Reader) -> StdResult<Self> {
        Ok(Device {
            standing: Standing::read(from)?,
            kid: from.hex()?,
        })
    }
}

fn device_slot(device: &Digest) -> Vec<u8> {
    key("device", &[&device.0])
}

fn load(storage: &dyn Storage, device: &Digest) -> StdResult<Device> {
    Ok(
        row::may_load(storage, &device_slot(device))?.unwrap_or(Device {
            standing: Standing::ACTIVE,
            kid: NOBODY,
        }),
    )
}

/// Gives a GPU to a key.
///
/// # Errors
/// If it is revoked, or serves another key whose lease runs.
pub fn take(
    storage: &mut dyn Storage,
    device: &Digest,
    kid: &Kid,
    now: u64,
) -> Result<(), ContractError> {
    let known = load(storage, device)?;
    known.standing.check_active("device")?;
    if known.kid == *kid {
        return Ok(());
    }
    let holder = row::may_load::<Key>(storage, &kid_slot(&known.kid))?;
    if let Some(holder) = holder {
        if worth(storage, &holder)?.is_active(now) {
            return Err(ContractError::DeviceTaken(*device));
        }
        // What it stood on fell. Should that rise again, the key must not: its GPU serves another.
        fall_if_it_can(storage, &known.kid, KidStatus::Retired, now)?;
    }
    let taken = Device { kid: *kid, ..known };
    row::save(storage, &device_slot(device), &taken);
    Ok(())
}

/// Fails unless a GPU that renews serves this very key.
pub fn check_holder(
    storage: &dyn Storage,
    device: &Digest,
    kid: &Kid,
) -> Result<(), ContractError> {
    let known = load(storage, device)?;
    known.standing.check_active("device")?;
    match known.kid == *kid {
        true => Ok(()),
        false => Err(ContractError::Renewal { field: "gpus" }),
    }
}

/// Lets a GPU fall, and the key that it serves with it; it need not be known.
pub fn revoke(
    storage: &mut dyn Storage,
    device: &Digest,
    to: KidStatus,
    now: u64,
) -> Result<(), ContractError> {
    let known = load(storage, device)?;
    let standing = known.standing.fall("device", to, now)?;
    row::save(storage, &device_slot(device), &Device { standing, ..known });
    fall_if_it_can(storage, &known.kid, to, now)
}

/// Lets a key fall, unless there is none or it fell before.
fn fall_if_it_can(
    storage: &mut dyn Storage,
    kid: &Kid,
    to: KidStatus,
    now: u64,
) -> Result<(), ContractError> {
    match retire::fall(storage, kid, to, now) {
        Err(ContractError::Unknown { .. } | ContractError::NoFall { .. }) => Ok(()),
        other => other,
    }
}
