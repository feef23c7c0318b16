//! What can be wrong with GPU evidence beyond [`crate::Error`]'s common cases.

use thiserror::Error;

use crate::gpu::Feature;

/// Why the evidence of a GPU is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum GpuError {
    // Certificates.
    #[error("device chain has {have} certificates below the known authority, expected {need}")]
    ChainLength { have: usize, need: usize },
    #[error("certificates of a chain are of two kinds of chip")]
    Chip,
    #[error("device certificate says that the chip runs insecure, in recovery or under debug")]
    Debug,

    // Form of a report.
    #[error("evidence has {have} bytes, at most {limit}")]
    Length { have: usize, limit: usize },
    #[error("evidence has {have} bytes where its fields need {need}")]
    Cut { have: usize, need: usize },
    #[error("{0} bytes follow the signature")]
    Trailing(usize),
    #[error("request is not SPDM 1.1 GET_MEASUREMENTS for all blocks, signed, of slot 0")]
    Request,
    #[error("response is not SPDM 1.1 MEASUREMENTS with parameters 0")]
    Response,
    #[error("measurement record has {have} bytes, its blocks need {need}")]
    RecordLength { have: usize, need: usize },
    #[error("measurement block has index {have}, after {previous} and at most 64 was expected")]
    BlockIndex { have: u8, previous: u8 },
    #[error("measurement block {0} is not a SHA-384 digest of mutable firmware in DMTF's form")]
    BlockForm(u8),
    #[error("opaque data end inside a field")]
    OpaqueCut,
    #[error("opaque data have a field of the unknown type {0}")]
    OpaqueType(u16),
    #[error("opaque data have two fields of type {0}")]
    OpaqueDuplicate(u16),
    #[error("opaque data lack the {0}")]
    OpaqueMissing(&'static str),
    #[error("opaque data have an ill-formed {0}")]
    OpaqueField(&'static str),
    #[error("opaque data are of version {0}, at most 1 is known")]
    OpaqueVersion(u16),

    // What a report says.
    #[error("report answers another nonce")]
    Nonce,
    #[error("report does not name its firmware (FWID)")]
    FwidAbsent,
    #[error("report is of another firmware (FWID) than the device certificate")]
    Fwid,
    #[error("feature flag and protected PCIe status contradict each other")]
    FeatureConflict,
    #[error("GPU mode {0} is not accepted")]
    Feature(Feature),
    #[error("signature of the report is wrong")]
    Signature,

    // Golden sets.
    #[error("golden set is not of the expected form: {0}")]
    GoldenForm(&'static str),
    #[error("golden set is for another {0}")]
    GoldenIdentity(&'static str),
    #[error("measurement {0} is absent")]
    MeasurementAbsent(u8),
    #[error("measurement {0} has no golden value")]
    Measurement(u8),

    // Packed evidence.
    #[error("packed evidence does not unpack: {0}")]
    Packed(&'static str),
}

impl GpuError {
    /// Stable snake_case name of the check that failed.
    pub fn code(&self) -> &'static str {
        match self {
            GpuError::ChainLength { .. } => "gpu_chain_length",
            GpuError::Chip => "gpu_chip",
            GpuError::Debug => "gpu_debug",
            GpuError::Length { .. } => "gpu_length",
            GpuError::Cut { .. } => "gpu_cut",
            GpuError::Trailing(_) => "gpu_trailing",
            GpuError::Request => "gpu_request",
            GpuError::Response => "gpu_response",
            GpuError::RecordLength { .. } => "gpu_record_length",
            GpuError::BlockIndex { .. } => "gpu_block_index",
            GpuError::BlockForm(_) => "gpu_block_form",
            GpuError::OpaqueCut => "gpu_opaque_cut",
            GpuError::OpaqueType(_) => "gpu_opaque_type",
            GpuError::OpaqueDuplicate(_) => "gpu_opaque_duplicate",
            GpuError::OpaqueMissing(_) => "gpu_opaque_missing",
            GpuError::OpaqueField(_) => "gpu_opaque_field",
            GpuError::OpaqueVersion(_) => "gpu_opaque_version",
            GpuError::Nonce => "gpu_nonce",
            GpuError::FwidAbsent => "gpu_fwid_absent",
            GpuError::Fwid => "gpu_fwid",
            GpuError::FeatureConflict => "gpu_feature_conflict",
            GpuError::Feature(_) => "gpu_feature",
            GpuError::Signature => "gpu_signature",
            GpuError::GoldenForm(_) => "golden_form",
            GpuError::GoldenIdentity(_) => "golden_identity",
            GpuError::MeasurementAbsent(_) => "gpu_measurement_absent",
            GpuError::Measurement(_) => "gpu_measurement",
            GpuError::Packed(_) => "gpu_packed",
        }
    }
}
