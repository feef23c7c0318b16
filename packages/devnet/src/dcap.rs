//! The host's quote verification, `dcap_quote_verify`.
//!
//! A node asks Intel's quoting library inside its enclave; a devnet has none, so it asks
//! [`secret_ai_attestation::dcap::host_verdict`], which says where it is stricter. The chain trusts Intel's
//! root alone. A devnet has no TEE either, so it may trust the root of a software TEE besides.

use secret_ai_attestation::dcap::{host_verdict, HostVerdict};
use secret_ai_attestation::TrustRoot;

use crate::error::DevnetError;

/// Whose quotes the host believes.
pub struct Dcap {
    /// DER of a certificate that [`TrustRoot::from_der`] takes.
    development_root: Option<Vec<u8>>,
}

impl Dcap {
    /// Trusts Intel, and this root if there is one (DER).
    pub fn new(development_root: Option<Vec<u8>>) -> Result<Self, DevnetError> {
        if let Some(der) = &development_root {
            TrustRoot::from_der(der).map_err(DevnetError::DcapRoot)?;
        }
        Ok(Self { development_root })
    }

    /// The verdict at `time_s`, seconds since 1970.
    pub fn verify(&self, quote: &[u8], collateral: &[u8], time_s: u64) -> HostVerdict {
        let der = self.development_root.as_deref();
        let development = der.and_then(|der| TrustRoot::from_der(der).ok());
        let roots: Vec<TrustRoot> = [TrustRoot::INTEL].into_iter().chain(development).collect();
        host_verdict(quote, collateral, &roots, time_s)
    }
}
