//! NVIDIA GPU attestation reports.

mod error;

pub use error::GpuError;
