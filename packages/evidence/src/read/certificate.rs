//! Certificates and revocation lists, in DER or PEM, and what they are for.

use base64::prelude::{Engine, BASE64_STANDARD};
use x509_cert::certificate::Rfc5280;
use x509_cert::crl::CertificateList;
use x509_cert::der::{Decode, Encode};
use x509_cert::name::Name;
use x509_cert::Certificate;

use super::Piece;
use crate::digest::sha256;

/// A certificate and what its names say about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Labelled {
    pub der: Vec<u8>,
    pub kind: CertificateKind,
    /// Common name of the subject.
    pub subject: String,
    /// Common name of the issuer.
    pub issuer: String,
    /// SHA-256 of the SubjectPublicKeyInfo.
    pub spki_sha256: [u8; 32],
}

/// What a certificate is for, as far as its names tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertificateKind {
    /// Issues VCEKs or VLEKs.
    Ask,
    /// Key of one chip.
    Vcek,
    /// Key of a cloud provider.
    Vlek,
    /// Of NVIDIA's hierarchy of devices, from the root to a GPU.
    Nvidia,
    /// Of Intel's hierarchy.
    Intel,
    /// Any other: AMD's root of a product, or perhaps a server's TLS certificate.
    Other,
}

/// The common name, or nothing.
pub fn common_name(name: &Name) -> String {
    let found = name.common_name().ok().flatten();
    found
        .map(|text| text.value().to_string())
        .unwrap_or_default()
}

pub(super) fn detect(bytes: &[u8]) -> Option<Piece> {
    if bytes.first() != Some(&0x30) {
        return None;
    }
    labelled(bytes).map(Piece::Certificate).or_else(|| {
        let list = CertificateList::<Rfc5280>::from_der(bytes).ok()?;
        let issuer = common_name(&list.tbs_cert_list.issuer);
        let der = bytes.to_vec();
        Some(Piece::Crl { der, issuer })
    })
}

/// Reads a certificate in DER.
pub(crate) fn labelled(der: &[u8]) -> Option<Labelled> {
    let certificate = Certificate::from_der(der).ok()?;
    let tbs = certificate.tbs_certificate();
    let (subject, issuer) = (common_name(tbs.subject()), common_name(tbs.issuer()));
    Some(Labelled {
        kind: kind(&subject),
        spki_sha256: sha256(&tbs.subject_public_key_info().to_der().ok()?),
        der: der.to_vec(),
        subject,
        issuer,
    })
}

fn kind(subject: &str) -> CertificateKind {
    use CertificateKind::*;
    let nvidia = [
        "NVIDIA Device Identity",
        " Provisioner ICA",
        " GSP ",
        " Identity",
    ];
    match subject {
        "SEV-VCEK" => Vcek,
        "SEV-VLEK" => Vlek,
        _ if subject.starts_with("SEV-") => Ask,
        _ if subject.starts_with("Intel SGX") => Intel,
        _ if nvidia.iter().any(|part| subject.contains(part)) => Nvidia,
        _ => Other,
    }
}

/// Every certificate and revocation list in a PEM text, in its order; blocks that are broken are named
/// by their number.
pub(super) fn pem(text: &str) -> Vec<Piece> {
    let mut found = Vec::new();
    for (number, block) in text.split("-----BEGIN ").skip(1).enumerate() {
        let damaged = || vec![Piece::Damaged(format!("PEM block {number}"))];
        found.extend(pem_block(block).unwrap_or_else(damaged));
    }
    found
}

/// A block from its label on; nothing if it is broken.
fn pem_block(block: &str) -> Option<Vec<Piece>> {
    let (label, body) = block.split_once("-----")?;
    let (body, end) = body.split_once("-----END ")?;
    if !end.strip_prefix(label)?.starts_with("-----") {
        return None;
    }
    match label {
        "CERTIFICATE" | "X509 CRL" => {
            let body: String = body.split_ascii_whitespace().collect();
            let der = BASE64_STANDARD.decode(body).ok()?;
            Some(vec![detect(&der)?])
        }
        "PRIVATE KEY" | "EC PRIVATE KEY" | "RSA PRIVATE KEY" => {
            Some(vec![Piece::Unused("private key")])
        }
        _ => Some(vec![Piece::Unused("PEM block of another kind")]),
    }
}
