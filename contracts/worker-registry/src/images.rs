//! `approve_image`: which measured images may register workers.

use cosmwasm_std::{DepsMut, Env, MessageInfo, Response, Storage};
use secret_ai_contract_kit::{padding, row};
use secret_ai_interface::registry::KidStatus;
use secret_ai_interface::{Digest, Hex};

use crate::error::ContractError;
use crate::policy::as_admin;
use crate::standing::Standing;
use crate::state::{image_slot, Image};

/// Approves an image with one workload, or any. A second approval replaces the workload: workers of
/// the first keep their lease and cannot renew it. It also brings a retired image back; a
/// compromised one stays compromised.
pub fn approve(
    deps: DepsMut,
    env: Env,
    info: MessageInfo,
    image: Digest,
    rtmr3: Option<Hex<48>>,
) -> Result<Response, ContractError> {
    as_admin(deps.as_ref(), &info)?;
    let known = row::may_load::<Image>(deps.storage, &image_slot(&image))?;
    if let Some(Standing {
        status: KidStatus::Compromised,
        ..
    }) = known.map(|k| k.standing)
    {
        return Err(ContractError::NotActive {
            what: "image",
            status: KidStatus::Compromised,
        });
    }
    let standing = Standing {
        status: KidStatus::Active,
        since: env.block.time.seconds(),
    };
    row::save(
        deps.storage,
        &image_slot(&image),
        &Image {
            standing,
            approved: true,
            rtmr3,
        },
    );
    Ok(padding::respond_empty())
}

/// Fails unless workers may register with this image and workload now.
pub fn check_usable(
    storage: &dyn Storage,
    image: &Digest,
    rtmr3: &Hex<48>,
) -> Result<(), ContractError> {
    let known = row::may_load::<Image>(storage, &image_slot(image))?;
    let known = known.ok_or(ContractError::ImageUnknown(*image))?;
    known.standing.check_active("image")?;
    if !known.approved {
        return Err(ContractError::ImageUnknown(*image));
    }
    match known.rtmr3 {
        Some(expected) if expected != *rtmr3 => Err(ContractError::Workload(*image)),
        _ => Ok(()),
    }
}
