//! A software AMD platform: SEV-SNP reports, the certificate that endorses them, and the collateral,
//! under a development ARK. Everything follows from a 32-byte seed, a time, and three RSA keys that are
//! fixed and public (`keys.rs`).
//!
//! [`broken`] makes variants of which each fails one check, with the code it must fail with.

mod broken;
mod keys;
mod pki;

use p384::ecdsa::signature::Signer as _;
use p384::ecdsa::{Signature, SigningKey};
use secret_ai_attestation::snp::{Product, RawSnpCollateral, Signer, SnpPolicy, Tcb};
use secret_ai_attestation::Serial;
use sha2::{Digest, Sha256};

pub use broken::{broken, Broken};
pub use pki::PssForm;

use keys::Key;
use pki::{Authority, Leaf};

const DAY: u64 = 86_400;
/// 2020-01-01T00:00:00Z to 2049-12-31T23:59:59Z.
const AUTHORITY_VALIDITY: (u64, u64) = (1_577_836_800, 2_524_607_999);
/// Where a report's signature begins.
const SIGNATURE: usize = 0x2a0;
const REPORT_LENGTH: usize = 1_184;

/// What was launched, and how it asks for reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnpMeasurements {
    pub guest_svn: u32,
    /// Guest policy.
    pub policy: u64,
    pub family_id: [u8; 16],
    pub image_id: [u8; 16],
    pub vmpl: u32,
    pub measurement: [u8; 48],
    pub host_data: [u8; 32],
    pub id_key_digest: [u8; 48],
    pub author_key_digest: [u8; 48],
}

impl Default for SnpMeasurements {
    /// A guest at VMPL 1 that may run with SMT, as today's are.
    fn default() -> Self {
        SnpMeasurements {
            guest_svn: 1,
            policy: 0x3_0000,
            family_id: *b"dev-secret-ai-01",
            image_id: *b"v0.0.1----------",
            vmpl: 1,
            measurement: [0xa1; 48],
            host_data: [0xb2; 32],
            id_key_digest: [0; 48],
            author_key_digest: [0; 48],
        }
    }
}

/// An AMD platform and the authorities that vouch for it.
///
/// The public fields may be changed before anything is minted, to make other platforms and other
/// states of the world; signatures always fit what is signed.
#[derive(Clone)]
pub struct SoftSnp {
    pub product: Product,
    pub signer: Signer,
    /// Version of reports, 2 to 5.
    pub version: u32,
    /// Family, model, stepping; a report of version 2 has zeros.
    pub cpuid: [u8; 3],
    /// What reports show.
    pub chip_id: [u8; 64],
    /// What is in the VCEK certificate's hardware id: 64 bytes, on Turin 8.
    pub hwid: Vec<u8>,
    /// What is in a VLEK certificate.
    pub csp_id: String,
    pub certificate_tcb: Tcb,
    pub reported_tcb: Tcb,
    pub current_tcb: Tcb,
    pub committed_tcb: Tcb,
    pub launch_tcb: Tcb,
    pub platform_info: u64,
    /// Author key (bit 0), masked chip key (1), number of the signing key (2 to 4).
    pub flags: u32,
    /// Validity of the ASK or ASVK, first and last Unix second.
    pub ask_validity: (u64, u64),
    /// Validity of the VCEK or VLEK.
    pub certificate_validity: (u64, u64),
    /// How the VCEK or VLEK certificate is signed.
    pub certificate_form: PssForm,
    /// Validity of the revocation list.
    pub crl_validity: (u64, u64),
    pub crl_number: u8,
    /// Serials that the list has.
    pub revoked: Vec<Serial>,
    root: Authority,
    key: SigningKey,
}

impl SoftSnp {
    /// A Genoa platform whose chips sign. The revocation list holds from a day before `now` (Unix
    /// seconds) for 30 days, the certificate for years.
    pub fn new(seed: [u8; 32], now: u64) -> Self {
        Self::of(seed, now, Product::Genoa, Signer::Vcek)
    }

    /// A platform of another product or signer. Chips with a cloud provider's key hide their id.
    pub fn of(seed: [u8; 32], now: u64, product: Product, signer: Signer) -> Self {
        let issued = now.saturating_sub(DAY);
        let tcb = Tcb {
            fmc: u8::from(product == Product::Turin),
            boot_loader: 10,
            tee: 1,
            snp: 23,
            microcode: 84,
        };
        let id = [digest(&seed, "chip"), digest(&seed, "chip, second half")].concat();
        let hwid = match product {
            Product::Turin => id[..8].to_vec(),
            _ => id,
        };
        let mut platform = SoftSnp {
            product,
            signer,
            version: 3,
            cpuid: match product {
                Product::Milan => [0x19, 0x01, 1],
                Product::Genoa => [0x19, 0x11, 1],
                Product::Turin => [0x1a, 0x02, 1],
            },
            chip_id: [0; 64],
            hwid,
            csp_id: "CN=cc-development.example".into(),
            certificate_tcb: tcb,
            reported_tcb: tcb,
            current_tcb: tcb,
            committed_tcb: tcb,
            launch_tcb: tcb,
            platform_info: 0x25,
            flags: (signer as u32) << 2,
            ask_validity: AUTHORITY_VALIDITY,
            certificate_validity: (issued, now + 5 * 365 * DAY),
            certificate_form: PssForm::default(),
            crl_validity: (issued, now + 29 * DAY),
            crl_number: 1,
            revoked: vec![serial(0x80)],
            root: Authority {
                subject: "Secret AI Development ARK".into(),
                serial: serial(1),
                key: Key::Ark,
                validity: AUTHORITY_VALIDITY,
                path: None,
            },
            key: signing_key(&seed, signer.name()),
        };
        if signer == Signer::Vcek {
            platform.show_chip_id();
        }
        platform
    }

    /// Lets reports show the chip's id.
    pub fn show_chip_id(&mut self) {
        self.chip_id[..self.hwid.len()].copy_from_slice(&self.hwid);
    }

    /// Puts every part of the platform, and its certificate, at this patch level.
    pub fn set_tcb(&mut self, tcb: Tcb) {
        self.certificate_tcb = tcb;
        self.reported_tcb = tcb;
        self.current_tcb = tcb;
        self.committed_tcb = tcb;
        self.launch_tcb = tcb;
    }

    /// The development ARK: DER of a self-signed certificate, the same for every seed and product.
    pub fn root_der(&self) -> Vec<u8> {
        self.root.issue(&self.root)
    }

    /// Serial number of the certificate of the ASK or ASVK.
    pub fn ask_serial(&self) -> Serial {
        serial(match self.signer {
            Signer::Vcek => 2,
            Signer::Vlek => 3,
        })
    }

    /// SHA-256 of the chip id, by which registries know a platform that shows it.
    pub fn chip_hash(&self) -> [u8; 32] {
        Sha256::digest(self.chip_id).into()
    }

    fn ask(&self) -> Authority {
        let (prefix, key) = match self.signer {
            Signer::Vcek => ("SEV-", Key::Ask),
            Signer::Vlek => ("SEV-VLEK-", Key::Asvk),
        };
        Authority {
            subject: format!("{prefix}{}", self.product),
            serial: self.ask_serial(),
            key,
            validity: self.ask_validity,
            path: Some(0),
        }
    }

    /// The collateral as AMD's key distribution service would publish it.
    pub fn collateral(&self) -> RawSnpCollateral {
        let list = self
            .root
            .revocation_list(self.crl_number, self.crl_validity, &self.revoked);
        RawSnpCollateral {
            product: self.product,
            ask: self.ask().issue(&self.root),
            crl: list,
        }
    }

    /// DER of the certificate whose key signs reports: VCEK or VLEK, as `signer` says.
    pub fn vcek_der(&self) -> Vec<u8> {
        let vcek = self.signer == Signer::Vcek;
        let leaf = Leaf {
            product: self.product,
            signer: self.signer,
            key: &self.key,
            validity: self.certificate_validity,
            tcb: self.certificate_tcb,
            hwid: vcek.then_some(&self.hwid),
            csp_id: (!vcek).then_some(&self.csp_id),
        };
        leaf.issue(&self.ask(), &self.certificate_form)
    }

    /// A report.
    pub fn report(&self, report_data: [u8; 64], measurements: &SnpMeasurements) -> Vec<u8> {
        self.report_with(report_data, measurements, |_| ())
    }

    /// A report whose bytes are changed before they are signed.
    pub fn report_with(
        &self,
        report_data: [u8; 64],
        measurements: &SnpMeasurements,
        change: impl FnOnce(&mut [u8]),
    ) -> Vec<u8> {
        let mut report = self.unsigned(&report_data, measurements);
        change(&mut report);
        let signature: Signature = self.key.sign(&report[..SIGNATURE]);
        let signature = signature.to_bytes();
        for (half, at) in [(&signature[..48], 0), (&signature[48..], 72)] {
            let little_endian: Vec<u8> = half.iter().rev().copied().collect();
            report[SIGNATURE + at..][..48].copy_from_slice(&little_endian);
        }
        report
    }

    fn unsigned(&self, report_data: &[u8; 64], measurements: &SnpMeasurements) -> Vec<u8> {
        let mut report = vec![0; REPORT_LENGTH];
        let mut put = |at: usize, field: &[u8]| report[at..][..field.len()].copy_from_slice(field);
        put(0x00, &self.version.to_le_bytes());
        put(0x04, &measurements.guest_svn.to_le_bytes());
        put(0x08, &measurements.policy.to_le_bytes());
        put(0x10, &measurements.family_id);
        put(0x20, &measurements.image_id);
        put(0x30, &measurements.vmpl.to_le_bytes());
        put(0x34, &1u32.to_le_bytes());
        put(0x38, &self.current_tcb.to_bytes(self.product));
        put(0x40, &self.platform_info.to_le_bytes());
        put(0x48, &self.flags.to_le_bytes());
        put(0x50, report_data);
        put(0x90, &measurements.measurement);
        put(0xc0, &measurements.host_data);
        put(0xe0, &measurements.id_key_digest);
        put(0x110, &measurements.author_key_digest);
        put(0x140, &[0xc3; 32]);
        put(0x160, &[0xff; 32]);
        put(0x180, &self.reported_tcb.to_bytes(self.product));
        if self.version >= 3 {
            put(0x188, &self.cpuid);
        }
        put(0x1a0, &self.chip_id);
        put(0x1e0, &self.committed_tcb.to_bytes(self.product));
        put(0x1e8, &[40, 55, 1, 0, 40, 55, 1, 0]);
        put(0x1f0, &self.launch_tcb.to_bytes(self.product));
        if self.version >= 5 {
            put(0x1f8, &3u64.to_le_bytes());
            put(0x200, &7u64.to_le_bytes());
        }
        report
    }

    /// A policy that accepts this platform, and no lower patch level.
    pub fn policy(&self) -> SnpPolicy {
        SnpPolicy {
            allow_smt: true,
            allow_vlek: self.signer == Signer::Vlek,
            allow_version_2: self.version == 2,
            min_tcb: vec![(self.product, self.reported_tcb)],
        }
    }
}

fn digest(seed: &[u8; 32], label: &str) -> [u8; 32] {
    Sha256::new()
        .chain_update(seed)
        .chain_update(label)
        .finalize()
        .into()
}

fn signing_key(seed: &[u8; 32], label: &str) -> SigningKey {
    let halves = [digest(seed, label), digest(seed, "second half of a key")];
    SigningKey::from_slice(&halves.concat()[..48])
        .expect("48 random bytes are a scalar but for a chance of 2^-190")
}

fn serial(number: u8) -> Serial {
    let mut serial = [0; 20];
    serial[17..].copy_from_slice(&[0x7f, 0, number]);
    serial
}
