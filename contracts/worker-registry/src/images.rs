//! `approve_image`: which measured images, with which workloads, may register workers.

use cosmwasm_std::{Binary, Deps, DepsMut, Env, MessageInfo, Response, StdResult, Storage};
use secret_ai_contract_kit::padding;
use secret_ai_contract_kit::row::{self, key, Reader, Row, Writer};
use secret_ai_interface::registry::{ImageAnswer, KidStatus};
use secret_ai_interface::Digest;

use crate::error::ContractError;
use crate::policy::as_admin;
use crate::standing::{worse, Standing};

/// A measured image. It may register workers if it is approved, active and not past its end.
#[derive(Clone, Copy)]
pub struct Image {
    pub standing: Standing,
    /// False for one that was revoked without ever being approved.
    pub approved: bool,
    /// Whether any workload may run in it, not only those that were approved.
    pub any_workload: bool,
    /// Since when not, if it was so before; unix seconds.
    pub named_since: u64,
    /// A workload of it is compromised, so it never takes any workload again.
    pub named_for_ever: bool,
    /// The last second at which it counts, `u64::MAX` for no end.
    pub until: u64,
}

impl Image {
    const UNSEEN: Image = Image {
        standing: Standing::ACTIVE,
        approved: false,
        any_workload: false,
        named_since: 0,
        named_for_ever: false,
        until: u64::MAX,
    };

    /// How a workload stands of which nobody spoke.
    fn unnamed(&self) -> Standing {
        match self.any_workload {
            true => Standing::ACTIVE,
            false => Standing {
                status: KidStatus::Retired,
                since: self.named_since,
            },
        }
    }
}

impl Row for Image {
    const SIZE: usize = Standing::SIZE + 3 + 16;

    fn write(&self, out: &mut Writer) {
        self.standing.write(out);
        out.bool(self.approved);
        out.bool(self.any_workload);
        out.u64(self.named_since);
        out.bool(self.named_for_ever);
        out.u64(self.until);
    }

    fn read(from: &mut Reader) -> StdResult<Self> {
        Ok(Image {
            standing: Standing::read(from)?,
            approved: from.bool()?,
            any_workload: from.bool()?,
            named_since: from.u64()?,
            named_for_ever: from.bool()?,
            until: from.u64()?,
        })
    }
}

fn image_slot(image: &Digest) -> Vec<u8> {
    key("image", &[&image.0])
}

fn workload_slot(image: &Digest, workload: &Digest) -> Vec<u8> {
    key("workload", &[&image.0, &workload.0])
}

/// The image, as if never seen if it was not.
pub fn load(storage: &dyn Storage, image: &Digest) -> StdResult<Image> {
    Ok(row::may_load(storage, &image_slot(image))?.unwrap_or(Image::UNSEEN))
}

/// How a workload of an image stands; `None` if nobody spoke of it.
fn workload(
    storage: &dyn Storage,
    image: &Digest,
    workload: &Digest,
) -> StdResult<Option<Standing>> {
    row::may_load(storage, &workload_slot(image, workload))
}

/// How a workload stands in an image that has this digest. One of which nobody spoke stands while the
/// image takes any.
pub fn workload_standing(
    storage: &dyn Storage,
    (image, known): (&Digest, &Image),
    digest: &Digest,
) -> StdResult<Standing> {
    Ok(workload(storage, image, digest)?.unwrap_or(known.unnamed()))
}

/// Approves an image until its end, with one more workload or with any. An image that was retired
/// is active again, for approved workloads only unless this approves any; what is compromised
/// stays so.
pub fn approve(
    deps: DepsMut,
    env: Env,
    info: MessageInfo,
    image: Digest,
    workload: Option<Digest>,
    until: Option<u64>,
) -> Result<Response, ContractError> {
    as_admin(deps.as_ref(), &info)?;
    let now = env.block.time.seconds();
    let active = Standing {
        status: KidStatus::Active,
        since: now,
    };
    let known = load(deps.storage, &image)?;
    refuse_compromised("image", known.standing)?;
    if workload.is_none() && known.named_for_ever {
        return Err(ContractError::Format {
            field: "workload",
            reason: "must be named: one of this image is compromised",
        });
    }
    let was_active = known.approved && known.standing.status == KidStatus::Active;
    let any_workload = workload.is_none() || (was_active && known.any_workload);
    let approved = Image {
        standing: active,
        approved: true,
        any_workload,
        named_since: match known.any_workload && !any_workload {
            true => now,
            false => known.named_since,
        },
        named_for_ever: known.named_for_ever,
        until: until.unwrap_or(u64::MAX),
    };
    if let Some(workload) = workload {
        let earlier = self::workload(deps.storage, &image, &workload)?;
        refuse_compromised("workload", earlier.unwrap_or(Standing::ACTIVE))?;
        row::save(deps.storage, &workload_slot(&image, &workload), &active);
    }
    row::save(deps.storage, &image_slot(&image), &approved);
    Ok(padding::respond_empty())
}

fn refuse_compromised(what: &'static str, standing: Standing) -> Result<(), ContractError> {
    match standing.status {
        KidStatus::Compromised => Err(ContractError::NotActive {
            what,
            status: KidStatus::Compromised,
        }),
        _ => Ok(()),
    }
}

/// Lets an image fall; it need not be known.
pub fn revoke(
    storage: &mut dyn Storage,
    image: &Digest,
    to: KidStatus,
    now: u64,
) -> Result<(), ContractError> {
    let mut known = load(storage, image)?;
    known.standing = known.standing.fall("image", to, now)?;
    row::save(storage, &image_slot(image), &known);
    Ok(())
}

/// Lets a workload of an image fall; it need not be known. From then on the image takes approved
/// workloads only: what fell could come back under the name of its register's value.
pub fn revoke_workload(
    storage: &mut dyn Storage,
    image: &Digest,
    workload: &Digest,
    to: KidStatus,
    now: u64,
) -> Result<(), ContractError> {
    let earlier = self::workload(storage, image, workload)?;
    let fallen = earlier
        .unwrap_or(Standing::ACTIVE)
        .fall("workload", to, now)?;
    row::save(storage, &workload_slot(image, workload), &fallen);
    let known = load(storage, image)?;
    let named = Image {
        any_workload: false,
        named_since: match known.any_workload {
            true => now,
            false => known.named_since,
        },
        named_for_ever: known.named_for_ever || to == KidStatus::Compromised,
        ..known
    };
    row::save(storage, &image_slot(image), &named);
    Ok(())
}

/// The last second for which workers may register with this image and workload; fails unless they
/// may now.
pub fn check_usable(
    storage: &dyn Storage,
    image: &Digest,
    digest: &Digest,
    now: u64,
) -> Result<u64, ContractError> {
    let known = load(storage, image)?;
    known.standing.check_active("image")?;
    if !known.approved {
        return Err(ContractError::ImageUnknown(*image));
    }
    if now > known.until {
        let until = known.until;
        return Err(ContractError::ImageEnded { until, now });
    }
    match workload(storage, image, digest)? {
        Some(standing) => standing.check_active("workload")?,
        None if known.any_workload => {}
        None => return Err(ContractError::Workload(*digest)),
    }
    Ok(known.until)
}

/// Answers the query `image`.
pub fn image(
    deps: Deps,
    env: Env,
    image: Digest,
    digest: Option<Digest>,
) -> Result<Binary, ContractError> {
    let now = env.block.time.seconds();
    let known = load(deps.storage, &image)?;
    let spoken_of = match digest {
        Some(digest) => workload(deps.storage, &image, &digest)?,
        None => None,
    };
    let status = worse(
        known.standing.status,
        spoken_of.unwrap_or(Standing::ACTIVE).status,
    );
    let allowed = known.any_workload || spoken_of.is_some();
    Ok(padding::to_padded_binary(&ImageAnswer {
        usable: known.approved && allowed && status == KidStatus::Active && now <= known.until,
        status,
        until: Some(known.until).filter(|until| *until != u64::MAX),
    })?)
}
