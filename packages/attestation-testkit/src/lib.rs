//! A software TEE: TDX quotes and collateral under a development root, all of it following from a
//! 32-byte seed and a time. It has every part that real evidence has and passes the same checks; only
//! its root is nobody's. For tests, demos and development chains.
//!
//! [`broken`] makes variants of which each fails one check, with the code it must fail with.

mod broken;
mod broken_known;
mod der;
mod documents;
pub mod gpu;
pub mod nras;
mod pki;
mod published;
mod quote;
pub mod snp;
mod time;

use p256::ecdsa::SigningKey;
use secret_ai_attestation::{RawCollateral, Serial};
use sha2::{Digest, Sha256};

pub use broken::{broken, Broken};
pub use documents::{Level, QeIdentity, SvnLevel, TcbInfo};
pub use pki::Platform;
pub use published::{intel_json, pem_chain};
pub use quote::{pem, Measurements, QeReport, QuoteForm};

const DAY: u64 = 86_400;

/// A TDX platform and the authorities that vouch for it.
///
/// The public fields may be changed before [`SoftTee::collateral`] and [`SoftTee::quote`] are called,
/// to make other platforms and other states of the world; signatures always fit what is signed.
#[derive(Clone)]
pub struct SoftTee {
    pub platform: Platform,
    pub tcb_info: TcbInfo,
    pub qe_identity: QeIdentity,
    pub qe_report: QeReport,
    /// Validity of PCK certificate, first and last Unix second.
    pub pck_validity: (u64, u64),
    /// Serials that the PCK CRL lists.
    pub revoked_pck: Vec<Serial>,
    /// Serials that the root CA CRL lists.
    pub revoked_by_root: Vec<Serial>,
    /// Validity of both CRLs.
    pub crl_validity: (u64, u64),
    /// Number of both CRLs.
    pub crl_number: u8,
    root: pki::Certificate,
    pck_ca: pki::Certificate,
    tcb_signer: pki::Certificate,
    pck_key: SigningKey,
    attestation_key: SigningKey,
}

impl SoftTee {
    /// An up-to-date platform. Collateral holds from a day before `now` (Unix seconds) for 30 days,
    /// certificates for years.
    pub fn new(seed: [u8; 32], now: u64) -> Self {
        let key = |label| pki::key(&seed, label);
        let (issued, next_update) = (now.saturating_sub(DAY), now + 29 * DAY);
        let authority = |subject: &str, label, number, ca_path| pki::Certificate {
            subject: subject.into(),
            serial: serial(number),
            key: key(label),
            not_before: now.saturating_sub(365 * DAY),
            not_after: now + 7 * 365 * DAY,
            ca_path,
            sgx: None,
        };
        let id = digest(&seed, "platform");
        let platform = Platform {
            ppid: id[..16].try_into().expect("16 bytes"),
            components: [4, 4, 2, 2, 4, 1, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0],
            pce_svn: 11,
            pce_id: [0, 0],
            fmspc: [0x5e, 0xc2, 0xe7, 0, 0, 0],
        };
        let mr_signer = digest(&seed, "quoting enclave signer");
        SoftTee {
            tcb_info: tcb_info(&platform, issued, next_update),
            platform,
            qe_identity: QeIdentity {
                id: "TD_QE",
                issued,
                next_update,
                evaluation_number: 20,
                mr_signer,
                isv_prod_id: 2,
                levels: vec![
                    svn_level(4, "UpToDate", issued, &[]),
                    svn_level(3, "OutOfDate", issued - 90 * DAY, &["INTEL-SA-90003"]),
                    svn_level(1, "Revoked", issued - 180 * DAY, &["INTEL-SA-90003"]),
                ],
            },
            qe_report: QeReport {
                mr_signer,
                ..QeReport::default()
            },
            pck_validity: (issued, now + 5 * 365 * DAY),
            revoked_pck: vec![serial(0x80), serial(0x81)],
            revoked_by_root: Vec::new(),
            crl_validity: (issued, next_update),
            crl_number: 1,
            root: authority("Secret AI Development Root CA", "root", 1, Some(1)),
            pck_ca: authority("Intel SGX PCK Platform CA", "pck ca", 2, Some(0)),
            tcb_signer: authority("Intel SGX TCB Signing", "tcb signer", 3, None),
            pck_key: key("pck"),
            attestation_key: key("attestation"),
        }
    }

    /// The development root: DER of a self-signed certificate.
    pub fn root_der(&self) -> Vec<u8> {
        self.root.issue(&self.root)
    }

    /// Serial number of the PCK certificate.
    pub fn pck_serial(&self) -> Serial {
        serial(0x70)
    }

    /// Serial number of the PCK CA's certificate.
    pub fn pck_ca_serial(&self) -> Serial {
        self.pck_ca.serial
    }

    /// The PCK certificate in DER, as quotes carry it.
    pub fn pck_der(&self) -> Vec<u8> {
        let [leaf, _, _] = self.pck_chain();
        leaf
    }

    /// SHA-256 of the PPID, by which registries know the platform.
    pub fn ppid_hash(&self) -> [u8; 32] {
        Sha256::digest(self.platform.ppid).into()
    }

    /// The collateral as a provisioning service would publish it.
    pub fn collateral(&self) -> RawCollateral {
        let crl = |issuer, revoked: &[Serial]| {
            pki::revocation_list(issuer, self.crl_number, self.crl_validity, revoked)
        };
        let signer_chain = vec![self.tcb_signer.issue(&self.root), self.root_der()];
        let (tcb_info, qe_identity) = (self.tcb_info.json(), self.qe_identity.json());
        RawCollateral {
            root_ca_crl: crl(&self.root, &self.revoked_by_root),
            pck_crl: crl(&self.pck_ca, &self.revoked_pck),
            pck_crl_issuer_chain: vec![self.pck_ca.issue(&self.root), self.root_der()],
            tcb_info_signature: pki::sign(&self.tcb_signer.key, tcb_info.as_bytes()),
            tcb_info: tcb_info.into_bytes(),
            tcb_info_issuer_chain: signer_chain.clone(),
            qe_identity_signature: pki::sign(&self.tcb_signer.key, qe_identity.as_bytes()),
            qe_identity: qe_identity.into_bytes(),
            qe_identity_issuer_chain: signer_chain,
        }
    }

    /// A quote of version 4, without padding.
    pub fn quote(&self, report_data: [u8; 64], measurements: &Measurements) -> Vec<u8> {
        self.quote_as(&QuoteForm::default(), report_data, measurements)
    }

    /// A quote of another form.
    pub fn quote_as(
        &self,
        form: &QuoteForm,
        report_data: [u8; 64],
        measurements: &Measurements,
    ) -> Vec<u8> {
        quote::mint(self, form, &report_data, measurements)
    }

    /// DER of PCK certificate, PCK CA, root.
    pub(crate) fn pck_chain(&self) -> [Vec<u8>; 3] {
        let (not_before, not_after) = self.pck_validity;
        let leaf = pki::Certificate {
            subject: "Intel SGX PCK Certificate".into(),
            serial: self.pck_serial(),
            key: self.pck_key.clone(),
            not_before,
            not_after,
            ca_path: None,
            sgx: Some(self.platform.extension()),
        };
        [
            leaf.issue(&self.pck_ca),
            self.pck_ca.issue(&self.root),
            self.root_der(),
        ]
    }
}

fn digest(seed: &[u8; 32], label: &str) -> [u8; 32] {
    Sha256::new()
        .chain_update(seed)
        .chain_update(label)
        .finalize()
        .into()
}

fn serial(number: u8) -> Serial {
    let mut serial = [0x11; 20];
    serial[19] = number;
    serial
}

fn svn_level(
    isv_svn: u8,
    status: &'static str,
    date: u64,
    advisories: &[&'static str],
) -> SvnLevel {
    SvnLevel {
        isv_svn,
        status,
        date,
        advisories: advisories.to_vec(),
    }
}

/// Levels: the platform's own, one with every SVN one lower, one that is revoked.
fn tcb_info(platform: &Platform, issued: u64, next_update: u64) -> TcbInfo {
    let tdx = [5, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let lower = |svns: &[u8; 16]| svns.map(|svn| svn.saturating_sub(1));
    let level = |sgx, pce_svn, tdx, status, date, advisories: &[&'static str]| Level {
        sgx,
        pce_svn,
        tdx,
        status,
        date,
        advisories: advisories.to_vec(),
    };
    let (sgx, pce_svn) = (platform.components, platform.pce_svn);
    let old = issued - 90 * DAY;
    TcbInfo {
        id: "TDX",
        issued,
        next_update,
        evaluation_number: 20,
        fmspc: platform.fmspc,
        pce_id: platform.pce_id,
        module_levels: vec![
            svn_level(5, "UpToDate", issued, &[]),
            svn_level(3, "OutOfDate", old, &["INTEL-SA-90002"]),
            svn_level(1, "Revoked", old - 90 * DAY, &["INTEL-SA-90002"]),
        ],
        levels: vec![
            level(sgx, pce_svn, tdx, "UpToDate", issued, &[]),
            level(
                lower(&sgx),
                pce_svn - 1,
                lower(&tdx),
                "OutOfDate",
                old,
                &["INTEL-SA-90001"],
            ),
            level(
                [0; 16],
                5,
                [0; 16],
                "Revoked",
                old - 90 * DAY,
                &["INTEL-SA-90001"],
            ),
        ],
    }
}
