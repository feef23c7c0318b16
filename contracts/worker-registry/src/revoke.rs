//! `revoke`: the admin marks a key, an image or a platform.

use cosmwasm_std::{DepsMut, Env, MessageInfo, Response};
use secret_ai_contract_kit::{padding, row};
use secret_ai_interface::registry::{KidStatus, RevocationSpeed, RevocationTarget};

use crate::error::ContractError;
use crate::policy::as_admin;
use crate::retire;
use crate::standing::Standing;
use crate::state::{image_slot, platform_slot, platform_standing, Image};

/// Images and platforms may be revoked before anybody registered with them; keys must be known.
pub fn revoke(
    deps: DepsMut,
    env: Env,
    info: MessageInfo,
    target: RevocationTarget,
    speed: RevocationSpeed,
) -> Result<Response, ContractError> {
    as_admin(deps.as_ref(), &info)?;
    let now = env.block.time.seconds();
    let to = match speed {
        RevocationSpeed::Retired => KidStatus::Retired,
        RevocationSpeed::Compromised => KidStatus::Compromised,
    };
    match target {
        RevocationTarget::Kid(kid) => retire::fall(deps.storage, &kid, to, now)?,
        RevocationTarget::Image(image) => {
            let slot = image_slot(&image);
            let unseen = Image {
                standing: Standing::ACTIVE,
                approved: false,
                rtmr3: None,
            };
            let mut known = row::may_load(deps.storage, &slot)?.unwrap_or(unseen);
            known.standing = known.standing.fall("image", to, now)?;
            row::save(deps.storage, &slot, &known);
        }
        RevocationTarget::Platform(platform) => {
            let standing = platform_standing(deps.storage, &platform)?;
            let fallen = standing.fall("platform", to, now)?;
            row::save(deps.storage, &platform_slot(&platform), &fallen);
        }
    }
    Ok(padding::respond_empty())
}
