//! Evidence of NVIDIA GPUs.
//!
//! Every GPU answers the nonce G of the registration. All of a worker's GPUs must show the same golden
//! set: they have the same firmware, and one look-up says later whether that is still approved.

use std::collections::{BTreeMap, BTreeSet};

use cosmwasm_std::{Binary, Storage};
use secret_ai_attestation::gpu::{
    check_feature, check_golden, unpack, verify_gpu_certificates, verify_gpu_report, Feature,
    GoldenSet, GpuLeaf, NvidiaCa,
};
use secret_ai_attestation::{gpu_nonce, Device, DeviceKind, Error, Registration};
use secret_ai_contract_kit::sha256;
use secret_ai_interface::registry::{DeviceCertificates, GpuEvidence, GpuReport};
use secret_ai_interface::{Digest, Hex};

use crate::certificates::{self, Fresh};
use crate::collateral::{check_size, MAX_CERTIFICATE};
use crate::error::ContractError;
use crate::{goldens, stage};

/// Most bytes of one packed report.
const MAX_EVIDENCE: usize = 8_192;
/// Modes in which a GPU is confidential by itself; protected PCIe needs evidence of the switches, too.
const FEATURES: &[Feature] = &[Feature::Undeclared, Feature::Spt, Feature::Mpt];
/// Most certificates of one device.
const MAX_CERTIFICATES: usize = 4;

/// A GPU whose evidence was verified.
pub struct Gpu {
    /// As it is bound by the CPU's evidence.
    pub bound: Device,
    /// SHA-256 of its boot ROM's public key: what the GPU is called here, under any firmware.
    pub device: Digest,
    pub golden: Digest,
    /// The last second at which its certificate holds.
    pub valid_until: u64,
}

/// All GPUs of a worker.
pub struct Gpus {
    pub all: Vec<Gpu>,
    /// What all of them showed; `None` without GPUs.
    pub golden: Option<Digest>,
    pub fresh: Vec<Fresh>,
}

/// Verifies every GPU; for those that were staged, that it was done for this challenge.
pub fn verify(
    storage: &dyn Storage,
    registration: &Registration,
    evidence: &[GpuEvidence],
    now: u64,
) -> Result<Gpus, ContractError> {
    let nonce = gpu_nonce(registration)?;
    let mut sets = BTreeMap::new();
    let mut all = Vec::with_capacity(evidence.len());
    let mut fresh = Vec::new();
    for one in evidence {
        let gpu = match one {
            GpuEvidence::Staged(place) => stage::find(storage, registration, *place)?,
            GpuEvidence::Report(report) => {
                let id = report.golden;
                let set = match sets.remove(&id.0) {
                    Some(set) => set,
                    None => goldens::usable(storage, &id)?,
                };
                let (gpu, new) = verify_report(storage, report, &set, &nonce, now)?;
                sets.insert(id.0, set);
                fresh.extend(new);
                gpu
            }
        };
        all.push(gpu);
    }
    let devices: BTreeSet<_> = all.iter().map(|gpu| gpu.device.0).collect();
    if devices.len() < all.len() {
        return Err(Error::DuplicateDevice.into());
    }
    let golden = all.first().map(|gpu| gpu.golden);
    if let Some(other) = all.iter().find(|gpu| Some(gpu.golden) != golden) {
        return Err(ContractError::GoldenMixed(other.golden));
    }
    Ok(Gpus { all, golden, fresh })
}

/// The nonce for the GPUs of whoever holds this challenge; class and encryption key are no part of it.
pub fn gpu_nonce_of(registration: &Registration) -> Result<[u8; 32], ContractError> {
    Ok(gpu_nonce(registration)?)
}

/// Verifies the report of one GPU, and its certificates unless they are known.
pub fn verify_report(
    storage: &dyn Storage,
    report: &GpuReport,
    set: &GoldenSet,
    nonce: &[u8; 32],
    now: u64,
) -> Result<(Gpu, Option<Fresh>), ContractError> {
    check_size("evidence", &report.evidence, MAX_EVIDENCE)?;
    let (leaf, fresh) = leaf(storage, &report.certificates, now)?;
    let evidence = unpack(&report.evidence, set)?;
    let verified = verify_gpu_report(&evidence, &leaf, nonce)?;
    check_feature(&verified, FEATURES)?;
    check_golden(&verified, set)?;
    let gpu = Gpu {
        device: Hex(leaf.device_sha256),
        bound: Device {
            kind: DeviceKind::Gpu,
            leaf_sha256: leaf.sha256,
            evidence_sha256: sha256(&[&evidence]),
        },
        golden: report.golden,
        valid_until: leaf.not_after,
    };
    Ok((gpu, fresh))
}

fn leaf(
    storage: &dyn Storage,
    certificates: &DeviceCertificates,
    now: u64,
) -> Result<(GpuLeaf, Option<Fresh>), ContractError> {
    let (certificates, issuer) = match certificates {
        DeviceCertificates::Known(sha256) => {
            let leaf: GpuLeaf = certificates::known(storage, sha256)?;
            leaf.check_current(now)?;
            return Ok((leaf, None));
        }
        DeviceCertificates::Der {
            certificates,
            issuer,
        } => (certificates, issuer),
    };
    if certificates.len() > MAX_CERTIFICATES {
        return Err(ContractError::Count {
            field: "certificates",
            have: certificates.len(),
            max: MAX_CERTIFICATES,
        });
    }
    for der in certificates {
        check_size("certificates", der, MAX_CERTIFICATE)?;
    }
    let ca: NvidiaCa = certificates::known(storage, issuer)?;
    ca.check_current(now)?;
    let chain: Vec<&[u8]> = certificates.iter().map(Binary::as_slice).collect();
    let leaf = verify_gpu_certificates(&chain, &ca, now)?;
    let fresh = Fresh::new(&leaf)?;
    Ok((leaf, Some(fresh)))
}
