//! The service's signing key: a P-384 key in a certificate of two days.

use crate::certificate::{check_window, common_name, known_extensions, Fields};
use crate::crypto::{sha256, P384Key};
use crate::der::{self, Der};
use crate::error::Error;
use crate::nras::root::{Authority, NrasRoot, ITEM};
use crate::stored::decode;

/// Common name of every certificate that the service signs tokens with, whatever the GPUs' architecture.
const COMMON_NAME: &[u8] = b"NVIDIA Attestation Service GPU GH100";
/// SubjectPublicKeyInfo of an uncompressed P-384 point, up to its x.
const P384_SPKI: &[u8] =
    b"\x30\x76\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x22\x03\x62\x00\x04";
/// Most bytes of a certificate; NVIDIA's have 0.8 kB.
const CERTIFICATE_LIMIT: usize = 4_096;
/// First byte of the stored form; another layout gets another number.
const FORMAT: u8 = 1;

const OID_KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x0f];
const OID_BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x13];
const DIGITAL_SIGNATURE: u8 = 0x80;
const KEY_CERT_SIGN: u8 = 0x04;

/// A verified signing key of the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NrasKey {
    /// SHA-256 of its certificate, by which it is referred to.
    pub sha256: [u8; 32],
    /// P-384 public key, x ‖ y.
    pub key: [u8; 96],
    /// First second at which it holds, Unix time: certificate and root.
    pub not_before: u64,
    /// Last second at which it holds, Unix time: certificate and root.
    pub not_after: u64,
    /// SHA-256 of the root certificate under which it was verified.
    pub root_sha256: [u8; 32],
}

/// Verifies a certificate of the service under `root` at `now` (Unix seconds): one RSA-2048 verification.
///
/// # Errors
/// The first check that fails, about [`crate::Item::NrasCertificate`].
pub fn verify_nras_key(der: &[u8], root: &NrasRoot<'_>, now: u64) -> Result<NrasKey, Error> {
    if der.len() > CERTIFICATE_LIMIT {
        return Err(Error::TooLarge {
            item: ITEM,
            have: der.len(),
            limit: CERTIFICATE_LIMIT,
        });
    }
    let authority = Authority::parse(root.der())?;
    let fields = Fields::parse(der, ITEM)?;
    let key = fields
        .spki
        .strip_prefix(P384_SPKI)
        .and_then(|point| P384Key::try_from(point).ok())
        .ok_or(Error::Profile(
            ITEM,
            "key is not an uncompressed P-384 point",
        ))?;
    Extensions::parse(fields.extensions)?.check_signer()?;
    if common_name(fields.subject.body, ITEM)? != COMMON_NAME {
        return Err(Error::Profile(ITEM, "common name is not the service's"));
    }
    let not_before = authority.not_before.max(fields.not_before);
    let not_after = authority.not_after.min(fields.not_after);
    check_window(ITEM, not_before, not_after, now)?;
    authority.check_issued(&fields)?;
    Ok(NrasKey {
        sha256: sha256(&[der]),
        key,
        not_before,
        not_after,
        root_sha256: root.fingerprint(),
    })
}

impl NrasKey {
    /// The stored form: a format byte, then the fields in their order, integers big-endian.
    pub fn encode(&self) -> Vec<u8> {
        [
            &[FORMAT][..],
            &self.sha256,
            &self.key,
            &self.not_before.to_be_bytes(),
            &self.not_after.to_be_bytes(),
            &self.root_sha256,
        ]
        .concat()
    }

    /// Reads the stored form. The bytes must come from [`NrasKey::encode`]: they are believed.
    ///
    /// # Errors
    /// [`Error::Encoding`] for bytes that are cut, followed by others or of another format.
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        decode(bytes, FORMAT, |input| {
            Ok(NrasKey {
                sha256: input.array()?,
                key: input.array()?,
                not_before: input.u64_be()?,
                not_after: input.u64_be()?,
                root_sha256: input.array()?,
            })
        })
    }
}

/// The extensions that mean something here.
pub(crate) struct Extensions<'a> {
    basic_constraints: Option<&'a [u8]>,
    key_usage: Option<&'a [u8]>,
}

impl<'a> Extensions<'a> {
    pub fn parse(list: Der<'a>) -> Result<Self, Error> {
        let oids = [OID_BASIC_CONSTRAINTS, OID_KEY_USAGE];
        let [basic_constraints, key_usage] = known_extensions(list, ITEM, oids)?;
        Ok(Extensions {
            basic_constraints,
            key_usage,
        })
    }

    /// Fails unless the certificate may issue others.
    pub fn check_authority(&self) -> Result<(), Error> {
        if self.is_ca()? && self.usage()? & KEY_CERT_SIGN != 0 {
            Ok(())
        } else {
            Err(Error::Profile(ITEM, "root may not issue certificates"))
        }
    }

    /// Fails unless the certificate may sign tokens and may not issue others.
    fn check_signer(&self) -> Result<(), Error> {
        let usage = self.usage()?;
        if !self.is_ca()? && usage & DIGITAL_SIGNATURE != 0 && usage & KEY_CERT_SIGN == 0 {
            Ok(())
        } else {
            Err(Error::Profile(ITEM, "key usage does not fit its role"))
        }
    }

    /// Absent basic constraints mean an end entity (RFC 5280 §4.2.1.9).
    fn is_ca(&self) -> Result<bool, Error> {
        let Some(constraints) = self.basic_constraints else {
            return Ok(false);
        };
        let mut all = Der::new(constraints, ITEM);
        let is_ca = all.nested(der::SEQUENCE)?.default_false()?;
        all.finish()?;
        Ok(is_ca)
    }

    fn usage(&self) -> Result<u8, Error> {
        match self.key_usage {
            Some(&[der::BIT_STRING, 2, unused, bits]) if unused < 8 => Ok(bits),
            _ => Err(Error::Profile(ITEM, "key usage")),
        }
    }
}
