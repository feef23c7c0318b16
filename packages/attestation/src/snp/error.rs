//! What can be wrong with AMD's evidence beyond [`crate::Error`]'s common cases.

use thiserror::Error;

use super::{Product, Signer, Tcb};

/// Why a report, or what endorses it, is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SnpError {
    // Form of a report.
    #[error("report has {0} bytes, expected 1184")]
    Length(usize),
    #[error("report version is {0}, expected 2 to 5")]
    Version(u32),
    #[error("signature algorithm is {0}, expected 1 (ECDSA P-384 with SHA-384)")]
    SignatureAlgorithm(u32),
    #[error("reserved bits are not zero: {0}")]
    Reserved(&'static str),
    #[error("signature's fields are not filled up with zeros")]
    SignaturePadding,

    // What the report says of guest and platform.
    #[error("guest policy {0:#x}: debug is allowed")]
    Debug(u64),
    #[error("guest policy {0:#x}: a migration agent is allowed")]
    MigrationAgent(u64),
    #[error("guest policy {0:#x}: a reserved bit has the wrong value")]
    GuestPolicyReserved(u64),
    #[error("VMPL is {0}, at most 3")]
    Vmpl(u32),
    #[error("report is not signed: the platform masks its key")]
    MaskedKey,
    #[error("CPUID family {family:#x} model {model:#x} is not of product {product}")]
    Product {
        family: u8,
        model: u8,
        product: Product,
    },
    #[error("TCB is out of order: {0}")]
    TcbOrder(&'static str),

    // Report and endorsement.
    #[error("report names signer {have}, the certificate is a {need}")]
    Signer { have: u8, need: Signer },
    #[error("chip id is zero, though the chip's own key signs")]
    ChipIdZero,
    #[error("chip id is not the certificate's hardware id")]
    HardwareId,
    #[error("reported TCB is {have}, the certificate's is {need}")]
    ReportedTcb { have: Tcb, need: Tcb },
    #[error("endorsement was not verified under this collateral: {0}")]
    Endorsement(&'static str),
    #[error("signature of the report is wrong")]
    ReportSignature,

    // Collateral.
    #[error("collateral was verified without a revocation list")]
    NoRevocationList,

    // Policy.
    #[error("guest policy {0:#x}: simultaneous multithreading is allowed, policy refuses it")]
    PolicySmt(u64),
    #[error("report is signed by a cloud provider's key, policy refuses it")]
    PolicyVlek,
    #[error("report version is 2, policy wants at least 3")]
    PolicyVersion,
    #[error("policy has no least TCB for product {0}")]
    PolicyNoMinimum(Product),
    #[error("reported TCB is {have}, policy wants at least {need}")]
    PolicyMinTcb { have: Tcb, need: Tcb },
}

impl SnpError {
    /// Stable snake_case name of the check that failed.
    pub fn code(&self) -> &'static str {
        match self {
            SnpError::Length(_) => "snp_length",
            SnpError::Version(_) => "snp_version",
            SnpError::SignatureAlgorithm(_) => "snp_signature_algorithm",
            SnpError::Reserved(_) => "snp_reserved",
            SnpError::SignaturePadding => "snp_signature_padding",
            SnpError::Debug(_) => "snp_debug",
            SnpError::MigrationAgent(_) => "snp_migrate_ma",
            SnpError::GuestPolicyReserved(_) => "snp_guest_policy_reserved",
            SnpError::Vmpl(_) => "snp_vmpl",
            SnpError::MaskedKey => "snp_masked_key",
            SnpError::Product { .. } => "snp_product",
            SnpError::TcbOrder(_) => "snp_tcb_order",
            SnpError::Signer { .. } => "snp_signer",
            SnpError::ChipIdZero => "snp_chip_id_zero",
            SnpError::HardwareId => "snp_hardware_id",
            SnpError::ReportedTcb { .. } => "snp_reported_tcb",
            SnpError::Endorsement(_) => "snp_endorsement",
            SnpError::ReportSignature => "snp_report_signature",
            SnpError::NoRevocationList => "snp_no_revocation_list",
            SnpError::PolicySmt(_) => "policy_snp_smt",
            SnpError::PolicyVlek => "policy_snp_vlek",
            SnpError::PolicyVersion => "policy_snp_version",
            SnpError::PolicyNoMinimum(_) => "policy_snp_no_minimum",
            SnpError::PolicyMinTcb { .. } => "policy_snp_min_tcb",
        }
    }
}
