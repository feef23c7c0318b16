//! What Intel says about one kind of platform, verified once and kept small.
//!
//! A contract cannot afford to verify and parse 20 kB of certificates, lists and JSON with every
//! registration. [`crate::verify_collateral`] checks all signatures, roles, dates and revocations and
//! leaves what a quote is compared with; [`Collateral::encode`] puts it into one storage slot
//! (about 2 to 3 kB). [`crate::verify_tdx_quote`] then needs three P-256 verifications only,
//! two with a PCK certificate that is known.

use crate::certificate::Serial;
use crate::error::Error;
use crate::tcb::Verdict;

/// Collateral as Intel's provisioning service publishes it, certificates and CRLs in DER.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawCollateral {
    pub root_ca_crl: Vec<u8>,
    pub pck_crl: Vec<u8>,
    /// The PCK CA; the root may follow.
    pub pck_crl_issuer_chain: Vec<Vec<u8>>,
    /// The exact bytes of the `tcbInfo` object that was signed.
    pub tcb_info: Vec<u8>,
    /// r ‖ s.
    pub tcb_info_signature: [u8; 64],
    /// The TCB signing certificate; the root may follow.
    pub tcb_info_issuer_chain: Vec<Vec<u8>>,
    /// The exact bytes of the `enclaveIdentity` object that was signed.
    pub qe_identity: Vec<u8>,
    /// r ‖ s.
    pub qe_identity_signature: [u8; 64],
    /// The TCB signing certificate; the root may follow. Usually the same as of the TCB info.
    pub qe_identity_issuer_chain: Vec<Vec<u8>>,
}

/// Verified collateral for the TDX platforms of one FMSPC under one PCK CA.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collateral {
    /// SHA-256 of the root certificate under which it was verified.
    pub root_sha256: [u8; 32],
    pub dates: Dates,
    pub pck_ca: PckCa,
    /// Serials of revoked PCK certificates, sorted.
    pub revoked_pck: Vec<Serial>,
    pub fmspc: [u8; 6],
    pub pce_id: [u8; 2],
    /// Signer of TDX modules of major version 0.
    pub base_module: ModuleSigner,
    /// TDX modules of other major versions.
    pub modules: Vec<TdxModule>,
    /// Newest first.
    pub tcb_levels: Vec<TcbLevel>,
    pub qe: QeIdentity,
}

/// How new the parts are, and when they hold. Times in Unix seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dates {
    /// Latest beginning of any part; the first second at which the collateral holds.
    pub valid_from: u64,
    /// Earliest end of any part; the last second at which the collateral holds.
    pub valid_until: u64,
    pub tcb_info_issued: u64,
    pub qe_identity_issued: u64,
    pub pck_crl_issued: u64,
    pub root_crl_issued: u64,
    pub tcb_info_evaluation_number: u32,
    pub qe_identity_evaluation_number: u32,
    pub pck_crl_number: u64,
    pub root_crl_number: u64,
}

/// The authority that issued the platform's PCK certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PckCa {
    /// SHA-256 of its certificate.
    pub certificate_sha256: [u8; 32],
    /// SHA-256 of the DER of its name.
    pub name_sha256: [u8; 32],
    /// P-256 public key, x ‖ y.
    pub key: [u8; 64],
    pub kind: PckCaKind,
}

/// Which of Intel's two authorities issued a PCK certificate. TCB levels are per FMSPC, revocation
/// lists per authority, so one set of collateral belongs to a pair of both ([`Origin`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum PckCaKind {
    /// `Intel SGX PCK Platform CA`, of platforms that may have several packages.
    Platform = 0,
    /// `Intel SGX PCK Processor CA`.
    Processor = 1,
}

impl PckCaKind {
    /// The kind of this discriminant.
    pub fn from_byte(byte: u8) -> Option<Self> {
        [PckCaKind::Platform, PckCaKind::Processor]
            .into_iter()
            .find(|kind| *kind as u8 == byte)
    }
}

/// Names the set of collateral with which a platform is verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    pub fmspc: [u8; 6],
    pub pck_ca: PckCaKind,
}

/// What a TDX module must carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModuleSigner {
    pub mr_signer: [u8; 48],
    pub attributes: [u8; 8],
    pub attributes_mask: [u8; 8],
}

/// TDX modules of one major version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TdxModule {
    pub version: u8,
    pub signer: ModuleSigner,
    /// Newest first: least ISVSVN and what it means.
    pub levels: Vec<(u8, Verdict)>,
}

/// A TCB level: least SVNs and what they mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TcbLevel {
    pub sgx: [u8; 16],
    pub pce_svn: u16,
    pub tdx: [u8; 16],
    pub verdict: Verdict,
}

/// The TD quoting enclave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QeIdentity {
    pub miscselect: u32,
    pub miscselect_mask: u32,
    pub attributes: [u8; 16],
    pub attributes_mask: [u8; 16],
    pub mr_signer: [u8; 32],
    pub isv_prod_id: u16,
    /// Newest first: least ISVSVN and what it means.
    pub levels: Vec<(u16, Verdict)>,
}

impl Collateral {
    /// Which platforms it is for.
    pub fn origin(&self) -> Origin {
        Origin {
            fmspc: self.fmspc,
            pck_ca: self.pck_ca.kind,
        }
    }

    /// The lower of the evaluation numbers of TCB info and QE identity.
    pub fn evaluation_number(&self) -> u32 {
        self.dates
            .tcb_info_evaluation_number
            .min(self.dates.qe_identity_evaluation_number)
    }

    /// Fails if any part is older than the same part of `known`; equal is fine. Whoever keeps
    /// collateral calls this before replacing it, so that nobody can bring back an older set that is
    /// still within its dates.
    ///
    /// # Errors
    /// [`Error::Stale`] naming the part.
    pub fn check_not_older(&self, known: &Collateral) -> Result<(), Error> {
        let (new, old) = (&self.dates, &known.dates);
        let parts = [
            (new.tcb_info_issued, old.tcb_info_issued, "TCB info"),
            (
                new.qe_identity_issued,
                old.qe_identity_issued,
                "QE identity",
            ),
            (new.pck_crl_issued, old.pck_crl_issued, "PCK CRL"),
            (new.root_crl_issued, old.root_crl_issued, "root CA CRL"),
            (new.pck_crl_number, old.pck_crl_number, "PCK CRL number"),
            (
                new.root_crl_number,
                old.root_crl_number,
                "root CA CRL number",
            ),
            (
                u64::from(new.tcb_info_evaluation_number),
                u64::from(old.tcb_info_evaluation_number),
                "TCB info evaluation number",
            ),
            (
                u64::from(new.qe_identity_evaluation_number),
                u64::from(old.qe_identity_evaluation_number),
                "QE identity evaluation number",
            ),
        ];
        match parts.iter().find(|(new, old, _)| new < old) {
            Some((_, _, part)) => Err(Error::Stale(part)),
            None => Ok(()),
        }
    }

    /// Fails if the oldest of TCB info, QE identity and PCK CRL was issued more than `limit` seconds
    /// before `now`. (Root CRLs live for a year and do not count.)
    ///
    /// # Errors
    /// [`Error::CollateralAge`].
    pub fn check_age(&self, now: u64, limit: u64) -> Result<(), Error> {
        let Dates {
            tcb_info_issued,
            qe_identity_issued,
            pck_crl_issued,
            ..
        } = self.dates;
        let issued = tcb_info_issued.min(qe_identity_issued).min(pck_crl_issued);
        if now.saturating_sub(issued) > limit {
            Err(Error::CollateralAge { issued, limit, now })
        } else {
            Ok(())
        }
    }
}
