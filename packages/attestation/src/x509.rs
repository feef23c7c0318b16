//! Certificates as Intel's SGX hierarchy issues them: ECDSA P-256 with SHA-256, validity,
//! basic constraints and key usage. Signatures are checked over the TBS bytes as given.
//!
//! The hierarchy is root → PCK CA → PCK certificate, and root → TCB signing certificate. A
//! certificate is taken only in the [`Role`] that its constraints, key usage and common name
//! declare, so none can stand in for another.

use crate::certificate::{common_name, known_extensions, Fields, Serial, Signed};
use crate::collateral::PckCaKind;
use crate::crl::SignedBy;
use crate::crypto::{p256_verifies, sha256, P256Key};
use crate::der::{self, Der};
use crate::error::{Error, Item};

const ECDSA_WITH_SHA256: &[u8] = &[
    0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02,
];
/// SubjectPublicKeyInfo of a P-256 key up to the coordinates of its uncompressed point.
const P256_SPKI: &[u8] = &[
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
];
const OID_KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x0f];
const OID_BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x13];
/// 1.2.840.113741.1.13.1, Intel's SGX extension.
const OID_SGX: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01, 0x0d, 0x01];

const DIGITAL_SIGNATURE: u8 = 0x80;
const KEY_CERT_SIGN: u8 = 0x04;
const CRL_SIGN: u8 = 0x02;

const PLATFORM_CA: &[u8] = b"Intel SGX PCK Platform CA";
const PROCESSOR_CA: &[u8] = b"Intel SGX PCK Processor CA";

/// What a certificate is used for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// The pinned root; its name is not looked at.
    Root,
    /// Issues PCK certificates and their revocation list.
    PckCa,
    /// Signs QE reports.
    PckLeaf,
    /// Signs TCB info and QE identity.
    TcbSigner,
}

impl Role {
    pub fn item(self) -> Item {
        match self {
            Role::Root => Item::RootCa,
            Role::PckCa => Item::PckCa,
            Role::PckLeaf => Item::PckLeaf,
            Role::TcbSigner => Item::TcbSigner,
        }
    }

    fn names(self) -> &'static [&'static [u8]] {
        match self {
            Role::Root => &[],
            Role::PckCa => &[PLATFORM_CA, PROCESSOR_CA],
            Role::PckLeaf => &[b"Intel SGX PCK Certificate"],
            Role::TcbSigner => &[b"Intel SGX TCB Signing"],
        }
    }

    fn is_ca(self) -> bool {
        matches!(self, Role::Root | Role::PckCa)
    }
}

/// An authority: the name in its certificate and its key.
#[derive(Clone, Copy)]
pub(crate) struct Authority<'a> {
    /// SHA-256 of the DER of the subject name.
    pub name_sha256: [u8; 32],
    pub key: &'a P256Key,
}

impl SignedBy for Authority<'_> {
    fn check_algorithm(&self, algorithm: &[u8], item: Item) -> Result<(), Error> {
        expect_algorithm(algorithm, item)
    }

    fn check_name(&self, name: &[u8], item: Item) -> Result<(), Error> {
        if sha256(&[name]) == self.name_sha256 {
            Ok(())
        } else {
            Err(Error::Issuer(item))
        }
    }

    fn check_signed(&self, signed: &Signed<'_>, item: Item) -> Result<(), Error> {
        if p256_verifies(self.key, signed.tbs, &signed.p256_signature(item)?) {
            Ok(())
        } else {
            Err(Error::Signature(item))
        }
    }
}

/// A parsed certificate whose role was checked, but not its signature.
pub(crate) struct Certificate<'a> {
    item: Item,
    tbs: &'a [u8],
    pub serial: Serial,
    /// The whole Name.
    issuer: &'a [u8],
    issuer_sha256: [u8; 32],
    /// Content of the Name.
    subject: &'a [u8],
    pub subject_sha256: [u8; 32],
    pub not_before: u64,
    pub not_after: u64,
    pub key: P256Key,
    /// Content of Intel's SGX extension.
    pub sgx: Option<&'a [u8]>,
    signature: [u8; 64],
}

impl<'a> Certificate<'a> {
    /// Reads one DER certificate and checks that it may serve in `role`.
    pub fn parse(bytes: &'a [u8], role: Role) -> Result<Self, Error> {
        let item = role.item();
        let fields = Fields::parse(bytes, item)?;
        expect_algorithm(fields.signed.algorithm, item)?;
        let signature = fields.signed.p256_signature(item)?;
        let key = fields
            .spki
            .strip_prefix(P256_SPKI)
            .and_then(|point| P256Key::try_from(point).ok())
            .ok_or(Error::Profile(
                item,
                "key is not an uncompressed P-256 point",
            ))?;
        let extensions = Extensions::parse(fields.extensions, item)?;
        extensions.check(role)?;
        check_name(fields.subject.body, role)?;
        Ok(Certificate {
            item,
            tbs: fields.signed.tbs,
            serial: fields.serial,
            issuer: fields.issuer,
            issuer_sha256: sha256(&[fields.issuer]),
            subject: fields.subject.body,
            subject_sha256: sha256(&[fields.subject.whole]),
            not_before: fields.not_before,
            not_after: fields.not_after,
            key,
            sgx: extensions.sgx,
            signature,
        })
    }

    /// Which PCK CA this certificate says that it was issued by.
    pub fn issuer_kind(&self) -> Result<PckCaKind, Error> {
        let name = Der::new(self.issuer, self.item).expect(der::SEQUENCE)?.body;
        pck_ca_kind(name, self.item).ok_or(Error::Issuer(self.item))
    }

    /// Which PCK CA this certificate is.
    pub fn subject_kind(&self) -> Result<PckCaKind, Error> {
        let not_its_name = Error::Profile(self.item, "common name does not fit its role");
        pck_ca_kind(self.subject, self.item).ok_or(not_its_name)
    }

    /// This certificate as an issuer.
    pub fn authority(&self) -> Authority<'_> {
        Authority {
            name_sha256: self.subject_sha256,
            key: &self.key,
        }
    }

    /// Fails unless the certificate names this issuer; no signature is checked.
    pub fn check_issuer(&self, issuer: &Authority<'_>) -> Result<(), Error> {
        if self.issuer_sha256 == issuer.name_sha256 {
            Ok(())
        } else {
            Err(Error::Issuer(self.item))
        }
    }

    /// One P-256 verification.
    pub fn check_signature(&self, issuer: &Authority<'_>) -> Result<(), Error> {
        if p256_verifies(issuer.key, self.tbs, &self.signature) {
            Ok(())
        } else {
            Err(Error::Signature(self.item))
        }
    }
}

/// Fails unless this AlgorithmIdentifier is ecdsa-with-SHA256.
fn expect_algorithm(algorithm: &[u8], item: Item) -> Result<(), Error> {
    if algorithm == ECDSA_WITH_SHA256 {
        Ok(())
    } else {
        Err(Error::Profile(
            item,
            "signature algorithm is not ECDSA with SHA-256",
        ))
    }
}

/// The extensions that mean something here.
struct Extensions<'a> {
    basic_constraints: Option<&'a [u8]>,
    key_usage: Option<&'a [u8]>,
    sgx: Option<&'a [u8]>,
}

impl<'a> Extensions<'a> {
    fn parse(list: Der<'a>, item: Item) -> Result<Self, Error> {
        let oids = [OID_BASIC_CONSTRAINTS, OID_KEY_USAGE, OID_SGX];
        let [basic_constraints, key_usage, sgx] = known_extensions(list, item, oids)?;
        Ok(Extensions {
            basic_constraints,
            key_usage,
            sgx,
        })
    }

    fn check(&self, role: Role) -> Result<(), Error> {
        let item = role.item();
        let constraints = self
            .basic_constraints
            .ok_or(Error::Profile(item, "no constraints"))?;
        let mut all = Der::new(constraints, item);
        let mut fields = all.nested(der::SEQUENCE)?;
        all.finish()?;
        let is_ca = fields.default_false()?;
        let path_length = match fields.is_empty() {
            true => None,
            false => Some(fields.unsigned::<1>()?),
        };
        fields.finish()?;
        if is_ca != role.is_ca() || (role == Role::PckCa && path_length != Some([0])) {
            return Err(Error::Profile(
                item,
                "basic constraints do not fit its role",
            ));
        }
        let wanted = if role.is_ca() {
            KEY_CERT_SIGN | CRL_SIGN
        } else {
            DIGITAL_SIGNATURE
        };
        let forbidden = if role.is_ca() {
            0
        } else {
            KEY_CERT_SIGN | CRL_SIGN
        };
        match self.key_usage {
            Some(&[der::BIT_STRING, 2, unused, bits])
                if unused < 8 && bits & wanted == wanted && bits & forbidden == 0 =>
            {
                Ok(())
            }
            _ => Err(Error::Profile(item, "key usage does not fit its role")),
        }
    }
}

/// The PCK CA whose common name is in the content of this Name.
fn pck_ca_kind(name: &[u8], item: Item) -> Option<PckCaKind> {
    match common_name(name, item).ok()? {
        PLATFORM_CA => Some(PckCaKind::Platform),
        PROCESSOR_CA => Some(PckCaKind::Processor),
        _ => None,
    }
}

/// Fails unless the name has exactly one common name, which is one of the role's.
fn check_name(name: &[u8], role: Role) -> Result<(), Error> {
    if role.names().is_empty() || role.names().contains(&common_name(name, role.item())?) {
        Ok(())
    } else {
        Err(Error::Profile(
            role.item(),
            "common name does not fit its role",
        ))
    }
}
