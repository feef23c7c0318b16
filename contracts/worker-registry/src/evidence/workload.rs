//! What runs in an image.
//!
//! An image measures what it was told to run into RTMR3 (TDX) or has it in its host data (SNP). The
//! operator may say what that is made of; then the register is recomputed from it and the digest of
//! the parts is looked up, so that one approval holds for all deployments of a workload. Otherwise
//! the digest of the value itself is.

use secret_ai_attestation::{expected_rtmr3, workload_digest, Workload as Measures};
use secret_ai_interface::registry::Workload;
use secret_ai_interface::{Digest, Hex};

use crate::error::ContractError;

/// Most bytes of dstack's app id.
const MAX_APP_ID: usize = 64;

/// Where a technology has the workload.
pub enum Measured {
    Rtmr3([u8; 48]),
    HostData([u8; 32]),
}

/// Digest of what was measured, under which the admin approved it.
pub fn digest(claimed: Option<&Workload>, measured: &Measured) -> Result<Digest, ContractError> {
    let (claimed, rtmr3) = match (claimed, measured) {
        (None, Measured::Rtmr3(value)) => {
            return Ok(Hex(workload_digest(&Measures::Rtmr3(*value))));
        }
        (None, Measured::HostData(value)) => {
            return Ok(Hex(workload_digest(&Measures::HostData(*value))));
        }
        (Some(_), Measured::HostData(_)) => {
            return Err(ContractError::Format {
                field: "workload",
                reason: "can only be given with TDX evidence",
            });
        }
        (Some(claimed), Measured::Rtmr3(value)) => (measures(claimed)?, value),
    };
    if expected_rtmr3(&claimed).as_ref() == Some(rtmr3) {
        Ok(Hex(workload_digest(&claimed)))
    } else {
        Err(ContractError::WorkloadMismatch)
    }
}

fn measures(workload: &Workload) -> Result<Measures<'_>, ContractError> {
    Ok(match workload {
        Workload::AttestTool {
            compose_sha256,
            rootfs,
            docker_files_sha256,
        } => Measures::AttestTool {
            compose_sha256: compose_sha256.0,
            rootfs: rootfs.0,
            docker_files_sha256: docker_files_sha256.map(|digest| digest.0),
        },
        Workload::Dstack {
            app_id,
            compose_sha256,
            os_image_sha256,
            docker_files_sha256,
        } => {
            if app_id.len() > MAX_APP_ID {
                return Err(ContractError::Length {
                    field: "app_id",
                    have: app_id.len(),
                    min: 0,
                    max: MAX_APP_ID,
                });
            }
            Measures::Dstack {
                app_id,
                compose_sha256: compose_sha256.0,
                os_image_sha256: os_image_sha256.0,
                docker_files_sha256: docker_files_sha256.map(|digest| digest.0),
            }
        }
    })
}
