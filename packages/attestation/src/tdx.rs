//! Whether a TDX quote is genuine.
//!
//! Everything that needs no curve arithmetic is compared first: form, attributes, dates, revocation,
//! QE identity, binding of the attestation key, platform, TCB level. Then come three P-256
//! verifications, from the quote outwards: quote by attestation key, QE report by PCK, PCK certificate
//! by PCK CA. All must hold; a quote that fails early costs almost nothing.
//!
//! The TCB rules agree with Intel's quote verification library. What is stricter here: no bytes may
//! follow, PCE-ID is compared, every unknown TD attribute is refused, the PCK chain in the quote must
//! be the collateral's, a revoked TCB is refused whatever policy says.

use crate::certificate::check_window;
use crate::collateral::{Collateral, ModuleSigner, QeIdentity, TdxModule};
use crate::crypto::{p256_verifies, sha256};
use crate::error::{Error, Item};
use crate::pck::{self, Platform};
use crate::pem;
use crate::quote::{Certification, QeReport, Quote, TdBody};
use crate::tcb::{Advisory, TcbStatus, Verdict};
use crate::x509::{Authority, Certificate};

const DEBUG: u64 = 1;
/// Bits 1 to 7: the TD is under some other kind of observation.
const PROFILING: u64 = 0xfe;
const SEPT_VE_DISABLE: u64 = 1 << 28;
const MIGRATABLE: u64 = 1 << 29;
/// Instruction-count single-step defence, LASS, supervisor protection keys, performance monitoring:
/// the owner's choice, visible in the image id.
const HARMLESS: u64 = 1 << 16 | 1 << 27 | 1 << 30 | 1 << 63;
/// DEBUG in the attributes of an SGX enclave.
const SGX_DEBUG: u8 = 0x02;

/// A genuine TDX quote: what the CPU says about a TD, and how far its platform is patched.
///
/// Genuine is not acceptable: measurements, [`crate::check_policy`] and the binding in
/// `report_data` are the caller's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedTdx {
    /// Quote version, 4 or 5.
    pub version: u16,
    pub tee_tcb_svn: [u8; 16],
    /// Of the TDX module that runs now, if the quote says (TD 1.5).
    pub current_tee_tcb_svn: Option<[u8; 16]>,
    pub mr_seam: [u8; 48],
    /// As in the quote: little-endian bits.
    pub td_attributes: [u8; 8],
    /// As in the quote: little-endian bits.
    pub xfam: [u8; 8],
    pub mr_td: [u8; 48],
    pub mr_config_id: [u8; 48],
    pub mr_owner: [u8; 48],
    pub mr_owner_config: [u8; 48],
    pub rtmr: [[u8; 48]; 4],
    pub report_data: [u8; 64],
    /// SHA-256 of the platform's PPID.
    pub ppid_hash: [u8; 32],
    pub fmspc: [u8; 6],
    pub qe_isv_svn: u16,
    /// Of platform, TDX module and quoting enclave together; never `Revoked`.
    pub tcb_status: TcbStatus,
    /// TCB date of the oldest of platform, TDX module and quoting enclave, Unix seconds.
    pub tcb_date: u64,
    /// The earliest TCB date of a level that is newer than one of theirs, Unix seconds; none if all
    /// are the newest. Grace for an outdated platform counts from here.
    pub superseded_at: Option<u64>,
    /// Sorted, each once.
    pub advisories: Vec<Advisory>,
    /// The lower one of TCB info and QE identity.
    pub tcb_evaluation_number: u32,
    /// Last Unix second at which collateral and PCK certificate hold.
    pub valid_until: u64,
}

/// Verifies a quote of version 4 or 5, exactly as long as its fields say, at `now` (Unix seconds).
///
/// # Errors
/// The first check that fails, see [`Error`].
pub fn verify_tdx_quote(
    quote: &[u8],
    collateral: &Collateral,
    now: u64,
) -> Result<VerifiedTdx, Error> {
    let dates = &collateral.dates;
    check_window(Item::Collateral, dates.valid_from, dates.valid_until, now)?;
    let quote = Quote::parse(quote)?;
    check_attributes(&quote.body)?;

    let leaf = pck_certificate(&quote.certification, collateral)?;
    let (pck, platform) = pck::parse(&leaf)?;
    let ca = &collateral.pck_ca;
    let ca = Authority {
        name_sha256: ca.name_sha256,
        key: &ca.key,
    };
    check_pck(&pck, &platform, &ca, collateral, now)?;

    let qe_verdict = check_qe(&quote.qe_report, &collateral.qe)?;
    check_binding(&quote)?;
    let tcb = evaluate(&quote.body, &platform, qe_verdict, collateral)?;

    if !p256_verifies(&quote.attestation_key, quote.signed, &quote.signature) {
        return Err(Error::QuoteSignature);
    }
    if !p256_verifies(&pck.key, quote.qe_report.whole, &quote.qe_report_signature) {
        return Err(Error::QeReportSignature);
    }
    pck.check_signature(&ca)?;

    let body = quote.body;
    Ok(VerifiedTdx {
        version: quote.version,
        tee_tcb_svn: body.tee_tcb_svn,
        current_tee_tcb_svn: body.td15.map(|td15| td15.tee_tcb_svn2),
        mr_seam: body.mr_seam,
        td_attributes: body.td_attributes,
        xfam: body.xfam,
        mr_td: body.mr_td,
        mr_config_id: body.mr_config_id,
        mr_owner: body.mr_owner,
        mr_owner_config: body.mr_owner_config,
        rtmr: body.rtmr,
        report_data: body.report_data,
        ppid_hash: sha256(&[&platform.ppid]),
        fmspc: platform.fmspc,
        qe_isv_svn: quote.qe_report.isv_svn,
        tcb_status: tcb.status,
        tcb_date: tcb.date,
        superseded_at: tcb.superseded_at,
        advisories: tcb.advisories,
        tcb_evaluation_number: collateral.evaluation_number(),
        valid_until: dates.valid_until.min(pck.not_after),
    })
}

fn check_attributes(body: &TdBody<'_>) -> Result<(), Error> {
    let bits = u64::from_le_bytes(body.td_attributes);
    if bits & DEBUG != 0 {
        Err(Error::TdDebug(bits))
    } else if bits & PROFILING != 0 {
        Err(Error::TdProfiling(bits))
    } else if bits & MIGRATABLE != 0 {
        Err(Error::TdMigratable(bits))
    } else if bits & !(SEPT_VE_DISABLE | HARMLESS) != 0 {
        Err(Error::TdReserved(bits))
    } else if bits & SEPT_VE_DISABLE == 0 {
        Err(Error::TdSeptVe(bits))
    } else if body.td15.is_some_and(|td15| {
        td15.mr_service_td != [0; 48] || td15.service_tds.iter().any(|byte| *byte != 0)
    }) {
        Err(Error::ServiceTd)
    } else {
        Ok(())
    }
}

/// DER of the quote's PCK certificate. A chain must go through the collateral's PCK CA and root.
fn pck_certificate(
    certification: &Certification<'_>,
    collateral: &Collateral,
) -> Result<Vec<u8>, Error> {
    let text = match certification {
        Certification::Leaf(der) => return Ok(der.to_vec()),
        Certification::Chain(text) => text,
    };
    let [leaf, ca, root] = pem::chain(text)?;
    if sha256(&[&ca]) != collateral.pck_ca.certificate_sha256 {
        Err(Error::PckChain(Item::PckCa))
    } else if sha256(&[&root]) != collateral.root_sha256 {
        Err(Error::PckChain(Item::RootCa))
    } else {
        Ok(leaf)
    }
}

/// Everything about the PCK certificate but its signature.
fn check_pck(
    pck: &Certificate<'_>,
    platform: &Platform,
    ca: &Authority<'_>,
    collateral: &Collateral,
    now: u64,
) -> Result<(), Error> {
    pck.check_issuer(ca)?;
    pck.check_dates(now)?;
    if collateral.revoked_pck.binary_search(&pck.serial).is_ok() {
        Err(Error::Revoked(Item::PckLeaf))
    } else if platform.fmspc != collateral.fmspc {
        Err(Error::Fmspc)
    } else if platform.pce_id != collateral.pce_id {
        Err(Error::PceId)
    } else {
        Ok(())
    }
}

/// Compares the QE's report with the QE identity; what the identity says of its ISVSVN, and when
/// that was superseded.
fn check_qe<'a>(report: &QeReport<'_>, identity: &'a QeIdentity) -> Result<Matched<'a>, Error> {
    let [flags, ..] = report.attributes;
    if flags & SGX_DEBUG != 0 {
        return Err(Error::QeDebug);
    }
    if report.mr_signer != identity.mr_signer {
        return Err(Error::QeSigner);
    }
    if report.isv_prod_id != identity.isv_prod_id {
        let (have, need) = (report.isv_prod_id, identity.isv_prod_id);
        return Err(Error::QeProduct { have, need });
    }
    let have = report.miscselect & identity.miscselect_mask;
    let need = identity.miscselect & identity.miscselect_mask;
    if have != need {
        return Err(Error::QeMiscselect { have, need });
    }
    if !equal_under(
        &report.attributes,
        &identity.attributes,
        &identity.attributes_mask,
    ) {
        return Err(Error::QeAttributes);
    }
    Matched::first(
        identity
            .levels
            .iter()
            .map(|(svn, verdict)| (report.isv_svn >= *svn, verdict)),
    )
    .ok_or(Error::QeIsvSvn(report.isv_svn))
}

/// The QE's report data must be SHA-256(attestation key ‖ auth data) ‖ 32 zeros.
fn check_binding(quote: &Quote<'_>) -> Result<(), Error> {
    let digest = sha256(&[&quote.attestation_key, quote.qe_auth_data]);
    let (bound, zeros) = quote.qe_report.report_data.split_at(32);
    if bound == digest && zeros == [0u8; 32] {
        Ok(())
    } else {
        Err(Error::QeBinding)
    }
}

fn equal_under(have: &[u8], need: &[u8], mask: &[u8]) -> bool {
    have.iter()
        .zip(need)
        .zip(mask)
        .all(|((have, need), mask)| have & mask == need & mask)
}

/// The newest level that is met.
#[derive(Clone, Copy)]
struct Matched<'a> {
    verdict: &'a Verdict,
    /// TCB date of the level just above it.
    superseded_at: Option<u64>,
}

impl<'a> Matched<'a> {
    /// The first of the levels, newest first, that is met.
    fn first(levels: impl Iterator<Item = (bool, &'a Verdict)>) -> Option<Self> {
        let mut superseded_at = None;
        for (met, verdict) in levels {
            if met {
                return Some(Matched {
                    verdict,
                    superseded_at,
                });
            }
            superseded_at = Some(verdict.date);
        }
        None
    }
}

/// What several verdicts come to.
struct Tcb {
    status: TcbStatus,
    date: u64,
    superseded_at: Option<u64>,
    advisories: Vec<Advisory>,
}

impl Tcb {
    fn of(level: Matched<'_>) -> Self {
        Tcb {
            status: level.verdict.status,
            date: level.verdict.date,
            superseded_at: level.superseded_at,
            advisories: level.verdict.advisories.clone(),
        }
    }

    fn add_part(&mut self, part: Matched<'_>) {
        self.status = self.status.with_part(part.verdict.status);
        self.date = self.date.min(part.verdict.date);
        self.superseded_at = match (self.superseded_at, part.superseded_at) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        self.advisories.extend_from_slice(&part.verdict.advisories);
    }
}

/// Matches platform, TDX module and QE against the collateral.
fn evaluate(
    body: &TdBody<'_>,
    platform: &Platform,
    qe: Matched<'_>,
    collateral: &Collateral,
) -> Result<Tcb, Error> {
    let module = module_of(&body.tee_tcb_svn, collateral)?;
    check_module(
        body,
        module.map_or(&collateral.base_module, |module| &module.signer),
    )?;
    let mut tcb = evaluate_svn(&body.tee_tcb_svn, platform, qe, collateral)?;
    if let Some(td15) = body.td15 {
        let current = evaluate_svn(&td15.tee_tcb_svn2, platform, qe, collateral)?;
        tcb.status = tcb.status.with_current(current.status);
    }
    if tcb.status == TcbStatus::Revoked {
        return Err(Error::TcbRevoked);
    }
    tcb.advisories.sort_unstable();
    tcb.advisories.dedup();
    Ok(tcb)
}

/// The TDX modules of the major version in `svn`; none for version 0, which the TCB levels cover.
fn module_of<'a>(
    svn: &[u8; 16],
    collateral: &'a Collateral,
) -> Result<Option<&'a TdxModule>, Error> {
    let [_, version, ..] = *svn;
    if version == 0 {
        return Ok(None);
    }
    let module = collateral
        .modules
        .iter()
        .find(|module| module.version == version);
    module.map(Some).ok_or(Error::TdxModule(version))
}

fn check_module(body: &TdBody<'_>, signer: &ModuleSigner) -> Result<(), Error> {
    let mask = &signer.attributes_mask;
    let outside = body
        .seam_attributes
        .iter()
        .zip(mask)
        .any(|(bits, mask)| bits & !mask != 0);
    if body.mr_signer_seam != signer.mr_signer {
        Err(Error::TdxModuleSigner)
    } else if outside || !equal_under(&body.seam_attributes, &signer.attributes, mask) {
        Err(Error::TdxModuleAttributes)
    } else {
        Ok(())
    }
}

/// Platform, module and QE together for one set of TEE TCB SVNs.
fn evaluate_svn(
    svn: &[u8; 16],
    platform: &Platform,
    qe: Matched<'_>,
    collateral: &Collateral,
) -> Result<Tcb, Error> {
    let [isv_svn, version, ..] = *svn;
    // A module with its own identity is judged there, not by the first two TDX components.
    let own = if version == 0 { 0 } else { 2 };
    let at_least = |have: &[u8; 16], need: &[u8; 16], skip: usize| {
        have.iter()
            .zip(need)
            .skip(skip)
            .all(|(have, need)| have >= need)
    };
    let levels = collateral.tcb_levels.iter().map(|level| {
        let met = at_least(&platform.components, &level.sgx, 0)
            && platform.pce_svn >= level.pce_svn
            && at_least(svn, &level.tdx, own);
        (met, &level.verdict)
    });
    let mut tcb = Tcb::of(Matched::first(levels).ok_or(Error::TcbLevel)?);
    if let Some(module) = module_of(svn, collateral)? {
        let levels = module
            .levels
            .iter()
            .map(|(need, verdict)| (isv_svn >= *need, verdict));
        tcb.add_part(Matched::first(levels).ok_or(Error::TdxModuleIsvSvn(isv_svn))?);
    }
    tcb.add_part(qe);
    Ok(tcb)
}
