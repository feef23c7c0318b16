//! `revoke`: the admin marks a key, an image, a workload, a platform, a device or a golden set.

use cosmwasm_std::{DepsMut, Env, MessageInfo, Response};
use secret_ai_contract_kit::padding;
use secret_ai_interface::registry::{KidStatus, RevocationSpeed, RevocationTarget};

use crate::error::ContractError;
use crate::policy::as_admin;
use crate::{devices, goldens, images, platforms, retire};

/// Everything but keys may be revoked before anybody registered with it; keys must be known.
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
    let storage = deps.storage;
    match target {
        RevocationTarget::Kid(kid) => retire::fall(storage, &kid, to, now)?,
        RevocationTarget::Image(image) => images::revoke(storage, &image, to, now)?,
        RevocationTarget::Workload { image, workload } => {
            images::revoke_workload(storage, &image, &workload, to, now)?
        }
        RevocationTarget::Platform(platform) => platforms::revoke(storage, &platform, to, now)?,
        RevocationTarget::Device(device) => devices::revoke(storage, &device, to, now)?,
        RevocationTarget::Golden(golden) => goldens::revoke(storage, &golden, to, now)?,
    }
    Ok(padding::respond_empty())
}
