//! What can be wrong beyond [`crate::Error`]'s common cases.

use thiserror::Error;

/// Why a token is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NrasError {
    #[error("token is not of the expected form: {0}")]
    Form(&'static str),
    #[error("token's algorithm is not ES384")]
    Algorithm,
    #[error("token's issuer is not NVIDIA's attestation service")]
    TokenIssuer,
    #[error("token's claims have a version other than 2.0 and 3.0")]
    Version,
    #[error("token's nonce is not the expected one")]
    Nonce,
    #[error("the attestation service's overall result is negative")]
    Result,
    #[error("token lists {listed} devices, {sent} device tokens were sent")]
    DeviceCount { listed: usize, sent: usize },
    #[error("a device token is not among those that the overall token lists")]
    DeviceDigest,
    #[error("the attestation service does not confirm a device's {0}")]
    DeviceClaim(&'static str),
}

impl NrasError {
    /// Stable snake_case name of the check that failed.
    pub fn code(&self) -> &'static str {
        match self {
            NrasError::Form(_) => "nras_form",
            NrasError::Algorithm => "nras_algorithm",
            NrasError::TokenIssuer => "nras_issuer",
            NrasError::Version => "nras_version",
            NrasError::Nonce => "nras_nonce",
            NrasError::Result => "nras_result",
            NrasError::DeviceCount { .. } => "nras_device_count",
            NrasError::DeviceDigest => "nras_device_digest",
            NrasError::DeviceClaim(_) => "nras_device_claim",
        }
    }
}
