//! Whether a TDX quote is genuine.
//!
//! Everything that needs no curve arithmetic is compared first: form, attributes, dates, revocation,
//! QE identity, binding of the attestation key, platform, TCB level. Then come three P-256
//! verifications, from the quote outwards: quote by attestation key, QE report by PCK, PCK certificate
//! by PCK CA; the last one was done before if the certificate is known. All must hold; a quote that
//! fails early costs almost nothing.
//!
//! The TCB rules agree with Intel's quote verification library. What is stricter here: no bytes may
//! follow, PCE-ID is compared, every unknown TD attribute is refused, the PCK chain in the quote must
//! be the collateral's, a revoked TCB is refused whatever policy says.

use crate::certificate::check_window;
use crate::collateral::{Collateral, QeIdentity};
use crate::crypto::{p256_verifies, sha256};
use crate::error::{Error, Item};
use crate::pck::{self, Pck};
use crate::pem;
use crate::quote::{Certification, QeReport, Quote, TdBody};
use crate::tcb::{Advisory, TcbStatus};
use crate::tcb_match::{equal_under, evaluate, Matched};

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

/// Verifies a quote of version 4 or 5, exactly as long as its fields say, with the PCK certificate that
/// it carries, at `now` (Unix seconds). Three P-256 verifications.
///
/// # Errors
/// The first check that fails, see [`Error`]; [`Error::PckAbsent`] for a quote of [`crate::compact_known`].
pub fn verify_tdx_quote(
    quote: &[u8],
    collateral: &Collateral,
    now: u64,
) -> Result<VerifiedTdx, Error> {
    verify_tdx_quote_and_pck(quote, collateral, now).map(|(verified, _)| verified)
}

/// [`verify_tdx_quote`] that also gives the PCK certificate, for whoever keeps it.
///
/// # Errors
/// As [`verify_tdx_quote`].
pub fn verify_tdx_quote_and_pck(
    quote: &[u8],
    collateral: &Collateral,
    now: u64,
) -> Result<(VerifiedTdx, Pck), Error> {
    let quote = open(quote, collateral, now)?;
    let leaf = carried_certificate(&quote.certification, collateral)?;
    let (certificate, pck) = pck::check(&leaf, collateral, now)?;
    let verified = judge(&quote, &pck, collateral)?;
    check_signatures(&quote, &pck)?;
    pck::check_signature(&certificate, collateral)?;
    Ok((verified, pck))
}

/// [`verify_tdx_quote`] for a quote whose PCK certificate was verified before ([`crate::verify_pck`]).
/// Two P-256 verifications. The certificate is held against `collateral` again: its authority, dates,
/// revocation, FMSPC and PCE-ID; the quote must carry this very certificate or name it by its hash.
///
/// # Errors
/// The first check that fails, see [`Error`]; [`Error::PckMismatch`] for the quote of another key.
pub fn verify_tdx_quote_with(
    quote: &[u8],
    pck: &Pck,
    collateral: &Collateral,
    now: u64,
) -> Result<VerifiedTdx, Error> {
    let quote = open(quote, collateral, now)?;
    let named = match &quote.certification {
        Certification::Known(named) => *named,
        certification => sha256(&[&carried_certificate(certification, collateral)?]),
    };
    if named != pck.sha256 {
        return Err(Error::PckMismatch);
    }
    pck.check_current(collateral, now)?;
    let verified = judge(&quote, pck, collateral)?;
    check_signatures(&quote, pck)?;
    Ok(verified)
}

/// **Checks everything but the three signatures. By itself this proves nothing: anybody can write such
/// a quote.** It is for a contract whose chain verifies the quote's signatures by a host call
/// ([`crate::dcap`]) that says yes or no but not what the quote says, nor who is behind it.
///
/// # Errors
/// As [`verify_tdx_quote`], except for wrong signatures, which it does not notice.
pub fn check_tdx_quote(
    quote: &[u8],
    collateral: &Collateral,
    now: u64,
) -> Result<VerifiedTdx, Error> {
    let quote = open(quote, collateral, now)?;
    let leaf = carried_certificate(&quote.certification, collateral)?;
    let (_, pck) = pck::check(&leaf, collateral, now)?;
    judge(&quote, &pck, collateral)
}

/// The quote's certificate as the quote gives it: the first of its chain, or the hash that
/// [`crate::compact_known`] left. Nothing is verified.
///
/// # Errors
/// As for a malformed quote, and [`Error::PemChain`].
pub fn quote_certificate(quote: &[u8]) -> Result<QuoteCertificate, Error> {
    Ok(match Quote::parse(quote)?.certification {
        Certification::Chain(text) => {
            let [leaf, _, _] = pem::chain(text)?;
            QuoteCertificate::Der(leaf)
        }
        Certification::Leaf(der) => QuoteCertificate::Der(der.to_vec()),
        Certification::Known(sha256) => QuoteCertificate::Known(sha256),
    })
}

/// How a quote names its PCK certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QuoteCertificate {
    /// DER, to be given to [`crate::verify_pck`].
    Der(Vec<u8>),
    /// SHA-256 of the DER of a certificate that the verifier must know.
    Known([u8; 32]),
}

/// Takes a quote apart while the collateral holds, and looks at the TD's attributes.
fn open<'a>(quote: &'a [u8], collateral: &Collateral, now: u64) -> Result<Quote<'a>, Error> {
    let dates = &collateral.dates;
    check_window(Item::Collateral, dates.valid_from, dates.valid_until, now)?;
    let quote = Quote::parse(quote)?;
    check_attributes(&quote.body)?;
    Ok(quote)
}

/// Everything about the quote that needs no signature.
fn judge(quote: &Quote<'_>, pck: &Pck, collateral: &Collateral) -> Result<VerifiedTdx, Error> {
    let qe_verdict = check_qe(&quote.qe_report, &collateral.qe)?;
    check_binding(quote)?;
    let tcb = evaluate(&quote.body, pck, qe_verdict, collateral)?;
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
        ppid_hash: pck.ppid_hash,
        fmspc: pck.fmspc,
        qe_isv_svn: quote.qe_report.isv_svn,
        tcb_status: tcb.status,
        tcb_date: tcb.date,
        superseded_at: tcb.superseded_at,
        advisories: tcb.advisories,
        tcb_evaluation_number: collateral.evaluation_number(),
        valid_until: collateral.dates.valid_until.min(pck.not_after),
    })
}

/// The quote by its attestation key, the QE report that names this key by the PCK.
fn check_signatures(quote: &Quote<'_>, pck: &Pck) -> Result<(), Error> {
    if !p256_verifies(&quote.attestation_key, quote.signed, &quote.signature) {
        return Err(Error::QuoteSignature);
    }
    if !p256_verifies(&pck.key, quote.qe_report.whole, &quote.qe_report_signature) {
        return Err(Error::QeReportSignature);
    }
    Ok(())
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

/// DER of the certificate in the quote. A chain must go through the collateral's PCK CA and root.
fn carried_certificate(
    certification: &Certification<'_>,
    collateral: &Collateral,
) -> Result<Vec<u8>, Error> {
    let text = match certification {
        Certification::Leaf(der) => return Ok(der.to_vec()),
        Certification::Known(_) => return Err(Error::PckAbsent),
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
