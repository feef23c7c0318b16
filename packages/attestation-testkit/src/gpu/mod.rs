//! A software GPU: certificates in the shape of NVIDIA's under a development root, and reports that its
//! device key signs. Everything follows from a seed; all GPUs of one seed have the same root.

mod broken;
mod pki;
mod report;

pub use broken::{broken, Broken};
pub use pki::Certificate;
pub use report::Report;

use p384::ecdsa::SigningKey;
use secret_ai_attestation::gpu::{Arch, GoldenEntry, GoldenSet};
use sha2::{Digest, Sha256, Sha384};

/// 2020-10-17T00:00:00Z to 9999-12-31T23:59:59Z, as real device certificates have it.
const VALIDITY: (u64, u64) = (1_602_892_800, 253_402_300_799);
/// Measurements that real GPUs leave at zero.
const ZERO_FROM: u8 = 42;
/// The measurement that is compared only while NVDEC0 is on.
const NVDEC0_INDEX: u8 = 35;

/// One GPU and the authorities that vouch for it.
///
/// The public fields may be changed before certificates and evidence are made; signatures always fit
/// what is signed.
#[derive(Clone)]
pub struct SoftGpu {
    pub arch: Arch,
    pub root: Certificate,
    /// Authority of the kind of chip, which the root issues.
    pub identity: Certificate,
    /// Authority that issues boot ROMs' certificates.
    pub provisioner: Certificate,
    /// The boot ROM, which issues the leaf.
    pub boot: Certificate,
    /// The firmware that signs reports.
    pub leaf: Certificate,
    /// Digest of the firmware in the leaf certificate and, unless it is changed there, in reports.
    pub fwid: [u8; 48],
    /// First byte of the operational flags in a Blackwell's certificate.
    pub dice_flags: u8,
    /// Whose DICE extension the leaf has; absent for none.
    pub dice: Option<Arch>,
    pub driver_version: String,
    /// `aa.bb.cc.dd.ee` as five bytes.
    pub vbios_version: [u8; 5],
    pub project: String,
    pub project_sku: String,
    pub chip_sku: String,
    /// 0x55 off, 0xaa on.
    pub nvdec0: u8,
    /// Mode of the feature flag: 0 SPT, 1 MPT, 2 PPCIE.
    pub feature: u16,
    /// 64 values.
    pub measurements: Vec<[u8; 48]>,
}

impl SoftGpu {
    /// A Hopper in single passthrough. GPUs of another number have other keys and the same firmware.
    pub fn new(seed: [u8; 32], number: u8) -> Self {
        Self::of(seed, number, Arch::Hopper)
    }

    /// A Blackwell in single passthrough.
    pub fn blackwell(seed: [u8; 32], number: u8) -> Self {
        Self::of(seed, number, Arch::Blackwell)
    }

    fn of(seed: [u8; 32], number: u8, arch: Arch) -> Self {
        let (chip, driver_version, vbios_version, project) = match arch {
            Arch::Hopper => ("GH100", "580.159.03", [0x96, 0, 0xcf, 0, 1], "G520"),
            Arch::Blackwell => ("GB100", "580.159.03", [0x97, 0, 0x88, 0, 0x0f], "G525"),
        };
        let authority = |common_name: String| Certificate {
            key: pki::key(&seed, &common_name),
            common_name,
            device: None,
            validity: VALIDITY,
            is_ca: true,
            usage: pki::SIGNS_CERTIFICATES_AND_LISTS,
            extensions: Vec::new(),
            algorithm: pki::ECDSA_WITH_SHA384,
            spki: None,
        };
        let device = |common_name: String, label: &str| {
            let label = format!("{chip} {label} {number}");
            let id = Sha256::digest(label.as_bytes());
            Certificate {
                device: Some(id[..9].iter().map(|byte| format!("{byte:02X}")).collect()),
                key: pki::key(&seed, &label),
                ..authority(common_name)
            }
        };
        SoftGpu {
            arch,
            root: authority("Secret AI Development Device Identity CA".into()),
            identity: authority(format!("NVIDIA {chip} Identity")),
            provisioner: authority(format!("NVIDIA {chip} Provisioner ICA 1")),
            boot: Certificate {
                usage: pki::SIGNS_CERTIFICATES,
                ..device(format!("{chip} A01 GSP BROM"), "boot")
            },
            leaf: Certificate {
                usage: pki::SIGNS_REPORTS,
                is_ca: false,
                ..device(format!("{chip} A01 GSP FMC LF"), "leaf")
            },
            fwid: digest(&seed, chip, "firmware", 0),
            dice_flags: 0x80,
            dice: Some(arch),
            driver_version: driver_version.into(),
            vbios_version,
            project: project.into(),
            project_sku: "0200".into(),
            chip_sku: "885".into(),
            nvdec0: 0x55,
            feature: 0,
            measurements: (0..64)
                .map(|index| match index {
                    0 | 8 | ZERO_FROM.. => [0; 48],
                    _ => digest(&seed, chip, "measurement", index),
                })
                .collect(),
        }
    }

    /// The development root: DER of a self-signed certificate.
    pub fn root_der(&self) -> Vec<u8> {
        self.root.issue(&self.root)
    }

    /// DER of the authorities below the root: identity, provisioner.
    pub fn ca_chain(&self) -> Vec<Vec<u8>> {
        vec![
            self.identity.issue(&self.root),
            self.provisioner.issue(&self.identity),
        ]
    }

    /// DER of the device's own certificates: leaf, boot ROM.
    pub fn certificates(&self) -> Vec<Vec<u8>> {
        vec![
            self.leaf_certificate().issue(&self.boot),
            self.boot.issue(&self.provisioner),
        ]
    }

    /// SHA-256 of the boot ROM's public key, by which registries know the GPU.
    pub fn device_sha256(&self) -> [u8; 32] {
        let point = self.boot.key.verifying_key().to_sec1_point(false);
        Sha256::digest(&point.as_bytes()[1..]).into()
    }

    /// SHA-256 of the leaf certificate, by which registries know the device.
    pub fn leaf_sha256(&self) -> [u8; 32] {
        Sha256::digest(&self.certificates()[0]).into()
    }

    /// A report that answers this nonce: request and response.
    pub fn evidence(&self, nonce: [u8; 32]) -> Vec<u8> {
        self.report(nonce).sign(self.key())
    }

    /// The same before it is signed.
    pub fn report(&self, nonce: [u8; 32]) -> Report {
        Report::new(nonce, &self.measurements, self.opaque())
    }

    /// The key that signs reports.
    pub fn key(&self) -> &SigningKey {
        &self.leaf.key
    }

    /// A golden set that this GPU meets: every measurement, some with alternatives, but not number 35
    /// as it is, since NVDEC0 is off.
    pub fn golden(&self) -> GoldenSet {
        let [a, b, c, d, e] = self.vbios_version;
        GoldenSet {
            arch: self.arch,
            driver_version: self.driver_version.clone(),
            vbios_version: format!("{a:02X}.{b:02X}.{c:02X}.{d:02X}.{e:02X}"),
            project: self.project.clone(),
            project_sku: self.project_sku.clone(),
            chip_sku: self.chip_sku.clone(),
            entries: (0..ZERO_FROM)
                .zip(&self.measurements)
                .map(|(index, value)| GoldenEntry {
                    index,
                    values: golden_values(index, *value),
                })
                .collect(),
        }
    }

    fn leaf_certificate(&self) -> Certificate {
        let mut leaf = self.leaf.clone();
        leaf.extensions.extend(self.dice.map(|form| match form {
            Arch::Hopper => pki::dice_identity(&self.boot.key, pki::SHA384, &self.fwid),
            Arch::Blackwell => pki::dice_tcb_info(pki::SHA384, &self.fwid, self.dice_flags),
        }));
        leaf
    }

    /// The fields of real reports, in their order.
    fn opaque(&self) -> Vec<(u16, Vec<u8>)> {
        let text = |text: &str| [text.as_bytes(), &[0]].concat();
        let padded = |text: &str| [text.as_bytes(), &[0; 6]].concat();
        let [a, b, c, d, e] = self.vbios_version;
        let counts = (0..64u32).flat_map(|index| u32::from(index < 42).to_le_bytes());
        let ppcie = if self.feature == 2 { 0xaa } else { 0x55 };
        vec![
            (6, vec![d, c, b, a, e, 0, 0, 0]),
            (14, vec![0x37, 0x04, 0, 0]),
            (15, padded(&self.chip_sku)),
            (16, padded("0")),
            (17, text(&self.project)),
            (18, text(&self.project_sku)),
            (19, text("0")),
            (3, text(&self.driver_version)),
            (4, vec![0x80, 1, 0, 0, 0, 0, 0, 0]),
            (12, counts.collect()),
            (13, vec![0, 0xc0, 1, 0]),
            (11, vec![self.nvdec0]),
            (20, self.fwid.to_vec()),
            (21, vec![ppcie]),
            (34, vec![1, 0]),
            (36, self.feature.to_le_bytes().to_vec()),
        ]
    }
}

/// The value itself and, for every eighth, one before and one after it; another one for the measurement
/// that is not compared.
fn golden_values(index: u8, value: [u8; 48]) -> Vec<[u8; 48]> {
    match index {
        NVDEC0_INDEX => vec![[0xdc; 48]],
        7 | 15 | 23 | 31 => vec![[0; 48], value, [0xff; 48]],
        _ => vec![value],
    }
}

fn digest(seed: &[u8; 32], chip: &str, label: &str, number: u8) -> [u8; 48] {
    Sha384::new()
        .chain_update(seed)
        .chain_update(chip)
        .chain_update(label)
        .chain_update([number])
        .finalize()
        .into()
}
