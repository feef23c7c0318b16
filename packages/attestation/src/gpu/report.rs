//! What one report says, once it is known to be genuine.

use crate::crypto::p384_verifies;
use crate::error::Error;
use crate::gpu::opaque::Opaque;
use crate::gpu::spdm::{Evidence, Measurements};
use crate::gpu::{Arch, Feature, GpuError, GpuLeaf};

/// A genuine report. Whether its measurements are good, [`crate::gpu::check_golden`] says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedGpu {
    /// SHA-256 of the device's certificate.
    pub leaf_sha256: [u8; 32],
    pub arch: Arch,
    /// Such as `550.144.03`.
    pub driver_version: String,
    /// Such as `96.00.9F.00.02`.
    pub vbios_version: String,
    /// Project of the board, such as `1010` or `G520`.
    pub project: String,
    /// Such as `0210`.
    pub project_sku: String,
    /// Such as `886`.
    pub chip_sku: String,
    pub feature: Feature,
    /// Whether the video decoder NVDEC0 is on; without it measurement 35 means nothing.
    pub nvdec0_enabled: bool,
    /// 64 places, numbered from 0 as NVIDIA's reference manifests number them.
    pub measurements: Measurements,
}

/// Verifies evidence, which is a request and its response, against the device's certified key. One
/// P-384 verification.
///
/// Whether `leaf` is still valid is the caller's question: [`GpuLeaf::check_current`].
///
/// # Errors
/// [`GpuError`]: form, opaque data, nonce, FWID, signature, in this order.
pub fn verify_gpu_report(
    evidence: &[u8],
    leaf: &GpuLeaf,
    nonce: &[u8; 32],
) -> Result<VerifiedGpu, Error> {
    let evidence = Evidence::parse(evidence)?;
    let opaque = Opaque::parse(evidence.opaque)?;
    if evidence.nonce != *nonce {
        return Err(GpuError::Nonce.into());
    }
    if opaque.fwid.ok_or(GpuError::FwidAbsent)? != leaf.fwid {
        return Err(GpuError::Fwid.into());
    }
    if !p384_verifies(&leaf.key, evidence.signed, &evidence.signature) {
        return Err(GpuError::Signature.into());
    }
    Ok(VerifiedGpu {
        leaf_sha256: leaf.sha256,
        arch: leaf.arch(),
        driver_version: opaque.driver_version,
        vbios_version: opaque.vbios_version,
        project: opaque.project,
        project_sku: opaque.project_sku,
        chip_sku: opaque.chip_sku,
        feature: opaque.feature,
        nvdec0_enabled: opaque.nvdec0_enabled,
        measurements: evidence.measurements,
    })
}

/// Fails unless the GPU runs in one of these modes.
///
/// # Errors
/// [`GpuError::Feature`].
pub fn check_feature(gpu: &VerifiedGpu, allowed: &[Feature]) -> Result<(), Error> {
    if allowed.contains(&gpu.feature) {
        Ok(())
    } else {
        Err(GpuError::Feature(gpu.feature).into())
    }
}
