//! What CPU evidence claims, read at fixed places without verifying anything: to show what a quote says
//! even where it cannot be verified, and to match evidence that belongs together. No check of
//! genuineness rests on this.

use secret_ai_attestation::snp::{snp_image_id_of, SnpImage};
use secret_ai_attestation::{image_id_of, quote_certificate, QuoteCertificate};

/// Claims of a TDX quote.
pub struct TdxClaims {
    pub version: u16,
    pub td_attributes: [u8; 8],
    pub xfam: [u8; 8],
    pub mr_td: [u8; 48],
    pub rtmr: [[u8; 48]; 4],
    pub report_data: [u8; 64],
    pub image: [u8; 32],
}

impl TdxClaims {
    /// Reads the TD report body, which begins at 48 in version 4 and at 54 in version 5.
    pub fn read(quote: &[u8]) -> Option<Self> {
        let version = u16::from_le_bytes(at(quote, 0)?);
        let body = quote.get(if version == 5 { 54 } else { 48 }..)?;
        let (td_attributes, xfam, mr_td) = (at(body, 120)?, at(body, 128)?, at(body, 136)?);
        let rtmr: [[u8; 48]; 4] = [
            at(body, 328)?,
            at(body, 376)?,
            at(body, 424)?,
            at(body, 472)?,
        ];
        let image = image_id_of(
            &mr_td,
            [&rtmr[0], &rtmr[1], &rtmr[2]],
            &xfam,
            &td_attributes,
        );
        Some(TdxClaims {
            version,
            td_attributes,
            xfam,
            mr_td,
            rtmr,
            report_data: at(body, 520)?,
            image,
        })
    }
}

/// The kind of platform that a quote's certificate names, by which its collateral is found.
pub fn fmspc_of(quote: &[u8]) -> Option<[u8; 6]> {
    /// Object identifier 1.2.840.113741.1.13.1.4 in DER, then the head of six octets.
    const FIELD: &[u8] = &[
        0x06, 0x0a, 0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01, 0x0d, 0x01, 0x04, 0x04, 0x06,
    ];
    let Ok(QuoteCertificate::Der(der)) = quote_certificate(quote) else {
        return None;
    };
    let place = der.windows(FIELD.len()).position(|part| part == FIELD)?;
    at(&der, place.checked_add(FIELD.len())?)
}

/// Claims of an SEV-SNP report.
pub struct SnpClaims {
    pub version: u32,
    pub policy: u64,
    pub vmpl: u32,
    pub measurement: [u8; 48],
    pub host_data: [u8; 32],
    pub report_data: [u8; 64],
    pub family_id: [u8; 16],
    pub image_id: [u8; 16],
    pub image: [u8; 32],
}

impl SnpClaims {
    /// Reads the fields of every version.
    pub fn read(report: &[u8]) -> Option<Self> {
        let (policy, vmpl) = (
            u64::from_le_bytes(at(report, 8)?),
            u32::from_le_bytes(at(report, 0x30)?),
        );
        let (family_id, image_id) = (at(report, 0x10)?, at(report, 0x20)?);
        let measurement = at(report, 0x90)?;
        let image = snp_image_id_of(&SnpImage {
            measurement: &measurement,
            vmpl,
            policy,
            family_id: &family_id,
            image_id: &image_id,
            id_key_digest: &at(report, 0xe0)?,
            author_key_digest: &at(report, 0x110)?,
        });
        Some(SnpClaims {
            version: u32::from_le_bytes(at(report, 0)?),
            policy,
            vmpl,
            measurement,
            host_data: at(report, 0xc0)?,
            report_data: at(report, 0x50)?,
            family_id,
            image_id,
            image,
        })
    }
}

/// Nonce in an NVIDIA report's request.
pub fn gpu_nonce_of(evidence: &[u8]) -> Option<[u8; 32]> {
    at(evidence, 4)
}

fn at<const N: usize>(bytes: &[u8], place: usize) -> Option<[u8; N]> {
    bytes.get(place..)?.first_chunk().copied()
}
