//! Shorter forms of one quote. Nothing signs the certificates in a quote: the attestation key signs header
//! and body, the PCK signs the QE's report. So they may be rewritten.
//!
//! * As generated: PCK chain in PEM, certification type 5; about 4.9 kB.
//! * [`compact`]: PCK certificate in DER, type 4; about 2.5 kB. (Intel's type 4 has PEM; ours has DER.)
//! * [`compact_known`]: SHA-256 of the certificate, type 0x5ec1, which is no type of Intel's; about 1.3 kB.
//!   For a verifier that has kept the certificate, as a registry does after the first registration.
//!
//! A transaction pays for every byte more than for a P-256 verification of the same evidence.

use crate::crypto::sha256;
use crate::error::Error;
use crate::pem;
use crate::quote::{
    Certification, Quote, CERTIFICATION_PCK_CERTIFICATE, CERTIFICATION_PCK_CHAIN,
    CERTIFICATION_PCK_SHA256, CERTIFICATION_QE_REPORT,
};

/// The quote at the front of `bytes`, if nothing but zeros follows it.
///
/// # Errors
/// As for a malformed quote; [`Error::QuoteLength`] if other bytes follow.
pub fn without_padding(bytes: &[u8]) -> Result<&[u8], Error> {
    let (_, end) = Quote::parse_prefix(bytes)?;
    let cut = || Error::QuoteLength {
        have: bytes.len(),
        need: end,
    };
    let (quote, padding) = bytes.split_at_checked(end).ok_or_else(cut)?;
    if padding.iter().all(|byte| *byte == 0) {
        Ok(quote)
    } else {
        Err(cut())
    }
}

/// The same quote with its PCK chain in PEM replaced by the PCK certificate in DER, and without
/// padding. A quote that is as short already, or shorter, comes back as it is.
///
/// # Errors
/// As [`without_padding`], and [`Error::PemChain`].
pub fn compact(bytes: &[u8]) -> Result<Vec<u8>, Error> {
    let bytes = without_padding(bytes)?;
    let quote = Quote::parse(bytes)?;
    let Certification::Chain(text) = quote.certification else {
        return Ok(bytes.to_vec());
    };
    let [leaf, _, _] = pem::chain(text)?;
    Ok(certified_by(&quote, CERTIFICATION_PCK_CERTIFICATE, &leaf))
}

/// The same quote with its PCK certificate replaced by the certificate's SHA-256, and without padding.
/// Only [`crate::verify_tdx_quote_with`] takes it.
///
/// # Errors
/// As [`compact`].
pub fn compact_known(bytes: &[u8]) -> Result<Vec<u8>, Error> {
    let bytes = without_padding(bytes)?;
    let quote = Quote::parse(bytes)?;
    let digest = match quote.certification {
        Certification::Known(_) => return Ok(bytes.to_vec()),
        Certification::Leaf(leaf) => sha256(&[leaf]),
        Certification::Chain(text) => {
            let [leaf, _, _] = pem::chain(text)?;
            sha256(&[&leaf])
        }
    };
    Ok(certified_by(&quote, CERTIFICATION_PCK_SHA256, &digest))
}

/// A quote of [`compact`] as it was generated: with its PCK chain in PEM, which other verifiers and the
/// chain's host call want. `pck_ca` and `root` are DER. A quote with a chain comes back as it is.
///
/// # Errors
/// As for a malformed quote; [`Error::PckAbsent`] for a quote of [`compact_known`].
pub fn expand(bytes: &[u8], pck_ca: &[u8], root: &[u8]) -> Result<Vec<u8>, Error> {
    let quote = Quote::parse(bytes)?;
    match quote.certification {
        Certification::Chain(_) => Ok(bytes.to_vec()),
        Certification::Known(_) => Err(Error::PckAbsent),
        Certification::Leaf(leaf) => {
            let mut chain = pem::encode(&[leaf, pck_ca, root]);
            chain.push(0);
            Ok(certified_by(&quote, CERTIFICATION_PCK_CHAIN, &chain))
        }
    }
}

/// The quote with other certification data inside of that of the QE report.
fn certified_by(quote: &Quote<'_>, kind: u16, data: &[u8]) -> Vec<u8> {
    let certification = [
        quote.qe_report.whole,
        &quote.qe_report_signature,
        &length16(quote.qe_auth_data.len()),
        quote.qe_auth_data,
        &kind.to_le_bytes(),
        &length32(data.len()),
        data,
    ]
    .concat();
    let data = [
        &quote.signature[..],
        &quote.attestation_key,
        &CERTIFICATION_QE_REPORT.to_le_bytes(),
        &length32(certification.len()),
        &certification,
    ]
    .concat();
    [quote.signed, &length32(data.len()), &data].concat()
}

/// Lengths here are of parts of a quote that was parsed, and of three certificates, so they fit.
fn length32(length: usize) -> [u8; 4] {
    u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes()
}

fn length16(length: usize) -> [u8; 2] {
    u16::try_from(length).unwrap_or(u16::MAX).to_le_bytes()
}
