//! Trust roots: the one certificate from which everything else follows.

use crate::crypto::sha256;
use crate::error::Error;
use crate::x509::{Certificate, Role};

/// A self-signed P-256 root CA certificate in DER, trusted as it is.
///
/// No check is skipped for any root; a development root differs from Intel's only in who holds its
/// key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrustRoot<'a> {
    der: &'a [u8],
}

impl TrustRoot<'static> {
    /// Intel SGX Root CA, valid until 2049-12-31, as published at
    /// `https://certificates.trustedservices.intel.com/IntelSGXRootCA.der`; its SHA-256 is
    /// [`INTEL_FINGERPRINT`].
    pub const INTEL: TrustRoot<'static> = TrustRoot {
        der: include_bytes!("intel_sgx_root_ca.der"),
    };
}

/// SHA-256 of the DER of Intel's SGX root CA certificate.
pub const INTEL_FINGERPRINT: [u8; 32] = [
    0x44, 0xa0, 0x19, 0x6b, 0x2b, 0x99, 0xf8, 0x89, 0xb8, 0xe1, 0x49, 0xe9, 0x5b, 0x80, 0x7a, 0x35,
    0x0e, 0x74, 0x24, 0x96, 0x43, 0x99, 0xe8, 0x85, 0xa7, 0xcb, 0xb8, 0xcc, 0xfa, 0xb6, 0x74, 0xd3,
];

impl<'a> TrustRoot<'a> {
    /// A root given from outside, such as a development root.
    ///
    /// # Errors
    /// If it is not a self-signed P-256 CA certificate. Dates are checked at use.
    pub fn from_der(der: &'a [u8]) -> Result<Self, Error> {
        let certificate = Certificate::parse(der, Role::Root)?;
        certificate.check_issuer(&certificate.authority())?;
        certificate.check_signature(&certificate.authority())?;
        Ok(TrustRoot { der })
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
