//! Why the registry refuses.
//!
//! Every text begins with a stable code in brackets; the sentence after it may change. Codes of
//! evidence are those of the attestation package.

use cosmwasm_std::StdError;
use secret_ai_attestation::Error as EvidenceError;
use secret_ai_interface::registry::KidStatus;
use secret_ai_interface::{Digest, Hex};
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
    #[error("[class] class: {0}, only bit 0 has a meaning")]
    Class(u8),
    #[error("[gpu_unsupported] class: {0} claims confidential GPUs, whose evidence this registry cannot verify yet, must be 0")]
    GpuUnsupported(u8),
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
    #[error("[collateral_unknown] tdx_quote: no collateral is stored for FMSPC {0} and its PCK CA; submit it first")]
    CollateralUnknown(Hex<6>),
    #[error("[image_unknown] tdx_quote: image {0} is not approved")]
    ImageUnknown(Digest),
    #[error("[workload] tdx_quote: RTMR3 is not that of the workload approved with image {0}")]
    Workload(Digest),
    #[error("[platform_full] tdx_quote: {active} workers are active on its platform, policy allows {limit}")]
    PlatformFull { active: usize, limit: u32 },
    #[error("[root] root: this registry was instantiated without a development root")]
    NoDevelopmentRoot,
    #[error("[root] root: collateral of FMSPC {0} is kept under the other root")]
    OtherRoot(Hex<6>),

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
