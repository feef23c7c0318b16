//! Readers of the text forms in which collateral travels off chain. Not for contracts.

use thiserror::Error;

use crate::collateral::RawCollateral;
use crate::intel_json::hex_byte;
use crate::pem;

/// Why a text is not collateral.
#[derive(Debug, Error)]
pub enum ToolError {
    #[error("not JSON: {0}")]
    Json(#[from] serde_json::Error),
    #[error("field {0} is missing or not a string")]
    Missing(&'static str),
    #[error("field {0} is not hex of the expected length")]
    Hex(&'static str),
    #[error("field {field} is not a PEM chain: {source}")]
    Pem {
        field: &'static str,
        source: crate::Error,
    },
}

/// Reads collateral as one JSON object with PEM chains, hex CRLs and signatures, and the two signed
/// documents as strings: the form that dcap-qvl and several PCCS clients write.
///
/// # Errors
/// [`ToolError`] naming the field. Nothing is verified.
pub fn raw_collateral_from_json(text: &str) -> Result<RawCollateral, ToolError> {
    let json: serde_json::Value = serde_json::from_str(text)?;
    let text = |field: &'static str| {
        json.get(field)
            .and_then(|value| value.as_str())
            .ok_or(ToolError::Missing(field))
    };
    let bytes = |field| decode_hex(text(field)?).ok_or(ToolError::Hex(field));
    let signature = |field| <[u8; 64]>::try_from(bytes(field)?).map_err(|_| ToolError::Hex(field));
    let chain = |field| {
        pem::certificates(text(field)?.as_bytes())
            .map_err(|source| ToolError::Pem { field, source })
    };
    Ok(RawCollateral {
        root_ca_crl: bytes("root_ca_crl")?,
        pck_crl: bytes("pck_crl")?,
        pck_crl_issuer_chain: chain("pck_crl_issuer_chain")?,
        tcb_info: text("tcb_info")?.as_bytes().to_vec(),
        tcb_info_signature: signature("tcb_info_signature")?,
        tcb_info_issuer_chain: chain("tcb_info_issuer_chain")?,
        qe_identity: text("qe_identity")?.as_bytes().to_vec(),
        qe_identity_signature: signature("qe_identity_signature")?,
        qe_identity_issuer_chain: chain("qe_identity_issuer_chain")?,
    })
}

fn decode_hex(text: &str) -> Option<Vec<u8>> {
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else {
        return None;
    };
    pairs.iter().map(hex_byte).collect()
}
