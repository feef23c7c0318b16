//! The table of certificates that a host hands to a SEV-SNP guest together with its report (GHCB
//! specification 56421, extended guest request).
//!
//! ```text
//! entries: GUID 16 | offset u32 LE | length u32 LE, the last one all zeros | certificates
//! ```
//!
//! Offsets count from the start of the table. A GUID stands in the order of its digits (RFC 4122), as
//! AMD's tools write it, not in the mixed order of UEFI.

use super::EvidenceError;

const ENTRY: usize = 24;
const REPORT_FLAGS: usize = 0x48;

/// The key that signed a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signer {
    Vcek,
    Vlek,
}

impl Signer {
    /// The key that signed a report: bits 2 to 4 of its flags. Whatever is neither is left for the
    /// verifier to refuse.
    pub fn of(report: &[u8]) -> Self {
        match report.get(REPORT_FLAGS).map(|flags| flags >> 2 & 0b111) {
            Some(1) => Signer::Vlek,
            _ => Signer::Vcek,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Signer::Vcek => "VCEK",
            Signer::Vlek => "VLEK",
        }
    }

    /// 63da758d-e664-4564-adc5-f4b93be8accd, a8074bc2-a25a-483e-aae6-39c045a0b8a1.
    fn guid(self) -> [u8; 16] {
        match self {
            Signer::Vcek => 0x63da_758d_e664_4564_adc5_f4b9_3be8_accd_u128,
            Signer::Vlek => 0xa807_4bc2_a25a_483e_aae6_39c0_45a0_b8a1,
        }
        .to_be_bytes()
    }
}

/// The signer's certificate as it stands in the table; `None` if the host gave none.
///
/// # Errors
/// [`EvidenceError::CertificateTable`] if the table has no end or points outside of itself.
pub fn find(table: &[u8], signer: Signer) -> Result<Option<&[u8]>, EvidenceError> {
    let broken = |problem| EvidenceError::CertificateTable { problem };
    if table.is_empty() {
        return Ok(None);
    }
    for entry in table.chunks_exact(ENTRY) {
        if entry.iter().all(|byte| *byte == 0) {
            return Ok(None);
        }
        let (guid, place) = entry.split_at(16);
        if guid != signer.guid() {
            continue;
        }
        let (offset, length) = place.split_at(4);
        return number(offset)
            .zip(number(length))
            .and_then(|(offset, length)| table.get(offset..offset.checked_add(length)?))
            .map(Some)
            .ok_or_else(|| broken("a certificate lies outside of it"));
    }
    Err(broken("it has no end"))
}

fn number(bytes: &[u8]) -> Option<usize> {
    let bytes = bytes.try_into().ok()?;
    usize::try_from(u32::from_le_bytes(bytes)).ok()
}
