//! NVIDIA's authorities between its root and devices. They have no revocation list and practically no
//! end; what they vouched for can be revoked here, device by device.

use cosmwasm_std::{Binary, Storage};
use secret_ai_attestation::gpu::{verify_nvidia_ca, NvidiaCa, NvidiaIssuer, NvidiaRoot};
use secret_ai_interface::registry::{CollateralAnswer, RootKind};
use secret_ai_interface::{Digest, Hex};

use super::{check_size, MAX_CERTIFICATE};
use crate::certificates::{self, Fresh};
use crate::error::ContractError;
use crate::roots;

/// Most certificates in one message.
const MAX_CERTIFICATES: usize = 4;

pub fn submit(
    storage: &mut dyn Storage,
    now: u64,
    root: RootKind,
    issuer: Option<Digest>,
    certificates: &[Binary],
) -> Result<CollateralAnswer, ContractError> {
    if certificates.len() > MAX_CERTIFICATES {
        return Err(ContractError::Count {
            field: "certificates",
            have: certificates.len(),
            max: MAX_CERTIFICATES,
        });
    }
    let development = match root {
        RootKind::Vendor => None,
        RootKind::Development => Some(roots::nvidia(storage)?),
    };
    let trusted = match &development {
        None => NvidiaRoot::PINNED,
        Some(der) => NvidiaRoot::from_der(der)?,
    };
    let mut above: Option<NvidiaCa> = match issuer {
        Some(sha256) => Some(certificates::known(storage, &sha256)?),
        None => None,
    };
    if above
        .as_ref()
        .is_some_and(|ca| ca.root_sha256 != trusted.fingerprint())
    {
        return Err(ContractError::OtherRoot("NVIDIA".into()));
    }
    if let Some(ca) = &above {
        ca.check_current(now)?;
    }
    let mut fresh = Vec::with_capacity(certificates.len());
    for der in certificates {
        check_size("certificates", der, MAX_CERTIFICATE)?;
        let issuer = match &above {
            Some(ca) => NvidiaIssuer::Ca(ca),
            None => NvidiaIssuer::Root(&trusted),
        };
        let ca = verify_nvidia_ca(der, issuer, now)?;
        fresh.push(Fresh::new(&ca)?);
        above = Some(ca);
    }
    let last = above.filter(|_| !fresh.is_empty());
    let last = last.ok_or(ContractError::Length {
        field: "certificates",
        have: 0,
        min: 1,
        max: MAX_CERTIFICATES,
    })?;
    fresh.iter().for_each(|fresh| fresh.save(storage));
    Ok(CollateralAnswer {
        subject: Hex(last.sha256).to_string(),
        stored: true,
        valid_until: last.not_after,
    })
}
