//! Entries to private parsers whose input is signed, for the fuzz targets in `fuzz/`: a mutated input
//! would never get past the signature in front of them. Every function here only says whether the
//! bytes were read; nothing is verified, so nothing may be believed.

use crate::certificate::{common_name, extension, Fields};
use crate::crl::RevocationList;
use crate::error::Item;
use crate::intel_json::{parse_qe_identity, parse_tcb_info};
use crate::x509::{Authority, Certificate, Role};
use crate::{pem, time};

/// Intel's TCB info.
pub fn tcb_info(json: &[u8]) -> bool {
    parse_tcb_info(json).is_ok()
}

/// Intel's QE identity.
pub fn qe_identity(json: &[u8]) -> bool {
    parse_qe_identity(json).is_ok()
}

/// The outer form of any X.509 v3 certificate, its extensions and common name.
pub fn certificate(der: &[u8]) -> bool {
    let item = Item::PckLeaf;
    let Ok(fields) = Fields::parse(der, item) else {
        return false;
    };
    let mut extensions = fields.extensions;
    while !extensions.is_empty() {
        if extension(&mut extensions).is_err() {
            return false;
        }
    }
    common_name(fields.subject.body, item).is_ok()
        && (fields.signed.p256_signature(item).is_ok()
            || fields.signed.p384_signature(item).is_ok())
}

/// A certificate in each role of Intel's hierarchy; how many it may serve in.
pub fn intel_certificate(der: &[u8]) -> usize {
    let roles = [Role::Root, Role::PckCa, Role::PckLeaf, Role::TcbSigner];
    roles
        .into_iter()
        .filter(|role| Certificate::parse(der, *role).is_ok())
        .count()
}

/// A revocation list of the issuer with this name (SHA-256 of its DER) and P-256 key (x ‖ y).
pub fn revocation_list(der: &[u8], issuer_sha256: [u8; 32], key: &[u8; 64]) -> bool {
    let issuer = Authority {
        name_sha256: issuer_sha256,
        key,
    };
    RevocationList::verify(der, Item::PckCrl, &issuer).is_ok()
}

/// PEM certificates as quotes carry them.
pub fn pem(text: &[u8]) -> bool {
    pem::certificates(text).is_ok()
}

/// Times in each of the three forms; how many of them it has.
pub fn times(text: &[u8]) -> usize {
    let rfc3339 = core::str::from_utf8(text).ok().and_then(time::rfc3339);
    [time::utc_time(text), time::generalized_time(text), rfc3339]
        .iter()
        .flatten()
        .count()
}

/// Claims of an NRAS token and of one of its devices: the payloads, decoded from base64.
pub fn nras_claims(overall: &[u8], device: &[u8]) -> (bool, bool) {
    crate::nras::claims_parse(overall, device)
}
