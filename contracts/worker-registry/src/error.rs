//! Why the registry refuses.
//!
//! Every text begins with a stable code in brackets; the sentence after it may change. Codes of
//! evidence are those of the attestation package.

use cosmwasm_std::StdError;
use secret_ai_attestation::Error as EvidenceError;
use secret_ai_interface::registry::KidStatus;
use secret_ai_interface::Digest;
use thiserror::Error;

use crate::standing::name;

#[derive(Debug, Error, PartialEq)]
pub enum ContractError {
    #[error("[std] {0}")]
    Std(#[from] StdError),
    #[error("[{code}] {0}", code = .0.code())]
    Evidence(#[from] EvidenceError),

    // Who.
    #[error("[not_admin] sender: only the admin may send this message")]
    NotAdmin,
    #[error("[not_operator] sender: only the operator of the worker may send this message")]
    NotOperator,
    #[error("[funds] funds: {0} coins were sent, the registry takes none")]
    Funds(usize),

    // Form.
    #[error("[range] {field}: {have}, must be {min} to {max}")]
    Range {
        field: &'static str,
        have: u64,
        min: u64,
        max: u64,
    },
    #[error("[length] {field}: {have} bytes, must be {min} to {max}")]
    Length {
        field: &'static str,
        have: usize,
        min: usize,
        max: usize,
    },
    #[error("[count] {field}: {have} entries, must be at most {max}")]
    Count {
        field: &'static str,
        have: usize,
        max: usize,
    },
    #[error("[format] {field}: {reason}")]
    Format {
        field: &'static str,
        reason: &'static str,
    },
    #[error("[class] class: {0:#010b}, only bit 1 and bits 4 to 7 have a meaning")]
    Class(u8),
    #[error("[gpu_count] gpus: {have} are given, the class says {need}")]
    GpuCount { have: usize, need: usize },
    #[error("[unknown_{what}] {what}: not known here")]
    Unknown { what: &'static str },

    // Challenge and registration.
    #[error("[challenge_unknown] challenge: none is open for this operator and receipt key")]
    ChallengeUnknown,
    #[error("[challenge_expired] challenge: ended at {expired}, it is {now}")]
    ChallengeExpired { expired: u64, now: u64 },
    #[error("[challenge_tls] tls_spki_sha256: not the one for which the challenge was given")]
    ChallengeTls,
    #[error("[receipt_signature] signature: not a low-s signature by receipt_pk over this challenge and operator")]
    ReceiptSignature,
    #[error("[kid_used] receipt_pk: was registered before; a receipt key lives for one boot")]
    KidUsed,
    #[error("[heartbeat_signature] signature: not a low-s signature by the receipt key over this heartbeat")]
    HeartbeatSignature,
    #[error("[collateral_unknown] cpu: no collateral is stored for platforms of {0} and their authority; submit it first")]
    CollateralUnknown(String),
    #[error("[certificate_unknown] certificate: {sha256} was not verified here as a {kind} certificate; submit it first")]
    CertificateUnknown { kind: &'static str, sha256: Digest },
    #[error("[image_unknown] cpu: image {0} is not approved")]
    ImageUnknown(Digest),
    #[error("[image_ended] cpu: its image counted until {until}, it is {now}")]
    ImageEnded { until: u64, now: u64 },
    #[error("[workload] workload: {0} is not approved for this image")]
    Workload(Digest),
    #[error("[workload_mismatch] workload: does not give the RTMR3 of the quote")]
    WorkloadMismatch,
    #[error("[platform_unknown] cpu: platform {0} is not approved as known")]
    PlatformUnknown(Digest),
    #[error(
        "[golden_mixed] gpus: one shows golden set {0}, the first another; all must show the same"
    )]
    GoldenMixed(Digest),
    #[error("[not_staged] gpus: none was staged at place {0} for this challenge")]
    NotStaged(u8),
    #[error("[device_taken] gpus: device {0} serves another worker")]
    DeviceTaken(Digest),
    #[error(
        "[platform_full] cpu: {active} workers are active on its platform, policy allows {limit}"
    )]
    PlatformFull { active: usize, limit: u32 },
    #[error("[root] root: this registry was instantiated without a development root for {0}")]
    NoDevelopmentRoot(&'static str),
    #[error("[root] root: collateral of {0} is kept under the other root")]
    OtherRoot(String),

    // Standing and lease.
    #[error("[{name}] {what}: is {name}", name = name(*.status))]
    NotActive {
        what: &'static str,
        status: KidStatus,
    },
    #[error("[no_fall] {what}: is {name} already", name = name(*.status))]
    NoFall {
        what: &'static str,
        status: KidStatus,
    },
    #[error("[lease_early] lease: renewable from {from}, it is {now}")]
    LeaseEarly { from: u64, now: u64 },
    #[error("[lease_over] lease: ended at {until}, it is {now}; register a new receipt key")]
    LeaseOver { until: u64, now: u64 },
    #[error("[renewal] {field}: differs from the registration of this receipt key")]
    Renewal { field: &'static str },
}
