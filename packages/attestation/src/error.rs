//! What can be wrong with evidence.

use core::fmt;

use thiserror::Error;

use crate::gpu::GpuError;
use crate::nras::NrasError;
use crate::snp::SnpError;
use crate::tcb::{Advisory, TcbStatus};

/// The thing that an error speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item {
    /// The pinned root CA certificate.
    RootCa,
    /// The CA that issues PCK certificates.
    PckCa,
    /// The platform's provisioning certification key certificate.
    PckLeaf,
    /// The certificate that signs TCB info and QE identity.
    TcbSigner,
    /// The revocation list of the root CA.
    RootCrl,
    /// The revocation list of the PCK CA.
    PckCrl,
    /// The signed list of TCB levels of one kind of platform.
    TcbInfo,
    /// The signed identity of the TD quoting enclave.
    QeIdentity,
    /// A set of collateral, verified before.
    Collateral,
    /// AMD's root key of a product (ARK).
    Ark,
    /// AMD's signing key below it: ASK for VCEKs, ASVK for VLEKs.
    Ask,
    /// AMD's key of one chip at one patch level.
    Vcek,
    /// AMD's key of a cloud provider.
    Vlek,
    /// AMD's revocation list of a product.
    AmdCrl,
    /// NVIDIA's root certificate of device identities.
    NvidiaRoot,
    /// A certificate between NVIDIA's root and a device.
    NvidiaCa,
    /// A certificate of a device's boot code, below NVIDIA's authorities.
    DeviceCa,
    /// The certificate whose key signs a device's reports.
    DeviceLeaf,
    /// A certificate of NVIDIA's remote attestation service.
    NrasCertificate,
    /// A token of NVIDIA's remote attestation service.
    NrasToken,
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Item::RootCa => "root CA certificate",
            Item::PckCa => "PCK CA certificate",
            Item::PckLeaf => "PCK certificate",
            Item::TcbSigner => "TCB signing certificate",
            Item::RootCrl => "root CA CRL",
            Item::PckCrl => "PCK CRL",
            Item::TcbInfo => "TCB info",
            Item::QeIdentity => "QE identity",
            Item::Collateral => "collateral",
            Item::Ark => "ARK certificate",
            Item::Ask => "ASK certificate",
            Item::Vcek => "VCEK certificate",
            Item::Vlek => "VLEK certificate",
            Item::AmdCrl => "AMD CRL",
            Item::NvidiaRoot => "NVIDIA root certificate",
            Item::NvidiaCa => "NVIDIA intermediate certificate",
            Item::DeviceCa => "device boot certificate",
            Item::DeviceLeaf => "device certificate",
            Item::NrasCertificate => "NRAS certificate",
            Item::NrasToken => "NRAS token",
        })
    }
}

/// Why evidence or collateral is refused. [`Error::code`] is stable; the sentence may change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Error {
    // Other technologies.
    #[error(transparent)]
    Snp(#[from] SnpError),
    #[error(transparent)]
    Gpu(#[from] GpuError),
    #[error(transparent)]
    Nras(#[from] NrasError),

    // Form of a quote.
    #[error("quote has {have} bytes where its fields need {need}")]
    QuoteLength { have: usize, need: usize },
    #[error("quote version is {0}, expected 4 or 5")]
    QuoteVersion(u16),
    #[error(
        "quote has version 3 and is of an SGX enclave, expected a TDX quote of version 4 or 5"
    )]
    SgxQuote,
    #[error("TEE type is {0:#x}, expected 0x81 (TDX)")]
    TeeType(u32),
    #[error("attestation key type is {0}, expected 2 (ECDSA P-256)")]
    AttestationKeyType(u16),
    #[error("QE vendor is not Intel")]
    QeVendor,
    #[error("body type {kind} with {size} bytes is none of 2 (584), 3 (648), 4 (885)")]
    BodyType { kind: u16, size: u32 },
    #[error("certification data type is {have}, expected {need}")]
    CertificationType { have: u16, need: u16 },
    #[error("PCK chain in the quote is not three PEM certificates: {0}")]
    PemChain(&'static str),
    #[error("quote names its PCK certificate by a hash of {0} bytes, expected 32")]
    PckHashLength(usize),
    #[error("quote names its PCK certificate by hash only")]
    PckAbsent,
    #[error("quote's PCK certificate is not the one it is verified with")]
    PckMismatch,
    #[error("PCK chain in the quote does not go through the known {0}")]
    PckChain(Item),

    // Form and trust of certificates and lists.
    #[error("{0} is not strict DER of the expected form: {1}")]
    Der(Item, &'static str),
    #[error("{0} does not have the expected profile: {1}")]
    Profile(Item, &'static str),
    #[error("chain of the {0} has {1} certificates, expected 1 or 2")]
    ChainLength(Item, usize),
    #[error("chain of the {0} does not end at the trusted root")]
    ForeignRoot(Item),
    #[error("{0} was not issued by the expected authority")]
    Issuer(Item),
    #[error("signature of the {0} is wrong")]
    Signature(Item),
    #[error("{item} is not valid before {from}, it is {now}")]
    NotYetValid { item: Item, from: u64, now: u64 },
    #[error("{item} expired at {until}, it is {now}")]
    Expired { item: Item, until: u64, now: u64 },
    #[error("{0} is revoked")]
    Revoked(Item),
    #[error("{item} has {have} bytes, at most {limit}")]
    TooLarge {
        item: Item,
        have: usize,
        limit: usize,
    },

    // Collateral.
    #[error("{0} is not JSON of the expected form: {1}")]
    Json(Item, &'static str),
    #[error("{0} is not for Intel TDX: {1}")]
    Kind(Item, &'static str),
    #[error("collateral is older than what is known: {0}")]
    Stale(&'static str),
    #[error("collateral's oldest part was issued at {issued}, more than {limit} s before {now}")]
    CollateralAge { issued: u64, limit: u64, now: u64 },
    #[error("stored collateral does not decode: {0}")]
    Encoding(&'static str),
    #[error("packed collateral does not decode: {0}")]
    QveCollateral(&'static str),

    // Trust domain.
    #[error("TD attributes {0:#018x}: debug is on")]
    TdDebug(u64),
    #[error("TD attributes {0:#018x}: profiling is on")]
    TdProfiling(u64),
    #[error("TD attributes {0:#018x}: migration is on")]
    TdMigratable(u64),
    #[error("TD attributes {0:#018x}: a reserved or unsupported bit is set")]
    TdReserved(u64),
    #[error("TD attributes {0:#018x}: SEPT_VE_DISABLE is off")]
    TdSeptVe(u64),
    #[error("the TD has a service TD")]
    ServiceTd,

    // Quoting enclave.
    #[error("QE report is in debug mode")]
    QeDebug,
    #[error("QE MRSIGNER is not the QE identity's")]
    QeSigner,
    #[error("QE ISVPRODID is {have}, expected {need}")]
    QeProduct { have: u16, need: u16 },
    #[error("QE MISCSELECT is {have:#x} under the mask, expected {need:#x}")]
    QeMiscselect { have: u32, need: u32 },
    #[error("QE attributes are not the QE identity's under its mask")]
    QeAttributes,
    #[error("QE ISVSVN {0} is below every level of the QE identity")]
    QeIsvSvn(u16),
    #[error("QE report does not name this attestation key")]
    QeBinding,
    #[error("signature of the QE report is wrong")]
    QeReportSignature,
    #[error("signature of the quote is wrong")]
    QuoteSignature,

    // Platform.
    #[error("platform's FMSPC is not the collateral's")]
    Fmspc,
    #[error("platform's PCE-ID is not the collateral's")]
    PceId,
    #[error("platform matches no TCB level")]
    TcbLevel,
    #[error("TDX module version {0} is unknown to the TCB info")]
    TdxModule(u8),
    #[error("TDX module signer is not the TCB info's")]
    TdxModuleSigner,
    #[error("TDX module attributes are not the TCB info's")]
    TdxModuleAttributes,
    #[error("TDX module ISVSVN {0} is below every level of the TCB info")]
    TdxModuleIsvSvn(u8),
    #[error("TCB status is Revoked")]
    TcbRevoked,

    // Policy.
    #[error("TCB status {0} is not accepted by policy")]
    PolicyTcbStatus(TcbStatus),
    #[error("TCB is out of date since {since}, {grace} s of grace ended before {now}")]
    PolicyGrace { since: u64, grace: u64, now: u64 },
    #[error("advisory {0} applies and is denied by policy")]
    PolicyAdvisory(Advisory),
    #[error("TCB evaluation number is {have}, policy wants at least {need}")]
    PolicyEvaluationNumber { have: u32, need: u32 },

    // Binding.
    #[error("{field} has {have} bytes, at most {limit}")]
    FieldLength {
        field: &'static str,
        have: usize,
        limit: usize,
    },
    #[error("device list names one certificate twice")]
    DuplicateDevice,
    #[error("report data does not bind this worker and challenge")]
    Binding,
}

impl Error {
    /// Stable snake_case name of the check that failed.
    pub fn code(&self) -> &'static str {
        match self {
            Error::Snp(error) => error.code(),
            Error::Gpu(error) => error.code(),
            Error::Nras(error) => error.code(),
            Error::QuoteLength { .. } => "quote_length",
            Error::QuoteVersion(_) => "quote_version",
            Error::SgxQuote => "sgx_quote",
            Error::TeeType(_) => "tee_type",
            Error::AttestationKeyType(_) => "attestation_key_type",
            Error::QeVendor => "qe_vendor",
            Error::BodyType { .. } => "body_type",
            Error::CertificationType { .. } => "certification_type",
            Error::PemChain(_) => "pem_chain",
            Error::PckHashLength(_) => "pck_hash_length",
            Error::PckAbsent => "pck_absent",
            Error::PckMismatch => "pck_mismatch",
            Error::PckChain(_) => "pck_chain",
            Error::Der(..) => "der",
            Error::Profile(..) => "profile",
            Error::ChainLength(..) => "chain_length",
            Error::ForeignRoot(_) => "foreign_root",
            Error::Issuer(_) => "issuer",
            Error::Signature(_) => "signature",
            Error::NotYetValid { .. } => "not_yet_valid",
            Error::Expired { .. } => "expired",
            Error::Revoked(_) => "revoked",
            Error::TooLarge { .. } => "too_large",
            Error::Json(..) => "json",
            Error::Kind(..) => "kind",
            Error::Stale(_) => "stale_collateral",
            Error::CollateralAge { .. } => "collateral_age",
            Error::Encoding(_) => "encoding",
            Error::QveCollateral(_) => "qve_collateral",
            Error::TdDebug(_) => "td_debug",
            Error::TdProfiling(_) => "td_profiling",
            Error::TdMigratable(_) => "td_migratable",
            Error::TdReserved(_) => "td_reserved",
            Error::TdSeptVe(_) => "td_sept_ve",
            Error::ServiceTd => "service_td",
            Error::QeDebug => "qe_debug",
            Error::QeSigner => "qe_signer",
            Error::QeProduct { .. } => "qe_product",
            Error::QeMiscselect { .. } => "qe_miscselect",
            Error::QeAttributes => "qe_attributes",
            Error::QeIsvSvn(_) => "qe_isv_svn",
            Error::QeBinding => "qe_binding",
            Error::QeReportSignature => "qe_report_signature",
            Error::QuoteSignature => "quote_signature",
            Error::Fmspc => "fmspc",
            Error::PceId => "pce_id",
            Error::TcbLevel => "tcb_level",
            Error::TdxModule(_) => "tdx_module",
            Error::TdxModuleSigner => "tdx_module_signer",
            Error::TdxModuleAttributes => "tdx_module_attributes",
            Error::TdxModuleIsvSvn(_) => "tdx_module_isv_svn",
            Error::TcbRevoked => "tcb_revoked",
            Error::PolicyTcbStatus(_) => "policy_tcb_status",
            Error::PolicyGrace { .. } => "policy_grace",
            Error::PolicyAdvisory(_) => "policy_advisory",
            Error::PolicyEvaluationNumber { .. } => "policy_evaluation_number",
            Error::FieldLength { .. } => "field_length",
            Error::DuplicateDevice => "duplicate_device",
            Error::Binding => "binding",
        }
    }
}
