//! The authority that issues the attestation service's certificates: RSA-2048 with exponent 65537,
//! signing by PKCS#1 v1.5 over SHA-256 (RFC 8017 §8.2, RFC 4055 §5).

use rsa::pkcs1v15::{Signature, VerifyingKey};
use rsa::signature::Verifier;
use rsa::{BoxedUint, RsaPublicKey};
use sha2::Sha256;

use crate::certificate::Fields;
use crate::crypto::sha256;
use crate::error::{Error, Item};
use crate::nras::key::Extensions;

pub(crate) const ITEM: Item = Item::NrasCertificate;

/// SubjectPublicKeyInfo of an RSA key of exactly 2048 bits, up to its modulus.
const SPKI: &[u8] = b"\x30\x82\x01\x22\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00\
    \x03\x82\x01\x0f\x00\x30\x82\x01\x0a\x02\x82\x01\x01\x00";
/// What follows the modulus: exponent 65537.
const EXPONENT: &[u8] = b"\x02\x03\x01\x00\x01";
/// AlgorithmIdentifier of sha256WithRSAEncryption.
const SHA256_WITH_RSA: &[u8] = b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b\x05\x00";

/// The certificate of an authority in DER, trusted as it is.
///
/// No check is skipped for any root; a development root differs from NVIDIA's only in who holds its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NrasRoot<'a> {
    der: &'a [u8],
}

/// SHA-256 of the DER of "NVIDIA Attestation Service GPU Intermediate 004".
pub const NRAS_FINGERPRINT: [u8; 32] = [
    0x2d, 0xf8, 0x90, 0x7c, 0xf4, 0xd6, 0xc2, 0x77, 0xb8, 0x55, 0xd4, 0x07, 0xec, 0x17, 0x8a, 0x64,
    0x99, 0x30, 0xa8, 0xe7, 0x3f, 0x72, 0x94, 0xe8, 0xfc, 0xe6, 0x6e, 0x6e, 0xe2, 0x7c, 0x51, 0x75,
];

impl NrasRoot<'static> {
    /// "NVIDIA Attestation Service GPU Intermediate 004", valid from 2025-12-08 to 2029-12-08, the second
    /// certificate of every key that the service publishes at
    /// `https://nras.attestation.nvidia.com/.well-known/jwks.json`; its SHA-256 is [`NRAS_FINGERPRINT`].
    pub const PINNED: NrasRoot<'static> = NrasRoot {
        der: include_bytes!("nvidia_gpu_intermediate_004.der"),
    };
}

impl<'a> NrasRoot<'a> {
    /// A root given from outside, such as a development root. Its own signature is not checked: the
    /// production one is not self-signed, and its issuer is not published.
    ///
    /// # Errors
    /// If it is not a CA certificate with an RSA-2048 key. Dates are checked at use.
    pub fn from_der(der: &'a [u8]) -> Result<Self, Error> {
        Authority::parse(der)?;
        Ok(NrasRoot { der })
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

/// What a root's certificate says.
pub(crate) struct Authority<'a> {
    /// The whole subject name.
    pub name: &'a [u8],
    /// Modulus, big-endian, 256 bytes.
    modulus: &'a [u8],
    pub not_before: u64,
    pub not_after: u64,
}

impl<'a> Authority<'a> {
    pub fn parse(der: &'a [u8]) -> Result<Self, Error> {
        let fields = Fields::parse(der, ITEM)?;
        let modulus = fields
            .spki
            .strip_prefix(SPKI)
            .and_then(|rest| rest.strip_suffix(EXPONENT))
            .filter(|modulus| modulus.len() == 256 && modulus.first() >= Some(&0x80))
            .ok_or(Error::Profile(
                ITEM,
                "authority's key is not RSA-2048 with 65537",
            ))?;
        Extensions::parse(fields.extensions)?.check_authority()?;
        Ok(Authority {
            name: fields.subject.whole,
            modulus,
            not_before: fields.not_before,
            not_after: fields.not_after,
        })
    }

    /// One RSA-2048 verification of a certificate that this authority is said to have issued.
    pub fn check_issued(&self, fields: &Fields<'_>) -> Result<(), Error> {
        if fields.issuer != self.name {
            return Err(Error::Issuer(ITEM));
        }
        if fields.signed.algorithm != SHA256_WITH_RSA {
            return Err(Error::Profile(
                ITEM,
                "signature algorithm is not RSA with SHA-256",
            ));
        }
        if self.verifies(fields.signed.tbs, fields.signed.signature) {
            Ok(())
        } else {
            Err(Error::Signature(ITEM))
        }
    }

    fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let modulus = BoxedUint::from_be_slice_vartime(self.modulus);
        let (Ok(key), Ok(signature)) = (
            RsaPublicKey::new(modulus, BoxedUint::from(65_537u32)),
            Signature::try_from(signature),
        ) else {
            return false;
        };
        VerifyingKey::<Sha256>::new(key)
            .verify(message, &signature)
            .is_ok()
    }
}
