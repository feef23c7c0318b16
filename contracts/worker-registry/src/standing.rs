//! How keys, images and platforms fall: `active`, then `retired`, then `compromised`.

use cosmwasm_std::{StdError, StdResult};
use secret_ai_contract_kit::row::{Reader, Row, Writer};
use secret_ai_interface::registry::KidStatus;

use crate::error::ContractError;

/// A status and when it began: for what fell, when it stopped being active. Unix seconds of block
/// time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    pub status: KidStatus,
    pub since: u64,
}

impl Standing {
    pub const ACTIVE: Standing = Standing {
        status: KidStatus::Active,
        since: 0,
    };

    /// The standing after a fall to `status`. Fails unless it is a fall: what is compromised stays
    /// so, and nothing falls twice to the same status. `what` names the thing in the error.
    pub fn fall(self, what: &'static str, to: KidStatus, now: u64) -> Result<Self, ContractError> {
        let since = if self.status == KidStatus::Active {
            now
        } else {
            self.since
        };
        if rank(to) > rank(self.status) {
            Ok(Standing { status: to, since })
        } else {
            Err(ContractError::NoFall {
                what,
                status: self.status,
            })
        }
    }

    /// Fails unless active.
    pub fn check_active(self, what: &'static str) -> Result<(), ContractError> {
        match self.status {
            KidStatus::Active => Ok(()),
            status => Err(ContractError::NotActive { what, status }),
        }
    }

    /// The end of a lease that ended, at the latest, when this fell.
    pub fn cut(self, lease_until: u64) -> u64 {
        match self.status {
            KidStatus::Active => lease_until,
            _ => lease_until.min(self.since),
        }
    }
}

/// The worse of two.
pub fn worse(a: KidStatus, b: KidStatus) -> KidStatus {
    if rank(a) < rank(b) {
        b
    } else {
        a
    }
}

/// What an error or a log calls a status.
pub fn name(status: KidStatus) -> &'static str {
    match status {
        KidStatus::Active => "active",
        KidStatus::Retired => "retired",
        KidStatus::Compromised => "compromised",
    }
}

/// The byte that stands for a status in rows; worse is more.
fn rank(status: KidStatus) -> u8 {
    match status {
        KidStatus::Active => 0,
        KidStatus::Retired => 1,
        KidStatus::Compromised => 2,
    }
}

impl Row for Standing {
    const SIZE: usize = 9;

    fn write(&self, out: &mut Writer) {
        out.u8(rank(self.status));
        out.u64(self.since);
    }

    fn read(from: &mut Reader) -> StdResult<Self> {
        let status = match from.u8()? {
            0 => KidStatus::Active,
            1 => KidStatus::Retired,
            2 => KidStatus::Compromised,
            _ => return Err(StdError::generic_err("stored standing: corrupt")),
        };
        Ok(Standing {
            status,
            since: from.u64()?,
        })
    }
}
