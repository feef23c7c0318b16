//! Trust roots: the ARK of each product.

use super::certificate::Authority;
use super::Product;
use crate::crypto::sha256;
use crate::error::Error;

/// A self-signed RSA-4096 certificate in DER, trusted as it is.
///
/// No check is skipped for any root; a development root differs from AMD's only in who holds its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SnpRoot<'a> {
    der: &'a [u8],
}

/// SHA-256 of the DER of AMD's ARK-Milan, valid from 2020-10-22 to 2045-10-22.
pub const ARK_MILAN_FINGERPRINT: [u8; 32] = [
    0x69, 0xd0, 0x63, 0xb4, 0x53, 0x44, 0xd2, 0x6a, 0x2e, 0x94, 0xe1, 0xf4, 0x21, 0x0d, 0xe4, 0x9e,
    0xf5, 0x55, 0x30, 0x82, 0x87, 0xd4, 0xc1, 0x74, 0x44, 0x5c, 0x95, 0x63, 0x9a, 0x54, 0x0b, 0xcd,
];
/// SHA-256 of the DER of AMD's ARK-Genoa, valid from 2022-01-26 to 2047-01-26.
pub const ARK_GENOA_FINGERPRINT: [u8; 32] = [
    0x4c, 0x65, 0x98, 0xd1, 0x9c, 0x18, 0x71, 0x9c, 0x5d, 0xfd, 0x4a, 0x7d, 0x33, 0x5f, 0x67, 0x4e,
    0x5b, 0xfe, 0x1d, 0x8f, 0x80, 0x0c, 0xea, 0x2c, 0xf2, 0x70, 0xc1, 0x0d, 0x10, 0x3d, 0xb2, 0xf1,
];
/// SHA-256 of the DER of AMD's ARK-Turin, valid from 2023-05-15 to 2048-05-15.
pub const ARK_TURIN_FINGERPRINT: [u8; 32] = [
    0x1f, 0x08, 0x41, 0x61, 0xa4, 0x4b, 0xb6, 0xd9, 0x37, 0x78, 0xa9, 0x04, 0x87, 0x7d, 0x48, 0x19,
    0xca, 0xfa, 0x5d, 0x05, 0xef, 0x41, 0x93, 0xb2, 0xde, 0xd9, 0xdd, 0x9c, 0x73, 0xdd, 0x3f, 0x6a,
];

impl SnpRoot<'static> {
    /// AMD's root of a product, as its key distribution service publishes it in
    /// `/vcek/v1/{product}/cert_chain`.
    pub const fn pinned(product: Product) -> Self {
        SnpRoot {
            der: match product {
                Product::Milan => include_bytes!("ark_milan.der"),
                Product::Genoa => include_bytes!("ark_genoa.der"),
                Product::Turin => include_bytes!("ark_turin.der"),
            },
        }
    }
}

impl<'a> SnpRoot<'a> {
    /// A root given from outside, such as a development root, for every product. One RSA
    /// verification.
    ///
    /// # Errors
    /// If it is not a self-signed RSA-4096 certificate of an authority that signs certificates and
    /// revocation lists. Dates are checked at use.
    pub fn from_der(der: &'a [u8]) -> Result<Self, Error> {
        let certificate = Authority::root(der)?;
        certificate.check_issued_by(&certificate.issuer())?;
        Ok(SnpRoot { der })
    }

    /// The certificate.
    pub fn der(&self) -> &'a [u8] {
        self.der
    }

    /// SHA-256 of the certificate.
    pub fn fingerprint(&self) -> [u8; 32] {
        sha256(&[self.der])
    }

    pub(crate) fn authority(&self) -> Result<Authority<'a>, Error> {
        Authority::root(self.der)
    }
}
