//! Whether a report is genuine, and not of a kind that no policy may accept.

use super::report::Report;
use super::{Endorsement, Product, Signer, SnpCollateral, SnpError, Tcb};
use crate::binding::tagged;
use crate::certificate::check_window;
use crate::crypto::{p384_verifies, sha256};
use crate::error::{Error, Item};

/// Bits of the guest policy.
const POLICY_RESERVED_ONE: u64 = 1 << 17;
const POLICY_MIGRATE_MA: u64 = 1 << 18;
const POLICY_DEBUG: u64 = 1 << 19;
/// ABI version (0 to 15), SMT, the reserved one, MIGRATE_MA, DEBUG, single socket, CXL, AES-256-XTS,
/// RAPL off, ciphertext hiding, page swap off (16 to 25).
const POLICY_KNOWN: u64 = (1 << 26) - 1;

/// Bit of the flags: the platform does not sign reports.
const FLAG_MASK_CHIP_KEY: u32 = 1 << 1;

const HIGHEST_VMPL: u32 = 3;

/// A genuine report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedSnp {
    /// 2 to 5.
    pub version: u32,
    /// The certificate's, which is also the processor's since version 3.
    pub product: Product,
    /// Guest policy, with which the guest was launched.
    pub policy: u64,
    pub guest_svn: u32,
    /// Privilege level that asked for the report, 0 (highest) to 3.
    pub vmpl: u32,
    pub measurement: [u8; 48],
    pub host_data: [u8; 32],
    pub report_data: [u8; 64],
    pub id_key_digest: [u8; 48],
    pub author_key_digest: [u8; 48],
    pub family_id: [u8; 16],
    pub image_id: [u8; 16],
    /// Zero if the platform hides it, which a VCEK's report may not.
    pub chip_id: [u8; 64],
    pub platform_info: u64,
    pub signer: Signer,
    pub current_tcb: Tcb,
    /// The one for which the signing key was derived.
    pub reported_tcb: Tcb,
    /// Below which the platform cannot go back.
    pub committed_tcb: Tcb,
    /// When the guest was launched.
    pub launch_tcb: Tcb,
    /// Mitigations in force when the guest was launched; 0 before version 5.
    pub launch_mitigations: u64,
    /// Mitigations in force now; 0 before version 5.
    pub current_mitigations: u64,
    /// By which registries know the platform: SHA-256 of the chip id; where it is hidden,
    /// SHA-256(`secret-ai/vlek/1` ‖ 00 ‖ the cloud provider's name).
    pub platform_hash: [u8; 32],
    /// Last second at which collateral and certificate hold, Unix time.
    pub valid_until: u64,
}

/// Verifies a report of exactly 1,184 bytes under a key that [`super::verify_endorsement`] verified,
/// under this collateral or an earlier one of the same authority. One P-384 verification.
///
/// # Errors
/// If the report is malformed, was not signed by the key, is not of the key's chip, product or patch
/// level, or shows what no policy accepts: debugging, migration, a masked key, privilege levels or
/// patch levels that cannot be; if collateral or certificate are not in their time.
pub fn verify_snp_report(
    report: &[u8],
    endorsement: &Endorsement,
    collateral: &SnpCollateral,
    now: u64,
) -> Result<VerifiedSnp, Error> {
    collateral.check_dates(now)?;
    check_endorsement(endorsement, collateral, now)?;
    let report = Report::parse(report)?;
    check_guest(&report)?;
    check_signer(&report, endorsement)?;
    let tcbs = Tcbs::check(&report, endorsement)?;
    if !p384_verifies(&endorsement.key, report.signed, &report.signature) {
        return Err(SnpError::ReportSignature.into());
    }
    Ok(VerifiedSnp {
        version: report.version,
        product: endorsement.product,
        policy: report.policy,
        guest_svn: report.guest_svn,
        vmpl: report.vmpl,
        measurement: report.measurement,
        host_data: report.host_data,
        report_data: report.report_data,
        id_key_digest: report.id_key_digest,
        author_key_digest: report.author_key_digest,
        family_id: report.family_id,
        image_id: report.image_id,
        chip_id: report.chip_id,
        platform_info: report.platform_info,
        signer: endorsement.signer,
        current_tcb: tcbs.current,
        reported_tcb: tcbs.reported,
        committed_tcb: tcbs.committed,
        launch_tcb: tcbs.launch,
        launch_mitigations: report.launch_mitigations,
        current_mitigations: report.current_mitigations,
        platform_hash: platform_hash(&report.chip_id, endorsement),
        valid_until: collateral.valid_until.min(endorsement.not_after),
    })
}

fn check_endorsement(
    endorsement: &Endorsement,
    collateral: &SnpCollateral,
    now: u64,
) -> Result<(), Error> {
    let differs = if endorsement.root_sha256 != collateral.root_sha256 {
        Some("root")
    } else if endorsement.product != collateral.product {
        Some("product")
    } else if endorsement.signer != collateral.signer {
        Some("signer")
    } else if endorsement.ask_key_sha256 != collateral.ask_key_sha256() {
        Some("authority")
    } else {
        None
    };
    if let Some(part) = differs {
        return Err(SnpError::Endorsement(part).into());
    }
    let item = match endorsement.signer {
        Signer::Vcek => Item::Vcek,
        Signer::Vlek => Item::Vlek,
    };
    check_window(item, endorsement.not_before, endorsement.not_after, now)
}

/// What the guest was launched with.
fn check_guest(report: &Report<'_>) -> Result<(), SnpError> {
    let policy = report.policy;
    if policy & POLICY_DEBUG != 0 {
        Err(SnpError::Debug(policy))
    } else if policy & POLICY_MIGRATE_MA != 0 {
        Err(SnpError::MigrationAgent(policy))
    } else if policy & POLICY_RESERVED_ONE == 0 || policy & !POLICY_KNOWN != 0 {
        Err(SnpError::GuestPolicyReserved(policy))
    } else if report.vmpl > HIGHEST_VMPL {
        Err(SnpError::Vmpl(report.vmpl))
    } else {
        Ok(())
    }
}

/// Which kind of key signed a report, by its own word: a hint by which collateral is chosen; nothing
/// is verified.
///
/// # Errors
/// As [`verify_snp_report`] for its form; [`SnpError::Signer`] if it is neither kind.
pub fn report_signer(report: &[u8]) -> Result<Signer, Error> {
    let have = signer_byte(&Report::parse(report)?);
    let need = Signer::Vcek;
    Ok(Signer::from_byte(have).ok_or(SnpError::Signer { have, need })?)
}

/// Which product a report is of, by its own word: a hint as [`report_signer`] is. `None` for version 2,
/// which does not say, and for products that are not known here.
///
/// # Errors
/// As [`verify_snp_report`] for its form.
pub fn report_product(report: &[u8]) -> Result<Option<Product>, Error> {
    let report = Report::parse(report)?;
    let [family, model, _] = report.cpuid;
    Ok(Product::from_cpuid(family, model))
}

fn signer_byte(report: &Report<'_>) -> u8 {
    let [flags, ..] = report.flags.to_le_bytes();
    flags >> 2
}

/// Whose key signs, and on which processor.
fn check_signer(report: &Report<'_>, endorsement: &Endorsement) -> Result<(), SnpError> {
    if report.flags & FLAG_MASK_CHIP_KEY != 0 {
        return Err(SnpError::MaskedKey);
    }
    let have = signer_byte(report);
    if Signer::from_byte(have) != Some(endorsement.signer) {
        return Err(SnpError::Signer {
            have,
            need: endorsement.signer,
        });
    }
    let ([family, model, _], product) = (report.cpuid, endorsement.product);
    if report.version >= 3 && Product::from_cpuid(family, model) != Some(product) {
        return Err(SnpError::Product {
            family,
            model,
            product,
        });
    }
    match endorsement.hwid {
        Some(_) if report.chip_id == [0; 64] => Err(SnpError::ChipIdZero),
        Some(hwid) if report.chip_id != hwid => Err(SnpError::HardwareId),
        _ => Ok(()),
    }
}

struct Tcbs {
    current: Tcb,
    reported: Tcb,
    committed: Tcb,
    launch: Tcb,
}

impl Tcbs {
    /// A platform reports a level that it has committed to, and launches guests at such a level: what
    /// is current but not committed can be taken back.
    fn check(report: &Report<'_>, endorsement: &Endorsement) -> Result<Self, SnpError> {
        let read = |bytes, place| {
            Tcb::from_bytes(bytes, endorsement.product).ok_or(SnpError::Reserved(place))
        };
        let tcbs = Tcbs {
            current: read(report.current_tcb, "current TCB")?,
            reported: read(report.reported_tcb, "reported TCB")?,
            committed: read(report.committed_tcb, "committed TCB")?,
            launch: read(report.launch_tcb, "launch TCB")?,
        };
        if tcbs.reported != endorsement.tcb {
            return Err(SnpError::ReportedTcb {
                have: tcbs.reported,
                need: endorsement.tcb,
            });
        }
        let orders = [
            (tcbs.current, tcbs.committed, "committed above current"),
            (tcbs.committed, tcbs.launch, "launch above committed"),
            (tcbs.committed, tcbs.reported, "reported above committed"),
        ];
        match orders.iter().find(|(high, low, _)| !high.at_least(low)) {
            Some((_, _, order)) => Err(SnpError::TcbOrder(order)),
            None => Ok(tcbs),
        }
    }
}

fn platform_hash(chip_id: &[u8; 64], endorsement: &Endorsement) -> [u8; 32] {
    match &endorsement.csp_id {
        Some(provider) if *chip_id == [0; 64] => {
            sha256(&tagged("secret-ai/vlek/1", &[provider.as_bytes()]))
        }
        _ => sha256(&[chip_id]),
    }
}
