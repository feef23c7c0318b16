//! Binary forms.

use secret_ai_attestation::gpu::GoldenSet;

use super::certificate;
use super::{GpuPiece, Piece};

const SNP_REPORT: usize = 1_184;
/// Azure's "HCL" report: a header, then the SNP report.
const HCL_MAGIC: &[u8] = b"HCLA";
const HCL_HEADER: usize = 32;
/// SPDM 1.1 GET_MEASUREMENTS, signed, all; then after 37 bytes the MEASUREMENTS response.
const SPDM_REQUEST: &[u8] = &[0x11, 0xe0, 0x01, 0xff];
const SPDM_RESPONSE: &[u8] = &[0x11, 0x60];
const SPDM_REQUEST_LENGTH: usize = 37;

/// Header of an Intel quote: version u16, attestation key type u16, TEE type u32, little-endian.
const INTEL_KEY_TYPE: u16 = 2;
const TEE_SGX: u32 = 0;
const TEE_TDX: u32 = 0x81;

pub(super) fn detect(bytes: &[u8]) -> Option<Piece> {
    intel_quote(bytes)
        .or_else(|| snp_report(bytes))
        .or_else(|| gpu_report(bytes))
        .or_else(|| certificate::detect(bytes))
        .or_else(|| {
            let set = GoldenSet::decode(bytes).ok()?;
            Some(Piece::Golden(Box::new(set)))
        })
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let field = bytes.get(at..)?.first_chunk()?;
    Some(u16::from_le_bytes(*field))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let field = bytes.get(at..)?.first_chunk()?;
    Some(u32::from_le_bytes(*field))
}

fn intel_quote(bytes: &[u8]) -> Option<Piece> {
    let (version, key, tee) = (u16_at(bytes, 0)?, u16_at(bytes, 2)?, u32_at(bytes, 4)?);
    match (version, key, tee) {
        (3..=5, INTEL_KEY_TYPE, TEE_SGX) => Some(Piece::SgxQuote(bytes.to_vec())),
        (4..=5, INTEL_KEY_TYPE, TEE_TDX) => Some(Piece::TdxQuote(bytes.to_vec())),
        // A version that does not exist yet is still a quote: the verifier says what is wrong.
        (1..=15, _, TEE_TDX) => Some(Piece::TdxQuote(bytes.to_vec())),
        _ => None,
    }
}

fn snp_report(bytes: &[u8]) -> Option<Piece> {
    let report = match bytes.strip_prefix(HCL_MAGIC) {
        Some(_) => bytes.get(HCL_HEADER..HCL_HEADER + SNP_REPORT)?,
        None => bytes,
    };
    let version = u32_at(report, 0)?;
    (report.len() == SNP_REPORT && (1..=15).contains(&version))
        .then(|| Piece::SnpReport(report.to_vec()))
}

fn gpu_report(bytes: &[u8]) -> Option<Piece> {
    let response = bytes.get(SPDM_REQUEST_LENGTH..)?;
    (bytes.starts_with(SPDM_REQUEST) && response.starts_with(SPDM_RESPONSE)).then(|| {
        Piece::Gpu(GpuPiece {
            evidence: bytes.to_vec(),
            certificates: Vec::new(),
            nonce: None,
            secretvm: false,
        })
    })
}
