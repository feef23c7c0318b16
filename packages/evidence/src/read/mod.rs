//! What a file is, told by its content alone: names and extensions are not looked at.
//!
//! Bytes are tried as binary forms with a signature of their own, then as PEM, XML, JSON and lists, then
//! as hex and base64 of any of these. A JSON document of no known shape is searched: whatever string or
//! list of bytes in it is evidence counts, except a golden set: nobody signs those, so one counts only
//! as a whole file that the user chose to give. What is recognised but broken is named, never left out.
//! Nothing is verified here.

mod binary;
mod certificate;
mod json;
mod text;

use secret_ai_attestation::gpu::GoldenSet;
use secret_ai_attestation::RawCollateral;

pub(crate) use certificate::{common_name, labelled};
pub use certificate::{CertificateKind, Labelled};
pub use text::ImageRow;

/// Longest file that is looked at, in bytes.
pub const FILE_LIMIT: usize = 4 << 20;
/// How many encodings may lie around each other, such as hex in JSON in base64.
const DEPTH_LIMIT: usize = 10;

/// One thing found in a file.
#[derive(Clone, Debug)]
pub enum Piece {
    /// TDX quote of version 4 or 5.
    TdxQuote(Vec<u8>),
    /// SGX quote, which nothing here verifies.
    SgxQuote(Vec<u8>),
    /// Collateral of a kind of Intel platform.
    IntelCollateral(Box<RawCollateral>),
    /// AMD SEV-SNP attestation report.
    SnpReport(Vec<u8>),
    /// X.509 certificate in DER.
    Certificate(Labelled),
    /// X.509 certificate revocation list in DER, with its issuer's common name.
    Crl { der: Vec<u8>, issuer: String },
    /// Report of an NVIDIA GPU.
    Gpu(GpuPiece),
    /// NVIDIA reference integrity manifest.
    Rim(String),
    /// Golden set in stored form.
    Golden(Box<GoldenSet>),
    /// SecretVM's list of published images.
    ImageList(Vec<ImageRow>),
    /// Any other text: taken as the compose file of a SecretVM.
    Compose(Vec<u8>),
    /// Known, but of no use here: what it is.
    Unused(&'static str),
    /// Meant as evidence, but not readable as such: what and where.
    Damaged(String),
}

/// Report of an NVIDIA GPU, with what lay beside it.
#[derive(Clone, Debug)]
pub struct GpuPiece {
    /// SPDM request and response.
    pub evidence: Vec<u8>,
    /// DER, leaf first; empty if the chain is in another file.
    pub certificates: Vec<Vec<u8>>,
    /// The nonce that the document says was asked for.
    pub nonce: Option<[u8; 32]>,
    /// In the form in which a SecretVM serves its boot-time evidence at `/gpu`.
    pub secretvm: bool,
}

impl Piece {
    /// What it is, in a few words.
    pub fn label(&self) -> String {
        match self {
            Piece::TdxQuote(_) => "TDX quote".to_string(),
            Piece::SgxQuote(_) => "SGX quote".to_string(),
            Piece::IntelCollateral(_) => "Intel collateral".to_string(),
            Piece::SnpReport(_) => "SEV-SNP report".to_string(),
            Piece::Certificate(one) => format!("certificate `{}`", one.subject),
            Piece::Crl { issuer, .. } => format!("revocation list of `{issuer}`"),
            Piece::Gpu(gpu) if gpu.secretvm => "NVIDIA GPU report (SecretVM /gpu)".to_string(),
            Piece::Gpu(_) => "NVIDIA GPU report".to_string(),
            Piece::Rim(_) => "NVIDIA manifest (RIM)".to_string(),
            Piece::Golden(_) => "golden set".to_string(),
            Piece::ImageList(rows) => format!("SecretVM image list, {} rows", rows.len()),
            Piece::Compose(_) => "text, taken as a compose file".to_string(),
            Piece::Unused(what) => format!("{what} (not used)"),
            Piece::Damaged(what) => format!("DAMAGED {what}"),
        }
    }
}

/// Tells what is in a file; empty if it is nothing that is known here.
pub fn pieces(bytes: &[u8]) -> Vec<Piece> {
    if bytes.len() > FILE_LIMIT {
        return Vec::new();
    }
    let found = detect(bytes, DEPTH_LIMIT);
    match text::compose(bytes) {
        Some(compose) if found.is_empty() => vec![compose],
        _ => found,
    }
}

fn detect(bytes: &[u8], depth: usize) -> Vec<Piece> {
    let Some(depth) = depth.checked_sub(1) else {
        return Vec::new();
    };
    if let Some(piece) = binary::detect(bytes) {
        return vec![piece];
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => text::detect(text.trim_matches(['\0', '\u{feff}']).trim(), depth),
        Err(_) => Vec::new(),
    }
}
