//! Which collateral a quote asks for, read from its PCK certificate.
//!
//! A hint: nothing of the quote is verified yet, so nothing is believed. It only chooses a stored
//! set; the verifier then refuses a quote whose platform or authority is not the set's. Therefore
//! two fixed byte strings are looked for, instead of taking quote and certificate apart twice.

use cosmwasm_std::Binary;

use crate::error::ContractError;

const PEM_BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";
const PEM_END: &[u8] = b"-----END CERTIFICATE-----";
/// `SEQUENCE { OID 1.2.840.113741.1.13.1.4, OCTET STRING of 6 bytes }` up to the FMSPC itself (Intel
/// SGX PCK Certificate and CRL Profile Specification, 1.3.5).
const FMSPC_FIELD: &[u8] = &[
    0x30, 0x14, 0x06, 0x0a, 0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01, 0x0d, 0x01, 0x04, 0x04, 0x06,
];
/// Common name of one of the two authorities that issue PCK certificates; the other is for
/// multi-package platforms, `Intel SGX PCK Platform CA`.
const PROCESSOR_CA: &[u8] = b"Intel SGX PCK Processor CA";

/// Names a stored set of collateral.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    pub fmspc: [u8; 6],
    pub pck_ca: PckCaKind,
}

/// Which of Intel's two authorities issued a PCK certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum PckCaKind {
    Platform = 0,
    Processor = 1,
}

impl PckCaKind {
    /// Of a certificate by this authority, or of its own.
    pub fn of_certificate(der: &[u8]) -> Self {
        match after(der, PROCESSOR_CA) {
            Some(_) => PckCaKind::Processor,
            None => PckCaKind::Platform,
        }
    }
}

impl Origin {
    /// Of a quote that carries its PCK certificate as PEM (leaf first) or DER.
    pub fn of_quote(quote: &[u8]) -> Result<Self, ContractError> {
        let decoded = first_pem(quote);
        let der = decoded.as_deref().unwrap_or(quote);
        let field = after(der, FMSPC_FIELD).and_then(|rest| rest.first_chunk().copied());
        let fmspc = field.ok_or(ContractError::Format {
            field: "tdx_quote",
            reason: "contains no PCK certificate with an FMSPC",
        })?;
        Ok(Origin {
            fmspc,
            pck_ca: PckCaKind::of_certificate(der),
        })
    }
}

fn first_pem(bytes: &[u8]) -> Option<Vec<u8>> {
    let text = after(bytes, PEM_BEGIN)?;
    let end = position(text, PEM_END)?;
    let digits = text
        .get(..end)?
        .iter()
        .filter(|byte| !byte.is_ascii_whitespace());
    let digits = String::from_utf8(digits.copied().collect()).ok()?;
    Binary::from_base64(&digits).ok().map(Into::into)
}

/// What follows the first occurrence of `needle`.
fn after<'a>(bytes: &'a [u8], needle: &[u8]) -> Option<&'a [u8]> {
    bytes.get(position(bytes, needle)?.saturating_add(needle.len())..)
}

fn position(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    bytes
        .windows(needle.len())
        .position(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn certificate(ca: &[u8]) -> Vec<u8> {
        [b"xx", ca, FMSPC_FIELD, &[1, 2, 3, 4, 5, 6], b"yy"].concat()
    }

    #[test]
    fn reads_der_and_pem_alike() {
        let der = certificate(PROCESSOR_CA);
        let base64 = Binary(der.clone()).to_base64();
        let (head, tail) = base64.split_at(20);
        let pem =
            format!("-----BEGIN CERTIFICATE-----\n{head}\n{tail}\n-----END CERTIFICATE-----\n\0");
        let expected = Origin {
            fmspc: [1, 2, 3, 4, 5, 6],
            pck_ca: PckCaKind::Processor,
        };
        for quote in [
            [b"quote", &der[..]].concat(),
            [b"quote", pem.as_bytes()].concat(),
        ] {
            assert_eq!(Origin::of_quote(&quote), Ok(expected));
        }
        let platform = Origin::of_quote(&certificate(b"Intel SGX PCK Platform CA"));
        assert_eq!(
            platform,
            Ok(Origin {
                pck_ca: PckCaKind::Platform,
                ..expected
            })
        );
    }

    #[test]
    fn refuses_what_names_no_platform() {
        let cut = [FMSPC_FIELD, &[1, 2, 3]].concat();
        let broken = b"-----BEGIN CERTIFICATE-----\n????\n-----END CERTIFICATE-----".to_vec();
        for quote in [vec![], b"short".to_vec(), cut, broken] {
            assert!(Origin::of_quote(&quote).is_err(), "{quote:?}");
        }
    }
}
