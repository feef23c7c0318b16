//! Collateral in the form in which it is published, which files and agents hand on.

use secret_ai_attestation::RawCollateral;
use serde_json::{json, Value};

use crate::pem;

/// Intel's in the form of PCCS clients: PEM chains, hex lists and signatures, signed documents as texts.
pub fn intel_json(raw: &RawCollateral) -> Value {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    json!({
        "root_ca_crl": hex::encode(&raw.root_ca_crl),
        "pck_crl": hex::encode(&raw.pck_crl),
        "pck_crl_issuer_chain": pem_chain(&raw.pck_crl_issuer_chain),
        "tcb_info": text(&raw.tcb_info),
        "tcb_info_signature": hex::encode(raw.tcb_info_signature),
        "tcb_info_issuer_chain": pem_chain(&raw.tcb_info_issuer_chain),
        "qe_identity": text(&raw.qe_identity),
        "qe_identity_signature": hex::encode(raw.qe_identity_signature),
        "qe_identity_issuer_chain": pem_chain(&raw.qe_identity_issuer_chain),
    })
}

/// Certificates, one after another, in PEM.
pub fn pem_chain(certificates: &[Vec<u8>]) -> String {
    certificates.iter().map(|der| pem(der)).collect()
}
