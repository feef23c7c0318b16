//! Certificates as NVIDIA's device hierarchy has them: ECDSA P-384 with SHA-384 throughout.
//!
//! ```text
//! NVIDIA Device Identity CA          root
//! NVIDIA <chip> Identity             authority of one kind of chip
//! NVIDIA <chip> Provisioner ICA <n>  authority that signs boot ROMs at the factory
//! <chip> <step> GSP BROM             a boot ROM: an authority, but only over its own firmware
//! <chip> <step> GSP FMC LF           a device's firmware, which signs reports
//! ```
//!
//! A certificate is taken only in the [`Role`] that its constraints, key usage and common name
//! declare. A boot ROM is a CA of anybody's making as far as X.509 goes (its owner might break one),
//! so the name keeps it from posing as an authority of NVIDIA's, and the number of certificates is
//! fixed by the names.

use crate::certificate::{check_window, common_name, known_extensions, Fields};
use crate::crypto::{p384_verifies, sha256, P384Key};
use crate::der::{self, Der};
use crate::error::{Error, Item};
use crate::gpu::Arch;

const ECDSA_WITH_SHA384: &[u8] = &[
    0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03,
];
/// SubjectPublicKeyInfo of a P-384 key up to the coordinates of its uncompressed point.
pub(super) const P384_SPKI: &[u8] = &[
    0x30, 0x76, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b,
    0x81, 0x04, 0x00, 0x22, 0x03, 0x62, 0x00, 0x04,
];
const OID_KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x0f];
const OID_BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x13];
/// 2.23.133.5.4.1: on Hopper the boot ROM's key and the firmware's digest.
const OID_DICE_IDENTITY: &[u8] = &[0x67, 0x81, 0x05, 0x05, 0x04, 0x01];
/// 2.23.133.5.4.1.1: on Blackwell TCG's DiceTcbInfo.
const OID_DICE_TCB_INFO: &[u8] = &[0x67, 0x81, 0x05, 0x05, 0x04, 0x01, 0x01];

/// Key usages, as the BIT STRING that real certificates have.
const SIGNS_REPORTS: &[u8] = &[der::BIT_STRING, 2, 7, 0x80];
const SIGNS_CERTIFICATES: &[u8] = &[der::BIT_STRING, 2, 2, 0x04];
const SIGNS_CERTIFICATES_AND_LISTS: &[u8] = &[der::BIT_STRING, 2, 1, 0x06];

/// Kind of chip as certificates name it, such as `GH100`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chip {
    name: [u8; 5],
    arch: Arch,
}

impl Chip {
    /// Reads two letters, which say the architecture, and three digits.
    pub(super) fn parse(name: [u8; 5]) -> Option<Self> {
        let [first, second, digits @ ..] = name;
        let arch = match [first, second] {
            [b'G', b'H'] => Arch::Hopper,
            [b'G', b'B'] => Arch::Blackwell,
            _ => return None,
        };
        let digits = digits.iter().all(u8::is_ascii_digit);
        digits.then_some(Chip { name, arch })
    }

    /// Its five letters and digits.
    pub fn name(&self) -> [u8; 5] {
        self.name
    }

    /// Its architecture.
    pub fn arch(&self) -> Arch {
        self.arch
    }
}

/// What a certificate is used for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Root,
    Identity,
    Provisioner,
    Boot,
    Device,
}

impl Role {
    pub fn item(self) -> Item {
        match self {
            Role::Root => Item::NvidiaRoot,
            Role::Identity | Role::Provisioner => Item::NvidiaCa,
            Role::Boot => Item::DeviceCa,
            Role::Device => Item::DeviceLeaf,
        }
    }

    fn key_usage(self) -> &'static [u8] {
        match self {
            Role::Root | Role::Identity | Role::Provisioner => SIGNS_CERTIFICATES_AND_LISTS,
            Role::Boot => SIGNS_CERTIFICATES,
            Role::Device => SIGNS_REPORTS,
        }
    }

    /// The chip in a common name of this role; the root names none.
    fn chip(self, name: &[u8]) -> Option<Chip> {
        let (before, after): (&[u8], &[u8]) = match self {
            Role::Root => return None,
            Role::Identity => (b"NVIDIA ", b" Identity"),
            Role::Provisioner => (b"NVIDIA ", b""),
            Role::Boot => (b"", b" GSP BROM"),
            Role::Device => (b"", b" GSP FMC LF"),
        };
        let inner = name.strip_prefix(before)?.strip_suffix(after)?;
        let (chip, rest) = inner.split_first_chunk::<5>()?;
        let fits = match self {
            Role::Root | Role::Identity => rest.is_empty(),
            Role::Provisioner => rest
                .strip_prefix(b" Provisioner ICA ")
                .is_some_and(|number| !number.is_empty() && number.iter().all(u8::is_ascii_digit)),
            // The step of the chip's masks, such as A01.
            Role::Boot | Role::Device => {
                matches!(rest, [b' ', step @ ..] if step.len() == 3 && step.iter().all(u8::is_ascii_alphanumeric))
            }
        };
        Chip::parse(*chip).filter(|_| fits)
    }
}

/// Which of the two forms of DICE extension a certificate has, with its content.
#[derive(Clone, Copy)]
pub(super) enum Dice<'a> {
    Identity(&'a [u8]),
    TcbInfo(&'a [u8]),
}

/// A parsed certificate whose role was checked, but not its signature.
pub(super) struct Certificate<'a> {
    item: Item,
    tbs: &'a [u8],
    pub issuer_sha256: [u8; 32],
    pub subject_sha256: [u8; 32],
    not_before: u64,
    pub not_after: u64,
    pub key: P384Key,
    /// None in the root.
    pub chip: Option<Chip>,
    pub dice: Option<Dice<'a>>,
    signature: [u8; 96],
}

impl<'a> Certificate<'a> {
    /// Reads one DER certificate and checks that it may serve in `role`.
    pub fn parse(bytes: &'a [u8], role: Role) -> Result<Self, Error> {
        let item = role.item();
        let fields = Fields::parse(bytes, item)?;
        if fields.signed.algorithm != ECDSA_WITH_SHA384 {
            return Err(Error::Profile(
                item,
                "signature algorithm is not ECDSA with SHA-384",
            ));
        }
        let signature = fields.signed.p384_signature(item)?;
        let key = fields
            .spki
            .strip_prefix(P384_SPKI)
            .and_then(|point| P384Key::try_from(point).ok())
            .ok_or(Error::Profile(
                item,
                "key is not an uncompressed P-384 point",
            ))?;
        let extensions = Extensions::parse(fields.extensions, item)?;
        extensions.check(role)?;
        let chip = role.chip(common_name(fields.subject.body, item)?);
        if chip.is_none() && role != Role::Root {
            return Err(Error::Profile(item, "common name does not fit its role"));
        }
        Ok(Certificate {
            item,
            tbs: fields.signed.tbs,
            issuer_sha256: sha256(&[fields.issuer]),
            subject_sha256: sha256(&[fields.subject.whole]),
            not_before: fields.not_before,
            not_after: fields.not_after,
            key,
            chip,
            dice: extensions.dice,
            signature,
        })
    }

    /// Fails outside the validity period, whose both ends belong to it.
    pub fn check_dates(&self, now: u64) -> Result<(), Error> {
        check_window(self.item, self.not_before, self.not_after, now)
    }

    /// Fails unless this name and key issued the certificate. One P-384 verification.
    pub fn check_issuer(&self, name_sha256: &[u8; 32], key: &P384Key) -> Result<(), Error> {
        if self.issuer_sha256 != *name_sha256 {
            Err(Error::Issuer(self.item))
        } else if !p384_verifies(key, self.tbs, &self.signature) {
            Err(Error::Signature(self.item))
        } else {
            Ok(())
        }
    }
}

/// The extensions that mean something here. Key identifiers, alternative names and addresses of lists
/// are skipped unless somebody made them critical.
struct Extensions<'a> {
    basic_constraints: Option<&'a [u8]>,
    key_usage: Option<&'a [u8]>,
    dice: Option<Dice<'a>>,
}

impl<'a> Extensions<'a> {
    fn parse(list: Der<'a>, item: Item) -> Result<Self, Error> {
        let oids = [
            OID_BASIC_CONSTRAINTS,
            OID_KEY_USAGE,
            OID_DICE_IDENTITY,
            OID_DICE_TCB_INFO,
        ];
        let [basic_constraints, key_usage, identity, tcb_info] =
            known_extensions(list, item, oids)?;
        let dice = match (identity, tcb_info) {
            (Some(_), Some(_)) => return Err(Error::Profile(item, "extension occurs twice")),
            (Some(value), None) => Some(Dice::Identity(value)),
            (None, Some(value)) => Some(Dice::TcbInfo(value)),
            (None, None) => None,
        };
        Ok(Extensions {
            basic_constraints,
            key_usage,
            dice,
        })
    }

    fn check(&self, role: Role) -> Result<(), Error> {
        let item = role.item();
        if self.is_ca(item)? != (role != Role::Device) {
            return Err(Error::Profile(
                item,
                "basic constraints do not fit its role",
            ));
        }
        if self.key_usage != Some(role.key_usage()) {
            return Err(Error::Profile(item, "key usage does not fit its role"));
        }
        if self.dice.is_some() != (role == Role::Device) {
            return Err(Error::Profile(item, "DICE extension does not fit its role"));
        }
        Ok(())
    }

    /// No basic constraints mean an end entity (RFC 5280 §4.2.1.9). NVIDIA bounds no path, and a bound
    /// would be refused rather than ignored.
    fn is_ca(&self, item: Item) -> Result<bool, Error> {
        let Some(constraints) = self.basic_constraints else {
            return Ok(false);
        };
        let mut all = Der::new(constraints, item);
        let mut fields = all.nested(der::SEQUENCE)?;
        all.finish()?;
        let is_ca = fields.default_false()?;
        fields.finish()?;
        Ok(is_ca)
    }
}
