//! The bytes of a TDX quote, versions 4 and 5 (Intel TDX DCAP Quote Generation Library API §A.3 and
//! §A.4). All integers are little-endian; every length must fit exactly.
//!
//! ```text
//! header 48 | v5: body type 2, body size 4 | body 584, 648 or 885 |
//! signature data length 4 |
//!   signature 64 | attestation key 64 | type 2 (= 6), length 4 |
//!     QE report 384 | QE report signature 64 | length 2, QE auth data |
//!     type 2 (= 5, 4 or 0x5ec1), length 4, PCK certificates
//! ```
//!
//! Type 5 is what Intel's quote generator writes: the PCK chain in PEM, about 3.7 kB. The two others
//! are this project's short forms (`compact.rs`): the certificate alone in DER, or only its hash.
//!
//! Version 4 quotes come out of the TDX module's buffer followed by zeros; the verifier takes none.

use crate::bytes::{Reader, Short};
use crate::error::Error;

const TEE_TDX: u32 = 0x81;
const KEY_ECDSA_P256: u16 = 2;
const INTEL_QE_VENDOR: [u8; 16] = [
    0x93, 0x9a, 0x72, 0x33, 0xf7, 0x9c, 0x4c, 0xa9, 0x94, 0x0a, 0x0d, 0xb3, 0x95, 0x7f, 0x06, 0x07,
];
pub(crate) const CERTIFICATION_PCK_CERTIFICATE: u16 = 4;
pub(crate) const CERTIFICATION_PCK_CHAIN: u16 = 5;
pub(crate) const CERTIFICATION_QE_REPORT: u16 = 6;
/// This project's own type, far from the 1 to 7 that Intel has assigned: the data is the SHA-256 of the
/// PCK certificate's DER, 32 bytes. No other verifier knows it.
pub(crate) const CERTIFICATION_PCK_SHA256: u16 = 0x5ec1;
const TD10_SIZE: usize = 584;
const TD15_SIZE: usize = 648;
const TD15EX_SIZE: usize = 885;

/// A quote taken apart; nothing is verified.
pub(crate) struct Quote<'a> {
    pub version: u16,
    /// Header and body: what the attestation key signs.
    pub signed: &'a [u8],
    pub body: TdBody<'a>,
    pub signature: [u8; 64],
    pub attestation_key: [u8; 64],
    pub qe_report: QeReport<'a>,
    pub qe_report_signature: [u8; 64],
    pub qe_auth_data: &'a [u8],
    pub certification: Certification<'a>,
}

/// How the quote names its PCK certificate.
pub(crate) enum Certification<'a> {
    /// PEM of PCK certificate, PCK CA, root.
    Chain(&'a [u8]),
    /// DER of the PCK certificate.
    Leaf(&'a [u8]),
    /// SHA-256 of the DER of the PCK certificate, which the verifier must know.
    Known([u8; 32]),
}

/// TD report body.
#[derive(Clone, Copy)]
pub(crate) struct TdBody<'a> {
    pub tee_tcb_svn: [u8; 16],
    pub mr_seam: [u8; 48],
    pub mr_signer_seam: [u8; 48],
    pub seam_attributes: [u8; 8],
    pub td_attributes: [u8; 8],
    pub xfam: [u8; 8],
    pub mr_td: [u8; 48],
    pub mr_config_id: [u8; 48],
    pub mr_owner: [u8; 48],
    pub mr_owner_config: [u8; 48],
    pub rtmr: [[u8; 48]; 4],
    pub report_data: [u8; 64],
    /// What TD 1.5 adds.
    pub td15: Option<Td15<'a>>,
}

/// What a TD 1.5 body adds.
#[derive(Clone, Copy)]
pub(crate) struct Td15<'a> {
    /// TCB SVNs of the TDX module that runs now; `tee_tcb_svn` is of the launch.
    pub tee_tcb_svn2: [u8; 16],
    pub mr_service_td: [u8; 48],
    /// What TD 1.5ex says about service TDs and the platform where the TD was made, all zero unless it
    /// has service TDs; empty in TD 1.5.
    pub service_tds: &'a [u8],
}

/// Report of the quoting enclave.
pub(crate) struct QeReport<'a> {
    /// All 384 bytes, which the PCK key signs.
    pub whole: &'a [u8],
    pub miscselect: u32,
    pub attributes: [u8; 16],
    pub mr_signer: [u8; 32],
    pub isv_prod_id: u16,
    pub isv_svn: u16,
    pub report_data: [u8; 64],
}

impl<'a> Quote<'a> {
    /// Takes a quote apart; it must fill `bytes` exactly.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Error> {
        let (quote, end) = Self::parse_prefix(bytes)?;
        exact(bytes.len(), end)?;
        Ok(quote)
    }

    /// Takes apart the quote at the front of `bytes`, and says where it ends.
    pub fn parse_prefix(bytes: &'a [u8]) -> Result<(Self, usize), Error> {
        let short = |short: Short| Error::QuoteLength {
            have: bytes.len(),
            need: short.total(),
        };
        let mut input = Reader::new(bytes);
        let version = input.u16_le().map_err(short)?;
        if version != 4 && version != 5 {
            return Err(other_version(version, bytes));
        }
        check_header(&mut input, short)?;
        let body_size = body_size(&mut input, version, short)?;
        let body = TdBody::parse(input.take(body_size).map_err(short)?).map_err(short)?;
        let signed = input.consumed();
        let rest = input.u32_le().map_err(short)?;
        let end = offset(input.position(), rest);
        let signature = input.array().map_err(short)?;
        let attestation_key = input.array().map_err(short)?;
        expect_type(input.u16_le().map_err(short)?, CERTIFICATION_QE_REPORT)?;
        let length = input.u32_le().map_err(short)?;
        exact(offset(input.position(), length), end)?;
        let qe_report = QeReport::parse(input.take(384).map_err(short)?).map_err(short)?;
        let qe_report_signature = input.array().map_err(short)?;
        let auth_length = input.u16_le().map_err(short)?;
        let qe_auth_data = input.take(usize::from(auth_length)).map_err(short)?;
        let kind = input.u16_le().map_err(short)?;
        let length = input.u32_le().map_err(short)?;
        exact(offset(input.position(), length), end)?;
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let certificates = input.take(length).map_err(short)?;
        let certification = match kind {
            CERTIFICATION_PCK_CERTIFICATE => Certification::Leaf(certificates),
            CERTIFICATION_PCK_CHAIN => Certification::Chain(certificates),
            CERTIFICATION_PCK_SHA256 => Certification::Known(
                certificates
                    .try_into()
                    .map_err(|_| Error::PckHashLength(certificates.len()))?,
            ),
            have => {
                return Err(Error::CertificationType {
                    have,
                    need: CERTIFICATION_PCK_CHAIN,
                });
            }
        };
        let quote = Quote {
            version,
            signed,
            body,
            signature,
            attestation_key,
            qe_report,
            qe_report_signature,
            qe_auth_data,
            certification,
        };
        Ok((quote, end))
    }
}

/// Why this version is none of ours: quotes of SGX enclaves have version 3, and zeros where later
/// versions have the TEE type.
fn other_version(version: u16, bytes: &[u8]) -> Error {
    match (version, bytes.get(4..8)) {
        (3, Some([0, 0, 0, 0])) => Error::SgxQuote,
        _ => Error::QuoteVersion(version),
    }
}

/// Checks the rest of the header: key type, TEE, two SVNs (which nothing signs but the quote, and
/// version 4 leaves zero), vendor, user data.
fn check_header(input: &mut Reader<'_>, short: impl Fn(Short) -> Error) -> Result<(), Error> {
    let key_type = input.u16_le().map_err(&short)?;
    if key_type != KEY_ECDSA_P256 {
        return Err(Error::AttestationKeyType(key_type));
    }
    let tee = input.u32_le().map_err(&short)?;
    if tee != TEE_TDX {
        return Err(Error::TeeType(tee));
    }
    input.take(4).map_err(&short)?;
    if input.array().map_err(&short)? != INTEL_QE_VENDOR {
        return Err(Error::QeVendor);
    }
    input.take(20).map_err(&short)?;
    Ok(())
}

/// Size of the body; version 5 says its type and size.
fn body_size(
    input: &mut Reader<'_>,
    version: u16,
    short: impl Fn(Short) -> Error,
) -> Result<usize, Error> {
    if version == 4 {
        return Ok(TD10_SIZE);
    }
    let kind = input.u16_le().map_err(&short)?;
    let size = input.u32_le().map_err(&short)?;
    let expected = match kind {
        2 => TD10_SIZE,
        3 => TD15_SIZE,
        4 => TD15EX_SIZE,
        _ => 0,
    };
    if expected > 0 && usize::try_from(size) == Ok(expected) {
        Ok(expected)
    } else {
        Err(Error::BodyType { kind, size })
    }
}

fn offset(position: usize, length: u32) -> usize {
    position.saturating_add(usize::try_from(length).unwrap_or(usize::MAX))
}

fn exact(have: usize, need: usize) -> Result<(), Error> {
    if have == need {
        Ok(())
    } else {
        Err(Error::QuoteLength { have, need })
    }
}

fn expect_type(have: u16, need: u16) -> Result<(), Error> {
    if have == need {
        Ok(())
    } else {
        Err(Error::CertificationType { have, need })
    }
}

impl<'a> TdBody<'a> {
    fn parse(bytes: &'a [u8]) -> Result<Self, Short> {
        let mut input = Reader::new(bytes);
        Ok(TdBody {
            tee_tcb_svn: input.array()?,
            mr_seam: input.array()?,
            mr_signer_seam: input.array()?,
            seam_attributes: input.array()?,
            td_attributes: input.array()?,
            xfam: input.array()?,
            mr_td: input.array()?,
            mr_config_id: input.array()?,
            mr_owner: input.array()?,
            mr_owner_config: input.array()?,
            rtmr: [
                input.array()?,
                input.array()?,
                input.array()?,
                input.array()?,
            ],
            report_data: input.array()?,
            td15: match input.rest() {
                [] => None,
                _ => Some(Td15 {
                    tee_tcb_svn2: input.array()?,
                    mr_service_td: input.array()?,
                    service_tds: {
                        if !input.rest().is_empty() {
                            // VM index 1, TD id 32, hash of devices 48.
                            input.take(81)?;
                        }
                        input.rest()
                    },
                }),
            },
        })
    }
}

impl<'a> QeReport<'a> {
    /// SGX report body: CPUSVN 16, MISCSELECT 4, 28 reserved, attributes 16, MRENCLAVE 32, 32
    /// reserved, MRSIGNER 32, 96 reserved, ISVPRODID 2, ISVSVN 2, 60 reserved, report data 64.
    fn parse(whole: &'a [u8]) -> Result<Self, Short> {
        let mut input = Reader::new(whole);
        input.take(16)?;
        let miscselect = input.u32_le()?;
        input.take(28)?;
        let attributes = input.array()?;
        input.take(64)?;
        let mr_signer = input.array()?;
        input.take(96)?;
        let isv_prod_id = input.u16_le()?;
        let isv_svn = input.u16_le()?;
        input.take(60)?;
        let report_data = input.array()?;
        Ok(QeReport {
            whole,
            miscselect,
            attributes,
            mr_signer,
            isv_prod_id,
            isv_svn,
            report_data,
        })
    }
}
