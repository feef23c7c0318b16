//! AMD SEV-SNP attestation reports (AMD SEV-SNP ABI specification 56860, VCEK specification 57230).

mod error;

pub use error::SnpError;
