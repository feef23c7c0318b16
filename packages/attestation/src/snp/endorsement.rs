//! The certificate of the key that signs reports: VCEK or VLEK.

use super::certificate::fields;
use super::extensions::{Extensions, Holder};
use super::{Product, Signer, SnpCollateral, Tcb};
use crate::certificate::{check_window, common_name};
use crate::crl::SignedBy;
use crate::crypto::{sha256, P384Key};
use crate::error::{Error, Item};

/// SubjectPublicKeyInfo of a P-384 key up to the coordinates of its uncompressed point.
const P384_SPKI: &[u8] = &[
    0x30, 0x76, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b,
    0x81, 0x04, 0x00, 0x22, 0x03, 0x62, 0x00, 0x04,
];

/// A key that signs reports, verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endorsement {
    /// SHA-256 of the certificate.
    pub sha256: [u8; 32],
    /// SHA-256 of the root certificate under which it was verified.
    pub root_sha256: [u8; 32],
    /// SHA-256 of the issuer's RSA modulus.
    pub ask_key_sha256: [u8; 32],
    pub product: Product,
    pub signer: Signer,
    /// P-384 public key, x ‖ y.
    pub key: P384Key,
    /// Patch levels for which the key was derived.
    pub tcb: Tcb,
    /// Of a VCEK: the chip, filled up with zeros as in reports.
    pub hwid: Option<[u8; 64]>,
    /// Of a VLEK: name of the cloud provider.
    pub csp_id: Option<String>,
    /// First second of validity, Unix time.
    pub not_before: u64,
    /// Last second of validity, Unix time.
    pub not_after: u64,
}

/// Verifies the certificate (DER) of a VCEK, or of a VLEK if the collateral is an ASVK's. One RSA
/// verification.
///
/// # Errors
/// If the certificate is malformed, not in its time, of another product or kind, or not issued by the
/// collateral's authority; if the collateral has expired.
pub fn verify_endorsement(
    der: &[u8],
    collateral: &SnpCollateral,
    now: u64,
) -> Result<Endorsement, Error> {
    collateral.check_dates(now)?;
    let (product, signer) = (collateral.product, collateral.signer);
    let (item, name): (_, &[u8]) = match signer {
        Signer::Vcek => (Item::Vcek, b"SEV-VCEK"),
        Signer::Vlek => (Item::Vlek, b"SEV-VLEK"),
    };
    let fields = fields(der, item)?;
    let issuer = collateral.issuer();
    issuer.check_name(fields.issuer, item)?;
    if common_name(fields.subject.body, item)? != name {
        return Err(Error::Profile(item, "common name does not fit its role"));
    }
    let key = fields
        .spki
        .strip_prefix(P384_SPKI)
        .and_then(|point| P384Key::try_from(point).ok())
        .ok_or(Error::Profile(
            item,
            "key is not an uncompressed P-384 point",
        ))?;
    let Extensions { tcb, holder } = Extensions::parse(fields.extensions, product, signer, item)?;
    check_window(item, fields.not_before, fields.not_after, now)?;
    issuer.check_signed(&fields.signed, item)?;
    let (hwid, csp_id) = match holder {
        Holder::Chip(id) => (Some(id), None),
        Holder::Provider(name) => (None, Some(name)),
    };
    Ok(Endorsement {
        sha256: sha256(&[der]),
        root_sha256: collateral.root_sha256,
        ask_key_sha256: collateral.ask_key_sha256(),
        product,
        signer,
        key,
        tcb,
        hwid,
        csp_id,
        not_before: fields.not_before,
        not_after: fields.not_after,
    })
}
