//! From NVIDIA's root to the key of one device.

use crate::certificate::{check_window, Fields};
use crate::crypto::{sha256, P384Key};
use crate::error::{Error, Item};
use crate::gpu::certificate::{Certificate, Chip, Role};
use crate::gpu::{dice, Arch, GpuError};

/// Largest certificate in bytes. Real ones have up to 900.
const CERTIFICATE_LIMIT: usize = 2_048;

/// SHA-256 of the DER of NVIDIA's root certificate of device identities.
pub const NVIDIA_FINGERPRINT: [u8; 32] = [
    0x10, 0x2b, 0xf6, 0x59, 0xd5, 0x41, 0x96, 0x14, 0xc9, 0xd8, 0xe6, 0xae, 0xce, 0xbc, 0x80, 0x45,
    0x4e, 0xb2, 0x6b, 0x1d, 0xf6, 0xa7, 0x69, 0xac, 0x72, 0x0b, 0x9a, 0x69, 0x0b, 0x16, 0x7b, 0x48,
];

/// A self-signed P-384 root CA certificate in DER, trusted as it is.
///
/// No check is skipped for any root; a development root differs from NVIDIA's only in who holds its
/// key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NvidiaRoot<'a> {
    der: &'a [u8],
}

impl NvidiaRoot<'static> {
    /// NVIDIA Device Identity CA, valid from 2021-11-05 without end, as every GPU of these
    /// architectures hands it out; its SHA-256 is [`NVIDIA_FINGERPRINT`].
    pub const PINNED: NvidiaRoot<'static> = NvidiaRoot {
        der: include_bytes!("nvidia_device_identity_ca.der"),
    };
}

impl<'a> NvidiaRoot<'a> {
    /// A root given from outside, such as a development root. One P-384 verification.
    ///
    /// # Errors
    /// If it is not a self-signed P-384 CA certificate. Dates are checked at use.
    pub fn from_der(der: &'a [u8]) -> Result<Self, Error> {
        let root = parse(der, Role::Root)?;
        root.check_issuer(&root.subject_sha256, &root.key)?;
        Ok(NvidiaRoot { der })
    }

    /// The certificate.
    pub fn der(&self) -> &'a [u8] {
        self.der
    }

    /// SHA-256 of the certificate.
    pub fn fingerprint(&self) -> [u8; 32] {
        sha256(&[self.der])
    }
}

/// An authority of NVIDIA's below the root, verified once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NvidiaCa {
    /// SHA-256 of its certificate.
    pub sha256: [u8; 32],
    /// SHA-256 of the DER of its name, which certificates that it issued name as their issuer.
    pub name_sha256: [u8; 32],
    pub key: P384Key,
    /// The kind of chip that it answers for.
    pub chip: Chip,
    /// 1 for an identity authority, which the root issued; 2 for a provisioner, which that issued.
    pub depth: u8,
    /// Last Unix second at which it and what it rests on hold.
    pub not_after: u64,
    /// Fingerprint of the root.
    pub root_sha256: [u8; 32],
}

impl NvidiaCa {
    /// Fails after its end.
    ///
    /// # Errors
    /// [`Error::Expired`].
    pub fn check_current(&self, now: u64) -> Result<(), Error> {
        check_window(Item::NvidiaCa, 0, self.not_after, now)
    }
}

/// Who issued an authority's certificate.
#[derive(Clone, Copy, Debug)]
pub enum NvidiaIssuer<'a> {
    Root(&'a NvidiaRoot<'a>),
    Ca(&'a NvidiaCa),
}

/// Verifies an authority's certificate at `now` (Unix seconds): an identity authority under the root,
/// or a provisioner under an identity authority. One P-384 verification.
///
/// # Errors
/// Form, profile, dates, issuer and signature, all as [`Item::NvidiaCa`] or [`Item::NvidiaRoot`];
/// [`GpuError::Chip`] under an authority for another kind of chip.
pub fn verify_nvidia_ca(der: &[u8], issuer: NvidiaIssuer<'_>, now: u64) -> Result<NvidiaCa, Error> {
    match issuer {
        NvidiaIssuer::Root(root) => {
            let above = parse(root.der, Role::Root)?;
            above.check_dates(now)?;
            let ca = parse(der, Role::Identity)?;
            ca.check_dates(now)?;
            ca.check_issuer(&above.subject_sha256, &above.key)?;
            authority(&ca, der, 1, above.not_after, root.fingerprint())
        }
        NvidiaIssuer::Ca(above) => {
            above.check_current(now)?;
            if above.depth != 1 {
                return Err(Error::Profile(
                    Item::NvidiaCa,
                    "issuer is not an identity authority",
                ));
            }
            let ca = parse(der, Role::Provisioner)?;
            ca.check_dates(now)?;
            check_chip(&ca, above.chip)?;
            ca.check_issuer(&above.name_sha256, &above.key)?;
            authority(&ca, der, 2, above.not_after, above.root_sha256)
        }
    }
}

fn authority(
    ca: &Certificate<'_>,
    der: &[u8],
    depth: u8,
    above_not_after: u64,
    root_sha256: [u8; 32],
) -> Result<NvidiaCa, Error> {
    Ok(NvidiaCa {
        sha256: sha256(&[der]),
        name_sha256: ca.subject_sha256,
        key: ca.key,
        chip: ca
            .chip
            .ok_or(Error::Profile(Item::NvidiaCa, "names no chip"))?,
        depth,
        not_after: ca.not_after.min(above_not_after),
        root_sha256,
    })
}

/// SHA-256 of the DER of the issuer's name in a certificate, by which its issuer can be looked up.
/// A hint: nothing is verified.
///
/// # Errors
/// [`Error::Der`], [`Error::Profile`] for what is not a certificate; [`Error::TooLarge`].
pub fn issuer_name_sha256(der: &[u8]) -> Result<[u8; 32], Error> {
    check_size(der, Item::DeviceCa)?;
    Ok(sha256(&[Fields::parse(der, Item::DeviceCa)?.issuer]))
}

/// The certified key of one device under one firmware, verified once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GpuLeaf {
    /// SHA-256 of its certificate.
    pub sha256: [u8; 32],
    /// SHA-256 of the boot ROM's public key, by which registries know the device: it stays the same
    /// under every firmware, while the leaf is another under each.
    pub device_sha256: [u8; 32],
    pub key: P384Key,
    /// SHA-384 of the firmware that holds the key.
    pub fwid: [u8; 48],
    pub chip: Chip,
    /// Last Unix second at which the certificate and what it rests on hold.
    pub not_after: u64,
    /// SHA-256 of the certificate of the authority that was given.
    pub ca_sha256: [u8; 32],
    /// Fingerprint of the root.
    pub root_sha256: [u8; 32],
}

impl GpuLeaf {
    /// The architecture of its chip.
    pub fn arch(&self) -> Arch {
        self.chip.arch()
    }

    /// Fails after its end.
    ///
    /// # Errors
    /// [`Error::Expired`].
    pub fn check_current(&self, now: u64) -> Result<(), Error> {
        check_window(Item::DeviceLeaf, 0, self.not_after, now)
    }
}

/// Verifies a device's certificates at `now` (Unix seconds): the leaf first, then the boot ROM's, then
/// the provisioner's if `ca` is an identity authority. One P-384 verification for each.
///
/// # Errors
/// [`GpuError::ChainLength`]; form, profile, dates, issuer and signature of each certificate;
/// [`GpuError::Chip`]; [`GpuError::Debug`].
pub fn verify_gpu_certificates(
    certificates: &[&[u8]],
    ca: &NvidiaCa,
    now: u64,
) -> Result<GpuLeaf, Error> {
    match (certificates, ca.depth) {
        (&[leaf, boot], 2) => verify_device(leaf, boot, ca, now),
        (&[leaf, boot, provisioner], 1) => {
            let provisioner = verify_nvidia_ca(provisioner, NvidiaIssuer::Ca(ca), now)?;
            let leaf = verify_device(leaf, boot, &provisioner, now)?;
            Ok(GpuLeaf {
                ca_sha256: ca.sha256,
                ..leaf
            })
        }
        _ => Err(GpuError::ChainLength {
            have: certificates.len(),
            need: if ca.depth == 2 { 2 } else { 3 },
        }
        .into()),
    }
}

fn verify_device(
    leaf_der: &[u8],
    boot_der: &[u8],
    ca: &NvidiaCa,
    now: u64,
) -> Result<GpuLeaf, Error> {
    ca.check_current(now)?;
    let boot = parse(boot_der, Role::Boot)?;
    let leaf = parse(leaf_der, Role::Device)?;
    for certificate in [&boot, &leaf] {
        certificate.check_dates(now)?;
        check_chip(certificate, ca.chip)?;
    }
    let fwid = dice::fwid(leaf.dice, ca.chip.arch(), &boot.key)?;
    boot.check_issuer(&ca.name_sha256, &ca.key)?;
    leaf.check_issuer(&boot.subject_sha256, &boot.key)?;
    Ok(GpuLeaf {
        sha256: sha256(&[leaf_der]),
        device_sha256: sha256(&[&boot.key]),
        key: leaf.key,
        fwid,
        chip: ca.chip,
        not_after: leaf.not_after.min(boot.not_after).min(ca.not_after),
        ca_sha256: ca.sha256,
        root_sha256: ca.root_sha256,
    })
}

fn check_chip(certificate: &Certificate<'_>, chip: Chip) -> Result<(), Error> {
    if certificate.chip == Some(chip) {
        Ok(())
    } else {
        Err(GpuError::Chip.into())
    }
}

fn parse(der: &[u8], role: Role) -> Result<Certificate<'_>, Error> {
    check_size(der, role.item())?;
    Certificate::parse(der, role)
}

fn check_size(der: &[u8], item: Item) -> Result<(), Error> {
    let (have, limit) = (der.len(), CERTIFICATE_LIMIT);
    if have > limit {
        return Err(Error::TooLarge { item, have, limit });
    }
    Ok(())
}
