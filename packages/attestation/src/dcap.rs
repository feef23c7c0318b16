//! Collateral in the form that Secret's host call `dcap_quote_verify` takes, and what that call answers.
//!
//! The chain offers Intel's own quote verification to contracts, for 100 SDK gas:
//! `env.dcap_quote_verify(quote, collateral) -> u64`, both arguments pointers to a Region. The answer
//! is a verdict and nothing else (see [`HostVerdict`]). The caller brings the collateral, packed:
//!
//! ```text
//! eight u32, little-endian: TEE type (0x81), sizes of the seven parts in their order
//!   PCK CRL issuer chain | root CA CRL | PCK CRL | TCB info issuer chain | TCB info |
//!   QE identity issuer chain | QE identity
//! the seven parts, each ended by a NUL that its size counts
//! ```
//!
//! Chains are PEM, CRLs the hex text of their DER (raw DER is taken, too), TCB info and QE identity the
//! whole bodies that Intel's service answers: `{"tcbInfo":…,"signature":"…"}` and
//! `{"enclaveIdentity":…,"signature":"…"}`. The signed object is kept byte by byte.
//!
//! The call believes whatever genuine collateral it is given, however old in its window, and looks
//! neither at the TD's attributes nor at its report data: it replaces signatures and TCB levels, no policy.

use core::fmt;

use crate::bytes::{Reader, Short};
use crate::collateral::RawCollateral;
use crate::collateral_verify::verify_collateral;
use crate::compact::without_padding;
use crate::der::Der;
use crate::error::{Error, Item};
use crate::intel_json::hex_byte;
use crate::pem;
use crate::quote::{Certification, Quote};
use crate::root::TrustRoot;
use crate::tcb::TcbStatus;
use crate::tdx::verify_tdx_quote;

const TEE_TDX: u32 = 0x81;
const TCB_INFO: &[u8] = br#"{"tcbInfo":"#;
const QE_IDENTITY: &[u8] = br#"{"enclaveIdentity":"#;
const SIGNATURE: &[u8] = br#","signature":""#;
const END: &[u8] = br#""}"#;
/// `sgx_ql_qv_result_t`: software hardening is needed.
const SW_HARDENING_NEEDED: u32 = 0xa007;
/// The enclave's code for any refusal (`SGX_ERROR_UNEXPECTED`).
const REFUSED: u32 = 1;
/// The enclave's code for collateral of no bytes.
const NO_COLLATERAL: u32 = 10;

/// What the host call answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostVerdict {
    /// Genuine, and the platform is up to date.
    UpToDate,
    /// Genuine and up to date, if the software in the TD hardens itself.
    SwHardeningNeeded,
    /// Refused, for whatever reason: no more is told. The code is 10 for collateral of no bytes,
    /// otherwise 1.
    Refused(u32),
    /// There is no chain to ask. No answer of the call.
    Unavailable,
}

impl HostVerdict {
    /// No bytes of collateral were given.
    pub const NO_COLLATERAL: HostVerdict = HostVerdict::Refused(NO_COLLATERAL);
    /// Any other refusal.
    pub const REFUSED: HostVerdict = HostVerdict::Refused(REFUSED);

    /// Reads the answer: an error code in the upper half, a result in the lower. A result that the
    /// chain never gives counts as a refusal.
    pub fn from_answer(answer: u64) -> Self {
        let [a, b, c, d, e, f, g, h] = answer.to_be_bytes();
        let (error, result) = (
            u32::from_be_bytes([a, b, c, d]),
            u32::from_be_bytes([e, f, g, h]),
        );
        match (error, result) {
            (0, 0) => HostVerdict::UpToDate,
            (0, SW_HARDENING_NEEDED) => HostVerdict::SwHardeningNeeded,
            (0, _) => HostVerdict::REFUSED,
            (code, _) => HostVerdict::Refused(code),
        }
    }

    /// The number that the chain answers.
    pub fn answer(self) -> u64 {
        match self {
            HostVerdict::UpToDate => 0,
            HostVerdict::SwHardeningNeeded => u64::from(SW_HARDENING_NEEDED),
            HostVerdict::Refused(code) => u64::from(code) << 32,
            HostVerdict::Unavailable => HostVerdict::REFUSED.answer(),
        }
    }
}

impl fmt::Display for HostVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HostVerdict::UpToDate => f.write_str("the chain believes the quote: up to date"),
            HostVerdict::SwHardeningNeeded => {
                f.write_str("the chain believes the quote: software hardening needed")
            }
            HostVerdict::Refused(code) => {
                write!(f, "the chain's quote verification refused with code {code}")
            }
            HostVerdict::Unavailable => {
                f.write_str("the chain's quote verification can be asked only inside of a contract")
            }
        }
    }
}

/// What the chain's host call says of a quote and packed collateral at `now` (Unix seconds), if it
/// trusts `roots` (the chain itself: Intel's alone). For networks without TEEs, in place of the call.
///
/// As the call does, it wants the quote as generated, with its PCK chain, and takes the zeros that may
/// follow it; it accepts the two statuses of [`HostVerdict`] and no other. It differs where this
/// crate's verifier is stricter than Intel's: TD attributes (debug), PCE-ID, and a PCK CA other than
/// the collateral's are refused, and so are quotes of SGX enclaves.
pub fn host_verdict(quote: &[u8], packed: &[u8], roots: &[TrustRoot<'_>], now: u64) -> HostVerdict {
    if packed.is_empty() {
        return HostVerdict::NO_COLLATERAL;
    }
    let status = |root: &TrustRoot<'_>| {
        let quote = without_padding(quote)?;
        let Certification::Chain(_) = Quote::parse(quote)?.certification else {
            return Err(Error::PckAbsent);
        };
        let collateral = verify_collateral(&decode_qve_collateral(packed)?, root, now)?;
        Ok(verify_tdx_quote(quote, &collateral, now)?.tcb_status)
    };
    match roots.iter().find_map(|root| status(root).ok()) {
        Some(TcbStatus::UpToDate) => HostVerdict::UpToDate,
        Some(TcbStatus::SwHardeningNeeded) => HostVerdict::SwHardeningNeeded,
        _ => HostVerdict::REFUSED,
    }
}

/// Packs collateral. Chains should have the root, as published: Intel's library wants it.
pub fn encode_qve_collateral(raw: &RawCollateral) -> Vec<u8> {
    let chain = |chain: &[Vec<u8>]| {
        let certificates: Vec<&[u8]> = chain.iter().map(Vec::as_slice).collect();
        pem::encode(&certificates)
    };
    let body = |begin: &[u8], object: &[u8], signature: &[u8]| {
        [begin, object, SIGNATURE, &hex(signature), END].concat()
    };
    let mut parts = [
        chain(&raw.pck_crl_issuer_chain),
        hex(&raw.root_ca_crl),
        hex(&raw.pck_crl),
        chain(&raw.tcb_info_issuer_chain),
        body(TCB_INFO, &raw.tcb_info, &raw.tcb_info_signature),
        chain(&raw.qe_identity_issuer_chain),
        body(QE_IDENTITY, &raw.qe_identity, &raw.qe_identity_signature),
    ];
    let mut packed = TEE_TDX.to_le_bytes().to_vec();
    for part in &mut parts {
        part.push(0);
        // Parts come from memory, of a 32-bit contract or of a tool that read a few kB.
        let size = u32::try_from(part.len()).unwrap_or(u32::MAX);
        packed.extend_from_slice(&size.to_le_bytes());
    }
    packed.extend(parts.concat());
    packed
}

/// Unpacks collateral, which must fill `bytes`. Nothing is verified.
///
/// # Errors
/// [`Error::QveCollateral`] naming the part, and [`Error::PemChain`].
pub fn decode_qve_collateral(bytes: &[u8]) -> Result<RawCollateral, Error> {
    let short = |_: Short| Error::QveCollateral("bytes are cut");
    let mut input = Reader::new(bytes);
    if input.u32_le().map_err(short)? != TEE_TDX {
        return Err(Error::QveCollateral("TEE type is not 0x81"));
    }
    let mut sizes = [0usize; 7];
    for size in &mut sizes {
        let value = input.u32_le().map_err(short)?;
        *size = usize::try_from(value).unwrap_or(usize::MAX);
    }
    let mut parts = [&[][..]; 7];
    for (part, size) in parts.iter_mut().zip(sizes) {
        *part = input.take(size).map_err(short)?;
    }
    if !input.rest().is_empty() {
        return Err(Error::QveCollateral("trailing bytes"));
    }
    let [pck_chain, root_crl, pck_crl, tcb_chain, tcb_info, qe_chain, qe_identity] = parts;
    let (tcb_info, tcb_info_signature) =
        signed(tcb_info, TCB_INFO).ok_or(Error::QveCollateral("TCB info"))?;
    let (qe_identity, qe_identity_signature) =
        signed(qe_identity, QE_IDENTITY).ok_or(Error::QveCollateral("QE identity"))?;
    Ok(RawCollateral {
        root_ca_crl: crl(root_crl, Item::RootCrl)?,
        pck_crl: crl(pck_crl, Item::PckCrl)?,
        pck_crl_issuer_chain: pem::certificates(pck_chain)?,
        tcb_info,
        tcb_info_signature,
        tcb_info_issuer_chain: pem::certificates(tcb_chain)?,
        qe_identity,
        qe_identity_signature,
        qe_identity_issuer_chain: pem::certificates(qe_chain)?,
    })
}

/// Object and signature of `{"name":object,"signature":"hex"}`.
fn signed(body: &[u8], begin: &[u8]) -> Option<(Vec<u8>, [u8; 64])> {
    let body = without_nul(body).strip_prefix(begin)?.strip_suffix(END)?;
    let (body, digits) = body.split_last_chunk::<128>()?;
    let signature = unhex(digits)?.try_into().ok()?;
    Some((body.strip_suffix(SIGNATURE)?.to_vec(), signature))
}

/// DER of a CRL given in hex or in DER, which begin differently (`3` and 0x30, that is `0`).
fn crl(part: &[u8], item: Item) -> Result<Vec<u8>, Error> {
    match part {
        [b'3', ..] => unhex(without_nul(part)).ok_or(Error::QveCollateral("hex of a CRL")),
        _ => {
            let mut der = Der::new(part, item);
            let list = der.element()?.whole;
            match part.strip_prefix(list) {
                Some([] | [0]) => Ok(list.to_vec()),
                _ => Err(Error::QveCollateral("bytes after a CRL")),
            }
        }
    }
}

fn without_nul(bytes: &[u8]) -> &[u8] {
    bytes.strip_suffix(b"\0").unwrap_or(bytes)
}

fn hex(bytes: &[u8]) -> Vec<u8> {
    let digit = |value: u8| match value {
        0..=9 => b'0'.wrapping_add(value),
        _ => b'a'.wrapping_add(value).wrapping_sub(10),
    };
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 0x0f)])
        .collect()
}

fn unhex(digits: &[u8]) -> Option<Vec<u8>> {
    let (pairs, []) = digits.as_chunks::<2>() else {
        return None;
    };
    pairs.iter().map(hex_byte).collect()
}
